// A case of the continuous engine whose arrays are in device memory.
#pragma once

#include <memory>
#include <vector>

#include "kernels/continuous_runner.hpp"
#include "tests/support/continuous_worlds.hpp"

namespace servesweep::testing {

class UploadedCase {
 public:
  UploadedCase(const ContinuousRunner& runner, const ContinuousCase& c) : world_(c.view()) {
    ReplicaRequests& r = world_.requests;
    r.arrival_ns = keep(runner.upload(c.arrival_ns));
    r.prompt_tokens = keep(runner.upload(c.prompt));
    r.output_tokens = keep(runner.upload(c.output));
    r.predicted_tokens = keep(runner.upload(c.predicted));
    r.router_draws = keep(runner.upload(c.draws));
    if (r.priority != nullptr) r.priority = keep(runner.upload(c.priority));
    if (r.num_classes > 0) r.class_priority = keep(runner.upload(c.classes));
    if (r.prefix_begin != nullptr) {
      r.prefix_begin = keep(runner.upload(c.prefix_begin));
      r.prefix_hashes = keep(runner.upload(c.prefix_hashes));
    }
    auto table = c.tables.begin();
    for (ReplicaGroup& group : world_.groups) {
      if (!group.service.is<TableIteration>()) continue;
      group.service.as<TableIteration>() = table->lowered(keep(runner.upload(table->numbers())));
      ++table;
    }
  }
  const ContinuousWorld& world() const { return world_; }

 private:
  template <class T>
  const T* keep(std::shared_ptr<const T> array) {
    kept_.push_back(array);
    return array.get();
  }
  ContinuousWorld world_;
  std::vector<std::shared_ptr<const void>> kept_;
};

}  // namespace servesweep::testing
