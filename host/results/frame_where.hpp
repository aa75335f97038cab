// The rows of a frame that meet a condition of the kind that sweep files have
// (host/parameters/where.hpp).
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "host/parameters/parameter.hpp"
#include "host/results/frame.hpp"

namespace servesweep {

// In ascending order. of_engine: the parameters of the frame's engine; the step of a study is one
// of its choices, too. What a world does not read is equal to nothing, less or greater than
// nothing, and not true. InputError for bad conditions.
std::vector<std::size_t> rows_where(const Frame& frame, const std::string& condition,
                                    const ParameterSet& of_engine);

}  // namespace servesweep
