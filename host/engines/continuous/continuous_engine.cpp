#include "host/engines/continuous/continuous_engine.hpp"

#include <algorithm>
#include <map>
#include <ostream>
#include <stdexcept>
#include <utility>

#include "host/base/error.hpp"
#include "host/base/random.hpp"
#include "host/base/units.hpp"
#include "host/engines/continuous/continuous_metrics.hpp"
#include "host/engines/continuous/continuous_params.hpp"
#include "host/engines/continuous/continuous_services.hpp"
#include "host/engines/engine_model.hpp"
#include "host/latency/iteration_table.hpp"
#include "kernels/continuous_runner.hpp"
#include "kernels/device/profile.hpp"

namespace servesweep {

namespace {

// Requests that one chunk runs at most, summed over its worlds.
constexpr std::int64_t kMostServedRequestsPerThread = 20'000'000;

// A workload as worlds read it, kept as long as chunks use it.
class ServedWorkload {
 public:
  explicit ServedWorkload(std::shared_ptr<const Workload> workload)
      : workload_(std::move(workload)) {
    view_.count = static_cast<std::int64_t>(workload_->size());
    for (std::size_t i = 0; i < workload_->size(); ++i) {
      const std::int32_t output = std::max(1, workload_->output_tokens[i]);
      output_tokens_ += output;
      longest_output_ = std::max(longest_output_, output);
      longest_prompt_ = std::max(longest_prompt_, workload_->prompt_tokens[i]);
    }
  }

  const Workload& workload() const { return *workload_; }
  // Of the longest prompt with the longest output.
  std::int64_t longest_tokens() const { return std::int64_t{longest_prompt_} + longest_output_; }
  // That a world generates at most.
  std::int64_t most_output_tokens(bool all_longest) const {
    return all_longest ? view_.count * longest_output_ : output_tokens_;
  }
  std::size_t bytes() const { return bytes_of(*workload_) + draws_.size() * sizeof(std::uint64_t); }

  // Some world reads prefix hashes.
  void need_prefixes() { view_.num_hashes = workload_->num_prefix_hashes; }
  // Some world's router draws: twice 32 bits for each request.
  void need_draws(const RandomStream& stream) {
    if (!draws_.empty()) return;
    draws_.resize(workload_->size());
    for (std::size_t i = 0; i < draws_.size(); ++i) draws_[i] = stream.block(i, 0)[0];
  }

  // How much of it there is; the addresses are those of upload().
  const ReplicaRequests& view() const { return view_; }
  // What is needed and not yet there.
  const ReplicaRequests& upload(const ContinuousRunner& runner) {
    put(runner, workload_->arrival_ns, view_.arrival_ns);
    put(runner, workload_->prompt_tokens, view_.prompt_tokens);
    put(runner, workload_->output_tokens, view_.output_tokens);
    put(runner, workload_->predicted_tokens, view_.predicted_tokens);
    put(runner, workload_->priority, view_.priority);
    put(runner, draws_, view_.router_draws);
    if (view_.num_hashes > 0) {
      put(runner, workload_->prefix_begin, view_.prefix_begin);
      put(runner, workload_->prefix_hashes, view_.prefix_hashes);
    }
    return view_;
  }

 private:
  template <class T>
  void put(const ContinuousRunner& runner, const std::vector<T>& values, const T*& address) {
    if (address != nullptr || values.empty()) return;
    const std::shared_ptr<const T> uploaded = runner.upload(values);
    address = uploaded.get();
    uploaded_.push_back(uploaded);
  }

  std::shared_ptr<const Workload> workload_;
  std::vector<std::uint64_t> draws_;  // [request], or empty
  std::int64_t output_tokens_ = 0;
  std::int32_t longest_prompt_ = 1;
  std::int32_t longest_output_ = 1;
  ReplicaRequests view_;
  std::vector<std::shared_ptr<const void>> uploaded_;
};

using ServedWorkloads = std::map<std::string, std::shared_ptr<ServedWorkload>>;  // by key

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
    Chunk& chunk = *started;
    make_room(chunk);
    upload(chunk);
    const ProfileRegion region("servesweep::run");
    const std::shared_ptr<PendingWave<ContinuousTraits>> wave =
        runner_.start(chunk.worlds, start_order(chunk.worlds, expected_work), {save_details_});
    return [started, wave, details = save_details_] {
      return collect(*started, wave->finish(), details);
    };
  }

