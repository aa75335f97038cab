#include "host/studies/stress/stress_load.hpp"

#include <algorithm>

namespace servesweep {

ArrivalRate arrival_rate(const StudyData& data, const std::vector<SeedGroup>& same_workload) {
  ArrivalRate rate;
  double second = 0;
  for (const SeedGroup& group : same_workload) {
    const double throughput = data.mean_of(group, "throughput_requests_per_s");
    second = std::max(second, std::min(throughput, rate.per_s));
    if (throughput <= rate.per_s) continue;
    rate = {throughput, data.mean_of(group, "mean_gpu_utilization") < kBusyUtilization};
  }
  rate.known &= second >= kSameRate * rate.per_s;  // else more GPUs might complete more still
  return rate;
}

bool overloaded(const StudyData& data, const SeedGroup& group, const ArrivalRate& arrivals) {
  return data.mean_of(group, "mean_gpu_utilization") >= kBusyUtilization &&
         data.mean_of(group, "throughput_requests_per_s") < 0.95 * arrivals.per_s;
}

}  // namespace servesweep
