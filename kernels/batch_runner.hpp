// Runs waves of batch-engine worlds on the device. Free of Kokkos headers: what host code sees.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "kernels/device/device.hpp"
#include "kernels/device/profile.hpp"
#include "kernels/workloads/binning.hpp"
#include "sim/batch/engine.hpp"
#include "sim/batch/result.hpp"
#include "sim/batch/world.hpp"

namespace servesweep {

struct WaveOptions {
  bool save_details = false;       // histograms, GPUs and bins of every world
  bool exact_percentiles = false;  // of worlds of up to 2^24 requests
};

// A wave's results in the order of its worlds. The ragged arrays are empty without save_details.
struct WaveResult {
  std::vector<BatchResult> worlds;          // [world]
  std::vector<std::int32_t> num_buckets;    // [world]: non-empty latency buckets
  std::vector<std::int32_t> buckets;        // [entry]
  std::vector<std::int32_t> bucket_counts;  // [entry]
  std::vector<GpuUse> gpus;                 // [world's GPUs one after the other]
  std::vector<BinUse> bins;                 // [world's bins one after the other]
};

// What sizes a wave's memory.
struct WaveShape {
  std::int64_t worlds = 0;
  std::int64_t entries = 0;  // histogram buckets that may not be empty, of all worlds
  std::int64_t gpus = 0;
  std::int64_t bins = 0;
  std::int64_t exact_requests = 0;  // in worlds with exact percentiles
  std::int32_t most_gpus = 1;       // of one world
  std::int32_t most_bins = 1;

  std::int64_t sharable_work = 0;  // how many lanes have something to do, over all worlds

  // The world's workload need not be there yet.
  void add(const BatchWorld& world, std::int64_t requests, std::int32_t num_bins,
           const WaveOptions& options);
};

// Device memory that a wave needs, in bytes.
struct WaveMemory {
  std::size_t arrays = 0;      // of the wave itself
  std::size_t histograms = 0;  // of the slots that worlds run in
  std::size_t states = 0;
  std::size_t workloads = 0;  // workload_bytes() of all its binnings
  std::size_t binning = 0;    // largest binning_bytes() of the new ones
  std::size_t staging = 0;    // on the host: what two waves' arrays pass through on their way

  // With the wave before, whose results are copied meanwhile.
  std::size_t total() const { return 2 * arrays + histograms + states + workloads + binning; }
};

// A wave on its way. finish() may be called in another thread, while the next wave runs.
class PendingWave {
 public:
  virtual ~PendingWave() = default;
  virtual WaveResult finish() = 0;  // once
};

// Needs a started device (kernels/device/device.hpp).
class BatchRunner {
 public:
  // lanes: of every world's group, a power of two; 0: chosen for each wave. Throws DeviceError
  // where the device has no groups of so many.
  explicit BatchRunner(int lanes = 0);
  ~BatchRunner();

  // What a wave needs beside its workloads. It has as many slots as run side by side, and as fit a
  // quarter of `limit_bytes`.
  WaveMemory plan(const WaveShape& shape, const WaveOptions& options,
                  std::size_t limit_bytes) const;
  // Device memory that a binned workload takes, and what binning takes beside it.
  static std::size_t workload_bytes(const BinningSpec& spec);
  static std::size_t binning_bytes(const BinningSpec& spec);

  // Makes room for the next wave, for which `new_workload_bytes` of workloads are still to be
  // binned; nothing more is allocated until the next call. All that the runner holds is at most
  // limit_bytes >= needs.total(). False: earlier workloads had to be given up.
  bool reserve(const WaveMemory& needs, std::size_t new_workload_bytes, std::size_t limit_bytes);

  // Device memory that it has now.
  std::size_t held_bytes() const;

  // Bins, in the order of `specs`. The arrays stay until reserve() gives them up.
  std::vector<BinnedWorkload> bin(const std::vector<BinningSpec>& specs);

  // A service grid on the device: [value]; worlds' GridServiceParams point into it. On a CPU it is
  // the given one, which must outlive what is returned.
  std::shared_ptr<const double> upload(const std::vector<double>& values) const;

  // Starts the wave that was reserved; runs every world once. `start_order` lists all world
  // indices; long worlds first keeps all lanes busy to the end. Results depend on neither. A GPU
  // runs it in the background, a CPU before this returns. Of the waves before, all but the last
  // must be finished.
  std::unique_ptr<PendingWave> start(const std::vector<BatchWorld>& worlds,
                                     const std::vector<std::int32_t>& start_order,
                                     const WaveOptions& options);

  // Without limits of memory: bins into new room; reserves, starts and finishes.
  std::vector<BinnedWorkload> bin_all(const std::vector<BinningSpec>& specs);
  WaveResult run(const std::vector<BatchWorld>& worlds,
                 const std::vector<std::int32_t>& start_order, const WaveOptions& options);

  // Runs one world again and returns its batches in the order of their starts.
  std::vector<BatchEvent> replay(const BatchWorld& world) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace servesweep
