// What a trace format is: a syntax, the names of its columns and how it writes a time. Adding one
// is a header in io/traces/formats/ and a line in the registry (docs/howto_add_trace_format.md).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "host/workload/trace.hpp"

namespace servesweep {

class TextStream;
class TraceRows;

// JSON: an object a line, one object with a list per column, or an array of pairs of lengths.
enum class TraceSyntax { kCsv, kJsonLines, kJsonLists, kJsonPairs };

struct TraceFormat {
  std::string_view name;  // "burstgpt"
  TraceSyntax syntax;
  std::string_view example;  // the first line of a file, for messages and documentation

  // Columns are found by these names: in CSV in any order and case, in JSON exactly. A file may
  // hold others, which are ignored. A file without the time has lengths only. predicted is for CSV
  // only and may be absent from a file; "" if the format has none. In JSON "a.b" is the member b of
  // the object a.
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
  // JSON only: the member that says why a request failed, whose lengths may be missing then.
  std::string_view error = {};
};

// All formats, in the order in which they are tried; the first line of a file decides.
const std::vector<TraceFormat>& trace_formats();

// A file's format, and what its first line has of it.
struct FoundFormat {
  const TraceFormat& format;
  bool has_times = true;
  std::vector<std::string> ignored_names = {};  // columns that the format does not know
};

// The format whose columns the first line of the window names; of several the one with most names.
// Throws InputError if there is none: the message says how it is written instead of as a trace, or
// the nearest format.
FoundFormat find_trace_format(const TextStream& stream);

// The rows of a text of that syntax, header included; to its end.
void read_csv_rows(const TraceFormat& format, TextStream& text, TraceRows& rows);
void read_json_rows(const TraceFormat& format, TextStream& text, TraceRows& rows);

// The same of what is one value: the window is all of the text.
void read_json_lists(const TraceFormat& format, const TextStream& text, TraceRows& rows);
void read_json_pairs(const TraceFormat& format, const TextStream& text, TraceRows& rows);

// The longest row; what is longer is a damaged file.
inline constexpr std::size_t kMostRowBytes = std::size_t{64} << 20;
// Throws InputError where the window, which begins with a row, is longer and the row does not end.
void check_row_length(const TextStream& text);

}  // namespace servesweep
