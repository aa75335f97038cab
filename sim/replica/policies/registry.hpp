// The queue policies.
#pragma once

#include "sim/core/registry.hpp"
#include "sim/replica/policies/fcfs.hpp"
#include "sim/replica/policies/priority.hpp"
#include "sim/replica/policies/shortest_predicted_output.hpp"
#include "sim/replica/policies/shortest_prompt.hpp"

namespace servesweep {

enum class QueuePolicy : std::int32_t {};
using QueuePolicies = Registry<QueuePolicy,                    //
                               FcfsPolicy,                     //
                               ShortestPromptPolicy,           //
                               ShortestPredictedOutputPolicy,  //
                               PriorityPolicy                  //
                               >;
template <>
struct EnumNames<QueuePolicy> : QueuePolicies::Names {};

SERVESWEEP_FUNCTION bool is_fcfs(QueuePolicy policy) {
  return QueuePolicies::visit(policy, [](auto chosen) { return chosen.kIsFcfs; });
}
SERVESWEEP_FUNCTION bool chooses_victims(QueuePolicy policy) {
  return QueuePolicies::visit(policy, [](auto chosen) { return chosen.kChoosesVictims; });
}

}  // namespace servesweep
