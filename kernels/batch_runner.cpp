#include "kernels/batch_runner.hpp"

#include <Kokkos_Core.hpp>
#include <algorithm>
#include <future>
#include <map>
#include <utility>

#include "kernels/batch_kernels.hpp"
#include "kernels/batch_launch.hpp"
#include "kernels/device/profile.hpp"
#include "kernels/workloads/device_binning.hpp"

namespace servesweep {
namespace {

WaveShape shape_of(const std::vector<BatchWorld>& worlds, const WaveOptions& options) {
  WaveShape shape;
  for (const BatchWorld& world : worlds) {
    shape.add(world, world.workload.num_requests, world.workload.num_bins, options);
  }
  return shape;
}

class RunningWave : public PendingWave {
 public:
  RunningWave(WaveBuffers& buffers, const WaveArrays& arrays, const WaveShape& shape,
              bool has_details)
      : buffers_(buffers),
        arrays_(arrays),
        shape_(shape),
        has_details_(has_details),
        in_flight_(buffers) {}

  WaveResult finish() override {
    buffers_.instance.fence();
    ProfileRegion region("servesweep::to_host");
    buffers_.staging.reserve(0);  // what was uploaded from it has arrived
    WaveResult wave;
    const std::int64_t worlds = shape_.worlds;
    const BatchResult* results = buffers_.download(arrays_.results, worlds);
    if (has_details_) {
      const GpuUse* gpus = buffers_.download(arrays_.gpus, shape_.gpus);
      const BinUse* bins = buffers_.download(arrays_.bins, shape_.bins);
      arrays_.histograms.download(buffers_, worlds, wave.num_buckets, wave.buckets,
                                  wave.bucket_counts);
      wave.gpus.assign(gpus, gpus + shape_.gpus);
      wave.bins.assign(bins, bins + shape_.bins);
    }
    buffers_.instance.fence();
    wave.worlds.assign(results, results + worlds);
    region.add_bytes(wave.worlds.size() * sizeof(BatchResult) +
                     wave.buckets.size() * 2 * sizeof(std::int32_t) +
                     wave.gpus.size() * sizeof(GpuUse) + wave.bins.size() * sizeof(BinUse));
    in_flight_.done();
    return wave;
  }

 private:
  WaveBuffers& buffers_;
  WaveArrays arrays_;
  WaveShape shape_;
  bool has_details_;
  WaveInFlight in_flight_;
};

template <bool kExact>
void launch_worlds(const Device& instance, const Launch& launch, const RunWorlds<kExact>& kernel,
                   std::size_t read_bytes) {
  const ProfileRegion region("servesweep::batch_engine", read_bytes, ProfileRegion::kKernel);
  Kokkos::parallel_for("servesweep::batch_engine", policy_of<BatchPolicy>(instance, launch),
                       kernel);
}

std::vector<BinnedWorkload> bin_on_cores(const std::vector<BinningSpec>& specs,
                                         const std::vector<unsigned char*>& blocks) {
  std::vector<BinnedWorkload> workloads(specs.size());
  Kokkos::parallel_for(
      "servesweep::bin_requests",
      Kokkos::RangePolicy<Kokkos::DefaultHostExecutionSpace, Kokkos::Schedule<Kokkos::Dynamic>>(
          0, specs.size()),
      [&](std::size_t i) { workloads[i] = bin_on_host(specs[i], blocks[i]); });
  return workloads;
}

// Each request set is uploaded once, for all of its binnings.
std::vector<BinnedWorkload> bin_on_gpu(const Device& device, Arena<DeviceMemory>& memory,
                                       const std::vector<BinningSpec>& specs,
                                       const std::vector<unsigned char*>& blocks) {
  std::map<const RequestSet*, std::vector<std::size_t>> binnings_of;
  for (std::size_t i = 0; i < specs.size(); ++i) binnings_of[specs[i].requests].push_back(i);
  std::vector<BinnedWorkload> workloads(specs.size());
  for (const auto& [requests, binnings] : binnings_of) {
    const std::int64_t count = requests->columns.count;
    memory.reserve(0);
    auto* set_block = memory.take<unsigned char>(device_requests_bytes(count));
    const MemoryBlock after_set = memory.pieces();
    const DeviceRequests set = upload_requests(
        device, requests->columns, set_block, memory.take<unsigned char>(upload_temp_bytes(count)));
    for (const std::size_t i : binnings) {
      memory.pieces() = after_set;
      double* draws = nullptr;
      if (specs[i].draws != nullptr) {
        draws = memory.take<double>(static_cast<std::size_t>(count));
        copy<DeviceMemory, Kokkos::HostSpace>(device, draws, specs[i].draws,
                                              static_cast<std::size_t>(count));
      }
      workloads[i] = bin_on_device(device, set, draws, specs[i], blocks[i],
                                   memory.take<unsigned char>(binning_temp_bytes(specs[i])));
    }
    device.fence();
  }
  return workloads;
}

}  // namespace

void WaveShape::add(const BatchWorld& world, std::int64_t requests, std::int32_t num_bins,
                    const WaveOptions& options) {
  ++worlds;
  entries += std::min<std::int64_t>(requests, HistogramLayout::kNumBuckets);
  gpus += world.num_gpus;
  bins += num_bins;
  if (options.exact_percentiles && has_exact_percentiles(requests)) exact_requests += requests;
  most_gpus = std::max(most_gpus, world.num_gpus);
  most_bins = std::max(most_bins, num_bins);
  const std::int32_t limit = world.is_dynamic() ? world.dynamic.b_max : world.fixed_target;
  sharable_work += sharable_work_of(limit, world.num_gpus, num_bins);
}

struct BatchRunner::Impl {
  int lanes = 0;  // 0: chosen for each wave
  std::size_t limit_bytes = SIZE_MAX;
  WavePool pool;
  Arena<DeviceMemory> workloads{"servesweep::workloads"};
  Arena<DeviceMemory> binning{"servesweep::binning"};

