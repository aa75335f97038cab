#include "host/engines/batch/batch_engine.hpp"

#include <algorithm>
#include <map>
#include <ostream>
#include <stdexcept>
#include <utility>

#include "host/base/error.hpp"
#include "host/base/random.hpp"
#include "host/base/units.hpp"
#include "host/engines/batch/batch_metrics.hpp"
#include "host/engines/batch/batch_params.hpp"
#include "host/engines/engine_model.hpp"
#include "kernels/batch_runner.hpp"
#include "kernels/device/profile.hpp"

namespace servesweep {

namespace {

// Requests that one chunk runs at most, summed over its worlds.
constexpr std::int64_t kMostBatchRequestsPerThread = 50'000'000;

// A workload as the kernels want it, kept as long as a chunk's worlds use it.
struct PreparedRequests {
  std::shared_ptr<const Workload> workload;
  std::unique_ptr<RequestSet> set;
  std::map<ServiceDraw, std::vector<double>> draws;  // [request]

  explicit PreparedRequests(std::shared_ptr<const Workload> requests)
      : workload(std::move(requests)) {
    set = std::make_unique<RequestSet>(columns_of(*workload));
  }

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

class BatchRun : public EngineRun {
 public:
  BatchRun(const Sweep& sweep, WorkloadSource& source, const RunLimits& limits)
      : sweep_(sweep),
        source_(source),
        limits_(limits),
        options_{saves_details(sweep), sweep.settings().exact_percentiles},
        runner_(limits.lanes) {}

  ChunkPlan plan(std::int64_t first, std::int64_t end) override {
    const ProfileRegion region("servesweep::plan");
    planned_ = prepare(first, end);
    return planned_.plan;
  }

  PendingChunk start(const ChunkPlan& plan) override {
    if (plan.worlds != planned_.plan.worlds) throw std::logic_error("not the chunk planned last");
    const auto started = std::make_shared<Chunk>(std::move(planned_));
    planned_ = {};
    Chunk& chunk = *started;
    bin(chunk);
    const ProfileRegion region("servesweep::run");
    const std::shared_ptr<PendingWave<BatchTraits>> wave =
        runner_.start(chunk.worlds, start_order(chunk.worlds, expected_work), options_);
    return
        [started, wave, options = options_] { return collect(*started, wave->finish(), options); };
  }

  void replay(std::int64_t world, std::ostream& out) override {
    Chunk chunk = prepare(world, world + 1);
    bin(chunk);
    out << "start_s,finish_s,gpu,bin,batch_size,target,mean_wait_s,total_tokens,longest_tokens,"
           "longest_output_tokens,first_request,completed\n";
    out.precision(17);
    for (const BatchEvent& e : runner_.replay(chunk.worlds.front())) {
      out << static_cast<double>(e.start_ns) * 1e-9 << ','
          << static_cast<double>(e.finish_ns) * 1e-9 << ',' << e.gpu << ',' << e.bin << ','
          << e.size << ',' << e.target << ',' << static_cast<double>(e.wait_sum_ns) * 1e-9 / e.size
          << ',' << e.total_tokens << ',' << e.longest_tokens << ',' << e.longest_output << ','
          << e.first_request << ',' << e.completed << '\n';
    }
  }

 private:
  struct Chunk {
    ChunkPlan plan;
    std::vector<BatchParams> params;    // [world]
    std::vector<BatchWorld> worlds;     // [world]; workloads filled in by bin()
    std::vector<std::size_t> binnings;  // [world]: index into specs
    std::vector<BinningSpec> specs;
    std::map<std::string, std::shared_ptr<PreparedRequests>> requests;
    WaveMemory device;
    std::size_t host_bytes = 0;
  };

  static ResultChunk collect(const Chunk& chunk, BatchWaveResult wave, const WaveOptions& options) {
    const ProfileRegion region("servesweep::convert");
    ResultChunk result;
    result.first_world = chunk.plan.worlds.first;
    result.num_worlds = static_cast<std::int64_t>(chunk.worlds.size());
    result.metrics = make_batch_metrics(chunk.worlds.size());
    std::vector<std::int32_t> num_gpus, num_bins;
    for (std::size_t i = 0; i < chunk.worlds.size(); ++i) {
      set_batch_metrics(chunk.params[i], wave.worlds[i], i, result.metrics);
      num_gpus.push_back(chunk.worlds[i].num_gpus);
      num_bins.push_back(chunk.worlds[i].workload.num_bins);
    }
    if (options.save_details) {
      result.tables = make_batch_tables(std::move(wave), num_gpus, num_bins);
    }
    return result;
  }

