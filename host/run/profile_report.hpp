// A profile as people and programs read it: docs/profile.md.
#pragma once

#include <string>

#include "kernels/device/profile.hpp"

namespace servesweep {

// An aligned table, a region a line, inner regions under their outer one, and lines with counts.
std::string profile_table(const ProfileReport& report);

std::string profile_json(const ProfileReport& report);
// What profile_json() wrote. Throws InputError; `where` names it.
ProfileReport read_profile(const std::string& text, const std::string& where);

}  // namespace servesweep
