// Where the worlds of a sweep get their requests: builds each workload once, however many worlds
// share it, and forgets workloads without a user, unless a cache keeps them for other sweeps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>

#include "host/latency/kernel_profile.hpp"
#include "host/latency/service_grid.hpp"
#include "host/latency/service_presets.hpp"
#include "host/sweep/sweep.hpp"
#include "host/workload/workload.hpp"
#include "host/workload/workload_builder.hpp"

namespace servesweep {

// Reads what a parameter names; io/ provides the readers.
struct InputFiles {
  TraceProvider trace;
  std::function<ServiceGrid(const std::string& path)> service_grid;
  std::function<KernelProfile(const std::string& folder)> kernel_profile;
  std::function<KernelProfile(ServicePreset)> preset_profile;  // of one that has a profile
};

// Workloads that several sweeps with the same input files use, the newest up to a limit.
class WorkloadCache {
 public:
  explicit WorkloadCache(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  std::shared_ptr<const Workload> find(const std::string& key);
  void add(const std::string& key, std::shared_ptr<const Workload> workload);

 private:
  struct Entry {
    std::string key;
    std::shared_ptr<const Workload> workload;
  };
  std::size_t max_bytes_;
  std::size_t bytes_ = 0;
  std::list<Entry> entries_;  // the newest first
};

class WorkloadSource {
 public:
  // The cache, if any, must outlive it.
  WorkloadSource(const Sweep& sweep, InputFiles files, WorkloadCache* cache = nullptr);

  // The workload of a world with these values (as Sweep::values() gives them).
  std::shared_ptr<const Workload> get(const WorkloadSpec& spec, std::int32_t replication);
  const InputFiles& files() const { return files_; }

 private:
  const Sweep& sweep_;
  InputFiles files_;
  WorkloadCache* cache_;
  // Owned by the worlds that run; known here while one of those worlds runs.
  std::map<std::string, std::weak_ptr<const Workload>> built_;
};

}  // namespace servesweep
