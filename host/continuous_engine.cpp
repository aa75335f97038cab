#include "host/continuous_engine.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <ostream>
#include <stdexcept>
#include <utility>

#include "host/continuous_metrics.hpp"
#include "host/continuous_params.hpp"
#include "host/continuous_services.hpp"
#include "host/error.hpp"
#include "host/iteration_table.hpp"
#include "host/random.hpp"
#include "host/units.hpp"
#include "kernels/continuous_runner.hpp"
#include "kernels/profile.hpp"

namespace servesweep {

namespace {

// Requests that one chunk runs at most, summed over its worlds.
constexpr std::int64_t kMostServedRequestsPerThread = 20'000'000;

// A workload in device memory, kept as long as a chunk's worlds use it.
class UploadedRequests {
 public:
  UploadedRequests(const ContinuousRunner& runner, std::shared_ptr<const Workload> workload)
      : workload_(std::move(workload)),
        arrival_ns_(runner.upload(workload_->arrival_ns)),
        prompt_tokens_(runner.upload(workload_->prompt_tokens)),
        output_tokens_(runner.upload(workload_->output_tokens)),
        predicted_tokens_(runner.upload(workload_->predicted_tokens)) {
    const auto longest = [](const std::vector<std::int32_t>& tokens) {
      return std::max(1, *std::max_element(tokens.begin(), tokens.end()));
    };
    longest_tokens_ =
        std::int64_t{longest(workload_->prompt_tokens)} + longest(workload_->output_tokens);
    view_.count = static_cast<std::int64_t>(workload_->size());
    view_.arrival_ns = arrival_ns_.get();
    view_.prompt_tokens = prompt_tokens_.get();
    view_.output_tokens = output_tokens_.get();
    view_.predicted_tokens = predicted_tokens_.get();
    if (!workload_->priority.empty()) {
      priority_ = runner.upload(workload_->priority);
      view_.priority = priority_.get();
    }
    // A histogram counts inter-token times in 32 bits.
    const std::int64_t tokens = std::accumulate(workload_->output_tokens.begin(),
                                                workload_->output_tokens.end(), std::int64_t{0});
    if (tokens > INT64_C(0xffff'ffff)) {
      throw InputError("a workload of " + format_count(tokens, "output token") +
                       " (a world counts at most 4,294,967,295) lower workload.requests");
    }
  }

  // What a prefix cache reads.
  void add_prefixes(const ContinuousRunner& runner) {
    if (view_.prefix_begin != nullptr) return;
    prefix_begin_ = runner.upload(workload_->prefix_begin);
    prefix_hashes_ = runner.upload(workload_->prefix_hashes);
    view_.prefix_begin = prefix_begin_.get();
    view_.prefix_hashes = prefix_hashes_.get();
    view_.num_hashes = workload_->num_prefix_hashes;
  }

  // draws: two of 32 bits for each request.
  void draw(const ContinuousRunner& runner, const RandomStream& stream) {
    if (view_.router_draws != nullptr) return;
    draws_.resize(workload_->size());
    for (std::size_t i = 0; i < draws_.size(); ++i) draws_[i] = stream.block(i, 0)[0];
    router_draws_ = runner.upload(draws_);
    view_.router_draws = router_draws_.get();
  }

  const Workload& workload() const { return *workload_; }
  // Of the longest prompt with the longest output.
  std::int64_t longest_tokens() const { return longest_tokens_; }
  const ServedRequests& view() const { return view_; }
  std::size_t bytes() const { return bytes_of(*workload_) + draws_.size() * sizeof(std::uint64_t); }

 private:
  std::shared_ptr<const Workload> workload_;
  std::vector<std::uint64_t> draws_;  // [request], or empty
  std::shared_ptr<const std::int64_t> arrival_ns_;
  std::shared_ptr<const std::int32_t> prompt_tokens_, output_tokens_, predicted_tokens_, priority_,
      prefix_begin_, prefix_hashes_;
  std::shared_ptr<const std::uint64_t> router_draws_;
  ServedRequests view_;
  std::int64_t longest_tokens_ = 0;
};

// A profile's table in device memory.
struct DeviceTable {
  IterationTable table;
  std::shared_ptr<const double> numbers;
  TableIteration::Lowered lowered;
};

class ContinuousRun : public EngineRun {
 public:
  ContinuousRun(const Sweep& sweep, WorkloadSource& source, const RunLimits& limits)
      : sweep_(sweep),
        source_(source),
        limits_(limits),
        save_details_(saves_details(sweep)),
        runner_(limits.lanes) {
    if (sweep.settings().exact_percentiles) {
      throw InputError(
          "invalid exact_percentiles=true (the continuous engine takes percentiles from "
          "histograms, within 0.4 %) leave it out");
    }
  }

  ChunkPlan plan(std::int64_t first, std::int64_t end) override {
    const ProfileRegion region("servesweep::plan");
    planned_ = prepare(first, end);
    return planned_.plan;
  }

