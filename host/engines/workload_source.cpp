#include "host/engines/workload_source.hpp"

#include <algorithm>
#include <utility>

namespace servesweep {

std::shared_ptr<const Workload> WorkloadCache::find(const std::string& key) {
  const auto entry =
      std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) { return e.key == key; });
  if (entry == entries_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, entry);
  return entry->workload;
}

void WorkloadCache::add(const std::string& key, std::shared_ptr<const Workload> workload) {
  bytes_ += bytes_of(*workload);
  entries_.push_front({key, std::move(workload)});
  while (bytes_ > max_bytes_) {
    bytes_ -= bytes_of(*entries_.back().workload);
    entries_.pop_back();
  }
}

WorkloadSource::WorkloadSource(const Sweep& sweep, InputFiles files, WorkloadCache* cache)
    : sweep_(sweep), files_(std::move(files)), cache_(cache) {}

std::shared_ptr<const Workload> WorkloadSource::get(const WorkloadSpec& spec,
                                                    std::int32_t replication) {
  const std::uint64_t seed = sweep_.settings().seed;
  const auto draw = static_cast<std::uint32_t>(replication);
  const std::string key = workload_key(spec, seed, draw);
  std::weak_ptr<const Workload>& known = built_[key];
  std::shared_ptr<const Workload> workload = known.lock();
  if (workload == nullptr && cache_ != nullptr) workload = cache_->find(key);
  if (workload == nullptr) {
    workload = std::make_shared<const Workload>(build_workload(spec, files_.trace, seed, draw));
    if (cache_ != nullptr) cache_->add(key, workload);
  }
  known = workload;
  return workload;
}

}  // namespace servesweep
