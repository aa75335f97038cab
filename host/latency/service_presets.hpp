// Service models that others measured: iteration times of a model on a GPU, as coefficients of the
// affine model or as a table of kernel times, each with its source.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "sim/core/field.hpp"
#include "sim/latency/iteration/affine.hpp"

namespace servesweep {

enum class ServicePreset : std::int32_t {
  kNone,
  kOpt13bTp1,
  kOpt13bTp2,
  kOpt13bTp4,
  kOpt66bTp2,
  kOpt66bTp3,
  kOpt66bTp4,
  kOpt66bTp8,
  kQwen7b,
  kLlama8bRtx4090,
};
template <>
struct EnumNames<ServicePreset> {
  static constexpr const char* values[] = {"none",
                                           "opt-13b-a100-tp1",
                                           "opt-13b-a100-tp2",
                                           "opt-13b-a100-tp4",
                                           "opt-66b-a100-tp2",
                                           "opt-66b-a100-tp3",
                                           "opt-66b-a100-tp4",
                                           "opt-66b-a100-tp8",
                                           "qwen2.5-7b-a100",
                                           "llama-3.1-8b-rtx4090"};
};

struct PresetRegime {
  std::int32_t from_sequences = 0;
  AffineRegimeParams coefficients;  // not bound to the ranges of a sweep file
};

struct PresetFacts {
  std::string source;
  std::int64_t kv_tokens = 0;  // that fit the KV cache of a replica; 0: the source has none
  std::array<PresetRegime, AffineIteration::kMostRegimes> regimes;  // [num_regimes]
  std::int32_t num_regimes = 0;
  std::int32_t profile_layers = 0;  // of the model, where a profile has the times; 0: none has

  bool has_profile() const { return profile_layers > 0; }
  // Whether prompts take any time beyond that of an iteration.
  bool charges_prompts() const;
  // Prompt tokens of one iteration from which on its time falls; infinite where it never does.
  double falls_from_tokens() const;
};

// The facts of any preset but none.
const PresetFacts& facts_of(ServicePreset preset);

}  // namespace servesweep
