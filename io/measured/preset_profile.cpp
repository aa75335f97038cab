#include "io/measured/preset_profile.hpp"

#include <stdexcept>

#include "io/measured/profile_reader.hpp"

namespace servesweep {

KernelProfile preset_profile(ServicePreset preset) {
  if (preset != ServicePreset::kLlama8bRtx4090)
    throw std::logic_error("a preset without a profile");
  const EmbeddedProfile& texts = rtx4090_llama_profile();
  return parse_kernel_profile({texts.dense, texts.per_sequence, texts.attention},
                              kernel_profile_files(name_of(preset)));
}

std::string preset_licences_markdown() {
  return std::string("\n## Licence of the profile in `") + name_of(ServicePreset::kLlama8bRtx4090) +
         "`\n\n```\n" + std::string(rtx4090_llama_profile().licence) + "```\n";
}

}  // namespace servesweep
