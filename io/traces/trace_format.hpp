// What a trace format is: a syntax, the names of its columns and how it writes a time. Adding one
// is a header in io/traces/formats/ and a line in the registry (docs/howto_add_trace_format.md).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "host/workload/trace.hpp"

namespace servesweep {

class TraceRows;

enum class TraceSyntax { kCsv, kJsonLines };

struct TraceFormat {
  std::string_view name;  // "burstgpt"
  TraceSyntax syntax;
  std::string_view example;  // the first line of a file, for messages and documentation

  // Columns are found by these names: in CSV in any order and case, in JSON exactly. A file may
  // hold others, which are ignored. A file without the time has lengths only. predicted is for CSV
  // only and may be absent from a file; "" if the format has none.
  std::string_view time;
  std::string_view prompt;
  std::string_view output;
  std::string_view predicted;

  TimeUnit time_unit;  // not kAuto

  // CSV only: the column of priority classes, which may be absent from a file.
  std::string_view priority = {};
  // JSON only: the member with the hashes of the prompt's blocks, each of which stands for its
  // block and all before it; rows may be without. Blocks of 0 tokens: the name is followed by
  // their number.
  std::string_view prefix_hashes = {};
  std::int32_t prefix_block_tokens = 0;
  bool prefix_covers_output = false;  // the list goes on through the output's blocks

  // Further names that a file of this format has: they tell it from others with the same columns.
  std::array<std::string_view, 2> marks{};
  // The id of a request's session, which may be absent from a file. With a parent the id is of the
  // request alone, and it is in the session of the request whose id its parent is.
  std::string_view session = {};
  std::string_view parent = {};
  // JSON only: the time between the answer before a request in its session and the request, which
  // may stand instead of its time.
  std::string_view delay = {};
};

// All formats, in the order in which they are tried; the first line of a file decides.
const std::vector<TraceFormat>& trace_formats();

// A file's format, and what its first line has of it.
struct FoundFormat {
  const TraceFormat& format;
  bool has_times = true;
  std::vector<std::string> ignored_names = {};  // columns that the format does not know
};

// The format whose columns the first line of `text` names; of several the one with most names.
// Throws InputError, with the nearest format in its message, if there is none.
FoundFormat find_trace_format(std::string_view text, std::string_view file);

// The rows of a text of that syntax, header included.
void read_csv_rows(const TraceFormat& format, std::string_view text, TraceRows& rows);
void read_json_rows(const TraceFormat& format, std::string_view text, TraceRows& rows);

}  // namespace servesweep
