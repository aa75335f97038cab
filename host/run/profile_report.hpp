// A profile as people and programs read it: docs/profile.md.
#pragma once

#include <string>

#include "kernels/device/profile.hpp"

namespace servesweep {

// Aligned, a region a line, those inside another one under it, and lines with the counts.
std::string profile_table(const ProfileReport& report);

std::string profile_json(const ProfileReport& report);
// What profile_json() wrote. Throws InputError; `where` names it.
ProfileReport read_profile(const std::string& text, const std::string& where);

}  // namespace servesweep
