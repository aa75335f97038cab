// Runs waves of an engine's worlds on the device. Free of Kokkos headers: what host code sees.
//
// An engine is a struct of traits; kernels/batch_traits.hpp is one, docs/howto_add_engine.md lists
// what it has. A source file of its own instantiates the runner (kernels/wave_runner_impl.hpp).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "kernels/device/device.hpp"
#include "kernels/device/launch_plan.hpp"
#include "kernels/exact_values.hpp"
#include "sim/core/histogram.hpp"

namespace servesweep {

struct WaveOptions {
  bool save_details = false;       // histograms and tables of every world
  bool exact_percentiles = false;  // of worlds with has_exact_percentiles()
};

// An engine's tables (a row for each GPU, each bin, each replica of a world) are
// Engine::Tables<Rows>, with a member Rows<Row> for each table. Rows is one of the following.
template <class Row>
using HostRows = std::vector<Row>;  // [worlds' rows one after the other]
template <class Row>
struct NumRows {
  std::int64_t count = 0;
};
template <class Row>
struct DeviceRows {
  Row* rows;            // [worlds' rows one after the other]
  std::int64_t* begin;  // [world]: where its rows begin
};

// What a world's replay records.
template <class Event>
struct EventList {
  Event* events;  // [capacity]
  std::int64_t capacity;
  std::int64_t* count;  // [1]: also of events without room

  SERVESWEEP_FUNCTION void add(const Event& event) const {
    if (*count < capacity) events[*count] = event;
    ++*count;
  }
};

// Observers of engines that show events one by one: observer.event(e).
struct NoEvents {
  template <class Event>
  SERVESWEEP_FUNCTION void event(const Event&) const {}
};
template <class Event>
struct EventRecorder {
  EventList<Event> events;
  SERVESWEEP_FUNCTION void event(const Event& e) const { events.add(e); }
};

// A wave's results in the order of its worlds. Histograms and tables are empty without
// save_details.
template <class Engine>
struct WaveResult : Engine::template Tables<HostRows> {
  std::vector<typename Engine::Result> worlds;  // [world]
  std::vector<std::int32_t> num_buckets;        // [world][saved histogram]: non-empty buckets
  std::vector<std::int32_t> buckets;            // [entry]
  std::vector<std::int32_t> bucket_counts;      // [entry]
};

// The traits of an engine that does not say otherwise.
struct TraitDefaults {
  static constexpr bool kStateFitsScratch = false;  // whether a state may lie in team scratch
  static constexpr unsigned kTeams = 2;             // teams a multiprocessor holds at least
  static constexpr int kLaneWidth = 0;              // lanes a world has on a GPU; 0: chosen by wave
  static constexpr unsigned kFeatures = 0;          // bits that features_of() may have
  template <class World>
  static unsigned features_of(const World&) {
    return 0;
  }
  using NoObserver = NoEvents;

  // A State lays itself out.
  template <class State, class World>
  SERVESWEEP_FUNCTION static void place(State& state, unsigned char* memory, const World& world) {
    state.place(memory, world);
  }

  static constexpr int kSavedHistograms = 1;  // how many of its histograms, from the first

  // No exact percentiles, no tables.
  static constexpr int kExactRooms = 0;

  template <template <class> class Rows>
  struct Tables {};
  template <class F, class... T>
  static void for_each_table(const F&, const T&...) {}
  template <class Lanes, class World, class State>
  SERVESWEEP_FUNCTION static void save_rows(const Lanes&, const World&, const State&,
                                            const Tables<DeviceRows>&, std::int32_t) {}
};

// What a world takes of a wave's memory.
template <class Engine>
struct WorldSize {
  std::size_t state_bytes = 0;
  std::int64_t entries = 0;        // buckets of saved histograms that may not be empty
  std::int64_t sharable_work = 1;  // how many lanes have something to do
  std::int64_t read_bytes = 0;     // of its requests: for the profile
  typename Engine::template Tables<NumRows> rows;
};

// How many buckets of a histogram of this number of values may not be empty.
inline std::int64_t most_buckets(std::int64_t values) {
  return std::min<std::int64_t>(values, HistogramLayout::kNumBuckets);
}

// What sizes a wave's memory: sums over its worlds, and the most bytes of a state.
template <class Engine>
struct WaveShape {
  std::int64_t worlds = 0;
  WorldSize<Engine> size{0, 0, 0, 0, {}};
  std::int64_t exact_values[kExactRoomsOf<Engine>] = {};  // of worlds with exact percentiles
  unsigned features = 0;                                  // that some world has

