// A request trace in memory: what a trace file holds once its format is gone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace servesweep {

// Columns of equal length, in arrival order (rows of equal time keep the file's order). priority
// and the prefixes are as in a Workload.
struct Trace {
  std::vector<std::int64_t> arrival_ns;        // [row], since the first row, non-decreasing
  std::vector<std::int32_t> prompt_tokens;     // [row]
  std::vector<std::int32_t> output_tokens;     // [row]
  std::vector<std::int32_t> predicted_tokens;  // [row], or empty: the trace predicts nothing
  std::vector<std::int32_t> priority;          // [row], or empty: the trace has none
  std::vector<std::int32_t> prefix_begin;      // [row + 1], or empty: the trace has no prefixes
  std::vector<std::int32_t> prefix_hashes;     // [hash]
  std::int32_t prefix_block_tokens = 0;        // 0: the trace has no prefixes
  std::int32_t num_prefix_hashes = 0;

  std::string path;
  std::string format;                  // its name, such as "burstgpt"
  std::string sha256;                  // hex, of the file's bytes as stored (compressed if gzip)
  std::int64_t rows_read = 0;          // data rows in the file
  std::int64_t rows_failed = 0;        // failed requests (0 output tokens) among them
  std::int64_t rows_skipped = 0;       // bad rows, with on_bad_row = "skip"
  std::int64_t rows_out_of_order = 0;  // rows earlier than the row before them; sorted here

  std::size_t size() const { return arrival_ns.size(); }
};

enum class OnBadRow { kError, kSkip };

struct TraceOptions {
  bool keep_failed = false;  // keep requests with 0 output tokens (BurstGPT: failed requests)
  OnBadRow on_bad_row = OnBadRow::kError;
};

}  // namespace servesweep
