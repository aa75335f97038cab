// How a metric changes from one configuration to another, in words. The changes are paired by seed:
// both configurations see the same requests, so what these do to both alike cancels.
#pragma once

#include <string>
#include <string_view>

#include "host/results/replications.hpp"
#include "host/studies/sentence.hpp"

namespace servesweep {

// What a claim says that rests on one seed alone.
inline constexpr std::string_view kOneSeedNote = " (one seed: no interval)";

// "mean latency falls by 12.3 % (95 % interval: 10.1 to 14.5 %)", "... by a factor of 21 (...)",
// "... shows no clear change (-1.2 %, 95 % interval: -3.4 to 1 %)", "... does not change", and with
// one seed "... falls by 12.3 % (one seed: no interval)". Numbers are called `<name>_change_...`.
// What is not relative changes by percentage points: "... falls by 12.3 percentage points (...)".
void say(Sentence& sentence, std::string_view metric, const std::string& name,
         const Change& change);

}  // namespace servesweep
