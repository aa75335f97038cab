// The batch engine as the rest of the program sees it (host/engines/engine.hpp).
#pragma once

#include <memory>

#include "host/engines/engine.hpp"

namespace servesweep {

std::unique_ptr<Engine> make_batch_engine();

}  // namespace servesweep
