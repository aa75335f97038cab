// Runs waves of continuous-engine worlds on the device. Free of Kokkos headers: what host code
// sees.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "kernels/device/device.hpp"
#include "sim/continuous/engine.hpp"

namespace servesweep {

// A wave's results in the order of its worlds. The ragged arrays are empty where no details are
// saved.
struct ContinuousWaveResult {
  std::vector<ContinuousResult> worlds;     // [world]
  std::vector<std::int32_t> num_buckets;    // [world][LatencyKind]: non-empty buckets
  std::vector<std::int32_t> buckets;        // [entry]
  std::vector<std::int32_t> bucket_counts;  // [entry]
  std::vector<ReplicaUse> replicas;         // [world's replicas one after the other]
};

// What sizes a wave's memory.
struct ContinuousWaveShape {
  std::int64_t worlds = 0;
  std::int64_t entries = 0;  // histogram buckets that may not be empty, of all worlds
  std::int64_t replicas = 0;
  std::size_t state_bytes = 0;  // most of one world
  std::int64_t sharable_work = 0;

  void add(const ContinuousWorld& world);
};

// Device memory that a wave needs, in bytes.
struct ContinuousWaveMemory {
  std::size_t arrays = 0;      // of the wave itself
  std::size_t histograms = 0;  // of the slots that worlds run in
  std::size_t states = 0;
  std::size_t staging = 0;  // on the host: what two waves' arrays pass through on their way

  // With the wave before, whose results are copied meanwhile.
  std::size_t total() const { return 2 * arrays + histograms + states; }
};

// A wave on its way. finish() may be called in another thread, while the next wave runs.
class PendingContinuousWave {
 public:
  virtual ~PendingContinuousWave() = default;
  virtual ContinuousWaveResult finish() = 0;  // once
};

// Needs a started device (kernels/device/device.hpp).
class ContinuousRunner {
 public:
  // lanes: of every world's group, a power of two; 0: chosen for each wave. Throws DeviceError
  // where the device has no groups of so many.
  explicit ContinuousRunner(int lanes = 0);
  ~ContinuousRunner();

  // What a wave needs beside its requests. It has as many slots as run side by side, and as fit a
  // quarter of `limit_bytes`.
  ContinuousWaveMemory plan(const ContinuousWaveShape& shape, bool save_details,
                            std::size_t limit_bytes) const;

  // Makes room for the next wave; nothing more is allocated until the next call. All that the
  // runner holds is at most limit_bytes >= needs.total().
  void reserve(const ContinuousWaveMemory& needs, std::size_t limit_bytes);

  // Until the last wave's worlds have been run.
  void wait() const;

  // Device memory that it has now, without what was uploaded.
  std::size_t held_bytes() const;

  // An array in device memory: the given one where the device is the host, so that it must outlive
  // what is returned, else a copy.
  template <class T>
  std::shared_ptr<const T> upload(const std::vector<T>& values) const;

  // Starts the wave that was reserved; runs every world once. `start_order` lists all world
  // indices; long worlds first keeps all lanes busy to the end. Results depend on neither. A GPU
  // runs it in the background, a CPU before this returns. Of the waves before, all but the last
  // must be finished.
  std::unique_ptr<PendingContinuousWave> start(const std::vector<ContinuousWorld>& worlds,
                                               const std::vector<std::int32_t>& start_order,
                                               bool save_details);

  // Without limits of memory: reserves, starts and finishes.
  ContinuousWaveResult run(const std::vector<ContinuousWorld>& worlds,
                           const std::vector<std::int32_t>& start_order, bool save_details);

  // Runs one world again and returns its flights, replica by replica in the order of their ends.
  std::vector<FlightEvent> replay(const ContinuousWorld& world) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace servesweep
