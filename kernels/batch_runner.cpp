// Worlds run in slots: as many as the device holds lane groups (one per thread on a CPU). A slot's
// lane group takes the next world that nobody has started, runs it in the slot's memory and writes
// to the world's own place in the results, so that uneven worlds balance and results do not depend
// on who ran what.
#include "kernels/batch_runner.hpp"

#include <Kokkos_Core.hpp>
#include <algorithm>
#include <numeric>
#include <utility>

#include "kernels/exact_percentiles.hpp"
#include "kernels/portability.hpp"

namespace servesweep {

namespace {

template <class T>
using DeviceArray = Kokkos::View<T*, DeviceMemory>;
using Policy = Kokkos::TeamPolicy<Device>;

template <class T>
DeviceArray<T> allocate(const char* label, std::size_t count) {
  return DeviceArray<T>(
      Kokkos::view_alloc(std::string("servesweep::") + label, Kokkos::WithoutInitializing), count);
}

template <class T>
DeviceArray<T> to_device(const char* label, const std::vector<T>& values) {
  auto device = allocate<T>(label, values.size());
  Kokkos::View<const T*, Kokkos::HostSpace, Kokkos::MemoryTraits<Kokkos::Unmanaged>> host(
      values.data(), values.size());
  Kokkos::deep_copy(device, host);
  return device;
}

template <class T>
std::vector<T> to_host(const DeviceArray<T>& device) {
  std::vector<T> values(device.extent(0));
  Kokkos::View<T*, Kokkos::HostSpace, Kokkos::MemoryTraits<Kokkos::Unmanaged>> host(values.data(),
                                                                                    values.size());
  Kokkos::deep_copy(host, device);
  return values;
}

// `kept`, made anew where it is too short.
template <class T>
DeviceArray<T> at_least(const char* label, std::size_t count, DeviceArray<T>& kept) {
  if (kept.extent(0) < count) {
    kept = {};
    kept = allocate<T>(label, count);
  }
  return kept;
}

class DeviceWorkloadImpl : public DeviceWorkload {
 public:
  explicit DeviceWorkloadImpl(BinnedBlock block) {
    if constexpr (Kokkos::SpaceAccessibility<Kokkos::HostSpace, DeviceMemory>::accessible) {
      host_ = std::make_unique<BinnedBlock>(std::move(block));
      workload_ = host_->workload();
      bytes_ = host_->bytes();
    } else {
      bytes_ = block.bytes();
      device_ = allocate<std::uint64_t>("binned_workload", bytes_ / sizeof(std::uint64_t));
      Kokkos::View<const std::uint64_t*, Kokkos::HostSpace, Kokkos::MemoryTraits<Kokkos::Unmanaged>>
          host(static_cast<const std::uint64_t*>(block.data()), device_.extent(0));
      Kokkos::deep_copy(device_, host);
      workload_ = block.moved_to(device_.data());
    }
  }
  const BinnedWorkload& workload() const override { return workload_; }
  std::size_t bytes() const override { return bytes_; }

 private:
  std::unique_ptr<BinnedBlock> host_;  // where the device reads host memory
  DeviceArray<std::uint64_t> device_;  // elsewhere
  BinnedWorkload workload_;
  std::size_t bytes_ = 0;
};

// Where the results of a world's details go: [world] offsets into the ragged arrays.
struct DetailPlaces {
  std::int64_t bucket = 0;
  std::int64_t gpu = 0;
  std::int64_t bin = 0;
};

std::int64_t most_buckets(std::int64_t requests) {
  return std::min<std::int64_t>(requests, HistogramLayout::kNumBuckets);
}

// Lane groups that run at the same time.
std::int32_t num_slots(std::size_t worlds) {
  const int threads = concurrency(Device());
  constexpr bool kOnHost = Kokkos::SpaceAccessibility<Kokkos::HostSpace, DeviceMemory>::accessible;
  constexpr int kThreadsPerGroup = kOnHost ? 1 : 32;
  return static_cast<std::int32_t>(std::clamp<std::size_t>(
      worlds, 1, static_cast<std::size_t>(std::max(1, threads / kThreadsPerGroup))));
}

constexpr std::size_t kHistogramCounts =
    std::size_t{BatchHistograms::kCount} * HistogramLayout::kNumBuckets;

struct RunWorlds {
  DeviceArray<BatchWorld> worlds;           // [world]
  DeviceArray<std::int32_t> start_order;    // [start]
  DeviceArray<std::int32_t> next_start;     // [1]
  DeviceArray<std::uint64_t> states;        // [slot][state_words]
  DeviceArray<std::uint32_t> histograms;    // [slot][histogram][bucket], kept zero
  DeviceArray<std::int64_t> exact;          // [slot][quantity][request], or empty
  DeviceArray<BatchResult> results;         // [world]
  DeviceArray<DetailPlaces> places;         // [world], or empty: no details
  DeviceArray<std::int32_t> num_buckets;    // [world]
  DeviceArray<std::int32_t> buckets;        // [entry]
  DeviceArray<std::int32_t> bucket_counts;  // [entry]
  DeviceArray<GpuUse> gpus;                 // [entry]
  DeviceArray<BinUse> bins;                 // [entry]
  std::size_t state_words = 0;
  std::int64_t exact_requests = 0;

