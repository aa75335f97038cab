#include "host/engines/batch/batch_engine.hpp"

#include <algorithm>
#include <map>
#include <ostream>
#include <utility>

#include "host/base/error.hpp"
#include "host/base/random.hpp"
#include "host/engines/batch/batch_metrics.hpp"
#include "host/engines/batch/batch_params.hpp"
#include "host/engines/engine_model.hpp"
#include "kernels/batch_runner.hpp"

namespace servesweep {

namespace {

// A workload as the kernels want it, kept as long as a chunk's worlds use it.
struct PreparedRequests {
  std::shared_ptr<const Workload> workload;
  std::unique_ptr<RequestSet> set;
  std::map<ServiceDraw, std::vector<double>> draws;  // [request]

  explicit PreparedRequests(std::shared_ptr<const Workload> requests)
      : workload(std::move(requests)) {
    set = std::make_unique<RequestSet>(columns_of(*workload));
  }

  std::size_t size() const { return workload->size(); }
  std::size_t bytes() const {
    return set->bytes() + bytes_of(*workload) + workload->size() * draws.size() * sizeof(double);
  }
};

// A service grid in device memory.
struct DeviceGrid {
  std::vector<double> numbers;  // batch sizes, lengths, times
  std::shared_ptr<const double> values;
  GridServiceParams params;
};

class BatchModel : public ModelDefaults {
 public:
  static constexpr const char* kName = "batch";
  static constexpr double kTypicalRequestsPerSecond = 50e6;
  static constexpr std::int64_t kMostRequestsPerThread = 50'000'000;
  using Traits = BatchTraits;
  using Runner = BatchRunner;
  using Params = BatchParams;
  using Requests = PreparedRequests;
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
  static std::vector<ColumnSpec> metrics() { return batch_metric_columns(); }
  static std::vector<RaggedSpec> tables() { return batch_tables(); }

  BatchModel(const Sweep& sweep, const InputFiles& files, BatchRunner& runner)
      : seed_(sweep.settings().seed), files_(files), runner_(runner) {}

  BatchWorld lower_world(const BatchParams& params, std::int32_t,
                         const PreparedRequests& requests) {
    BatchWorld world = lower(params);
    world.workload.num_requests = static_cast<std::int64_t>(requests.size());
    world.workload.num_bins = params.num_bins();
    if (reads_grid(world.service.kind)) {
      world.service.as<GridService>() = grid_of(params.grid_path).params;
    }
    return world;
  }

  std::vector<BinningSpec> inputs_of(const BatchParams& params, const BatchWorld& world,
                                     std::int32_t replication, PreparedRequests& requests) const {
    return {binning_of(params, world, *requests.set,
                       load_scaling(params.workload, *requests.workload),
                       draws_of_requests(requests, draws_of(params.service.model), replication))};
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
  std::size_t table_bytes() const { return table_bytes_; }

  static std::int64_t expected_work(const BatchWorld& world) {
    return servesweep::expected_work(world);
  }

  static void write_events(const std::vector<BatchEvent>& events, std::ostream& out) {
    out << "start_s,finish_s,gpu,bin,batch_size,target,mean_wait_s,total_tokens,longest_tokens,"
           "longest_output_tokens,first_request,completed\n";
    for (const BatchEvent& e : events) {
      out << static_cast<double>(e.start_ns) * 1e-9 << ','
          << static_cast<double>(e.finish_ns) * 1e-9 << ',' << e.gpu << ',' << e.bin << ','
          << e.size << ',' << e.target << ',' << static_cast<double>(e.wait_sum_ns) * 1e-9 / e.size
          << ',' << e.total_tokens << ',' << e.longest_tokens << ',' << e.longest_output << ','
          << e.first_request << ',' << e.completed << '\n';
    }
  }

  static ResultChunk collect(const std::vector<BatchWorld>& worlds,
                             const std::vector<BatchParams>& params, BatchWaveResult wave,
                             bool details) {
    ResultChunk chunk;
    chunk.metrics = batch_metrics(params, wave.worlds);
    if (details) chunk.tables = batch_table_data(worlds, std::move(wave));
    return chunk;
  }

 private:
  // The service draws of a request set, made once; null for models without.
  const double* draws_of_requests(PreparedRequests& requests, ServiceDraw kind,
                                  std::int32_t replication) const {
    if (kind == ServiceDraw::kNone) return nullptr;
    std::vector<double>& draws = requests.draws[kind];
    if (draws.empty()) {
      const RandomStream stream(seed_, static_cast<std::uint32_t>(replication), StreamId::kService);
      draws.resize(requests.size());
      for (std::size_t i = 0; i < draws.size(); ++i) {
        draws[i] = kind == ServiceDraw::kExponential ? stream.exponential(i) : stream.uniform(i);
      }
    }
    return draws.data();
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
      table_bytes_ += values.size() * sizeof(double);
      device.values = runner_.upload(values);
      device.params.num_batch_sizes = static_cast<std::int32_t>(grid.batch_sizes.size());
      device.params.num_lengths = static_cast<std::int32_t>(grid.lengths.size());
      device.params.batch_sizes = device.values.get();
      device.params.lengths = device.params.batch_sizes + grid.batch_sizes.size();
      device.params.time_ms = device.params.lengths + grid.lengths.size();
    }
    return device;
  }

  std::uint64_t seed_;
  const InputFiles& files_;
  BatchRunner& runner_;
  std::map<std::string, DeviceGrid> grids_;
  std::size_t table_bytes_ = 0;
};

}  // namespace

std::unique_ptr<Engine> make_batch_engine() { return std::make_unique<EngineModel<BatchModel>>(); }

}  // namespace servesweep
