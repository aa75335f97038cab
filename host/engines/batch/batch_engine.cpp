#include <map>
#include <tuple>
#include <utility>

#include "host/base/error.hpp"
#include "host/base/random.hpp"
#include "host/engines/batch/batch_metrics.hpp"
#include "host/engines/batch/batch_params.hpp"
#include "host/engines/engine_model.hpp"
#include "host/engines/engines.hpp"
#include "kernels/batch_runner.hpp"

namespace servesweep {

namespace {

struct BatchRequests : WorkloadRequests {
  std::unique_ptr<RequestSet> set;
  std::map<ServiceDraw, std::vector<double>> draws;  // [request]; none for models without

  explicit BatchRequests(std::shared_ptr<const Workload> requests)
      : WorkloadRequests(std::move(requests)),
        set(std::make_unique<RequestSet>(columns_of(*workload))) {}
  std::size_t bytes() const { return WorkloadRequests::bytes() + set->bytes(); }
};

// A service grid in device memory.
struct DeviceGrid {
  std::vector<double> numbers;  // batch sizes, lengths, times
  std::shared_ptr<const double> values;
  GridServiceParams params;
};

class BatchModel : public ModelBase<BatchRunner, BatchParams> {
 public:
  using ModelBase::ModelBase;
  static constexpr const char* kName = "batch";
  using Requests = BatchRequests;
  using Input = BinningSpec;
  using Prepared = BinnedWorkload;
  using Kept = BatchParams;

  static void add_parameters(ParameterSet& set) { add_batch_parameters(set); }
  static BatchParams read(const ParameterSet& set, const double* values,
                          const std::vector<std::string>& texts) {
    return read_batch_params(set, values, texts);
  }
  static std::vector<Finding> check(const BatchParams& params) {
    return check_batch_params(params);
  }

  static auto metrics() { return batch_metrics(); }
  static BatchOutcome outcome_of(const BatchWorld&, const BatchParams& params,
                                 const BatchResult& result) {
    return {params, result};
  }
  static auto units() { return batch_units(); }

  BatchWorld lower_world(const BatchParams& params, const RandomSource& random,
                         BatchRequests& requests) {
    draw(draws_of(params.service.model), random.stream(StreamId::kService), requests);
    BatchWorld world = lower(params);
    world.workload.num_requests = static_cast<std::int64_t>(requests.size());
    world.workload.num_bins = params.num_bins();
    if (reads_grid(world.service.kind)) {
      world.service.as<GridService>() = grid_of(params.grid_path).params;
    }
    return world;
  }

  static std::vector<BinningSpec> inputs_of(const BatchParams& params, const BatchWorld& world,
                                            const BatchRequests& requests) {
    const auto draws = requests.draws.find(draws_of(params.service.model));
    return {binning_of(params, world, *requests.set,
                       load_scaling(params.workload, *requests.workload),
                       draws == requests.draws.end() ? nullptr : draws->second.data())};
  }
  static std::size_t input_bytes(const BinningSpec& spec) {
    return BatchRunner::workload_bytes(spec);
  }
  static std::size_t preparation_bytes(const BinningSpec& spec) {
    return BatchRunner::preparation_bytes(spec);
  }
  std::vector<BinnedWorkload> prepare(const std::vector<BinningSpec>& specs) {
    return runner_.bin(specs);
  }
  static void connect(BatchWorld& world, const BinningSpec&, const BinnedWorkload& workload) {
    world.workload = workload;
  }

  static std::int64_t expected_work(const BatchWorld& world) {
    return servesweep::expected_work(world);
  }

  static constexpr const char* kEventColumns =
      "start_s,finish_s,gpu,bin,batch_size,target,mean_wait_s,total_tokens,longest_tokens,"
      "longest_output_tokens,first_request,completed";
  static auto event_row(const BatchEvent& e) {
    return std::tuple(static_cast<double>(e.start_ns) * 1e-9,
                      static_cast<double>(e.finish_ns) * 1e-9, e.gpu, e.bin, e.size, e.target,
                      static_cast<double>(e.wait_sum_ns) * 1e-9 / e.size, e.total_tokens,
                      e.longest_tokens, e.longest_output, e.first_request, e.completed);
  }

 private:
  static void draw(ServiceDraw kind, const RandomStream& stream, BatchRequests& requests) {
    if (kind == ServiceDraw::kNone) return;
    requests.draw(requests.draws[kind], [&](std::size_t i) {
      return kind == ServiceDraw::kExponential ? stream.exponential(i) : stream.uniform(i);
    });
  }

  const DeviceGrid& grid_of(const std::string& path) {
    DeviceGrid& device = grids_[path];
    if (device.values == nullptr) {
      const ServiceGrid grid = files_.service_grid(path);
      if (grid.batch_sizes.size() < 2 || grid.lengths.size() < 2) {
        throw InputError(path +
                         ": too small a grid (interpolation needs two batch sizes and two "
                         "lengths) measure more");
      }
      std::vector<double>& values = device.numbers;
      values = grid.batch_sizes;
      values.insert(values.end(), grid.lengths.begin(), grid.lengths.end());
      values.insert(values.end(), grid.time_ms.begin(), grid.time_ms.end());
      device.values = upload_table(values);
      device.params.num_batch_sizes = static_cast<std::int32_t>(grid.batch_sizes.size());
      device.params.num_lengths = static_cast<std::int32_t>(grid.lengths.size());
      device.params.batch_sizes = device.values.get();
      device.params.lengths = device.params.batch_sizes + grid.batch_sizes.size();
      device.params.time_ms = device.params.lengths + grid.lengths.size();
    }
    return device;
  }

  std::map<std::string, DeviceGrid> grids_;
};

}  // namespace

std::unique_ptr<Engine> make_batch_engine() { return make_engine_of<BatchModel>(); }

}  // namespace servesweep
