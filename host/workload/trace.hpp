// A request trace in memory: what a trace file holds once its format is gone.
#pragma once

#include <cstdint>
#include <string>

#include "host/workload/workload.hpp"

namespace servesweep {

// The requests of a file, as a workload has them, in arrival order (rows of equal time keep the
// file's order); predicted_tokens is empty where the trace predicts nothing.
struct Trace : Workload {
  std::string path;
  std::string format;                  // its name, such as "burstgpt"
  std::string sha256;                  // hex, of the file's bytes as stored (compressed if gzip)
  std::int64_t rows_read = 0;          // data rows in the file
  std::int64_t rows_failed = 0;        // failed requests (0 output tokens) among them
  std::int64_t rows_skipped = 0;       // bad rows, with on_bad_row = "skip"
  std::int64_t rows_out_of_order = 0;  // rows earlier than the row before them; sorted here
};

enum class OnBadRow { kError, kSkip };

struct TraceOptions {
  bool keep_failed = false;  // keep requests with 0 output tokens (BurstGPT: failed requests)
  OnBadRow on_bad_row = OnBadRow::kError;
};

}  // namespace servesweep
