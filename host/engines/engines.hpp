// The engines that a sweep file can name.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "host/engines/engine.hpp"
#include "host/parameters/run_spec.hpp"

namespace servesweep {

std::unique_ptr<Engine> make_batch_engine();
std::unique_ptr<Engine> make_continuous_engine();

std::vector<std::string> engine_names();

// Adds an engine that this program has of its own, before main() goes on. Returns true.
bool register_engine(const char* name, std::unique_ptr<Engine> (*make)());

// Throws InputError for names of no engine.
std::unique_ptr<Engine> make_engine(const std::string& name);

// The engine that a sweep file asks for; errors have its place.
std::unique_ptr<Engine> make_engine(const RunSpec& spec);

}  // namespace servesweep
