// The registry of trace formats, and how the first line of a file finds its own.
#include <algorithm>
#include <cctype>
#include <cstddef>
#include <string>
#include <utility>

#include "host/base/error.hpp"
#include "host/base/names.hpp"
#include "host/base/text.hpp"
#include "io/files/csv.hpp"
#include "io/files/text_stream.hpp"
#include "io/traces/formats/aiperf.hpp"
#include "io/traces/formats/azure.hpp"
#include "io/traces/formats/bailian.hpp"
#include "io/traces/formats/burstgpt.hpp"
#include "io/traces/formats/lengths.hpp"
#include "io/traces/formats/llmservingsim.hpp"
#include "io/traces/formats/mooncake.hpp"
#include "io/traces/formats/servegen.hpp"
#include "io/traces/formats/servesweep.hpp"
#include "io/traces/formats/splitwise.hpp"
#include "io/traces/formats/vidur.hpp"
#include "io/traces/formats/vllm_bench.hpp"
#include "io/traces/json_line.hpp"
#include "io/traces/prefix_rows.hpp"
#include "io/traces/trace_format.hpp"
#include "io/traces/trace_rows.hpp"

namespace servesweep {

const std::vector<TraceFormat>& trace_formats() {
  static const std::vector<TraceFormat> formats{
      kBurstGpt, kAzure,     kMooncake, kBailian,   kVidur,         kLlmServingSim, kServesweep,
      kServeGen, kSplitwise, kAiPerf,   kVllmBench, kLengthColumns, kLengthRows,    kLengthPairs};
  return formats;
}

namespace {

struct Header {
  TraceSyntax syntax;
  std::vector<std::string_view> names;
  std::vector<std::string> inner_names;  // JSON: "a.b"

  bool is_of(const TraceFormat& format) const {
    return syntax == format.syntax ||
           (syntax == TraceSyntax::kJsonLines && format.syntax == TraceSyntax::kJsonLists);
  }