  PendingChunk start(const ChunkPlan& plan) override {
    if (plan.worlds != planned_.plan.worlds) throw std::logic_error("not the chunk planned last");
    const auto started = std::make_shared<Chunk>(std::move(planned_));
    planned_ = {};
    const Chunk& chunk = *started;
    runner_.reserve(chunk.device, limits_.device_share(chunk.plan.memory.host));
    std::vector<std::int32_t> start_order(chunk.worlds.size());
    std::iota(start_order.begin(), start_order.end(), 0);
    std::stable_sort(start_order.begin(), start_order.end(), [&](std::int32_t a, std::int32_t b) {
      return expected_work(chunk.worlds[static_cast<std::size_t>(a)]) >
             expected_work(chunk.worlds[static_cast<std::size_t>(b)]);
    });
    const ProfileRegion region("servesweep::run");
    const std::shared_ptr<PendingContinuousWave> wave =
        runner_.start(chunk.worlds, start_order, save_details_);
    return [started, wave, details = save_details_] {
      return collect(*started, wave->finish(), details);
    };
  }

  void replay(std::int64_t world, std::ostream& out) override {
    const Chunk chunk = prepare(world, world + 1);
    out << "start_s,end_s,replica,iterations,decodes,context_tokens,prefills,prefill_tokens,"
           "kv_blocks,waiting,preemptions\n";
    out.precision(17);
    std::vector<FlightEvent> flights = runner_.replay(chunk.worlds.front());
    std::stable_sort(flights.begin(), flights.end(),
                     [](const FlightEvent& a, const FlightEvent& b) { return a.start < b.start; });
    for (const FlightEvent& f : flights) {
      out << ns_of(f.start) * 1e-9 << ',' << ns_of(f.end) * 1e-9 << ',' << f.replica << ','
          << f.iterations << ',' << f.decodes << ',' << f.context_sum << ',' << f.chunks << ','
          << f.prefill_tokens << ',' << f.used_blocks << ',' << f.waiting << ',' << f.preemptions
          << '\n';
    }
  }

 private:
  struct Chunk {
    ChunkPlan plan;
    std::vector<ContinuousWorld> worlds;  // [world]
    std::map<std::string, std::shared_ptr<UploadedRequests>> requests;
    ContinuousWaveMemory device;
  };

  // In arbitrary units, for starting long worlds first.
  static std::int64_t expected_work(const ContinuousWorld& world) {
    return world.requests.count * (16 + world.num_replicas);
  }

  static ResultChunk collect(const Chunk& chunk, const ContinuousWaveResult& wave, bool details) {
    const ProfileRegion region("servesweep::convert");
    ResultChunk result;
    result.first_world = chunk.plan.worlds.first;
    result.num_worlds = static_cast<std::int64_t>(chunk.worlds.size());
    result.metrics = make_continuous_metrics(chunk.worlds.size());
    std::vector<std::int32_t> num_replicas;
    for (std::size_t i = 0; i < chunk.worlds.size(); ++i) {
      set_continuous_metrics(chunk.worlds[i], wave.worlds[i], i, result.metrics);
      num_replicas.push_back(chunk.worlds[i].num_replicas);
    }
    if (details) result.tables = make_continuous_tables(wave, num_replicas);
    return result;
  }

  // Host memory of a wave's results on their way to the file: as the wave gives them, as columns
  // and as the bytes of the shard, of this chunk and of the one before.
  std::size_t result_bytes(const ContinuousWaveShape& shape) const {
    static const std::size_t kRow = sizeof(ContinuousResult) + sizeof(ContinuousWorld) +
                                    2 * continuous_metric_columns().size() * sizeof(double);
    std::size_t bytes = static_cast<std::size_t>(shape.worlds) * kRow;
    if (save_details_) {
      bytes += 2 * (static_cast<std::size_t>(shape.entries) * 2 * sizeof(std::int32_t) +
                    static_cast<std::size_t>(shape.replicas) * sizeof(ReplicaUse));
    }
    return 2 * bytes;
  }

  // Lowers worlds from `first` on, until the next one would not fit.
  Chunk prepare(std::int64_t first, std::int64_t end) {
    Chunk chunk;
    std::vector<double> values(sweep_.parameters().size());
    ContinuousWaveShape shape;
    std::size_t requests_bytes = 0;
    end = std::min(end, first + kMostChunkWorlds);
    for (std::int64_t id = first; id < end; ++id) {
      sweep_.values(id, values.data());
      const ContinuousParams params =
          read_continuous_params(sweep_.parameters(), values.data(), sweep_.texts());
      const std::size_t num_sets = chunk.requests.size();
      UploadedRequests& requests = requests_of(params, sweep_.replication(id), chunk);
      const std::size_t new_bytes = chunk.requests.size() > num_sets ? requests.bytes() : 0;
      ContinuousWorld world = lower(params, requests.view().count);
      world.load_scaling = load_scaling(params.workload, requests.workload());
      world.requests = requests.view();
      for (const ProfileUse& use : profiles_of(params)) {
        world.groups[use.group].service.table = table_of(use.profile);
      }
      world.table_blocks = world.blocks_of(requests.longest_tokens());

      ContinuousWaveShape with = shape;
      with.add(world);
      const ContinuousWaveMemory device =
          runner_.plan(with, save_details_, limits_.max_device_bytes());
      MemoryNeeds needs;
      needs.host = requests_bytes + new_bytes + result_bytes(with) + device.staging;
      needs.device =
          device.total() + (limits_.max_device_memory_bytes > 0 ? requests_bytes + new_bytes : 0);
      const std::string shortage = limits_.shortage(needs);
      const std::int64_t count = world.requests.count;
      if (!shortage.empty()) {
        if (id == first) {
          throw InputError("world " + std::to_string(id) + " needs " + shortage +
                           " (its workload has " + format_count(count, "request") +
                           ") raise that or lower workload.requests");
        }
        break;
      }
      if (id > first && chunk.plan.requests + count > most_requests_) break;
      shape = with;
      chunk.device = device;
      requests_bytes += new_bytes;
      chunk.plan.memory = needs;
      chunk.plan.requests += count;
      chunk.worlds.push_back(world);
    }
    chunk.plan.worlds = {first, first + static_cast<std::int64_t>(chunk.worlds.size())};
    chunk.plan.workloads = static_cast<std::int64_t>(chunk.requests.size());
    requests_ = chunk.requests;
    return chunk;
  }

