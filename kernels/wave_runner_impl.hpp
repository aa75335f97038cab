// WaveRunner's definitions: kernels/<engine>_runner.cpp instantiates it for its engine.
#pragma once

#include <Kokkos_Core.hpp>
#include <algorithm>
#include <future>
#include <memory>
#include <type_traits>

#include "kernels/device/profile.hpp"
#include "kernels/memory/wave_memory.hpp"
#include "kernels/wave_kernels.hpp"

namespace servesweep {

inline DeviceLimits device_limits() {
  return {kOnHost, static_cast<std::size_t>(std::max(1, concurrency(Device()))),
          static_cast<std::size_t>(kOnHost ? 0 : TeamPolicyOf<1>::scratch_size_max(0))};
}

// Returns when `values` have been read.
inline void copy_to_device(const Device& device, unsigned char* to, const void* values,
                           std::size_t bytes) {
  copy<DeviceMemory, Kokkos::HostSpace>(device, to, static_cast<const unsigned char*>(values),
                                        bytes);
  device.fence();
}

template <class Engine>
WaveShape<Engine> shape_of(const std::vector<typename Engine::World>& worlds) {
  WaveShape<Engine> shape;
  for (const typename Engine::World& world : worlds) shape.add(world);
  return shape;
}

template <class Row>
using RowBegins = std::vector<std::int64_t>;  // [world]

// Copies a wave's results to the host once its worlds have run.
template <class Engine>
WaveResult<Engine> results_of(WaveBuffers& buffers, const WaveArrays<Engine>& arrays,
                              const WaveShape<Engine>& shape, bool has_details) {
  buffers.instance.fence();
  ProfileRegion region("servesweep::to_host");
  buffers.staging.reserve(0);  // what was uploaded from it has arrived
  WaveResult<Engine> wave;
  const auto* results = buffers.download(arrays.results, shape.worlds);
  if (has_details) {
    arrays.histograms.download(buffers, shape.worlds * Engine::kSavedHistograms, wave.num_buckets,
                               wave.buckets, wave.bucket_counts);
    region.add_bytes(wave.buckets.size() * 2 * sizeof(std::int32_t));
    Engine::for_each_table(
        [&](auto& to, const auto& from, const auto& rows) {
          const auto* table = buffers.download(from.rows, rows.count);
          buffers.instance.fence();
          to.assign(table, table + rows.count);
          region.add_bytes(to.size() * sizeof(to[0]));
        },
        static_cast<typename Engine::template Tables<HostRows>&>(wave), arrays.tables,
        shape.size.rows);
  }
  buffers.instance.fence();
  wave.worlds.assign(results, results + shape.worlds);
  region.add_bytes(wave.worlds.size() * sizeof(typename Engine::Result));
  return wave;
}

// Calls the kernel that has all of the features, and the fewest more.
template <class Engine, bool kExact, unsigned kHas = 0>
void launch_worlds(const Device& instance, const Launch& launch, unsigned features,
                   const RunWorlds<Engine, kExact>& wave) {
  if constexpr (kHas < Engine::kFeatures) {
    if ((features & ~kHas) != 0) {
      return launch_worlds<Engine, kExact, kHas + 1>(instance, launch, features, wave);
    }
  }
  TeamPolicyOf<Engine::kTeams> policy(instance, launch.teams, launch.team_size, launch.lanes);
  if (launch.in_scratch) {
    policy.set_scratch_size(0, Kokkos::PerThread(static_cast<int>(launch.scratch_bytes())));
  }
  Kokkos::parallel_for(
      Engine::kLabel, policy,
      RunWorlds<Engine, kExact, kHas>{wave.wave, wave.slots, wave.num_worlds, wave.save_details});
}

template <class Engine>
struct WaveRunner<Engine>::Impl {
  int lanes = 0;  // 0: chosen for each wave
  std::size_t limit_bytes = SIZE_MAX;
  WavePool pool;
  Arena<DeviceMemory> workloads{"servesweep::workloads"};
  Arena<DeviceMemory> preparation{"servesweep::preparation"};