  bool same(std::string_view mine, std::string_view wanted) const {
    return syntax == TraceSyntax::kCsv ? equal_ignoring_case(mine, wanted)
                                       : json_equal(mine, wanted);
  }
  bool has(std::string_view wanted) const {
    return std::any_of(names.begin(), names.end(),
                       [&](std::string_view mine) { return same(mine, wanted); }) ||
           std::find(inner_names.begin(), inner_names.end(), wanted) != inner_names.end();
  }
  bool has_all(const std::vector<std::string_view>& wanted) const {
    return std::all_of(wanted.begin(), wanted.end(),
                       [&](std::string_view name) { return has(name); });
  }
};

// The names of an object's members, and with dots those of the objects in it.
void add_names(std::string_view text, const std::string& path, Header& header) {
  constexpr int kDeepest = 2;
  JsonLine object(text);
  for (JsonMember member; object.next(member);) {
    if (path.empty()) {
      header.names.push_back(member.name);
    } else {
      header.inner_names.push_back(path + std::string(member.name));
    }
    if (member.value.starts_with('{') && std::count(path.begin(), path.end(), '.') < kDeepest) {
      add_names(member.value, path + std::string(member.name) + ".", header);
    }
  }
}

Header read_header(std::string_view text, std::string_view line) {
  const std::size_t start = text.find_first_not_of(" \t");
  if (text[start] == '[') {
    const std::size_t next = text.find_first_not_of(" \t\r\n", start + 1);
    const bool pairs = next != std::string_view::npos && text[next] == '[';
    if (pairs) return {TraceSyntax::kJsonPairs, {kLengthPairs.prompt, kLengthPairs.output}, {}};
  }
  if (text[start] != '{') {
    Header header{TraceSyntax::kCsv, {}, {}};
    CsvReader csv(text);
    if (csv.next(header.names) == CsvReader::Record::kBroken) header.names.clear();
    for (std::string_view& name : header.names) name = trimmed(name);
    return header;
  }
  // An object that goes on in other lines is one for the whole text.
  Header header{TraceSyntax::kJsonLines, {}, {}};
  add_names(trimmed(line) == "{" ? text : line, "", header);
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
  if (!format.time.empty()) names.insert(names.begin(), format.time);
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

// Where the header would be found.
struct HeaderPlace {
  std::string name;
  int line;
};

// A format of which the names are, in whatever syntax.
const TraceFormat* format_of(const Header& header) {
  for (const TraceFormat& format : trace_formats()) {
    if (header.has_all(required(format))) return &format;
  }
  return nullptr;
}

// Throws where the first line is that of a trace, but written in another way.
void refuse_written_otherwise(const Header& header, std::string_view line,
                              const HeaderPlace& file) {
  const auto refuse = [&](const std::string& problem, const std::string& advice) {
    throw InputError({Diagnostic{file.name, file.line, 1, problem + " " + advice}});
  };
  const std::string_view start = trimmed(line);
  if (start.starts_with('[')) {
    refuse("a JSON array (a trace in JSON has one object a line, without brackets around them)",
           "convert it: jq -c '.[]'");
  }
  if (start == "{") {
    refuse("a JSON object over several lines (a trace in JSON has one object a line)",
           "convert it: jq -c .");
  }
  if (header.syntax != TraceSyntax::kCsv) return;
  constexpr std::pair<char, const char*> kSeparators[] = {
      {';', "semicolons"}, {'\t', "tabs"}, {'|', "bars"}, {' ', "blanks"}};
  for (const auto& [separator, name] : kSeparators) {
    Header other{TraceSyntax::kCsv, {}, {}};
    for (std::string_view rest = line; !rest.empty();) {
      const std::size_t end = std::min(rest.find(separator), rest.size());
      other.names.push_back(trimmed(rest.substr(0, end)));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    if (const TraceFormat* format = format_of(other)) {
      refuse("columns of the format " + std::string(format->name) + " with " + name +
                 " between them (a trace has commas)",
             "save it with commas, and with points in its numbers");
    }
  }
}

[[noreturn]] void unknown_format(const Header& header, std::string_view line,
                                 const HeaderPlace& file) {
  refuse_written_otherwise(header, line, file);
  const std::vector<TraceFormat>& formats = trace_formats();
  const auto nearest = std::min_element(formats.begin(), formats.end(),
                                        [&](const TraceFormat& a, const TraceFormat& b) {
                                          return distance(header, a) < distance(header, b);
                                        });
  std::string missing;
  for (const std::string_view wanted : with_time(*nearest)) {
    if (!header.is_of(*nearest) || !header.has(wanted)) {
      missing += (missing.empty() ? "'" : ", '") + std::string(wanted) + "'";
    }
  }
  std::string message = "unknown trace format: the first line is " + excerpt(line) +
                        " (nearest is " + std::string(nearest->name) + ", which needs " + missing +
                        ") a trace starts with one of";
  for (const TraceFormat& format : formats) {
    message += "\n  " + std::string(format.name) + ": " + std::string(format.example);
  }
  throw InputError({Diagnostic{file.name, file.line, 1, message}});
}

void refuse_equal_names(const Header& header, const HeaderPlace& file) {
  std::vector<std::string_view> names = header.names;
  const auto before = [](std::string_view a, std::string_view b) {
    return std::lexicographical_compare(
        a.begin(), a.end(), b.begin(), b.end(),
        [](unsigned char x, unsigned char y) { return std::tolower(x) < std::tolower(y); });
  };
  std::sort(names.begin(), names.end(), before);
  for (std::size_t i = 1; i < names.size(); ++i) {
    if (names[i].empty() || !header.same(names[i - 1], names[i])) continue;
    throw InputError({Diagnostic{file.name, file.line, 1,
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
      return !name.empty() &&
             (header.same(mine, name) || header.same(mine, name.substr(0, name.find('.'))));
    });
    if (!is_known && !mine.empty() && !names_prefixes(format, mine)) ignored.emplace_back(mine);
  }
  return ignored;
}

}  // namespace

FoundFormat find_trace_format(const TextStream& stream) {
  const std::string_view text = stream.window();
  const HeaderPlace file{stream.name(), static_cast<int>(stream.line())};
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    throw InputError({Diagnostic{file.name, 0, 0,
                                 "empty trace (its first line must name the columns) check that "
                                 "the file was written"}});
  }
  const std::string_view line = text.substr(0, text.find_first_of("\r\n"));
  const Header header = read_header(text, line);
  const TraceFormat* found = nullptr;
  bool has_times = false;
  std::size_t most_names = 0;
  for (const TraceFormat& format : trace_formats()) {
    if (!header.is_of(format) || !header.has_all(required(format))) continue;
    const bool timed = !format.time.empty() && header.has(format.time);
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
