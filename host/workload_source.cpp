#include "host/workload_source.hpp"

#include <utility>

namespace servesweep {

WorkloadSource::WorkloadSource(const Sweep& sweep, InputFiles files)
    : sweep_(sweep), files_(std::move(files)) {}

std::shared_ptr<const Workload> WorkloadSource::get(const WorkloadSpec& spec,
                                                    std::int32_t replication) {
  const std::uint64_t seed = sweep_.settings().seed;
  const auto draw = static_cast<std::uint32_t>(replication);
  std::weak_ptr<const Workload>& known = built_[workload_key(spec, seed, draw)];
  std::shared_ptr<const Workload> workload = known.lock();
  if (workload == nullptr) {
    workload = std::make_shared<const Workload>(build_workload(spec, files_.trace, seed, draw));
    known = workload;
  }
  return workload;
}

}  // namespace servesweep
