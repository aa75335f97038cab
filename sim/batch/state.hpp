// The working memory of one world while it runs: a few kilobytes, carved from one block. Histograms
// lie outside it; they are kept clear between worlds.
#pragma once

#include <cstddef>

#include "sim/batch/controller.hpp"
#include "sim/batch/gpu_events.hpp"
#include "sim/batch/result.hpp"
#include "sim/core/state_layout.hpp"

namespace servesweep {

// What runs on a GPU, and what it has done.
struct GpuState {
  std::int64_t busy_ns = 0;  // until the time limit
  std::int64_t batches = 0;
  std::int32_t bin = 0;
  BatchFeedback feedback;  // of the batch that runs or ran last
};

// A bin's queue is requests[next .. end), as far as it has arrived.
struct BinQueue {
  std::uint32_t next = 0;
  std::uint32_t end = 0;
  std::uint32_t tail = 0;  // end of what has arrived; kept by longest_queue and full dispatch
};

struct BatchState {
  std::int64_t* head_ns;         // [bin]: arrival of the queue's first request, kNever: none left
  BinQueue* queues;              // [bin]
  BatchController* controllers;  // [bin]
  BinUse* bins;                  // [bin]
  GpuState* gpus;                // [gpu]
  std::int64_t* events_ns;       // [GpuEventBlocks::num_times]
  std::uint64_t* idle;           // [ceil(gpu / 64)], bits
  BatchResult* result;           // [1], grows with every batch

  SERVESWEEP_FUNCTION static std::size_t bytes(std::int32_t num_bins, std::int32_t num_gpus) {
    BatchState state;
    return state.place(nullptr, num_bins, num_gpus);
  }

  // Lays the arrays out from `memory` (aligned to StateLayout::kAlignment) on; returns the bytes
  // taken.
  SERVESWEEP_FUNCTION std::size_t place(unsigned char* memory, std::int32_t num_bins,
                                        std::int32_t num_gpus) {
    StateLayout layout(memory);
    const auto bins_count = static_cast<std::size_t>(num_bins);
    const auto gpus_count = static_cast<std::size_t>(num_gpus);
    layout.take(events_ns, static_cast<std::size_t>(GpuEventBlocks::num_times(num_gpus)));
    layout.take(head_ns, bins_count);
    layout.take(queues, bins_count);
    layout.take(controllers, bins_count);
    layout.take(idle, (gpus_count + 63) / 64);
    layout.take(gpus, gpus_count);
    layout.take(bins, bins_count);
    layout.take(result, 1);
    return layout.bytes();
  }
};

// The histograms of a world.
enum BatchHistogram {
  kLatencyHistogram,
  kTbtHistogram,     // batch time / its largest output
  kDecodeHistogram,  // decode TBT: time of one decode step
  kNumBatchHistograms,
};
using BatchHistograms = HistogramSet<kNumBatchHistograms>;

}  // namespace servesweep
