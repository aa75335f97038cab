// A sweep's way through an engine, written once for all: chunks are planned within the limits of
// memory, their workloads prepared, waves run, worlds replayed.
//
// A model is what an engine brings to it (docs/howto_add_engine.md). It says itself:
//   kName
//   World lower_world(params, random, requests)   all but addresses; may throw InputError
//   std::vector<Input> inputs_of(params, world, requests)   the workload first
//   static expected_work(world)                   in any unit: long worlds start first
//   static metrics()                              an array or span of Metric
//   static kEventColumns, event_row(event)        of a replay's CSV: its header, an event's tuple
// From ModelBase (host/engines/model_base.hpp) it has, unless it says otherwise:
//   Traits, Runner    of its waves: a WaveRunner<Traits> (kernels/wave_runner.hpp)
//   Params            of a world, with a WorkloadSpec workload; add_parameters(), read(), check()
//   Requests          a workload as its worlds want it: size(), bytes()
//   Input, Prepared   what a world reads of its requests, by a key that compares; where it lies
//   static input_bytes(input), preparation_bytes(input)   of device memory
//   std::vector<Prepared> prepare(inputs)         into the room that the runner has reserved
//   static connect(world, input, prepared)        fills in the addresses
//   Kept              what results need of a world's Params, made from them
//   static outcome_of(world, kept, result)        what metrics are computed from
//   static histograms()   a RaggedSpec for each saved histogram
//   static units()    Tables<UnitTable>: of the engine's tables (GPUs, bins, replicas)
//   std::size_t table_bytes()                     of service models, uploaded so far
//   static refusal(world), sort_events(events)
//   kMostRequestsPerThread   limit of a chunk, summed over its worlds
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <numeric>
#include <ostream>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "host/base/error.hpp"
#include "host/base/units.hpp"
#include "host/engines/engine.hpp"
#include "host/engines/model_base.hpp"
#include "host/results/metric_table.hpp"
#include "kernels/device/profile.hpp"
#include "kernels/wave_runner.hpp"

namespace servesweep {

// The row of a replay's CSV that a tuple gives.
template <class Row>
void write_row(const Row& row, std::ostream& out) {
  std::apply(
      [&out](const auto& first, const auto&... others) {
        out << first;
        ((out << ',' << others), ...);
        out << '\n';
      },
      row);
}

template <class Model>
class WaveRun : public EngineRun {
 public:
  WaveRun(const Sweep& sweep, WorkloadSource& source, const RunLimits& limits)
      : sweep_(sweep),
        source_(source),
        limits_(limits),
        options_{saves_details(sweep), sweep.settings().exact_percentiles},
        runner_(limits.lanes),
        model_(source.files(), runner_) {}

  ChunkPlan plan(std::int64_t first, std::int64_t end) override {
    const ProfileRegion region("servesweep::plan");
    planned_ = lower_chunk(first, end);
    return planned_.plan;
  }

  PendingChunk start(const ChunkPlan& plan) override {
    if (plan.worlds != planned_.plan.worlds) throw std::logic_error("not the chunk planned last");
    const auto started = std::make_shared<Chunk>(std::move(planned_));
    planned_ = {};
    prepare(*started);
    const ProfileRegion region("servesweep::run");
    const PendingWave<Traits> wave =
        runner_.start(started->worlds, start_order(started->worlds), options_);
    return [started, wave, details = options_.save_details] {
      WaveResult<Traits> results = wave();
      const ProfileRegion converting("servesweep::convert");
      ResultChunk chunk = collect(*started, results, details);
      chunk.first_world = started->plan.worlds.first;
      chunk.num_worlds = static_cast<std::int64_t>(started->worlds.size());
      return chunk;
    };
  }

  void replay(std::int64_t world, std::ostream& out) override {
    Chunk chunk = lower_chunk(world, world + 1);
    prepare(chunk);
    std::vector<typename Traits::Event> events = runner_.replay(chunk.worlds.front());
    Model::sort_events(events);
    out.precision(17);
    out << Model::kEventColumns << '\n';
    for (const auto& event : events) write_row(Model::event_row(event), out);
  }

 private:
  using Traits = typename Model::Traits;
  using World = typename Traits::World;
  using Params = typename Model::Params;
  using Requests = typename Model::Requests;
  using Input = typename Model::Input;

  struct Chunk {
    ChunkPlan plan;
    std::vector<World> worlds;               // [world]; addresses filled in by prepare()
    std::vector<typename Model::Kept> kept;  // [world]
    std::vector<Input> inputs;               // distinct
    std::vector<std::pair<std::size_t, std::size_t>> reads;  // (world, index into inputs)
    std::map<std::string, std::shared_ptr<Requests>> requests;
    WaveMemory device;
  };

