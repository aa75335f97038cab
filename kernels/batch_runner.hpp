// Runs waves of batch-engine worlds on the device. Free of Kokkos headers: what host code sees.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "kernels/binning.hpp"
#include "kernels/device.hpp"
#include "kernels/profile.hpp"
#include "sim/batch/engine.hpp"
#include "sim/batch/result.hpp"
#include "sim/batch/world.hpp"

namespace servesweep {

// A binned workload in device memory; worlds hold pointers into it, so it must outlive their run.
class DeviceWorkload {
 public:
  virtual ~DeviceWorkload() = default;
  virtual const BinnedWorkload& workload() const = 0;  // device pointers
  virtual std::size_t bytes() const = 0;
};

struct WaveOptions {
  bool save_details = false;       // histograms, GPUs and bins of every world
  bool exact_percentiles = false;  // of worlds that exact_bytes() allows
  std::size_t exact_bytes = 0;     // for them; fewer worlds run side by side where it is short
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

// Needs a started device (kernels/device.hpp).
class BatchRunner {
 public:
  BatchRunner();
  ~BatchRunner();

  // Bins on the host's cores and copies to the device, in the order of `specs`.
  std::vector<std::shared_ptr<const DeviceWorkload>> bin(
      const std::vector<BinningSpec>& specs) const;

  // A pool of service grids on the device: [value]; worlds' GridServiceParams point into it.
  std::shared_ptr<const double> upload(const std::vector<double>& values) const;

  // Runs every world once. `start_order` lists all world indices; long worlds first keeps all
  // lanes busy to the end. Results depend on neither.
  WaveResult run(const std::vector<BatchWorld>& worlds,
                 const std::vector<std::int32_t>& start_order, const WaveOptions& options);

  // Runs one world again and returns its batches in the order of their starts.
  std::vector<BatchEvent> replay(const BatchWorld& world) const;

  // Bytes on the device that one world of a wave takes beside its workload: its slot in the
  // results.
  static std::size_t bytes_per_world(std::int64_t requests, std::int32_t bins, std::int32_t gpus,
                                     bool save_details);
  // Bytes that the running worlds' states take together.
  static std::size_t state_bytes(std::int32_t most_bins, std::int32_t most_gpus);
  // Bytes that a world's exact percentiles take while it runs; 0: it has too many requests.
  static std::size_t exact_bytes(std::int64_t requests);

 private:
  struct Buffers;
  std::unique_ptr<Buffers> buffers_;
};

}  // namespace servesweep