  KOKKOS_FUNCTION void operator()(const Policy::member_type& group) const {
    const auto slot = static_cast<std::size_t>(group.league_rank());
    const auto count = static_cast<std::int32_t>(worlds.extent(0));
    for (;;) {
      const std::int32_t start = Kokkos::atomic_fetch_add(&next_start(0), 1);
      if (start >= count) return;
      run(slot, start_order(static_cast<std::size_t>(start)));
    }
  }

  KOKKOS_FUNCTION void run(std::size_t slot, std::int32_t index) const {
    const BatchWorld& world = worlds(static_cast<std::size_t>(index));
    BatchResult& result = results(static_cast<std::size_t>(index));
    BatchHistograms histograms_here(histograms.data() + slot * kHistogramCounts);
    const OneLane lane;
    BatchState state;
    state.place(reinterpret_cast<unsigned char*>(states.data() + slot * state_words),
                world.workload.num_bins, world.num_gpus);
    if (world.workload.num_requests <= exact_requests) {
      ExactLatencies latencies(exact.data() + slot * static_cast<std::size_t>(exact_requests) *
                                                  ExactLatencies::kQuantities,
                               world.workload.num_requests);
      BatchEngine(lane, world, state, histograms_here, latencies).run();
      result = *state.result;
      latencies.take_quantiles(result);
    } else {
      NoObserver nobody;
      BatchEngine(lane, world, state, histograms_here, nobody).run();
      result = *state.result;
      take_quantiles(lane, histograms_here, result);
    }
    if (places.extent(0) > 0)
      save_details(static_cast<std::size_t>(index), world, state, histograms_here.latency);
    histograms_here.latency.clear(lane);
    histograms_here.tbt.clear(lane);
    histograms_here.decode.clear(lane);
  }

  KOKKOS_FUNCTION void save_details(std::size_t index, const BatchWorld& world,
                                    const BatchState& state, const Histogram& latency) const {
    const DetailPlaces place = places(index);
    std::int64_t entry = place.bucket;
    for (std::int32_t b = latency.begin(); b < latency.end(); ++b) {
      if (latency.counts[b] == 0) continue;
      buckets(static_cast<std::size_t>(entry)) = b;
      bucket_counts(static_cast<std::size_t>(entry)) = static_cast<std::int32_t>(latency.counts[b]);
      ++entry;
    }
    num_buckets(index) = static_cast<std::int32_t>(entry - place.bucket);
    for (std::int32_t g = 0; g < world.num_gpus; ++g) {
      gpus(static_cast<std::size_t>(place.gpu + g)) = {state.gpus[g].busy_ns,
                                                       state.gpus[g].batches};
    }
    for (std::int32_t k = 0; k < world.workload.num_bins; ++k) {
      bins(static_cast<std::size_t>(place.bin + k)) = state.bins[k];
    }
  }
};

struct RecordBatches {
  static constexpr bool kSeesTargets = true;
  DeviceArray<BatchEvent> events;
  DeviceArray<std::int64_t> count;  // [1]

