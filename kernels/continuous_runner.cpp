#include "kernels/continuous_runner.hpp"

#include <Kokkos_Core.hpp>
#include <algorithm>
#include <future>

#include "kernels/continuous_kernels.hpp"
#include "kernels/device/profile.hpp"

namespace servesweep {
namespace {

class RunningContinuousWave : public PendingContinuousWave {
 public:
  RunningContinuousWave(WaveBuffers& buffers, const ContinuousWaveArrays& arrays,
                        const ContinuousWaveShape& shape, bool has_details)
      : buffers_(buffers),
        arrays_(arrays),
        shape_(shape),
        has_details_(has_details),
        in_flight_(buffers) {}

  ContinuousWaveResult finish() override {
    buffers_.instance.fence();
    const ProfileRegion region("servesweep::to_host",
                               static_cast<std::size_t>(shape_.worlds) * sizeof(ContinuousResult));
    buffers_.staging.reserve(0);  // what was uploaded from it has arrived
    ContinuousWaveResult wave;
    const ContinuousResult* results = buffers_.download(arrays_.results, shape_.worlds);
    if (has_details_) {
      const ReplicaUse* replicas = buffers_.download(arrays_.replicas, shape_.replicas);
      arrays_.histograms.download(buffers_, shape_.worlds * kNumLatencyKinds, wave.num_buckets,
                                  wave.buckets, wave.bucket_counts);
      wave.replicas.assign(replicas, replicas + shape_.replicas);
    }
    buffers_.instance.fence();
    wave.worlds.assign(results, results + shape_.worlds);
    in_flight_.done();
    return wave;
  }

 private:
  WaveBuffers& buffers_;
  ContinuousWaveArrays arrays_;
  ContinuousWaveShape shape_;
  bool has_details_;
  WaveInFlight in_flight_;
};

}  // namespace

void ContinuousWaveShape::add(const ContinuousWorld& world) {
  ++worlds;
  entries += (kNumLatencyKinds - 1) *
                 std::min<std::int64_t>(world.requests.count, HistogramLayout::kNumBuckets) +
             HistogramLayout::kNumBuckets;
  replicas += world.num_replicas;
  state_bytes = std::max(state_bytes, ContinuousState::bytes(world));
  sharable_work += std::min(world.num_replicas, kMostLanes);
}

struct ContinuousRunner::Impl {
  int lanes = 0;  // 0: chosen for each wave
  std::size_t limit_bytes = SIZE_MAX;
  WavePool pool;

