// What a trace format is: a syntax, the names of its columns and how it writes a time. Adding one
// is a header in io/traces/formats/ and a line in the registry (docs/howto_add_trace_format.md).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace servesweep {

class TraceRows;

enum class TraceSyntax { kCsv, kJsonLines };

struct TraceFormat {
  std::string_view name;  // "burstgpt"
  TraceSyntax syntax;
  std::string_view example;  // the first line of a file, for messages and documentation

  // Columns are found by these names: in CSV in any order and case, in JSON exactly. A file may
  // hold others, which are ignored. predicted is for CSV only and may be absent from a file; "" if
  // the format has none.
  std::string_view time;
  std::string_view prompt;
  std::string_view output;
  std::string_view predicted;

  // Nanoseconds since any fixed origin, below 4e18 in magnitude; false: not a time.
  bool (*parse_time)(std::string_view text, std::int64_t& ns);
  std::string_view time_rule;  // completes "must be ..."

  // CSV only: the column of priority classes, which may be absent from a file.
  std::string_view priority = {};
  // JSON only: the member with the hashes of the prompt's blocks, each of which stands for its
  // block and all before it; rows may be without. Blocks of 0 tokens: the name is followed by
  // their number.
  std::string_view prefix_hashes = {};
  std::int32_t prefix_block_tokens = 0;
  bool prefix_covers_output = false;  // the list goes on through the output's blocks
};

// All formats, in the order in which they are tried; the first line of a file decides.
const std::vector<TraceFormat>& trace_formats();

// The format whose columns the first line of `text` names. Throws InputError, with the nearest
// format in its message, if there is none.
const TraceFormat& find_trace_format(std::string_view text, std::string_view file);

// The rows of a text of that syntax, header included.
void read_csv_rows(const TraceFormat& format, std::string_view text, TraceRows& rows);
void read_json_rows(const TraceFormat& format, std::string_view text, TraceRows& rows);

}  // namespace servesweep
