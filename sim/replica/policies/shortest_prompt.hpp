// The shortest prompt first: prefills of long prompts wait.
#pragma once

#include "sim/replica/policies/policy.hpp"

namespace servesweep {

struct ShortestPromptPolicy : PolicyDefaults {
  static constexpr const char* kName = "shortest_prompt";

  template <class Requests>
  SERVESWEEP_FUNCTION static std::int32_t key(const Requests& requests, std::uint32_t request) {
    return requests.prompt(request);
  }
};

static_assert(kIsQueuePolicy<ShortestPromptPolicy>,
              "a queue policy is PolicyDefaults with kName and key(requests, request)");

}  // namespace servesweep