  // Lowers worlds from `first` on, until the next one would not fit.
  Chunk lower_chunk(std::int64_t first, std::int64_t end) {
    Chunk chunk;
    std::map<Input, std::size_t> known;
    std::vector<double> values(sweep_.parameters().size());
    WaveShape<Traits> shape;
    std::size_t requests_bytes = 0;
    end = std::min(end, first + kMostChunkWorlds);
    for (std::int64_t id = first; id < end; ++id) {
      sweep_.values(id, values.data());
      const Params params = Model::read(sweep_.parameters(), values.data(), sweep_.texts());
      const std::int32_t replication = sweep_.replication(id);
      const std::size_t num_requests = chunk.requests.size();
      Requests& requests = requests_of(params, replication, chunk);
      const std::size_t known_bytes = chunk.requests.size() > num_requests ? 0 : requests.bytes();
      const World world = model_.lower_world(params, random_of(replication), requests);
      const std::vector<Input> inputs = model_.inputs_of(params, world, requests);
      const auto count = static_cast<std::int64_t>(requests.size());

      WaveShape<Traits> with = shape;
      with.add(world);
      WaveMemory device = runner_.plan(with, options_, limits_.max_device_bytes());
      device.workloads = chunk.device.workloads;
      device.preparation = chunk.device.preparation;
      for (const Input& input : inputs) {
        if (known.count(input) > 0) continue;
        device.workloads += Model::input_bytes(input);
        device.preparation = std::max(device.preparation, Model::preparation_bytes(input));
      }
      const std::size_t more_bytes = requests.bytes() - known_bytes;
      MemoryNeeds needs;
      needs.host =
          requests_bytes + more_bytes + model_.table_bytes() + result_bytes(with) + device.staging;
      needs.device = device.total() + device_table_bytes();
      const std::string shortage = limits_.shortage(needs);
      if (!shortage.empty()) {
        if (id == first) refuse(id, shortage, count, Model::refusal(world));
        break;
      }
      if (id > first &&
          (chunk.plan.requests + count > most_requests_ || !with.numbers_its_values())) {
        break;
      }
      for (const Input& input : inputs) {
        const auto [at, is_new] = known.emplace(input, chunk.inputs.size());
        if (is_new) chunk.inputs.push_back(input);
        chunk.plan.workloads += is_new && &input == inputs.data();
        chunk.reads.emplace_back(chunk.worlds.size(), at->second);
      }
      shape = with;
      chunk.device = device;
      requests_bytes += more_bytes;
      chunk.plan.memory = needs;
      chunk.plan.requests += count;
      chunk.kept.emplace_back(params);
      chunk.worlds.push_back(world);
    }
    chunk.plan.worlds = {first, first + static_cast<std::int64_t>(chunk.worlds.size())};
    requests_ = chunk.requests;
    // An input is known by the address of its requests: it must not outlive them.
    std::erase_if(prepared_, [&](const auto& entry) { return known.count(entry.first) == 0; });
    return chunk;
  }

  [[noreturn]] static void refuse(std::int64_t id, const std::string& shortage, std::int64_t count,
                                  const Refusal& refusal) {
    throw InputError("world " + std::to_string(id) + " needs " + shortage + " (its workload has " +
                     format_count(count, "request") + refusal.facts + ") raise that or lower " +
                     refusal.remedy);
  }

  // The requests of a world: of this chunk, of the chunk before, or new.
  Requests& requests_of(const Params& params, std::int32_t replication, Chunk& chunk) {
    const RandomSource random = random_of(replication);
    const std::string key = workload_key(params.workload, random.seed, random.replication);
    std::shared_ptr<Requests>& here = chunk.requests[key];
    if (here != nullptr) return *here;
    const auto before = requests_.find(key);
    if (before != requests_.end()) {
      here = before->second;
    } else {
      const ProfileRegion region("servesweep::make_workload");
      here = std::make_shared<Requests>(source_.get(params.workload, replication));
    }
    return *here;
  }

  RandomSource random_of(std::int32_t replication) const {
    return {sweep_.settings().seed, static_cast<std::uint32_t>(replication)};
  }

  // Gives every world of the chunk what it reads; what the last chunk used is used again.
  void prepare(Chunk& chunk) {
    const ProfileRegion region("servesweep::prepare");
    std::vector<Input> missing;
    std::size_t missing_bytes = 0;
    for (const Input& input : chunk.inputs) {
      if (prepared_.count(input) > 0) continue;
      missing.push_back(input);
      missing_bytes += Model::input_bytes(input);
    }
    const std::size_t share = limits_.device_share(chunk.plan.memory.host) - device_table_bytes();
    if (!runner_.reserve(chunk.device, missing_bytes, share)) {
      prepared_.clear();
      missing = chunk.inputs;
    }
    const auto made = model_.prepare(missing);
    profile_count(ProfileCount::kInputsPrepared, static_cast<std::int64_t>(missing.size()));
    profile_count(ProfileCount::kInputsReused,
                  static_cast<std::int64_t>(chunk.reads.size() - missing.size()));
    for (std::size_t i = 0; i < missing.size(); ++i) prepared_.emplace(missing[i], made[i]);
    for (const auto& [world, input] : chunk.reads) {
      Model::connect(chunk.worlds[world], chunk.inputs[input], prepared_.at(chunk.inputs[input]));
    }
  }

