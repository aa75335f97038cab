// How a wave of batch-engine worlds is spread over a device. Free of Kokkos, so that it can be
// computed for devices that are not here (scripts/launch_plan.cpp).
#pragma once

#include <algorithm>

#include "kernels/batch_runner.hpp"
#include "kernels/device/launch_plan.hpp"

namespace servesweep {

// What lanes have to share in a world: the bins to look through, the blocks of GPU events, the
// requests of a batch. Many batches are larger where GPUs are few.
inline std::int32_t sharable_work_of(std::int32_t batch_limit, std::int32_t num_gpus,
                                     std::int32_t num_bins) {
  const std::int32_t batch = std::min(batch_limit, std::max(1, kTeamThreads / num_gpus));
  const std::int32_t blocks = GpuEventBlocks::count(num_gpus);
  const std::int32_t events = blocks == 1 ? 1 : std::max(GpuEventBlocks::kSize, blocks);
  return std::min(std::max({batch, num_bins, events}), kMostLanes);
}

// lanes: 0: chosen.
inline Launch plan_batch_launch(const WaveShape& shape, int lanes, std::size_t limit_bytes,
                                const DeviceLimits& device) {
  SlotNeeds slot;
  slot.state_bytes = BatchState::bytes(shape.most_bins, shape.most_gpus);
  slot.histogram_bytes = BatchHistograms::kCounts * sizeof(std::uint32_t);
  slot.fits_scratch = true;
  if (lanes == 0) lanes = choose_lanes(shape.worlds, shape.sharable_work, device);
  return plan_launch(shape.worlds, slot, lanes, limit_bytes, device);
}

}  // namespace servesweep
