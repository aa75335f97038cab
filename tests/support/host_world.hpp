// One world on the host, in plain C++ without Kokkos: lowered, binned, and run by any lanes in
// memory of its own, with all that can be known of it. What other ways of running it are compared
// with.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/batch_traits.hpp"
#include "tests/support/binned_block.hpp"
#include "tests/support/host_requests.hpp"
#include "tests/support/random_worlds.hpp"
#include "tests/support/result_bytes.hpp"

namespace servesweep::testing {

struct HostWorld {
  explicit HostWorld(const RandomWorld& random)
      : world(lower(random.params)),
        requests(host_request_set(columns_of(random.workload))),
        block(binning_of(random.params, world, requests,
                         load_scaling(random.params.workload, random.workload),
                         random.as_case().draws != nullptr ? random.draws.data() : nullptr)) {
    world.workload = block.workload();
  }
  BatchWorld world;
  RequestSet requests;
  BinnedBlock block;
};

constexpr int kExactQuantities = BatchTraits::num_quantities(0);

// What the lanes of a group share.
struct WorldMemory {
  explicit WorldMemory(const BatchWorld& world)
      : block((BatchState::bytes(world.workload.num_bins, world.num_gpus) + 15) / 16),
        histograms(BatchHistograms::kCounts),
        exact(static_cast<std::size_t>(world.workload.num_requests) * kExactQuantities),
        events(static_cast<std::size_t>(world.workload.num_requests)),
        num_events(1) {
    state.place(block.data()->bytes, world.workload.num_bins, world.num_gpus);
  }

  struct alignas(StateLayout::kAlignment) Chunk {
    unsigned char bytes[16] = {};
  };
  std::vector<Chunk> block;
  std::vector<std::uint32_t> histograms;  // [histogram][bucket]
  std::vector<std::int64_t> exact;        // [quantity][request]
  std::vector<BatchEvent> events;         // [request], of which num_events[0] are there
  std::vector<std::int64_t> num_events;
  BatchState state;
  std::vector<std::uint32_t> counts;  // of the histograms, before they were cleared
};

// Records every batch, and every latency.
struct SeeAll {
  static constexpr bool kSeesTargets = true;
  template <class Lanes>
  void batch(const Lanes& lanes, const BatchEvent& event) {
    lanes.once([&] { memory.events[static_cast<std::size_t>(memory.num_events[0]++)] = event; });
  }
  template <class Lanes>
  void latencies(const Lanes& lanes, const BinnedRequest* requests, std::int32_t size,
                 std::int64_t finish_ns, std::int64_t tbt_ps, std::int64_t decode_ps) {
    const std::size_t stride = memory.exact.size() / kExactQuantities;
    keep_latencies(lanes, memory.exact.data() + memory.state.result->completed, stride, requests,
                   size, finish_ns, tbt_ps, decode_ps);
  }
  WorldMemory& memory;
};

// What each lane of a group does. Returns what it has in its local variables in the end.
template <class Lanes>
std::string run_world(const Lanes& lanes, const BatchWorld& world, bool observed,
                      WorldMemory& memory) {
  BatchHistograms histograms(memory.histograms.data());
  if (observed) {
    SeeAll all{memory};
    BatchEngine(lanes, world, memory.state, histograms, all).run();
  } else {
    NoBatchObserver unobserved;
    BatchEngine(lanes, world, memory.state, histograms, unobserved).run();
  }
  take_quantiles(lanes, histograms, *memory.state.result);
  lanes.once([&] { memory.counts = memory.histograms; });
  Bytes locals;
  for (const Histogram& histogram : histograms.of) locals.add(histogram.touched);
  histograms.clear(lanes);
  return locals.text;
}

}  // namespace servesweep::testing