  static void check_prefixes(const Workload& workload, const ContinuousParams& params) {
    if (workload.prefix_block_tokens == params.kv.block_size) return;
    if (workload.prefix_block_tokens == 0) {
      throw InputError(
          "invalid prefix_caching=true (the workload has no prefix hashes) name a trace that has "
          "them, or leave it out");
    }
    throw InputError("invalid block_size=" + std::to_string(params.kv.block_size) +
                     " (the workload's prefix hashes are of blocks of " +
                     std::to_string(workload.prefix_block_tokens) +
                     " tokens) take that, or leave out prefix_caching");
  }

  const TableIteration::Lowered& table_of(const ProfileUse::Profile& use) {
    DeviceTable& device = tables_[use];
    if (device.numbers == nullptr) {
      const InputFiles& files = source_.files();
      const KernelProfile profile = use.preset == ServicePreset::kNone
                                        ? files.kernel_profile(use.folder)
                                        : files.preset_profile(use.preset);
      try {
        device.table = make_iteration_table(profile, use.layers);
      } catch (const InputError& error) {
        throw InputError(use.folder + ": " + error.what());
      }
      device.numbers = runner_.upload(device.table.numbers);
      device.lowered = device.table.at(device.numbers.get());
    }
    return device.lowered;
  }

  UploadedRequests& requests_of(const ContinuousParams& params, std::int32_t replication,
                                Chunk& chunk) {
    const std::string key = workload_key(params.workload, sweep_.settings().seed,
                                         static_cast<std::uint32_t>(replication), params.classes);
    std::shared_ptr<UploadedRequests>& here = chunk.requests[key];
    if (here == nullptr) {
      const auto kept = requests_.find(key);
      if (kept != requests_.end()) {
        here = kept->second;
      } else {
        const ProfileRegion region("servesweep::make_workload");
        here = std::make_shared<UploadedRequests>(
            runner_, source_.get(params.workload, replication, params.classes));
      }
    }
    if (params.kv.prefix_caching) {
      check_prefixes(here->workload(), params);
      here->add_prefixes(runner_);
    }
    if (params.needs_router_draws()) {
      here->draw(runner_, RandomStream(sweep_.settings().seed,
                                       static_cast<std::uint32_t>(replication), StreamId::kRouter));
    }
    return *here;
  }

  const Sweep& sweep_;
  WorkloadSource& source_;
  RunLimits limits_;
  bool save_details_;
  std::int64_t most_requests_ =
      kMostServedRequestsPerThread * std::min(device_info().concurrency, kMostCountedThreads);
  ContinuousRunner runner_;
  Chunk planned_;                                                      // by plan(), for start()
  std::map<std::string, std::shared_ptr<UploadedRequests>> requests_;  // of the last chunk
  std::map<ProfileUse::Profile, DeviceTable> tables_;
};

class ContinuousEngineModel : public Engine {
 public:
  ContinuousEngineModel() { add_continuous_parameters(parameters_); }

  const std::string& name() const override { return name_; }
  const ParameterSet& parameters() const override { return parameters_; }

  std::vector<Finding> check(const double* values,
                             const std::vector<std::string>& texts) const override {
    return check_continuous_params(read_continuous_params(parameters_, values, texts));
  }

  ResultSchema schema(const Sweep& sweep) const override {
    ResultSchema schema;
    schema.engine = name_;
    schema.metrics = continuous_metric_columns();
    if (saves_details(sweep)) schema.tables = continuous_tables();
    return schema;
  }

  double typical_requests_per_s() const override { return 2.5e6; }

  std::unique_ptr<EngineRun> start(const Sweep& sweep, WorkloadSource& workloads,
                                   const RunLimits& limits) const override {
    return std::make_unique<ContinuousRun>(sweep, workloads, limits);
  }

 private:
  std::string name_ = "continuous";
  ParameterSet parameters_;
};

}  // namespace

std::unique_ptr<Engine> make_continuous_engine() {
  return std::make_unique<ContinuousEngineModel>();
}

}  // namespace servesweep