  template <class Row>
  using RowSizes = std::vector<std::int32_t>;  // [world]

  // A wave's results as columns.
  static ResultChunk collect(const Chunk& started, const WaveResult<Traits>& wave, bool details) {
    ResultChunk chunk;
    const std::size_t num_worlds = started.worlds.size();
    chunk.metrics = columns_from(Model::metrics(), num_worlds, [&](std::size_t i) {
      return Model::outcome_of(started.worlds[i], started.kept[i], wave.worlds[i]);
    });
    if (!details) return chunk;
    typename Traits::template Tables<RowSizes> sizes;
    for (const World& world : started.worlds) {
      const auto rows = Traits::size_of(world).rows;
      Traits::for_each_table(
          [](auto& size, const auto& n) { size.push_back(static_cast<std::int32_t>(n.count)); },
          sizes, rows);
    }
    add_histograms(wave, num_worlds, chunk.tables);
    const auto units = Model::units();
    const typename Traits::template Tables<HostRows>& rows = wave;
    Traits::for_each_table(
        [&chunk](const auto& table, const auto& size, const auto& from) {
          chunk.tables.push_back(table.data(size, from));
        },
        units, sizes, rows);
    return chunk;
  }

  // A wave has the histograms of a world one after the other, a file has a table for each.
  static void add_histograms(const WaveResult<Traits>& wave, std::size_t num_worlds,
                             std::vector<RaggedData>& tables) {
    constexpr std::size_t kNumber = Traits::kSavedHistograms;
    std::vector<std::int32_t> sizes[kNumber], buckets[kNumber], counts[kNumber];
    std::ptrdiff_t entry = 0;
    for (std::size_t row = 0; row < num_worlds * kNumber; ++row) {
      const std::size_t kind = row % kNumber;
      const std::ptrdiff_t end = entry + wave.num_buckets[row];
      sizes[kind].push_back(wave.num_buckets[row]);
      buckets[kind].insert(buckets[kind].end(), wave.buckets.begin() + entry,
                           wave.buckets.begin() + end);
      counts[kind].insert(counts[kind].end(), wave.bucket_counts.begin() + entry,
                          wave.bucket_counts.begin() + end);
      entry = end;
    }
    for (std::size_t kind = 0; kind < kNumber; ++kind) {
      tables.push_back(
          {std::move(sizes[kind]), {std::move(buckets[kind]), std::move(counts[kind])}});
    }
  }

  // All worlds of a wave, the worlds with most work first.
  static std::vector<std::int32_t> start_order(const std::vector<World>& worlds) {
    std::vector<std::int32_t> order(worlds.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) {
      return Model::expected_work(worlds[static_cast<std::size_t>(a)]) >
             Model::expected_work(worlds[static_cast<std::size_t>(b)]);
    });
    return order;
  }

  // Host memory of a wave's results on their way to the file: as the wave gives them, as columns
  // and as the bytes of the shard, of this chunk and of the one before.
  std::size_t result_bytes(const WaveShape<Traits>& shape) const {
    static const std::size_t kRow = sizeof(typename Traits::Result) + sizeof(World) +
                                    sizeof(typename Model::Kept) +
                                    2 * std::size(Model::metrics()) * sizeof(double);
    std::size_t bytes = static_cast<std::size_t>(shape.worlds) * kRow;
    if (options_.save_details) {
      std::size_t details = static_cast<std::size_t>(shape.size.entries) * 2 * sizeof(std::int32_t);
      Traits::for_each_table(
          [&]<class Row>(const NumRows<Row>& rows) {
            details += static_cast<std::size_t>(rows.count) * sizeof(Row);
          },
          shape.size.rows);
      bytes += 2 * details;
    }
    return 2 * bytes;
  }

  // Tables of service models, where the device has memory of its own.
  std::size_t device_table_bytes() const {
    return limits_.max_device_memory_bytes > 0 ? model_.table_bytes() : 0;
  }

  const Sweep& sweep_;
  WorkloadSource& source_;
  RunLimits limits_;
  WaveOptions options_;
  std::int64_t most_requests_ =
      Model::kMostRequestsPerThread * std::min(device_info().concurrency, kMostCountedThreads);
  typename Model::Runner runner_;
  Model model_;
  Chunk planned_;                                              // by plan(), for start()
  std::map<std::string, std::shared_ptr<Requests>> requests_;  // of the chunk planned last
  std::map<Input, typename Model::Prepared> prepared_;
};

}  // namespace servesweep
