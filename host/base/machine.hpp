// The machine that the program runs on.
#pragma once

#include <cstddef>
#include <string>

namespace servesweep {

struct Machine {
  std::string processor;         // "AMD EPYC 7763 64-Core Processor"; "unknown processor"
  int cores = 1;                 // that this process may use
  std::size_t memory_bytes = 0;  // physical, or the limit of a control group (a container) below it
};

Machine this_machine();

}  // namespace servesweep
