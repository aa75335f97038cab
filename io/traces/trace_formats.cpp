// The registry of trace formats, and how the first line of a file finds its own.
#include <algorithm>
#include <cstddef>
#include <string>

#include "host/base/error.hpp"
#include "host/base/names.hpp"
#include "io/files/csv.hpp"
#include "io/traces/formats/azure.hpp"
#include "io/traces/formats/burstgpt.hpp"
#include "io/traces/formats/llmservingsim.hpp"
#include "io/traces/formats/mooncake.hpp"
#include "io/traces/formats/servesweep.hpp"
#include "io/traces/formats/vidur.hpp"
#include "io/traces/json_line.hpp"
#include "io/traces/trace_format.hpp"
#include "io/traces/trace_rows.hpp"

namespace servesweep {

const std::vector<TraceFormat>& trace_formats() {
  static const std::vector<TraceFormat> formats{kBurstGpt, kAzure,         kMooncake,
                                                kVidur,    kLlmServingSim, kServesweep};
  return formats;
}

namespace {

struct Header {
  TraceSyntax syntax;
  std::vector<std::string_view> names;

  bool same(std::string_view mine, std::string_view wanted) const {
    return syntax == TraceSyntax::kCsv ? equal_ignoring_case(mine, wanted)
                                       : json_equal(mine, wanted);
  }
  bool has(std::string_view wanted) const {
    return std::any_of(names.begin(), names.end(),
                       [&](std::string_view mine) { return same(mine, wanted); });
  }
};

Header read_header(std::string_view text, std::string_view line) {
  const std::size_t start = text.find_first_not_of(" \t");
  if (text[start] != '{') {
    Header header{TraceSyntax::kCsv, {}};
    CsvReader csv(text);
    if (csv.next(header.names) == CsvReader::Record::kBroken) header.names.clear();
    return header;
  }
  Header header{TraceSyntax::kJsonLines, {}};
  JsonLine object(line);
  for (JsonMember member; object.next(member);) header.names.push_back(member.name);
  return header;
}

std::vector<std::string_view> required(const TraceFormat& format) {
  return {format.time, format.prompt, format.output};
}

// How far the header's names are from the names that the format needs.
std::size_t distance(const Header& header, const TraceFormat& format) {
  constexpr std::size_t kManyNames = 64, kLongName = 32;  // a header of a megabyte costs no more
  std::size_t sum = 0;
  for (const std::string_view wanted : required(format)) {
    std::size_t least = wanted.size();
    for (std::size_t i = 0; i < std::min(header.names.size(), kManyNames); ++i) {
      least = std::min(least, edit_distance(header.names[i].substr(0, kLongName), wanted));
    }
    sum += least;
  }
  return sum;
}

[[noreturn]] void unknown_format(const Header& header, std::string_view line,
                                 std::string_view file) {
  const std::vector<TraceFormat>& formats = trace_formats();
  const auto nearest = std::min_element(formats.begin(), formats.end(),
                                        [&](const TraceFormat& a, const TraceFormat& b) {
                                          return distance(header, a) < distance(header, b);
                                        });
  std::string missing;
  for (const std::string_view wanted : required(*nearest)) {
    if (header.syntax != nearest->syntax || !header.has(wanted)) {
      missing += (missing.empty() ? "'" : ", '") + std::string(wanted) + "'";
    }
  }
  std::string message = "unknown trace format: the first line is " + excerpt(line) +
                        " (nearest is " + std::string(nearest->name) + ", which needs " + missing +
                        ") a trace starts with one of";
  for (const TraceFormat& format : formats) {
    message += "\n  " + std::string(format.name) + ": " + std::string(format.example);
  }
  throw InputError({Diagnostic{std::string(file), 1, 1, message}});
}

}  // namespace

const TraceFormat& find_trace_format(std::string_view text, std::string_view file) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    throw InputError({Diagnostic{std::string(file), 0, 0,
                                 "empty trace (its first line must name the columns) check that "
                                 "the file was written"}});
  }
  const std::string_view line = text.substr(0, text.find_first_of("\r\n"));
  const Header header = read_header(text, line);
  for (const TraceFormat& format : trace_formats()) {
    const std::vector<std::string_view> names = required(format);
    if (header.syntax == format.syntax &&
        std::all_of(names.begin(), names.end(),
                    [&](std::string_view name) { return header.has(name); })) {
      return format;
    }
  }
  unknown_format(header, line, file);
}

}  // namespace servesweep
