// Sorting, from Thrust.
#pragma once

#include <cstdint>

namespace servesweep {

// In host memory, ascending.
void sort_on_host(std::int32_t* first, std::int32_t* last);

}  // namespace servesweep