  Launch launch_of(const WaveShape& shape, std::size_t limit) const {
    const DeviceLimits device = device_limits();
    return plan_batch_launch(shape, lanes, limit, device);
  }

  void release_all() {
    pool.release();
    for (auto* arena : {&workloads, &binning}) arena->release();
  }
};

BatchRunner::BatchRunner(int lanes) : impl_(std::make_unique<Impl>()) {
  check_lanes(lanes);
  impl_->lanes = lanes;
}
BatchRunner::~BatchRunner() = default;

WaveMemory BatchRunner::plan(const WaveShape& shape, const WaveOptions& options,
                             std::size_t limit_bytes) const {
  const Launch launch = impl_->launch_of(shape, limit_bytes);
  MemoryBlock count;
  WaveArrays arrays{};
  arrays.take(shape, options, count);
  WaveMemory memory;
  memory.arrays = count.bytes();
  memory.histograms = MemoryBlock::padded(launch.histograms_bytes());
  memory.states = MemoryBlock::padded(launch.states_bytes());
  memory.staging = kOnHost ? 0 : 2 * memory.arrays;
  return memory;
}

std::size_t BatchRunner::workload_bytes(const BinningSpec& spec) {
  return MemoryBlock::padded(binned_bytes(spec));
}

std::size_t BatchRunner::binning_bytes(const BinningSpec& spec) {
  if (kOnHost) return 0;
  const std::int64_t count = spec.requests->columns.count;
  const std::size_t draws =
      spec.draws == nullptr ? 0 : static_cast<std::size_t>(count) * sizeof(double);
  return MemoryBlock::padded(device_requests_bytes(count)) + MemoryBlock::padded(draws) +
         MemoryBlock::padded(std::max(upload_temp_bytes(count), binning_temp_bytes(spec)));
}

bool BatchRunner::reserve(const WaveMemory& needs, std::size_t new_workload_bytes,
                          std::size_t limit_bytes) {
  Impl& m = *impl_;
  const auto grown = [](const Arena<DeviceMemory>& arena, std::size_t bytes) {
    return std::max(arena.capacity(), bytes);
  };
  bool keeps_workloads = m.workloads.pieces().left() >= new_workload_bytes;
  const std::size_t others =
      m.pool.grown(needs.arrays, needs.histograms, needs.states) + grown(m.binning, needs.binning);
  std::size_t workload_bytes = grown(m.workloads, needs.workloads);
  const bool has_room = others + workload_bytes <= limit_bytes;
  if (m.pool.moves_slots(needs.histograms, needs.states) || !keeps_workloads || !has_room) {
    m.pool.last().instance.fence();  // its worlds are there
  }
  if (!has_room) {
    m.release_all();
    keeps_workloads = false;
    workload_bytes = needs.workloads;
  } else if (m.workloads.capacity() < needs.workloads) {
    // Room for what later waves bring, so that what they share with this one can stay.
    workload_bytes = std::min(2 * needs.workloads, limit_bytes - others);
  }
  if (!keeps_workloads) m.workloads.reserve(workload_bytes);
  m.pool.reserve(needs.arrays, needs.histograms, needs.states);
  m.binning.reserve(needs.binning);
  m.limit_bytes = limit_bytes;
  return keeps_workloads;
}

std::size_t BatchRunner::held_bytes() const {
  const Impl& m = *impl_;
  return m.pool.held() + m.workloads.capacity() + m.binning.capacity();
}

std::vector<BinnedWorkload> BatchRunner::bin(const std::vector<BinningSpec>& specs) {
  std::vector<unsigned char*> blocks;
  for (const BinningSpec& spec : specs) {
    blocks.push_back(impl_->workloads.take<unsigned char>(binned_bytes(spec)));
  }
  ProfileRegion region("servesweep::bin_requests", 0, ProfileRegion::kKernel);
  for (const BinningSpec& spec : specs) region.add_bytes(binned_bytes(spec));
  if (kOnHost) return bin_on_cores(specs, blocks);
  return bin_on_gpu(impl_->pool.next().instance, impl_->binning, specs, blocks);
}

std::vector<BinnedWorkload> BatchRunner::bin_all(const std::vector<BinningSpec>& specs) {
  WaveMemory needs;
  for (const BinningSpec& spec : specs) {
    needs.workloads += workload_bytes(spec);
    needs.binning = std::max(needs.binning, binning_bytes(spec));
  }
  reserve(needs, needs.workloads, SIZE_MAX);
  return bin(specs);
}

std::shared_ptr<const double> BatchRunner::upload(const std::vector<double>& values) const {
  return upload_array(values);
}

std::unique_ptr<PendingWave> BatchRunner::start(const std::vector<BatchWorld>& worlds,
                                                const std::vector<std::int32_t>& start_order,
                                                const WaveOptions& options) {
  const WaveShape shape = shape_of(worlds, options);
  const Launch launch = impl_->launch_of(shape, impl_->limit_bytes);
  const WaveBuffers& before = impl_->pool.last();
  WaveBuffers& wave = impl_->pool.turn();
  wave.reserve(0);
  WaveArrays arrays{};
  arrays.take(shape, options, wave.device.pieces());
  std::vector<std::int64_t> gpu_places, bin_places;
  std::vector<std::uint32_t> kept_begin;
  std::int64_t gpus = 0, bins = 0, kept = 0, all_requests = 0;
  for (const BatchWorld& world : worlds) {
    gpu_places.push_back(gpus);
    bin_places.push_back(bins);
    kept_begin.push_back(static_cast<std::uint32_t>(kept));
    gpus += world.num_gpus;
    bins += world.workload.num_bins;
    const std::int64_t requests = world.workload.num_requests;
    if (has_exact_percentiles(requests)) kept += requests;
    all_requests += requests;
  }
  const std::size_t read_bytes = static_cast<std::size_t>(all_requests) * sizeof(BinnedRequest);
  {
    const ProfileRegion region("servesweep::to_device", worlds.size() * sizeof(BatchWorld));
    wave.upload(worlds, arrays.worlds);
    wave.upload(start_order, arrays.start_order);
    wave.upload(std::vector<std::int32_t>{0}, arrays.next_start);
    wave.upload(std::vector<std::int64_t>{0}, arrays.histograms.num_entries);
    if (options.save_details) {
      wave.upload(gpu_places, arrays.gpu_places);
      wave.upload(bin_places, arrays.bin_places);
    }
    if (options.exact_percentiles) wave.upload(kept_begin, arrays.kept_begin);
  }

  before.instance.fence();  // its worlds have left the slots
  const SlotArrays slots = impl_->pool.slots().take(launch);
  const auto num_worlds = static_cast<std::int32_t>(worlds.size());
  const auto stride = static_cast<std::uint32_t>(shape.exact_requests);
  if (options.exact_percentiles) {
    launch_worlds<true>(wave.instance, launch,
                        {arrays, slots, num_worlds, options.save_details, stride}, read_bytes);
    take_exact_quantiles(wave.instance, {arrays.kept, stride, arrays.kept_begin, num_worlds},
                         arrays.results, arrays.exact_temp);
  } else {
    launch_worlds<false>(wave.instance, launch,
                         {arrays, slots, num_worlds, options.save_details, stride}, read_bytes);
  }
  return std::make_unique<RunningWave>(wave, arrays, shape, options.save_details);
}

WaveResult BatchRunner::run(const std::vector<BatchWorld>& worlds,
                            const std::vector<std::int32_t>& start_order,
                            const WaveOptions& options) {
  reserve(plan(shape_of(worlds, options), options, SIZE_MAX), 0, SIZE_MAX);
  return start(worlds, start_order, options)->finish();
}

std::vector<BatchEvent> BatchRunner::replay(const BatchWorld& world) const {
  const auto take = [&](ReplayWorld& kernel, MemoryBlock& memory) {
    memory.take(kernel.world, 1);
    memory.take(kernel.state, static_cast<std::int64_t>(
                                  BatchState::bytes(world.workload.num_bins, world.num_gpus)));
    memory.take(kernel.recorder.count, 1);
    memory.take(kernel.histograms, static_cast<std::int64_t>(BatchHistograms::kCounts));
    memory.take(kernel.recorder.events, world.workload.num_requests);
  };
  ReplayWorld kernel{};
  MemoryBlock count;
  take(kernel, count);
  Arena<DeviceMemory> arena("servesweep::replay");
  arena.reserve(count.bytes());
  take(kernel, arena.pieces());
  const Device device;
  copy<DeviceMemory, Kokkos::HostSpace>(device, kernel.world, &world, 1);
  fill_with_zeros(kernel.recorder.count, 1);
  fill_with_zeros(kernel.histograms, BatchHistograms::kCounts);
  Kokkos::parallel_for("servesweep::replay", BatchPolicy(device, 1, 1), kernel);
  std::int64_t batches = 0;
  copy<Kokkos::HostSpace, DeviceMemory>(device, &batches, kernel.recorder.count, 1);
  device.fence();
  std::vector<BatchEvent> events(static_cast<std::size_t>(batches));
  copy<Kokkos::HostSpace, DeviceMemory>(device, events.data(), kernel.recorder.events,
                                        events.size());
  device.fence();
  return events;
}

}  // namespace servesweep
