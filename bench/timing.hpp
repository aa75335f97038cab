// What the benchmarks time with.
#pragma once

#include <algorithm>
#include <chrono>
#include <ctime>
#include <vector>

#include "host/base/statistics.hpp"

namespace servesweep {

// Of the whole process, all threads together.
inline double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

inline double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Median time of some repetitions of work().
template <class Work>
double median_seconds(int repetitions, double (*clock_seconds)(), const Work& work) {
  std::vector<double> seconds;
  for (int i = 0; i < repetitions; ++i) {
    const double start = clock_seconds();
    work();
    seconds.push_back(clock_seconds() - start);
  }
  std::sort(seconds.begin(), seconds.end());
  return quantile_sorted(seconds, 0.5);
}

}  // namespace servesweep
