// Histograms of a wave's worlds without their empty buckets, one row each, in memory that rows
// share.
#pragma once

#include <Kokkos_Core.hpp>
#include <cstdint>
#include <vector>

#include "kernels/memory/memory_block.hpp"
#include "kernels/memory/wave_memory.hpp"
#include "sim/core/histogram.hpp"

namespace servesweep {

struct SparseHistograms {
  std::int64_t* num_entries;    // [1]: taken so far, 0 before the launch
  std::int64_t* places;         // [row]: where its buckets begin
  std::int32_t* num_buckets;    // [row]
  std::int32_t* buckets;        // [entry]
  std::int32_t* bucket_counts;  // [entry]

  void take(std::int64_t rows, std::int64_t entries, MemoryBlock& memory) {
    memory.take(num_entries, 1);
    memory.take(places, rows);
    memory.take(num_buckets, rows);
    memory.take(buckets, entries);
    memory.take(bucket_counts, entries);
  }

  template <class Warp, class Lanes>
  KOKKOS_FUNCTION void save(const Warp& warp, const Lanes& lanes, std::int32_t row,
                            const Histogram& histogram) const {
    const std::int32_t first = histogram.begin();
    const std::int32_t range = histogram.end() - first;
    const std::uint32_t* counts = histogram.counts + first;
    const std::int64_t entries =
        lanes
            .template reduce<IntegerSum>(
                range, [=](std::int32_t b, IntegerSum& sum) { sum.value += counts[b] != 0; })
            .value;
    std::int64_t place = 0;
    if (warp.lane() == 0) place = Kokkos::atomic_fetch_add(num_entries, entries);
    place = warp.of_first_lane(place);
    lanes.once([&] {
      places[row] = place;
      num_buckets[row] = static_cast<std::int32_t>(entries);
    });
    lanes.pack(
        range, [=](std::int32_t b) { return counts[b] != 0; },
        [&](std::int32_t rank, std::int32_t b) {
          buckets[place + rank] = first + b;
          bucket_counts[place + rank] = static_cast<std::int32_t>(counts[b]);
        });
  }

  // To the host, rows one after the other.
  void download(WaveBuffers& buffers, std::int64_t rows, std::vector<std::int32_t>& row_size,
                std::vector<std::int32_t>& all_buckets,
                std::vector<std::int32_t>& all_counts) const {
    const auto* entries = buffers.download(num_entries, 1);
    const auto* row_places = buffers.download(places, rows);
    const auto* row_buckets = buffers.download(num_buckets, rows);
    buffers.instance.fence();
    const auto* from_buckets = buffers.download(buckets, *entries);
    const auto* from_counts = buffers.download(bucket_counts, *entries);
    buffers.instance.fence();
    row_size.assign(row_buckets, row_buckets + rows);
    all_buckets.reserve(static_cast<std::size_t>(*entries));
    all_counts.reserve(static_cast<std::size_t>(*entries));
    for (std::int64_t i = 0; i < rows; ++i) {
      const std::int64_t begin = row_places[i];
      const std::int64_t end = begin + row_buckets[i];
      all_buckets.insert(all_buckets.end(), from_buckets + begin, from_buckets + end);
      all_counts.insert(all_counts.end(), from_counts + begin, from_counts + end);
    }
  }
};

}  // namespace servesweep
