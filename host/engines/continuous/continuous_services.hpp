// The service models of a world's replicas: one for all, from [service], or a list of presets and
// of what [service] says.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "host/engines/continuous/continuous_params.hpp"

namespace servesweep {

struct ReplicaServices {
  struct Group {
    ServicePreset preset = ServicePreset::kNone;  // none: the model of [service]
    std::int32_t end_replica = 0;
  };
  std::vector<Group> groups;  // the last one ends with the last replica
  std::string error;          // what is wrong with the list, or empty
};

// Parses a list such as "opt-13b-a100-tp1*2, service"; `own` is the preset of [service].
ReplicaServices parse_replica_services(std::string_view list, std::int32_t num_replicas,
                                       ServicePreset own = ServicePreset::kNone);

// Measured kernel times that a group of a world's replicas takes.
struct ProfileUse {
  struct Profile {
    ServicePreset preset = ServicePreset::kNone;  // none: of the folder
    std::string folder;
    std::int32_t layers = 0;
    bool operator==(const Profile&) const = default;
    bool operator<(const Profile& other) const {
      return std::tie(preset, folder, layers) < std::tie(other.preset, other.folder, other.layers);
    }
  };
  std::int32_t group = 0;
  Profile profile;
};
std::vector<ProfileUse> profiles_of(const ContinuousParams& params);

// Appends the findings about the services: errors and warnings.
void check_services(const ContinuousParams& params, std::vector<Finding>& findings);

// A table is filled in where its numbers are uploaded.
IterationModel lower(ServicePreset preset);
IterationModel lower(const RooflineSpec& spec);

// Sets the groups of a world that knows its replicas.
void lower_services(const ContinuousParams& params, ContinuousWorld& world);

}  // namespace servesweep
