// The registry of trace formats, and how the first line of a file finds its own.
#include <algorithm>
#include <cctype>
#include <cstddef>
#include <string>

#include "host/base/error.hpp"
#include "host/base/names.hpp"
#include "host/base/text.hpp"
#include "io/files/csv.hpp"
#include "io/traces/formats/azure.hpp"
#include "io/traces/formats/bailian.hpp"
#include "io/traces/formats/burstgpt.hpp"
#include "io/traces/formats/llmservingsim.hpp"
#include "io/traces/formats/mooncake.hpp"
#include "io/traces/formats/servesweep.hpp"
#include "io/traces/formats/vidur.hpp"
#include "io/traces/json_line.hpp"
#include "io/traces/prefix_rows.hpp"
#include "io/traces/trace_format.hpp"
#include "io/traces/trace_rows.hpp"

namespace servesweep {

const std::vector<TraceFormat>& trace_formats() {
  static const std::vector<TraceFormat> formats{kBurstGpt, kAzure,         kMooncake,  kBailian,
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
  bool has_all(const std::vector<std::string_view>& wanted) const {
    return std::all_of(wanted.begin(), wanted.end(),
                       [&](std::string_view name) { return has(name); });
  }
};

Header read_header(std::string_view text, std::string_view line) {
  const std::size_t start = text.find_first_not_of(" \t");
  if (text[start] != '{') {
    Header header{TraceSyntax::kCsv, {}};
    CsvReader csv(text);
    if (csv.next(header.names) == CsvReader::Record::kBroken) header.names.clear();
    for (std::string_view& name : header.names) name = trimmed(name);
    return header;
  }
  Header header{TraceSyntax::kJsonLines, {}};
  JsonLine object(line);
  for (JsonMember member; object.next(member);) header.names.push_back(member.name);
  return header;
}

std::vector<std::string_view> required(const TraceFormat& format) {
  std::vector<std::string_view> names{format.prompt, format.output};
  for (const std::string_view mark : format.marks) {
    if (!mark.empty()) names.push_back(mark);
  }
  return names;
}

std::vector<std::string_view> with_time(const TraceFormat& format) {
  std::vector<std::string_view> names = required(format);
  names.insert(names.begin(), format.time);
  return names;
}

// How far the header's names are from the names that the format needs.
std::size_t distance(const Header& header, const TraceFormat& format) {
  constexpr std::size_t kManyNames = 64, kLongName = 32;  // a header of a megabyte costs no more
  std::size_t sum = 0;
  for (const std::string_view wanted : with_time(format)) {
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
  for (const std::string_view wanted : with_time(*nearest)) {
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

void refuse_equal_names(const Header& header, std::string_view file) {
  std::vector<std::string_view> names = header.names;
  const auto before = [](std::string_view a, std::string_view b) {
    return std::lexicographical_compare(
        a.begin(), a.end(), b.begin(), b.end(),
        [](unsigned char x, unsigned char y) { return std::tolower(x) < std::tolower(y); });
  };
  std::sort(names.begin(), names.end(), before);
  for (std::size_t i = 1; i < names.size(); ++i) {
    if (names[i].empty() || !header.same(names[i - 1], names[i])) continue;
    throw InputError({Diagnostic{std::string(file), 1, 1,
                                 "two columns " + excerpt(names[i]) +
                                     " (which of them is meant is not known) rename or remove "
                                     "one"}});
  }
}

// A name that seems to be that of the time, misspelt: such a file is not one without times.
bool has_almost(const Header& header, std::string_view time) {
  const std::vector<std::string> wanted{std::string(time)};
  return std::any_of(header.names.begin(), header.names.end(),
                     [&](std::string_view mine) { return !nearest(mine, wanted).empty(); });
}

std::vector<std::string> ignored_names(const Header& header, const TraceFormat& format) {
  std::vector<std::string_view> known = with_time(format);
  known.insert(known.end(),
               {format.predicted, format.priority, format.session, format.parent, format.delay});
  std::vector<std::string> ignored;
  for (const std::string_view mine : header.names) {
    const bool is_known = std::any_of(known.begin(), known.end(), [&](std::string_view name) {
      return !name.empty() && header.same(mine, name);
    });
    if (!is_known && !mine.empty() && !names_prefixes(format, mine)) ignored.emplace_back(mine);
  }
  return ignored;
}

}  // namespace

FoundFormat find_trace_format(std::string_view text, std::string_view file) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    throw InputError({Diagnostic{std::string(file), 0, 0,
                                 "empty trace (its first line must name the columns) check that "
                                 "the file was written"}});
  }
  const std::string_view line = text.substr(0, text.find_first_of("\r\n"));
  const Header header = read_header(text, line);
  const TraceFormat* found = nullptr;
  bool has_times = false;
  std::size_t most_names = 0;
  for (const TraceFormat& format : trace_formats()) {
    if (header.syntax != format.syntax || !header.has_all(required(format))) continue;
    const bool timed = header.has(format.time);
    const std::size_t num_names = required(format).size() + (timed ? 1 : 0);
    if (num_names <= most_names || (!timed && has_almost(header, format.time))) continue;
    found = &format;
    has_times = timed;
    most_names = num_names;
  }
  if (found == nullptr) unknown_format(header, line, file);
  if (found->syntax == TraceSyntax::kCsv) refuse_equal_names(header, file);
  return {*found, has_times, ignored_names(header, *found)};
}

}  // namespace servesweep