  void add(const typename Engine::World& world) {
    const auto one = Engine::size_of(world);
    ++worlds;
    size.state_bytes = std::max(size.state_bytes, one.state_bytes);
    size.entries += one.entries;
    size.sharable_work += one.sharable_work;
    size.read_bytes += one.read_bytes;
    Engine::for_each_table([](auto& sum, const auto& rows) { sum.count += rows.count; }, size.rows,
                           one.rows);
    if constexpr (Engine::kExactRooms > 0) {
      for (int room = 0; room < Engine::kExactRooms && has_exact_percentiles<Engine>(world);
           ++room) {
        exact_values[room] += Engine::num_exact_values(world, room);
      }
    }
    features |= Engine::features_of(world);
  }

  // A wave's exact values are numbered in 32 bits.
  bool numbers_its_values() const {
    return *std::max_element(exact_values, exact_values + kExactRoomsOf<Engine>) <= UINT32_MAX;
  }
};

// How a wave is spread over a device. lanes: of a world; 0: chosen.
template <class Engine>
Launch plan_wave_launch(const WaveShape<Engine>& shape, int lanes, std::size_t limit_bytes,
                        const DeviceLimits& device) {
  const SlotNeeds slot{shape.size.state_bytes, Engine::Histograms::kCounts * sizeof(std::uint32_t),
                       Engine::kStateFitsScratch};
  if (Engine::kLaneWidth > 0 && !device.is_host) lanes = Engine::kLaneWidth;
  if (lanes == 0) lanes = choose_lanes(shape.worlds, shape.size.sharable_work, device);
  return plan_launch(shape.worlds, slot, lanes, limit_bytes, device);
}

// Device memory that a wave needs, in bytes.
struct WaveMemory {
  std::size_t arrays = 0;      // of the wave itself
  std::size_t histograms = 0;  // of the slots that worlds run in
  std::size_t states = 0;
  std::size_t workloads = 0;    // that its worlds read
  std::size_t preparation = 0;  // what preparing workloads takes beside them
  std::size_t staging = 0;      // on the host: what two waves' arrays pass through on their way

  // Together with the arrays of the wave before, whose results are copied meanwhile.
  std::size_t total() const { return 2 * arrays + histograms + states + workloads + preparation; }
};

// A wave on its way. Called once, it waits for the results; also in another thread, while the next
// wave runs.
template <class Engine>
using PendingWave = std::function<WaveResult<Engine>()>;

// Needs a started device (kernels/device/device.hpp).
template <class Engine>
class WaveRunner {
 public:
  using Traits = Engine;
  using World = typename Engine::World;

  // lanes: of every world's group, a power of two; 0: chosen for each wave. Throws DeviceError
  // where the device has no groups of that many lanes.
  explicit WaveRunner(int lanes = 0);
  ~WaveRunner();

  // What a wave needs beside its workloads. It has as many slots as run side by side, and as fit a
  // quarter of `limit_bytes`.
  WaveMemory plan(const WaveShape<Engine>& shape, WaveOptions options,
                  std::size_t limit_bytes) const;

  // Makes room for the next wave, for which `new_workload_bytes` of workloads are still to come;
  // nothing more is allocated until the next call. All that the runner holds is at most limit_bytes
  // >= needs.total(). False: earlier workloads had to be given up. Throws DeviceError where the
  // device has no such memory.
  bool reserve(const WaveMemory& needs, std::size_t new_workload_bytes, std::size_t limit_bytes);

  // Device memory that it has now, without what upload() gave.
  std::size_t held_bytes() const;

  // An array of a workload, where reserve() made room for it: in device memory until reserve()
  // gives workloads up. Where the device is the host it is the given one, which must stay.
  const void* place(const void* values, std::size_t bytes);
  static std::size_t placed_bytes(std::size_t bytes);

  // An array in device memory of its own, such as a service model's table. Where the device is the
  // host it is the given one, which must outlive what is returned.
  template <class T>
  std::shared_ptr<const T> upload(const std::vector<T>& values) const {
    return std::static_pointer_cast<const T>(
        upload_bytes(values.data(), values.size() * sizeof(T)));
  }

  // Starts the wave that was reserved; runs every world once. `start_order` lists all world
  // indices; long worlds first keeps all lanes busy to the end. Results depend on neither. A GPU
  // runs it in the background, a CPU before this returns. Of the waves before, all but the last
  // must be finished.
  PendingWave<Engine> start(const std::vector<World>& worlds,
                            const std::vector<std::int32_t>& start_order, WaveOptions options);

  // Without limits of memory: reserves, starts and finishes.
  WaveResult<Engine> run(const std::vector<World>& worlds,
                         const std::vector<std::int32_t>& start_order, WaveOptions options);

  // Runs one world again and returns its events.
  std::vector<typename Engine::Event> replay(const World& world) const;

 protected:
  struct Impl;
  std::unique_ptr<Impl> impl_;

 private:
  std::shared_ptr<const void> upload_bytes(const void* values, std::size_t bytes) const;
};

}  // namespace servesweep
