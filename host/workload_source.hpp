// Where the worlds of a sweep get their requests: builds each workload once, however many worlds
// share it, and forgets those that are no longer used.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "host/calibrate.hpp"
#include "host/sweep.hpp"
#include "host/workload.hpp"
#include "host/workload_builder.hpp"

namespace servesweep {

// Reads a table that a parameter names; io/ provides the readers.
struct InputFiles {
  TraceProvider trace;
  std::function<ServiceGrid(const std::string& path)> service_grid;
};

class WorkloadSource {
 public:
  WorkloadSource(const Sweep& sweep, InputFiles files);

  // The workload of a world with these values (as Sweep::values() gives them).
  std::shared_ptr<const Workload> get(const WorkloadSpec& spec, std::int32_t replication);
  const InputFiles& files() const { return files_; }

 private:
  const Sweep& sweep_;
  InputFiles files_;
  // Owned by the worlds that run; kept here while any of them does.
  std::map<std::string, std::weak_ptr<const Workload>> built_;
};

}  // namespace servesweep