  template <class Lanes>
  KOKKOS_FUNCTION void batch(const Lanes& lanes, const BatchEvent& event) {
    lanes.once([&] { events(static_cast<std::size_t>(count(0)++)) = event; });
  }
  template <class Lanes>
  KOKKOS_FUNCTION void latencies(const Lanes&, const BinnedRequest*, std::int32_t, std::int64_t,
                                 std::int64_t, std::int64_t) {}
};

struct ReplayWorld {
  DeviceArray<BatchWorld> world;  // [1]
  DeviceArray<std::uint64_t> state;
  DeviceArray<std::uint32_t> histograms;
  RecordBatches recorder;

  KOKKOS_FUNCTION void operator()(const Policy::member_type&) const {
    const OneLane lane;
    BatchState here;
    here.place(reinterpret_cast<unsigned char*>(state.data()), world(0).workload.num_bins,
               world(0).num_gpus);
    BatchHistograms histograms_here(histograms.data());
    RecordBatches observer = recorder;
    BatchEngine(lane, world(0), here, histograms_here, observer).run();
  }
};

struct Largest {
  std::int32_t bins = 1;
  std::int32_t gpus = 1;
  std::int64_t exact_requests = 0;
};

}  // namespace

// Kept from wave to wave: fresh memory of this size costs more than what is written to it.
struct BatchRunner::Buffers {
  DeviceArray<std::int32_t> buckets;
  DeviceArray<std::int32_t> bucket_counts;
};

BatchRunner::BatchRunner() : buffers_(std::make_unique<Buffers>()) {}
BatchRunner::~BatchRunner() = default;

std::size_t BatchRunner::exact_bytes(std::int64_t requests) {
  constexpr std::int64_t kMostRequests = std::int64_t{1} << 24;  // 400 MB
  if (requests > kMostRequests) return 0;
  return static_cast<std::size_t>(requests) * ExactLatencies::kQuantities * sizeof(std::int64_t);
}

std::size_t BatchRunner::bytes_per_world(std::int64_t requests, std::int32_t bins,
                                         std::int32_t gpus, bool save_details) {
  std::size_t bytes = sizeof(BatchWorld) + sizeof(BatchResult) + sizeof(std::int32_t);
  if (save_details) {
    bytes += sizeof(DetailPlaces) + sizeof(std::int32_t) +
             static_cast<std::size_t>(most_buckets(requests)) * 2 * sizeof(std::int32_t) +
             static_cast<std::size_t>(gpus) * sizeof(GpuUse) +
             static_cast<std::size_t>(bins) * sizeof(BinUse);
  }
  return bytes;
}

std::size_t BatchRunner::state_bytes(std::int32_t most_bins, std::int32_t most_gpus) {
  const auto slots = static_cast<std::size_t>(num_slots(SIZE_MAX));
  return slots *
         (BatchState::bytes(most_bins, most_gpus) + kHistogramCounts * sizeof(std::uint32_t));
}

std::vector<std::shared_ptr<const DeviceWorkload>> BatchRunner::bin(
    const std::vector<BinningSpec>& specs) const {
  std::vector<std::shared_ptr<const DeviceWorkload>> workloads(specs.size());
  Kokkos::parallel_for(
      "servesweep::bin_requests",
      Kokkos::RangePolicy<Kokkos::DefaultHostExecutionSpace, Kokkos::Schedule<Kokkos::Dynamic>>(
          0, specs.size()),
      [&](std::size_t i) {
        workloads[i] = std::make_shared<DeviceWorkloadImpl>(BinnedBlock(specs[i]));
      });
  return workloads;
}

std::shared_ptr<const double> BatchRunner::upload(const std::vector<double>& values) const {
  auto device = to_device("service_grids", values);
  const double* data = device.data();
  return {data, [device](const double*) {}};
}

WaveResult BatchRunner::run(const std::vector<BatchWorld>& worlds,
                            const std::vector<std::int32_t>& start_order,
                            const WaveOptions& options) {
  Largest largest;
  std::vector<DetailPlaces> places;
  DetailPlaces end;
  for (const BatchWorld& world : worlds) {
    largest.bins = std::max(largest.bins, world.workload.num_bins);
    largest.gpus = std::max(largest.gpus, world.num_gpus);
    if (options.exact_percentiles && exact_bytes(world.workload.num_requests) > 0) {
      largest.exact_requests = std::max(largest.exact_requests, world.workload.num_requests);
    }
    if (!options.save_details) continue;
    places.push_back(end);
    end.bucket += most_buckets(world.workload.num_requests);
    end.gpu += world.num_gpus;
    end.bin += world.workload.num_bins;
  }

  std::int32_t slots = num_slots(worlds.size());
  if (largest.exact_requests > 0) {
    const std::size_t fitting = options.exact_bytes / exact_bytes(largest.exact_requests);
    slots = static_cast<std::int32_t>(
        std::clamp<std::size_t>(fitting, 1, static_cast<std::size_t>(slots)));
  }
  RunWorlds kernel;
  kernel.worlds = to_device("worlds", worlds);
  kernel.start_order = to_device("start_order", start_order);
  kernel.next_start = DeviceArray<std::int32_t>("servesweep::next_start", 1);
  kernel.state_words = BatchState::bytes(largest.bins, largest.gpus) / sizeof(std::uint64_t);
  kernel.states =
      allocate<std::uint64_t>("states", static_cast<std::size_t>(slots) * kernel.state_words);
  kernel.histograms = DeviceArray<std::uint32_t>(
      "servesweep::histograms", static_cast<std::size_t>(slots) * kHistogramCounts);
  kernel.exact_requests = largest.exact_requests;
  kernel.exact = allocate<std::int64_t>(
      "exact_latencies",
      static_cast<std::size_t>(slots) * exact_bytes(largest.exact_requests) / sizeof(std::int64_t));
  kernel.results = allocate<BatchResult>("results", worlds.size());
  if (options.save_details) {
    kernel.places = to_device("detail_places", places);
    kernel.num_buckets = allocate<std::int32_t>("num_buckets", worlds.size());
    kernel.buckets = at_least("buckets", static_cast<std::size_t>(end.bucket), buffers_->buckets);
    kernel.bucket_counts =
        at_least("bucket_counts", static_cast<std::size_t>(end.bucket), buffers_->bucket_counts);
    kernel.gpus = allocate<GpuUse>("gpu_use", static_cast<std::size_t>(end.gpu));
    kernel.bins = allocate<BinUse>("bin_use", static_cast<std::size_t>(end.bin));
  }
  Kokkos::parallel_for("servesweep::batch_engine", Policy(slots, 1), kernel);

  WaveResult wave;
  wave.worlds = to_host(kernel.results);
  if (options.save_details) {
    wave.num_buckets = to_host(kernel.num_buckets);
    wave.gpus = to_host(kernel.gpus);
    wave.bins = to_host(kernel.bins);
    const auto buckets = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), kernel.buckets);
    const auto counts =
        Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), kernel.bucket_counts);
    const auto entries = static_cast<std::size_t>(
        std::accumulate(wave.num_buckets.begin(), wave.num_buckets.end(), std::int64_t{0}));
    wave.buckets.reserve(entries);
    wave.bucket_counts.reserve(entries);
    for (std::size_t i = 0; i < worlds.size(); ++i) {
      const auto first = static_cast<std::size_t>(places[i].bucket);
      const auto last = first + static_cast<std::size_t>(wave.num_buckets[i]);
      wave.buckets.insert(wave.buckets.end(), buckets.data() + first, buckets.data() + last);
      wave.bucket_counts.insert(wave.bucket_counts.end(), counts.data() + first,
                                counts.data() + last);
    }
  }
  return wave;
}

std::vector<BatchEvent> BatchRunner::replay(const BatchWorld& world) const {
  ReplayWorld kernel;
  kernel.world = to_device("world", std::vector<BatchWorld>{world});
  kernel.state = allocate<std::uint64_t>(
      "state", BatchState::bytes(world.workload.num_bins, world.num_gpus) / sizeof(std::uint64_t));
  kernel.histograms = DeviceArray<std::uint32_t>("servesweep::histograms", kHistogramCounts);
  kernel.recorder.events =
      allocate<BatchEvent>("events", static_cast<std::size_t>(world.workload.num_requests));
  kernel.recorder.count = DeviceArray<std::int64_t>("servesweep::num_events", 1);
  Kokkos::parallel_for("servesweep::replay", Policy(1, 1), kernel);
  std::vector<BatchEvent> events = to_host(kernel.recorder.events);
  events.resize(static_cast<std::size_t>(to_host(kernel.recorder.count).front()));
  return events;
}

}  // namespace servesweep
