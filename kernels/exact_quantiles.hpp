// Exact percentiles of a wave's worlds at once: a segmented sort of what they kept.
#pragma once

#include <algorithm>

#include "kernels/exact_values.hpp"
#include "kernels/memory/memory_block.hpp"
#include "kernels/primitives/primitives.hpp"

namespace servesweep {

struct QuantileTemp {
  std::int64_t* sorted;  // of one quantity
  unsigned char* primitives;
  std::size_t bytes;

  // `block`: device memory (256-byte aligned), or null for the bytes alone. stride: of the largest
  // room.
  QuantileTemp(void* block, std::size_t stride, std::int32_t num_worlds) {
    const auto values = static_cast<std::uint32_t>(stride);
    MemoryBlock memory(block);
    memory.take(sorted, values);
    memory.take(primitives,
                static_cast<std::int64_t>(segmented_sort(Device(), nullptr, nullptr, values,
                                                         num_worlds, nullptr, nullptr, nullptr)));
    bytes = memory.bytes();
  }
};

template <class Engine>
struct Interpolate {
  const std::int64_t* sorted;
  const std::uint32_t* begin;  // [world]
  const std::uint32_t* end;    // [world]
  int room;
  int quantity;
  typename Engine::Result* results;  // [world]

  KOKKOS_FUNCTION void operator()(std::int32_t w) const {
    const std::int64_t first = begin[w];
    const std::int64_t count = end[w] - first;
    if (count == 0) return;
    Engine::set_exact_quantiles(room, quantity, sorted + first, count, results[w]);
  }
};

// Sets the quantiles of the results whose worlds have kept values, on the device. rooms:
// [Engine::kExactRooms]; temp_block: of the largest room's stride.
template <class Engine>
void take_exact_quantiles(const Device& device, const ExactRoom* rooms, std::int32_t num_worlds,
                          typename Engine::Result* results, void* temp_block) {
  using Range = Kokkos::RangePolicy<Device>;
  std::size_t stride = 0;
  for (int r = 0; r < Engine::kExactRooms; ++r) stride = std::max(stride, rooms[r].stride);
  const QuantileTemp temp(temp_block, stride, num_worlds);
  for (int r = 0; r < Engine::kExactRooms; ++r) {
    const ExactRoom& room = rooms[r];
    for (int quantity = 0; quantity < Engine::num_quantities(r); ++quantity) {
      const std::uint32_t* end = room.end + std::ptrdiff_t{quantity} * num_worlds;
      segmented_sort(device, room.values + static_cast<std::size_t>(quantity) * room.stride,
                     temp.sorted, static_cast<std::uint32_t>(room.stride), num_worlds, room.begin,
                     end, temp.primitives);
      Kokkos::parallel_for("servesweep::interpolate_quantiles", Range(device, 0, num_worlds),
                           Interpolate<Engine>{temp.sorted, room.begin, end, r, quantity, results});
    }
  }
}

}  // namespace servesweep