  // Host memory of a wave's results on their way to the file: as the wave gives them, as columns
  // and as the bytes of the shard, of this chunk and of the one before.
  static std::size_t result_bytes(const WaveShape<BatchTraits>& shape, const WaveOptions& options) {
    static const std::size_t kRow = sizeof(BatchResult) + sizeof(BatchParams) + sizeof(BatchWorld) +
                                    2 * batch_metric_columns().size() * sizeof(double);
    std::size_t bytes = static_cast<std::size_t>(shape.worlds) * kRow;
    if (options.save_details) {
      bytes += 2 * (static_cast<std::size_t>(shape.size.entries) * 2 * sizeof(std::int32_t) +
                    static_cast<std::size_t>(shape.size.rows.gpus.count) * sizeof(GpuUse) +
                    static_cast<std::size_t>(shape.size.rows.bins.count) * sizeof(BinUse));
    }
    return 2 * bytes;
  }

  // Lowers worlds from `first` on, until the next one would not fit.
  Chunk prepare(std::int64_t first, std::int64_t end) {
    Chunk chunk;
    std::map<BinningSpec, std::size_t> known;
    std::vector<double> values(sweep_.parameters().size());
    WaveShape<BatchTraits> shape;
    std::size_t requests_bytes = 0;
    end = std::min(end, first + kMostChunkWorlds);
    for (std::int64_t id = first; id < end; ++id) {
      sweep_.values(id, values.data());
      BatchParams params = read_batch_params(sweep_.parameters(), values.data(), sweep_.texts());
      BatchWorld world = lower(params);
      const std::int32_t replication = sweep_.replication(id);
      const std::size_t num_sets = chunk.requests.size();
      const std::shared_ptr<PreparedRequests> requests = requests_of(params, replication, chunk);
      const std::size_t known_bytes = chunk.requests.size() > num_sets ? 0 : requests->bytes();
      const BinningSpec spec = binning_of(params, world, *requests, replication);
      const std::int64_t count = requests->set->columns.count;

      world.workload.num_requests = count;
      world.workload.num_bins = params.num_bins();
      WaveShape<BatchTraits> with = shape;
      with.add(world);
      const bool is_new = known.find(spec) == known.end();
      WaveMemory device = runner_.plan(with, options_, limits_.max_device_bytes());
      device.workloads = chunk.device.workloads + (is_new ? BatchRunner::workload_bytes(spec) : 0);
      device.preparation = std::max(chunk.device.preparation, BatchRunner::preparation_bytes(spec));
      MemoryNeeds needs;
      needs.host = requests_bytes + requests->bytes() - known_bytes + result_bytes(with, options_) +
                   device.staging;
      needs.device = device.total();
      const std::string shortage = limits_.shortage(needs);
      if (!shortage.empty()) {
        if (id == first) {
          throw InputError("world " + std::to_string(id) + " needs " + shortage +
                           " (its workload has " + format_count(count, "request") +
                           ") raise that or lower workload.requests");
        }
        break;
      }
      if (id > first && chunk.plan.requests + count > most_requests_) break;
      if (is_new) {
        known.emplace(spec, chunk.specs.size());
        chunk.specs.push_back(spec);
      }
      shape = with;
      chunk.device = device;
      chunk.host_bytes = needs.host;
      requests_bytes += requests->bytes() - known_bytes;
      chunk.plan.memory = needs;
      chunk.plan.requests += count;
      chunk.binnings.push_back(known.at(spec));
      if (world.service.kind == ServiceKind::kGrid) {
        world.service.grid = grid_of(params.grid_path).params;
      }
      chunk.params.push_back(std::move(params));
      chunk.worlds.push_back(world);
    }
    chunk.plan.worlds = {first, first + static_cast<std::int64_t>(chunk.worlds.size())};
    chunk.plan.workloads = static_cast<std::int64_t>(chunk.specs.size());
    requests_ = chunk.requests;
    // A binning is known by the address of its requests: it must not outlive them.
    std::erase_if(binned_,
                  [&](const auto& entry) { return known.find(entry.first) == known.end(); });
    return chunk;
  }

  std::shared_ptr<PreparedRequests> requests_of(const BatchParams& params, std::int32_t replication,
                                                Chunk& chunk) {
    const std::string key = workload_key(params.workload, sweep_.settings().seed,
                                         static_cast<std::uint32_t>(replication));
    std::shared_ptr<PreparedRequests>& here = chunk.requests[key];
    if (here == nullptr) {
      const auto kept = requests_.find(key);
      here = kept != requests_.end() ? kept->second : make_requests(params.workload, replication);
    }
    return here;
  }

  std::shared_ptr<PreparedRequests> make_requests(const WorkloadSpec& spec,
                                                  std::int32_t replication) {
    const ProfileRegion region("servesweep::make_workload");
    return std::make_shared<PreparedRequests>(source_.get(spec, replication));
  }

