// Results of vLLM's serving benchmark.
#include "tests/fuzz/trace_target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return servesweep::fuzz_trace(data, size, "");
}
