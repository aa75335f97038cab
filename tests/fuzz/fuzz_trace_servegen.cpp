// Rows of servegen's traces.
#include "tests/fuzz/trace_target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return servesweep::fuzz_trace(data, size, "request_id,timestamp,input_tokens,output_tokens\n");
}
