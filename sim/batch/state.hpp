// The working memory of one world while it runs: a few kilobytes, carved from one block. Histograms
// lie outside it; they are kept clear between worlds.
#pragma once

#include <cstddef>

#include "sim/batch/controller.hpp"
#include "sim/batch/gpu_events.hpp"
#include "sim/batch/result.hpp"

namespace servesweep {

// What runs on a GPU, and what it has done.
struct GpuState {
  std::int64_t busy_ns = 0;
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
  static constexpr std::size_t kAlignment = 16;

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

  // Lays the arrays out from `memory` (aligned to kAlignment) on; returns the bytes taken.
  SERVESWEEP_FUNCTION std::size_t place(unsigned char* memory, std::int32_t num_bins,
                                        std::int32_t num_gpus) {
    std::size_t used = 0;
    const auto bins_count = static_cast<std::size_t>(num_bins);
    const auto gpus_count = static_cast<std::size_t>(num_gpus);
    take(memory, used, events_ns, static_cast<std::size_t>(GpuEventBlocks::num_times(num_gpus)));
    take(memory, used, head_ns, bins_count);
    take(memory, used, queues, bins_count);
    take(memory, used, controllers, bins_count);
    take(memory, used, idle, (gpus_count + 63) / 64);
    take(memory, used, gpus, gpus_count);
    take(memory, used, bins, bins_count);
    take(memory, used, result, 1);
    return used;
  }

 private:
  template <class T>
  SERVESWEEP_FUNCTION static void take(unsigned char* memory, std::size_t& used, T*& array,
                                       std::size_t count) {
    static_assert(alignof(T) <= kAlignment);
    array = memory == nullptr ? nullptr : reinterpret_cast<T*>(memory + used);
    used += (count * sizeof(T) + kAlignment - 1) / kAlignment * kAlignment;
  }
};

// The three histograms of a world.
struct BatchHistograms {
  static constexpr int kCount = 3;
  Histogram latency;
  Histogram tbt;     // batch time / its largest output
  Histogram decode;  // decode TBT: time of one decode step

  // counts: [kCount][HistogramLayout::kNumBuckets], all zero
  SERVESWEEP_FUNCTION explicit BatchHistograms(std::uint32_t* counts) {
    latency.counts = counts;
    tbt.counts = counts + HistogramLayout::kNumBuckets;
    decode.counts = counts + 2 * HistogramLayout::kNumBuckets;
  }
};

}  // namespace servesweep