  void replay(std::int64_t world, std::ostream& out) override {
    Chunk chunk = prepare(world, world + 1);
    upload(chunk);
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
    std::vector<ContinuousWorld> worlds;    // [world]; requests filled in by upload()
    std::vector<ServedWorkload*> requests;  // [world]: of the run's workloads_
    std::size_t requests_bytes = 0;
    WaveMemory device;
  };

  // For the chunk that was planned last, beside the one before, which may still be running.
  void make_room(const Chunk& chunk) {
    previous_.clear();  // its worlds are done
    const std::size_t share = limits_.device_share(chunk.plan.memory.host);
    std::size_t others = 0;
    if (has_own_memory()) {
      others = chunk.requests_bytes + current_bytes_ + table_bytes_;
      if (others + chunk.device.total() > share) {
        runner_.wait();
        current_.clear();
        others = chunk.requests_bytes + table_bytes_;
      }
    }
    runner_.reserve(chunk.device, 0, share - others);
    previous_ = std::exchange(current_, workloads_);
    current_bytes_ = chunk.requests_bytes;
  }
  bool has_own_memory() const { return limits_.max_device_memory_bytes > 0; }

  void upload(Chunk& chunk) const {
    const ProfileRegion region("servesweep::upload_requests");
    for (std::size_t i = 0; i < chunk.worlds.size(); ++i) {
      chunk.worlds[i].requests = chunk.requests[i]->upload(runner_);
    }
  }

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
  std::size_t result_bytes(const WaveShape<ContinuousTraits>& shape) const {
    static const std::size_t kRow = sizeof(ContinuousResult) + sizeof(ContinuousWorld) +
                                    2 * continuous_metric_columns().size() * sizeof(double);
    std::size_t bytes = static_cast<std::size_t>(shape.worlds) * kRow;
    if (save_details_) {
      bytes += 2 * (static_cast<std::size_t>(shape.size.entries) * 2 * sizeof(std::int32_t) +
                    static_cast<std::size_t>(shape.size.rows.replicas.count) * sizeof(ReplicaUse));
    }
    return 2 * bytes;
  }

  // Lowers worlds from `first` on, until the next one would not fit.
  Chunk prepare(std::int64_t first, std::int64_t end) {
    Chunk chunk;
    ServedWorkloads workloads;
    std::vector<double> values(sweep_.parameters().size());
    WaveShape<ContinuousTraits> shape;
    end = std::min(end, first + kMostChunkWorlds);
    for (std::int64_t id = first; id < end; ++id) {
      sweep_.values(id, values.data());
      const ContinuousParams params =
          read_continuous_params(sweep_.parameters(), values.data(), sweep_.texts());
      const auto replication = sweep_.replication(id);
      const std::string key = workload_key(params.workload, sweep_.settings().seed,
                                           static_cast<std::uint32_t>(replication), params.classes);
      std::shared_ptr<ServedWorkload> requests = find(key, workloads);
      if (requests == nullptr) requests = make(params, replication);
      const std::size_t counted_bytes = workloads.count(key) > 0 ? requests->bytes() : 0;
      add_needs(params, replication, *requests);
      ContinuousWorld world = lower(params, requests->view().count);
      check_tokens(world, *requests);
      world.load_scaling = load_scaling(params.workload, requests->workload());
      world.requests = requests->view();
      world.table_blocks = std::min(world.blocks_of(requests->longest_tokens()),
                                    world.num_blocks - world.watermark_blocks);
      for (const ProfileUse& use : profiles_of(params)) {
        world.groups[use.group].service.table = table_of(use.profile);
      }

      WaveShape<ContinuousTraits> with = shape;
      with.add(world);
      const std::size_t requests_bytes = chunk.requests_bytes + requests->bytes() - counted_bytes;
      const WaveMemory device = runner_.plan(with, {save_details_}, limits_.max_device_bytes());
      MemoryNeeds needs;
      needs.host = requests_bytes + table_bytes_ + result_bytes(with) + device.staging;
      needs.device = device.total() + (has_own_memory() ? requests_bytes + table_bytes_ : 0);
      const std::string shortage = limits_.shortage(needs);
      const std::int64_t count = world.requests.count;
      if (!shortage.empty()) {
        if (id == first) refuse(id, shortage, world);
        break;
      }
      if (id > first && chunk.plan.requests + count > most_requests_) break;
      workloads.emplace(key, requests);
      shape = with;
      chunk.device = device;
      chunk.requests_bytes = requests_bytes;
      chunk.plan.memory = needs;
      chunk.plan.requests += count;
      chunk.worlds.push_back(world);
      chunk.requests.push_back(requests.get());
    }
    chunk.plan.worlds = {first, first + static_cast<std::int64_t>(chunk.worlds.size())};
    chunk.plan.workloads = static_cast<std::int64_t>(workloads.size());
    workloads_ = std::move(workloads);
    return chunk;
  }