  Launch launch_of(const ContinuousWaveShape& shape, std::size_t limit) const {
    const DeviceLimits device = device_limits();
    const SlotNeeds slot{shape.state_bytes, ContinuousHistograms::kCounts * sizeof(std::uint32_t),
                         false};
    return plan_launch(shape.worlds, slot,
                       lanes > 0 ? lanes : choose_lanes(shape.worlds, shape.sharable_work, device),
                       limit, device);
  }
};

ContinuousRunner::ContinuousRunner(int lanes) : impl_(std::make_unique<Impl>()) {
  check_lanes(lanes);
  impl_->lanes = lanes;
}
ContinuousRunner::~ContinuousRunner() = default;

ContinuousWaveMemory ContinuousRunner::plan(const ContinuousWaveShape& shape, bool save_details,
                                            std::size_t limit_bytes) const {
  const Launch launch = impl_->launch_of(shape, limit_bytes);
  MemoryBlock count;
  ContinuousWaveArrays arrays{};
  arrays.take(shape, save_details, count);
  ContinuousWaveMemory memory;
  memory.arrays = count.bytes();
  memory.histograms = MemoryBlock::padded(launch.histograms_bytes());
  memory.states = MemoryBlock::padded(launch.states_bytes());
  memory.staging = kOnHost ? 0 : 2 * memory.arrays;
  return memory;
}

void ContinuousRunner::reserve(const ContinuousWaveMemory& needs, std::size_t limit_bytes) {
  WavePool& pool = impl_->pool;
  const bool has_room = pool.grown(needs.arrays, needs.histograms, needs.states) <= limit_bytes;
  if (!has_room || pool.moves_slots(needs.histograms, needs.states)) wait();
  if (!has_room) pool.release();
  pool.reserve(needs.arrays, needs.histograms, needs.states);
  impl_->limit_bytes = limit_bytes;
}

void ContinuousRunner::wait() const { impl_->pool.last().instance.fence(); }

std::size_t ContinuousRunner::held_bytes() const { return impl_->pool.held(); }

template <class T>
std::shared_ptr<const T> ContinuousRunner::upload(const std::vector<T>& values) const {
  return upload_array(values);
}
template std::shared_ptr<const std::int32_t> ContinuousRunner::upload(
    const std::vector<std::int32_t>&) const;
template std::shared_ptr<const std::int64_t> ContinuousRunner::upload(
    const std::vector<std::int64_t>&) const;
template std::shared_ptr<const std::uint64_t> ContinuousRunner::upload(
    const std::vector<std::uint64_t>&) const;
template std::shared_ptr<const double> ContinuousRunner::upload(const std::vector<double>&) const;

std::unique_ptr<PendingContinuousWave> ContinuousRunner::start(
    const std::vector<ContinuousWorld>& worlds, const std::vector<std::int32_t>& start_order,
    bool save_details) {
  ContinuousWaveShape shape;
  std::vector<std::int64_t> replica_places;
  for (const ContinuousWorld& world : worlds) {
    replica_places.push_back(shape.replicas);
    shape.add(world);
  }
  const Launch launch = impl_->launch_of(shape, impl_->limit_bytes);
  const WaveBuffers& before = impl_->pool.last();
  WaveBuffers& wave = impl_->pool.turn();
  wave.reserve(0);
  ContinuousWaveArrays arrays{};
  arrays.take(shape, save_details, wave.device.pieces());
  {
    const ProfileRegion region("servesweep::to_device", worlds.size() * sizeof(ContinuousWorld));
    wave.upload(worlds, arrays.worlds);
    wave.upload(start_order, arrays.start_order);
    wave.upload(std::vector<std::int32_t>{0}, arrays.next_start);
    wave.upload(std::vector<std::int64_t>{0}, arrays.histograms.num_entries);
    if (save_details) wave.upload(replica_places, arrays.replica_places);
  }
  before.instance.fence();  // its worlds have left the slots
  const SlotArrays slots = impl_->pool.slots().take(launch);
  {
    const ProfileRegion region("servesweep::continuous_engine", 0, ProfileRegion::kKernel);
    Kokkos::parallel_for(
        "servesweep::continuous_engine", policy_of<ContinuousPolicy>(wave.instance, launch),
        RunContinuousWorlds{arrays, slots, static_cast<std::int32_t>(worlds.size()), save_details});
  }
  return std::make_unique<RunningContinuousWave>(wave, arrays, shape, save_details);
}

ContinuousWaveResult ContinuousRunner::run(const std::vector<ContinuousWorld>& worlds,
                                           const std::vector<std::int32_t>& start_order,
                                           bool save_details) {
  ContinuousWaveShape shape;
  for (const ContinuousWorld& world : worlds) shape.add(world);
  reserve(plan(shape, save_details, SIZE_MAX), SIZE_MAX);
  return start(worlds, start_order, save_details)->finish();
}

std::vector<FlightEvent> ContinuousRunner::replay(const ContinuousWorld& world) const {
  // The first run counts the flights, the second one records them.
  std::vector<FlightEvent> events;
  for (int run = 0; run < 2; ++run) {
    const auto capacity = static_cast<std::int64_t>(events.size());
    const auto take = [&](ReplayContinuousWorld& kernel, MemoryBlock& memory) {
      memory.take(kernel.world, 1);
      memory.take(kernel.state, static_cast<std::int64_t>(ContinuousState::bytes(world)));
      memory.take(kernel.histograms, static_cast<std::int64_t>(ContinuousHistograms::kCounts));
      memory.take(kernel.recorder.count, 1);
      memory.take(kernel.recorder.events, capacity);
    };
    ReplayContinuousWorld kernel{};
    MemoryBlock count;
    take(kernel, count);
    Arena<DeviceMemory> arena("servesweep::replay");
    arena.reserve(count.bytes());
    take(kernel, arena.pieces());
    kernel.recorder.capacity = capacity;
    const Device device;
    copy<DeviceMemory, Kokkos::HostSpace>(device, kernel.world, &world, 1);
    fill_with_zeros(kernel.recorder.count, 1);
    fill_with_zeros(kernel.histograms, ContinuousHistograms::kCounts);
    Kokkos::parallel_for("servesweep::replay", ContinuousPolicy(device, 1, 1), kernel);
    std::int64_t flights = 0;
    copy<Kokkos::HostSpace, DeviceMemory>(device, &flights, kernel.recorder.count, 1);
    device.fence();
    if (run == 0) {
      events.resize(static_cast<std::size_t>(flights));
    } else {
      copy<Kokkos::HostSpace, DeviceMemory>(device, events.data(), kernel.recorder.events,
                                            events.size());
      device.fence();
    }
  }
  return events;
}

}  // namespace servesweep
