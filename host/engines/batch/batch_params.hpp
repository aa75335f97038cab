// All parameters of a world of the batch engine, as a sweep gives them, and their lowering to what
// the kernels read.
#pragma once

#include <string>
#include <vector>

#include "host/parameters/parameter.hpp"
#include "host/workload/workload.hpp"
#include "host/workload/workload_params.hpp"
#include "kernels/batch_runner.hpp"
#include "sim/batch/params.hpp"
#include "sim/batch/world.hpp"
#include "sim/latency/service/registry.hpp"

namespace servesweep {

struct ServiceChoice {
  ServiceKind model = ServiceModels::code_of<AffineService>();

  template <class Visitor>
  static void fields(Visitor&& visit) {
    visit(&ServiceChoice::model, FieldName{"model", "service_model"},
          "Service time of a batch: affine in its longest request, bilinear in a measured grid, or "
          "drawn for each request (queueing theory's models).");
  }
};

struct MeasuredGridParams {
  GridFile grid;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    visit(&MeasuredGridParams::grid, FieldName{"grid", "service_grid"},
          "CSV file of measured batch times: batch_size, length, time.");
  }
};

struct BatchParams {
  WorkloadSpec workload;
  SchedulerParams scheduler;
  StaticFifoParams static_fifo;
  MultiBinOnlyParams multi_bin_only;
  BinParams bins;
  EqualMassBinParams equal_mass;
  BinLimitParams bin_limit;
  DynamicParams dynamic;
  ClusterParams cluster;
  ServiceChoice service;
  AffineServiceParams affine;
  MeasuredGridParams grid;
  ExponentialServiceParams exponential;
  DeterministicServiceParams deterministic;
  UniformServiceParams uniform;
  SlaParams sla;
  SlaControllerParams sla_controller;

  // Text parameters, spelt out.
  std::string grid_path;
  std::vector<std::int64_t> bin_edges;  // empty: equal mass

  // Whether there are K bins, not one queue for all requests.
  bool has_bins() const;
  bool is_dynamic() const;
  std::int32_t num_bins() const;
};

void add_batch_parameters(ParameterSet& set);

// values: one per parameter of `set`; texts: by id.
BatchParams read_batch_params(const ParameterSet& set, const double* values,
                              const std::vector<std::string>& texts);

// What is wrong between parameters that are each in range.
std::vector<Finding> check_batch_params(const BatchParams& params);

// Everything but the workload and a grid's table.
BatchWorld lower(const BatchParams& params);

// How long a world with a workload runs, in arbitrary units, for starting long worlds first.
std::int64_t expected_work(const BatchWorld& world);

// The requests where they are; the workload must outlive them.
RequestColumns columns_of(const Workload& workload);

// How the world wants its requests binned. draws: [request], or null without drawn service.
BinningSpec binning_of(const BatchParams& params, const BatchWorld& world,
                       const RequestSet& requests, double scaling, const double* draws);

}  // namespace servesweep
