// The service models of a world's replicas: one for all, from [service], or a list of presets.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "host/continuous_params.hpp"

namespace servesweep {

struct ReplicaServices {
  struct Group {
    ServicePreset preset = ServicePreset::kNone;
    std::int32_t end_replica = 0;
  };
  std::vector<Group> groups;  // the last one ends with the last replica
  std::string error;          // what is wrong with the list, or empty
};

// Of a list such as "opt-13b-a100-tp1*2, opt-13b-a100-tp2".
ReplicaServices parse_replica_services(std::string_view list, std::int32_t num_replicas);

// What is wrong with the services, and what is to be known of them.
void check_services(const ContinuousParams& params, std::vector<Finding>& findings);

IterationModel lower(ServicePreset preset);
IterationModel lower(const RooflineSpec& spec);

// Sets the groups of a world that knows its replicas.
void lower_services(const ContinuousParams& params, ContinuousWorld& world);

}  // namespace servesweep
