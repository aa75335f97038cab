// The kernel times of the service presets that have a profile: texts in the program, which the
// build makes of the files in examples/profiles.
#pragma once

#include <string>
#include <string_view>

#include "host/latency/kernel_profile.hpp"
#include "host/latency/service_presets.hpp"

namespace servesweep {

struct EmbeddedProfile {
  std::string_view dense, per_sequence, attention, licence;
};

// The profile of llama-3.1-8b-rtx4090; cmake/ServesweepEmbed.cmake makes it.
const EmbeddedProfile& rtx4090_llama_profile();

// The profile of a preset that has one.
KernelProfile preset_profile(ServicePreset preset);

// Whose profiles they are, as Markdown.
std::string preset_licences_markdown();

}  // namespace servesweep
