#include "host/run/request_count.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "host/workload/workload_params.hpp"

namespace servesweep {
namespace {

// What the number of a workload's requests depends on.
auto size_key(const WorkloadSpec& spec) {
  return std::make_tuple(spec.trace, spec.source.preset, spec.source.requests,
                         trace_options(spec.trace_options));
}

std::int64_t requests_of(const WorkloadSpec& spec, WorkloadSource& workloads) {
  const std::int64_t wish = spec.source.requests;
  if (spec.trace.empty()) {
    return wish > 0 ? wish : static_cast<std::int64_t>(workloads.get(spec, 0)->size());
  }
  const TraceOptions options = trace_options(spec.trace_options);
  const auto rows = static_cast<std::int64_t>(workloads.files().trace(spec.trace, options)->size());
  return wish > 0 ? std::min(wish, rows) : rows;
}

}  // namespace

std::int64_t count_requests(const Sweep& sweep, WorkloadSource& workloads,
                            const std::vector<WorldRange>& ranges) {
  if (!has_workload_parameters(sweep.parameters())) return 0;
  const std::int32_t replications = sweep.settings().replications;
  std::vector<double> values(sweep.parameters().size());
  WorkloadSpec counted;
  std::int64_t total = 0, per_world = -1;
  for (const WorldRange& range : ranges) {
    for (std::int64_t world = range.first; world < range.second;) {
      sweep.values(world, values.data());
      WorkloadSpec spec = read_workload_spec(sweep.parameters(), values.data(), sweep.texts());
      if (per_world < 0 || size_key(spec) != size_key(counted)) {
        per_world = requests_of(spec, workloads);
        counted = std::move(spec);
      }
      const std::int64_t end = std::min(range.second, (world / replications + 1) * replications);
      total += per_world * (end - world);
      world = end;
    }
  }
  return total;
}

}  // namespace servesweep
