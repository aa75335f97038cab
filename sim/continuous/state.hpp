// The working memory of one continuous world while it runs, carved from one block.
#pragma once

#include "sim/continuous/result.hpp"
#include "sim/continuous/world.hpp"
#include "sim/replica/state.hpp"

namespace servesweep {

struct ContinuousState : ReplicaStates {
  ContinuousResult* result;  // [1]

  SERVESWEEP_FUNCTION static std::size_t bytes(const ContinuousWorld& world) {
    ContinuousState state;
    return state.place(nullptr, world);
  }

  // Lays the arrays out from `memory` (aligned to StateLayout::kAlignment) on; returns the bytes
  // taken.
  SERVESWEEP_FUNCTION std::size_t place(unsigned char* memory, const ContinuousWorld& world) {
    StateLayout layout(memory);
    take(layout, world, world.num_replicas);
    layout.take(result, 1);
    return layout.bytes();
  }
};

}  // namespace servesweep
