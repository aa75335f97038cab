// The scheduling modes.
#pragma once

#include "sim/core/registry.hpp"
#include "sim/replica/modes/mixed.hpp"
#include "sim/replica/modes/prefill_first.hpp"
#include "sim/replica/modes/static.hpp"

namespace servesweep {

enum class SchedulingMode : std::int32_t {};
using SchedulingModes = Registry<SchedulingMode,    //
                                 MixedMode,         //
                                 PrefillFirstMode,  //
                                 StaticMode         //
                                 >;
template <>
struct EnumNames<SchedulingMode> : SchedulingModes::Names {};

SERVESWEEP_FUNCTION bool mixes_decodes(SchedulingMode mode) {
  return SchedulingModes::visit(mode, [](auto chosen) { return chosen.kMixesDecodes; });
}
SERVESWEEP_FUNCTION bool chunks_prompts(SchedulingMode mode) {
  return SchedulingModes::visit(mode, [](auto chosen) { return chosen.kChunksPrompts; });
}
SERVESWEEP_FUNCTION bool sends_batches(SchedulingMode mode) {
  return SchedulingModes::visit(mode, [](auto chosen) { return chosen.kSendsBatches; });
}

}  // namespace servesweep
