#include "host/run/request_count.hpp"

#include <algorithm>
#include <string_view>

#include "host/workload/workload_params.hpp"

namespace servesweep {
namespace {

// The parameters that the number of requests depends on.
constexpr std::string_view kCounted[] = {"workload.trace", "workload.preset", "workload.requests",
                                         "workload.keep_failed", "workload.on_bad_row"};

std::int64_t requests_of(std::int64_t world, const Sweep& sweep, WorkloadSource& workloads) {
  std::vector<double> values(sweep.parameters().size());
  sweep.values(world, values.data());
  const WorkloadSpec spec = read_workload_spec(sweep.parameters(), values.data(), sweep.texts());
  const std::int64_t wish = spec.source.requests;
  if (spec.trace.empty()) {
    return wish > 0 ? wish : static_cast<std::int64_t>(workloads.get(spec, 0)->size());
  }
  const TraceOptions options = {spec.trace_options.keep_failed, spec.trace_options.on_bad_row};
  const auto rows = static_cast<std::int64_t>(workloads.files().trace(spec.trace, options)->size());
  return wish > 0 ? std::min(wish, rows) : rows;
}

}  // namespace

std::int64_t count_requests(const Sweep& sweep, WorkloadSource& workloads,
                            const std::vector<WorldRange>& ranges) {
  const bool varies = std::any_of(sweep.axes().begin(), sweep.axes().end(), [&](std::size_t axis) {
    return std::find(std::begin(kCounted), std::end(kCounted), sweep.parameters()[axis].key) !=
           std::end(kCounted);
  });
  std::int64_t total = 0;
  std::int64_t point = -1;
  std::int64_t per_world = 0;
  for (const WorldRange& range : ranges) {
    for (std::int64_t world = range.first; world < range.second; ++world) {
      const std::int64_t point_here = world / sweep.settings().replications;
      if (point < 0 || (varies && point != point_here)) {
        per_world = requests_of(world, sweep, workloads);
        point = point_here;
      }
      total += per_world;
    }
  }
  return total;
}

}  // namespace servesweep
