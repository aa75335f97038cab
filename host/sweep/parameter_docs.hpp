// Documentation of a sweep file's keys, from the field lists alone.
#pragma once

#include <string>

#include "host/parameters/parameter.hpp"

namespace servesweep {

// A complete sweep file with every key at its default and what each means. What the default sweep
// does not read is commented out; read as it is, it is the default sweep.
std::string dump_default(const std::string& engine, const ParameterSet& parameters);

// Markdown: the keys of all sweep files, then the engine's keys, a table for each table.
std::string parameters_markdown(const std::string& engine, const ParameterSet& parameters);

}  // namespace servesweep
