// Exits with 1 and says why where the device's warp does not give what one lane gives.
#include <cstdio>

#include "tests/support/device_warp_checks.hpp"

int main() {
  try {
    for (const unsigned width : {1U, 2U, 4U, 8U, 16U, 32U}) {
      for (unsigned seed = 0; seed < 9; ++seed) {
        servesweep::testing::check_device_warp(width, seed % 3, seed);
      }
    }
  } catch (const std::exception& error) {
    std::puts(error.what());
    return 1;
  }
  return 0;
}
