// Rows of splitwise's traces.
#include "tests/fuzz/trace_target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return servesweep::fuzz_trace(data, size,
                                "request_id,request_type,application_id,arrival_timestamp,batch_"
                                "size,prompt_size,token_size\n");
}
