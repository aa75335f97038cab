// Exact percentiles of a wave's worlds at once: a segmented sort of what was kept.
#pragma once

#include "kernels/device/portability.hpp"
#include "sim/batch/result.hpp"

namespace servesweep {

// What a wave's worlds kept. World w has `completed` values of each quantity, from begin[w] on.
struct KeptLatencies {
  const std::int64_t* values = nullptr;  // [kExactQuantities][stride]
  std::uint32_t stride = 0;              // room of all worlds together
  const std::uint32_t* begin = nullptr;  // [world]
  std::int32_t num_worlds = 0;
};

// Sets the quantiles of the results whose exact_quantiles is 1, on the device. `temp`: device
// memory (256-byte aligned) of the given bytes.
std::size_t exact_quantiles_bytes(std::uint32_t stride, std::int32_t num_worlds);
void take_exact_quantiles(const Device& device, const KeptLatencies& kept, BatchResult* results,
                          void* temp);

}  // namespace servesweep
