// What all engines have in common as the rest of the program sees them (host/engines/engine.hpp).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "host/engines/engine.hpp"
#include "host/engines/wave_run.hpp"

namespace servesweep {

// An engine, by its model (host/engines/wave_run.hpp).
template <class Model>
class EngineModel : public Engine {
 public:
  EngineModel() { Model::add_parameters(parameters_); }

  const std::string& name() const override { return name_; }
  const ParameterSet& parameters() const override { return parameters_; }

  std::vector<Finding> check(const double* values,
                             const std::vector<std::string>& texts) const override {
    return Model::check(Model::read(parameters_, values, texts));
  }

  ResultSchema schema(const Sweep& sweep) const override {
    ResultSchema schema;
    schema.engine = name_;
    schema.metrics = columns_of(Model::metrics());
    if (!saves_details(sweep)) return schema;
    schema.tables = Model::histograms();
    const auto units = Model::units();
    Model::Traits::for_each_table(
        [&schema](const auto& table) { schema.tables.push_back(table.spec()); }, units);
    return schema;
  }

  double typical_requests_per_s() const override { return Model::kTypicalRequestsPerSecond; }

  std::unique_ptr<EngineRun> start(const Sweep& sweep, WorkloadSource& workloads,
                                   const RunLimits& limits) const override {
    return std::make_unique<WaveRun<Model>>(sweep, workloads, limits);
  }

 private:
  std::string name_ = Model::kName;
  ParameterSet parameters_;
};

template <class Model>
std::unique_ptr<Engine> make_engine_of() {
  return std::make_unique<EngineModel<Model>>();
}

}  // namespace servesweep
