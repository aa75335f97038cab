// The continuous engine, as sweeps know it.
#pragma once

#include <memory>

#include "host/engines/engine.hpp"

namespace servesweep {

std::unique_ptr<Engine> make_continuous_engine();

}  // namespace servesweep