  BinningSpec binning_of(const BatchParams& params, const BatchWorld& world,
                         PreparedRequests& requests, std::int32_t replication) const {
    return servesweep::binning_of(
        params, world, *requests.set, load_scaling(params.workload, *requests.workload),
        draws_of_requests(requests, draws_of(params.service.model), replication));
  }

  // The service draws of a request set, made once; null for models without.
  const double* draws_of_requests(PreparedRequests& requests, ServiceDraw kind,
                                  std::int32_t replication) const {
    if (kind == ServiceDraw::kNone) return nullptr;
    std::vector<double>& draws = requests.draws[kind];
    if (draws.empty()) {
      const RandomStream stream(sweep_.settings().seed, static_cast<std::uint32_t>(replication),
                                StreamId::kService);
      draws.resize(requests.workload->size());
      for (std::size_t i = 0; i < draws.size(); ++i) {
        draws[i] = kind == ServiceDraw::kExponential ? stream.exponential(i) : stream.uniform(i);
      }
    }
    return draws.data();
  }

  const DeviceGrid& grid_of(const std::string& path) {
    DeviceGrid& device = grids_[path];
    if (device.values == nullptr) {
      const ServiceGrid grid = source_.files().service_grid(path);
      if (grid.batch_sizes.size() < 2 || grid.lengths.size() < 2) {
        throw InputError(path +
                         ": too small a grid (interpolation needs two batch sizes and two "
                         "lengths) measure more");
      }
      std::vector<double>& values = device.numbers;
      values = grid.batch_sizes;
      values.insert(values.end(), grid.lengths.begin(), grid.lengths.end());
      values.insert(values.end(), grid.time_ms.begin(), grid.time_ms.end());
      device.values = runner_.upload(values);
      device.params.num_batch_sizes = static_cast<std::int32_t>(grid.batch_sizes.size());
      device.params.num_lengths = static_cast<std::int32_t>(grid.lengths.size());
      device.params.batch_sizes = device.values.get();
      device.params.lengths = device.params.batch_sizes + grid.batch_sizes.size();
      device.params.time_ms = device.params.lengths + grid.lengths.size();
    }
    return device;
  }

  // Gives every world of the chunk its binned workload; what the last chunk used is used again.
  void bin(Chunk& chunk) {
    const ProfileRegion region("servesweep::bin");
    std::vector<BinningSpec> missing;
    std::size_t missing_bytes = 0;
    for (const BinningSpec& spec : chunk.specs) {
      if (binned_.find(spec) != binned_.end()) continue;
      missing.push_back(spec);
      missing_bytes += BatchRunner::workload_bytes(spec);
    }
    if (!runner_.reserve(chunk.device, missing_bytes, limits_.device_share(chunk.host_bytes))) {
      binned_.clear();
      missing = chunk.specs;
    }
    const std::vector<BinnedWorkload> made = runner_.bin(missing);
    profile_count(ProfileCount::kBinningsMade, static_cast<std::int64_t>(missing.size()));
    profile_count(ProfileCount::kBinningsReused,
                  static_cast<std::int64_t>(chunk.worlds.size() - missing.size()));
    for (std::size_t i = 0; i < missing.size(); ++i) binned_.emplace(missing[i], made[i]);
    for (std::size_t i = 0; i < chunk.worlds.size(); ++i) {
      chunk.worlds[i].workload = binned_.at(chunk.specs[chunk.binnings[i]]);
    }
  }

  const Sweep& sweep_;
  WorkloadSource& source_;
  RunLimits limits_;
  WaveOptions options_;
  std::int64_t most_requests_ =
      kMostBatchRequestsPerThread * std::min(device_info().concurrency, kMostCountedThreads);
  BatchRunner runner_;
  Chunk planned_;                                                      // by plan(), for run()
  std::map<std::string, std::shared_ptr<PreparedRequests>> requests_;  // of the last chunk
  std::map<BinningSpec, BinnedWorkload> binned_;
  std::map<std::string, DeviceGrid> grids_;
};

struct BatchModel {
  static constexpr const char* kName = "batch";
  static constexpr double kTypicalRequestsPerSecond = 50e6;
  using Run = BatchRun;

  static void add_parameters(ParameterSet& set) { add_batch_parameters(set); }
  static std::vector<Finding> check(const ParameterSet& set, const double* values,
                                    const std::vector<std::string>& texts) {
    return check_batch_params(read_batch_params(set, values, texts));
  }
  static std::vector<ColumnSpec> metrics() { return batch_metric_columns(); }
  static std::vector<RaggedSpec> tables() { return batch_tables(); }
};

}  // namespace

std::unique_ptr<Engine> make_batch_engine() { return std::make_unique<EngineModel<BatchModel>>(); }

}  // namespace servesweep
