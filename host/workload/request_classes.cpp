#include "host/workload/request_classes.hpp"

#include <cstddef>

namespace servesweep {

void add_request_class_parameters(ParameterSet& set, const std::vector<Condition>& read_when) {
  set.add<RequestClassParams>("workload.priority", read_when);
}

RequestClassParams read_request_class_params(const ParameterSet& set, const double* values) {
  RequestClassParams params;
  ParameterSet::assign(params, values, set.find("workload.priority.high_share").value());
  return params;
}

void draw_request_classes(const RequestClassParams& params, const RandomSource& random,
                          Workload& workload) {
  if (!workload.priority.empty() || params.one_class()) return;
  const RandomStream stream = random.stream(StreamId::kPriority);
  workload.priority.resize(workload.size());
  for (std::size_t i = 0; i < workload.size(); ++i) {
    workload.priority[i] = stream.uniform(i) < params.high_share ? 0 : 1;
  }
}

}  // namespace servesweep
