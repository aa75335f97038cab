#include "kernels/primitives/exact_quantiles.hpp"

#include "kernels/memory/memory_block.hpp"
#include "kernels/primitives/exact_percentiles.hpp"
#include "kernels/primitives/primitives.hpp"

namespace servesweep {

namespace {

using QuantileRange = Kokkos::RangePolicy<Device>;

struct QuantileTemp {
  std::int64_t* sorted;  // of one quantity
  std::uint32_t* end;    // [world]
  unsigned char* primitives;
  std::size_t bytes;

  QuantileTemp(void* block, std::uint32_t stride, std::int32_t num_worlds) {
    MemoryBlock memory(block);
    memory.take(sorted, stride);
    memory.take(end, num_worlds);
    memory.take(primitives, static_cast<std::int64_t>(segmented_sort_bytes(stride, num_worlds)));
    bytes = memory.bytes();
  }
};

struct FindEnds {
  KeptLatencies kept;
  const BatchResult* results;
  std::uint32_t* end;

  KOKKOS_FUNCTION void operator()(std::int32_t w) const {
    const bool is_exact = results[w].exact_quantiles == 1;
    end[w] = kept.begin[w] + static_cast<std::uint32_t>(is_exact ? results[w].completed : 0);
  }
};

struct Interpolate {
  KeptLatencies kept;
  const std::int64_t* sorted;
  int quantity;
  BatchResult* results;

  KOKKOS_FUNCTION void operator()(std::int32_t w) const {
    if (results[w].exact_quantiles == 1) {
      set_exact_quantiles(quantity, sorted + kept.begin[w], results[w]);
    }
  }
};

}  // namespace

std::size_t exact_quantiles_bytes(std::uint32_t stride, std::int32_t num_worlds) {
  return QuantileTemp(nullptr, stride, num_worlds).bytes;
}

void take_exact_quantiles(const Device& device, const KeptLatencies& kept, BatchResult* results,
                          void* temp_block) {
  const QuantileTemp temp(temp_block, kept.stride, kept.num_worlds);
  Kokkos::parallel_for("servesweep::find_segments", QuantileRange(device, 0, kept.num_worlds),
                       FindEnds{kept, results, temp.end});
  for (int quantity = 0; quantity < kExactQuantities; ++quantity) {
    segmented_sort(device, kept.values + static_cast<std::size_t>(quantity) * kept.stride,
                   temp.sorted, kept.stride, kept.num_worlds, kept.begin, temp.end,
                   temp.primitives);
    Kokkos::parallel_for("servesweep::interpolate_quantiles",
                         QuantileRange(device, 0, kept.num_worlds),
                         Interpolate{kept, temp.sorted, quantity, results});
  }
}

}  // namespace servesweep
