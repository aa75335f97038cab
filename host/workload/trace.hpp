// A request trace in memory: what a trace file holds once its format is gone.
#pragma once

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "host/workload/workload.hpp"

namespace servesweep {

// How a file writes times; kAuto: as its format does.
enum class TimeUnit { kAuto, kSeconds, kMilliseconds, kMicroseconds, kNanoseconds, kDate };

// The requests of a file, as a workload has them, in arrival order (rows of equal time keep the
// file's order); predicted_tokens is empty where the trace predicts nothing.
struct Trace : Workload {
  std::string path;
  std::string format;                       // its name, such as "burstgpt"
  TimeUnit time_unit = TimeUnit::kSeconds;  // in which it was read; kAuto: it has no times
  std::vector<std::string> ignored_names;   // columns of the first line that are not read
  std::vector<std::string> warnings;        // what it may have been meant to be instead
  std::string sha256;                  // hex, of the file's bytes as stored (compressed if gzip)
  std::int64_t rows_read = 0;          // data rows in the file
  std::int64_t rows_failed = 0;        // failed requests (0 output tokens) among them
  std::int64_t rows_skipped = 0;       // bad rows, with on_bad_row = "skip"
  std::int64_t rows_out_of_order = 0;  // rows earlier than the row before them; sorted here

  // A request with a delay has no time of its own: it comes that long after the answer before it in
  // its session. Its arrival_ns is the earliest possible one, as if answers took no time.
  std::vector<std::int32_t> session;   // [request], any number, -1: of none; empty: no sessions
  std::vector<std::int64_t> delay_ns;  // [request], -1: a time of its own; empty: all have one

  bool has_times() const { return time_unit != TimeUnit::kAuto; }
};

enum class OnBadRow { kError, kSkip };

struct TraceOptions {
  bool keep_failed = false;  // keep requests with 0 output tokens (BurstGPT: failed requests)
  OnBadRow on_bad_row = OnBadRow::kError;
  TimeUnit time_unit = TimeUnit::kAuto;
  std::int32_t hash_block_tokens = 0;  // of the blocks that hashes stand for; 0: as the format says
  bool lengths_only = false;           // times, prefixes and sessions are not looked at

  auto key() const {
    return std::make_tuple(keep_failed, on_bad_row, time_unit, hash_block_tokens, lengths_only);
  }
  bool operator<(const TraceOptions& other) const { return key() < other.key(); }
  bool operator==(const TraceOptions& other) const { return key() == other.key(); }
};

}  // namespace servesweep