  [[noreturn]] static void refuse(std::int64_t id, const std::string& shortage,
                                  const ContinuousWorld& world) {
    const std::size_t replicas = ContinuousState::bytes(world);
    const std::size_t requests =
        static_cast<std::size_t>(world.requests.count) * sizeof(std::uint64_t);
    throw InputError(
        "world " + std::to_string(id) + " needs " + shortage + " (its workload has " +
        format_count(world.requests.count, "request") + ", its replicas' state takes " +
        format_size(replicas) + ") raise that or lower " +
        (replicas > 4 * requests
             ? "cluster.num_replicas, scheduler.max_num_seqs or, with prefix caching, the KV blocks"
             : "workload.requests"));
  }

  // Histograms count inter-token times in 31 bits.
  static void check_tokens(const ContinuousWorld& world, const ServedWorkload& requests) {
    const std::int64_t tokens = requests.most_output_tokens(world.batch_max_tokens);
    if (tokens <= INT32_MAX) return;
    throw InputError("a world of up to " + format_count(tokens, "output token") +
                     " (it counts at most 2,147,483,647) lower workload.requests");
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
        throw InputError((use.folder.empty() ? name_of(use.preset) : use.folder) + ": " +
                         error.what());
      }
      device.numbers = runner_.upload(device.table.numbers);
      table_bytes_ += device.table.numbers.size() * sizeof(double);
      device.lowered = device.table.at(device.numbers.get());
    }
    return device.lowered;
  }

  // From the chunk that is made, or the one before; null: in neither.
  std::shared_ptr<ServedWorkload> find(const std::string& key,
                                       const ServedWorkloads& workloads) const {
    for (const ServedWorkloads* known : {&workloads, &workloads_}) {
      const auto found = known->find(key);
      if (found != known->end()) return found->second;
    }
    return nullptr;
  }

  std::shared_ptr<ServedWorkload> make(const ContinuousParams& params, std::int32_t replication) {
    const ProfileRegion region("servesweep::make_workload");
    return std::make_shared<ServedWorkload>(
        source_.get(params.workload, replication, params.classes));
  }

  // What the world needs of its requests besides their lengths and arrivals.
  void add_needs(const ContinuousParams& params, std::int32_t replication,
                 ServedWorkload& requests) const {
    if (params.kv.prefix_caching) {
      check_prefixes(requests.workload(), params);
      requests.need_prefixes();
    }
    if (params.needs_router_draws()) {
      requests.need_draws(RandomStream(sweep_.settings().seed,
                                       static_cast<std::uint32_t>(replication), StreamId::kRouter));
    }
  }

  const Sweep& sweep_;
  WorkloadSource& source_;
  RunLimits limits_;
  bool save_details_;
  std::int64_t most_requests_ =
      kMostServedRequestsPerThread * std::min(device_info().concurrency, kMostCountedThreads);
  ContinuousRunner runner_;
  Chunk planned_;              // by plan(), for start()
  ServedWorkloads workloads_;  // of the chunk planned last
  // Of the chunk started last, and of the one before it, which is done when the next one starts.
  ServedWorkloads current_, previous_;
  std::size_t current_bytes_ = 0;
  std::map<ProfileUse::Profile, DeviceTable> tables_;
  std::size_t table_bytes_ = 0;  // of them
};

struct ContinuousModel {
  static constexpr const char* kName = "continuous";
  static constexpr double kTypicalRequestsPerSecond = 2.5e6;
  using Run = ContinuousRun;

  static void add_parameters(ParameterSet& set) { add_continuous_parameters(set); }
  static std::vector<Finding> check(const ParameterSet& set, const double* values,
                                    const std::vector<std::string>& texts) {
    return check_continuous_params(read_continuous_params(set, values, texts));
  }
  static std::vector<ColumnSpec> metrics() { return continuous_metric_columns(); }
  static std::vector<RaggedSpec> tables() { return continuous_tables(); }
};

}  // namespace

std::unique_ptr<Engine> make_continuous_engine() {
  return std::make_unique<EngineModel<ContinuousModel>>();
}

}  // namespace servesweep
