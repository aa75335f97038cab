// Names in messages, dotted keys, and "did you mean ...?": the candidate nearest to a misspelt one.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace servesweep {

// The nearest candidate by edit distance, or "" when none is near enough to be what was meant: a
// third of the name's letters may differ, at least 1. Of equally near candidates the first; where
// none is near, one that the name begins or ends.
std::string nearest(std::string_view name, const std::vector<std::string>& candidates);

// The nearest of dotted keys: "k_bins" and "cluster.kbins" are both near "scheduler.k_bins".
std::string nearest_key(std::string_view key, const std::vector<std::string>& candidates);

// " did you mean NAME?", or `otherwise` for an empty name: the last part of a message.
std::string did_you_mean(const std::string& name, const std::string& otherwise = "");

bool equal_ignoring_case(std::string_view a, std::string_view b);  // ASCII

// The fewest letters to insert, delete, replace or swap with their neighbour; case counts nothing.
std::size_t edit_distance(std::string_view a, std::string_view b);

// A name as a message has it: what is too long ends in "...".
std::string shortened(std::string_view name);

// "a, b, c"
std::string joined(const std::vector<std::string>& names, std::string_view between = ", ");

// "k_bins" and "scheduler" of "scheduler.k_bins"; "seed" and "" of "seed".
std::string_view bare_name(std::string_view key);
std::string_view table_name(std::string_view key);

}  // namespace servesweep
