#include "kernels/sort.hpp"

#include <thrust/execution_policy.h>
#include <thrust/sort.h>

namespace servesweep {

void sort_on_host(std::int32_t* first, std::int32_t* last) {
  thrust::sort(thrust::host, first, last);
}

}  // namespace servesweep