  void release_all() {
    pool.release();
    workloads.release();
    preparation.release();
  }
};

template <class Engine>
WaveRunner<Engine>::WaveRunner(int lanes) : impl_(std::make_unique<Impl>()) {
  check_lanes(lanes, Engine::kLaneWidth);
  impl_->lanes = lanes;
}
template <class Engine>
WaveRunner<Engine>::~WaveRunner() = default;

template <class Engine>
WaveMemory WaveRunner<Engine>::plan(const WaveShape<Engine>& shape, WaveOptions options,
                                    std::size_t limit_bytes) const {
  const Launch launch = plan_wave_launch(shape, impl_->lanes, limit_bytes, device_limits());
  MemoryBlock count;
  WaveArrays<Engine> arrays{};
  arrays.take(shape, options, count);
  WaveMemory memory;
  memory.arrays = count.bytes();
  memory.histograms = MemoryBlock::padded(launch.histograms_bytes());
  memory.states = MemoryBlock::padded(launch.states_bytes());
  memory.staging = kOnHost ? 0 : 2 * memory.arrays;
  return memory;
}

template <class Engine>
bool WaveRunner<Engine>::reserve(const WaveMemory& needs, std::size_t new_workload_bytes,
                                 std::size_t limit_bytes) {
  Impl& m = *impl_;
  const auto grown = [](const Arena<DeviceMemory>& arena, std::size_t bytes) {
    return std::max(arena.capacity(), bytes);
  };
  bool keeps_workloads = m.workloads.pieces().left() >= new_workload_bytes;
  const std::size_t others = m.pool.grown(needs.arrays, needs.histograms, needs.states) +
                             grown(m.preparation, needs.preparation);
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
  try {
    if (!keeps_workloads) m.workloads.reserve(workload_bytes);
    m.pool.reserve(needs.arrays, needs.histograms, needs.states);
    m.preparation.reserve(needs.preparation);
  } catch (const std::exception& error) {  // Kokkos has several for it
    throw DeviceError("cannot have " + std::to_string(needs.total()) +
                      " bytes of the device's memory (" + error.what() +
                      ") lower --max-memory or --max-device-memory");
  }
  m.limit_bytes = limit_bytes;
  return keeps_workloads;
}

template <class Engine>
std::size_t WaveRunner<Engine>::held_bytes() const {
  return impl_->pool.held() + impl_->workloads.capacity() + impl_->preparation.capacity();
}

template <class Engine>
std::size_t WaveRunner<Engine>::placed_bytes(std::size_t bytes) {
  return kOnHost ? 0 : MemoryBlock::padded(bytes);
}

template <class Engine>
const void* WaveRunner<Engine>::place(const void* values, std::size_t bytes) {
  if (kOnHost) return values;
  auto* to = impl_->workloads.template take<unsigned char>(bytes);
  copy_to_device(impl_->pool.next().instance, to, values, bytes);
  return to;
}

template <class Engine>
std::shared_ptr<const void> WaveRunner<Engine>::upload_bytes(const void* values,
                                                             std::size_t bytes) const {
  if (kOnHost) return {std::shared_ptr<const void>(), values};
  const auto arena = std::make_shared<Arena<DeviceMemory>>("servesweep::uploaded");
  arena->reserve(bytes);
  auto* to = arena->template take<unsigned char>(bytes);
  copy_to_device(Device(), to, values, bytes);
  return {arena, to};
}

template <class Engine>
PendingWave<Engine> WaveRunner<Engine>::start(const std::vector<World>& worlds,
                                              const std::vector<std::int32_t>& start_order,
                                              WaveOptions options) {
  options.exact_percentiles &= Engine::kExactRooms > 0;
  WaveShape<Engine> shape;
  typename Engine::template Tables<RowBegins> begins;
  std::vector<std::uint32_t> exact_begins[kExactRoomsOf<Engine>];
  for (const World& world : worlds) {
    Engine::for_each_table([](auto& begin, const auto& rows) { begin.push_back(rows.count); },
                           begins, shape.size.rows);
    for (int r = 0; r < Engine::kExactRooms; ++r) {
      exact_begins[r].push_back(static_cast<std::uint32_t>(shape.exact_values[r]));
    }
    shape.add(world);
  }
  const Launch launch = plan_wave_launch(shape, impl_->lanes, impl_->limit_bytes, device_limits());
  const WaveBuffers& before = impl_->pool.last();
  WaveBuffers& wave = impl_->pool.turn();
  wave.reserve(0);
  WaveArrays<Engine> arrays{};
  arrays.take(shape, options, wave.device.pieces());
  {
    const ProfileRegion region("servesweep::to_device", worlds.size() * sizeof(World));
    wave.upload(worlds, arrays.worlds);
    wave.upload(start_order, arrays.start_order);
    wave.upload(std::vector<std::int32_t>{0}, arrays.next_start);
    wave.upload(std::vector<std::int64_t>{0}, arrays.histograms.num_entries);
    if (options.save_details) {
      Engine::for_each_table(
          [&](const auto& begin, const auto& table) { wave.upload(begin, table.begin); }, begins,
          arrays.tables);
    }
    if (options.exact_percentiles) {
      for (int r = 0; r < Engine::kExactRooms; ++r) {
        wave.upload(exact_begins[r], arrays.exact[r].begin);
      }
      wave.upload(std::vector<ExactRoom>(std::begin(arrays.exact), std::end(arrays.exact)),
                  arrays.exact_rooms);
    }
  }
  before.instance.fence();  // its worlds have left the slots
  const SlotArrays slots = impl_->pool.slots(launch);
  const auto num_worlds = static_cast<std::int32_t>(worlds.size());
  const auto run_worlds = [&](auto is_exact) {
    const ProfileRegion region(Engine::kLabel, static_cast<std::size_t>(shape.size.read_bytes),
                               ProfileRegion::kKernel);
    launch_worlds<Engine, is_exact>(wave.instance, launch, shape.features,
                                    {arrays, slots, num_worlds, options.save_details});
  };
  if (!options.exact_percentiles) run_worlds(std::false_type());
  if constexpr (Engine::kExactRooms > 0) {
    if (options.exact_percentiles) {
      run_worlds(std::true_type());
      take_exact_quantiles<Engine>(wave.instance, arrays.exact, num_worlds, arrays.results,
                                   arrays.exact_temp);
    }
  }
  const auto copied = std::make_shared<std::promise<void>>();  // kept, or given up with the wave
  wave.copied = copied->get_future().share();
  return [=, &wave] {
    const std::shared_ptr<void> done(nullptr, [&](void*) { copied->set_value(); });
    return results_of(wave, arrays, shape, options.save_details);
  };
}

template <class Engine>
WaveResult<Engine> WaveRunner<Engine>::run(const std::vector<World>& worlds,
                                           const std::vector<std::int32_t>& start_order,
                                           WaveOptions options) {
  reserve(plan(shape_of<Engine>(worlds), options, SIZE_MAX), 0, SIZE_MAX);
  return start(worlds, start_order, options)();
}

// The first run counts the events, the second one records them.
template <class Engine>
std::vector<typename Engine::Event> WaveRunner<Engine>::replay(const World& world) const {
  std::vector<typename Engine::Event> events;
  for (const bool records : {false, true}) {
    const auto capacity = static_cast<std::int64_t>(events.size());
    const auto take = [&](ReplayWorld<Engine>& kernel, MemoryBlock& memory) {
      memory.take(kernel.world, 1);
      memory.take(kernel.state, static_cast<std::int64_t>(Engine::size_of(world).state_bytes));
      memory.take(kernel.histograms, static_cast<std::int64_t>(Engine::Histograms::kCounts));
      memory.take(kernel.recorder.events.count, 1);
      memory.take(kernel.recorder.events.events, capacity);
    };
    ReplayWorld<Engine> kernel{};
    MemoryBlock count;
    take(kernel, count);
    Arena<DeviceMemory> arena("servesweep::replay");
    arena.reserve(count.bytes());
    take(kernel, arena.pieces());
    const EventList<typename Engine::Event>& list = kernel.recorder.events;
    kernel.recorder.events.capacity = capacity;
    const Device device;
    copy<DeviceMemory, Kokkos::HostSpace>(device, kernel.world, &world, 1);
    fill_with_zeros(list.count, 1);
    fill_with_zeros(kernel.histograms, Engine::Histograms::kCounts);
    Kokkos::parallel_for("servesweep::replay", TeamPolicyOf<Engine::kTeams>(device, 1, 1), kernel);
    std::int64_t found = 0;
    copy<Kokkos::HostSpace, DeviceMemory>(device, &found, list.count, 1);
    device.fence();
    events.resize(static_cast<std::size_t>(found));
    if (records) {
      copy<Kokkos::HostSpace, DeviceMemory>(device, events.data(), list.events, events.size());
      device.fence();
    }
  }
  return events;
}

}  // namespace servesweep
