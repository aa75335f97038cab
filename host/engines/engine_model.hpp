// What all engines have in common as the rest of the program sees them (host/engines/engine.hpp).
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "host/engines/engine.hpp"

namespace servesweep {

// An engine, by its Traits:
//   kName, kTypicalRequestsPerSecond, Run (an EngineRun made of sweep, source and limits), and
//   static add_parameters(ParameterSet&), check(ParameterSet, values, texts), metrics(), tables().
template <class Traits>
class EngineModel : public Engine {
 public:
  EngineModel() { Traits::add_parameters(parameters_); }

  const std::string& name() const override { return name_; }
  const ParameterSet& parameters() const override { return parameters_; }

  std::vector<Finding> check(const double* values,
                             const std::vector<std::string>& texts) const override {
    return Traits::check(parameters_, values, texts);
  }

  ResultSchema schema(const Sweep& sweep) const override {
    ResultSchema schema;
    schema.engine = name_;
    schema.metrics = Traits::metrics();
    if (saves_details(sweep)) schema.tables = Traits::tables();
    return schema;
  }

  double typical_requests_per_s() const override { return Traits::kTypicalRequestsPerSecond; }

  std::unique_ptr<EngineRun> start(const Sweep& sweep, WorkloadSource& workloads,
                                   const RunLimits& limits) const override {
    return std::make_unique<typename Traits::Run>(sweep, workloads, limits);
  }

 private:
  std::string name_ = Traits::kName;
  ParameterSet parameters_;
};

// All worlds of a wave, those with most work first. work(world): in any unit.
template <class World, class Work>
std::vector<std::int32_t> start_order(const std::vector<World>& worlds, const Work& work) {
  std::vector<std::int32_t> order(worlds.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) {
    return work(worlds[static_cast<std::size_t>(a)]) > work(worlds[static_cast<std::size_t>(b)]);
  });
  return order;
}

}  // namespace servesweep
