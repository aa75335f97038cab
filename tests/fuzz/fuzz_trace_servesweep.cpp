// Rows of servesweep's own traces.
#include "tests/fuzz/trace_target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return servesweep::fuzz_trace(data, size,
                                "arrival_s,prompt_tokens,output_tokens,predicted_tokens\n");
}
