// Sorting, from Thrust.
#pragma once

#include <thrust/execution_policy.h>
#include <thrust/sort.h>

#include <cstdint>

namespace servesweep {

// In host memory, ascending.
inline void sort_on_host(std::int32_t* first, std::int32_t* last) {
  thrust::sort(thrust::host, first, last);
}

}  // namespace servesweep
