// Service models that others measured and fitted: affine iteration times of a model on a GPU, each
// with the source of its coefficients.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "sim/field.hpp"
#include "sim/iteration/affine.hpp"

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
                                           "qwen2.5-7b-a100"};
};

struct PresetRegime {
  std::int32_t from_sequences = 0;
  AffineRegimeParams coefficients;  // not bound to the ranges of a sweep file
};

struct PresetFacts {
  const char* source = "";
  std::int64_t kv_tokens = 0;  // that fit the KV cache of a replica; 0: the source has none
  std::array<PresetRegime, AffineIteration::kMostRegimes> regimes;  // [num_regimes]
  std::int32_t num_regimes = 0;
};

inline const char* name_of(ServicePreset preset) {
  return EnumNames<ServicePreset>::values[static_cast<int>(preset)];
}

// Of any preset but none.
const PresetFacts& facts_of(ServicePreset preset);

}  // namespace servesweep
