#include "io/traces/trace_reader.hpp"

#include <algorithm>
#include <utility>

#include "host/base/error.hpp"
#include "host/base/sha256.hpp"
#include "host/base/units.hpp"
#include "io/files/text_stream.hpp"
#include "io/traces/trace_format.hpp"
#include "io/traces/trace_rows.hpp"

namespace servesweep {
namespace {

// Comments before the header are skipped.
void skip_comments(TextStream& text) {
  for (;;) {
    while (text.window().find('\n') == std::string_view::npos && !text.at_end()) {
      check_row_length(text);
      text.read_more();
    }
    if (!text.window().starts_with('#')) return;
    text.consume(std::min(text.window().find('\n'), text.window().size() - 1) + 1);
  }
}

Trace parse(TextStream text, const TraceOptions& options, std::size_t most_bytes) {
  skip_comments(text);
  FoundFormat found = find_trace_format(text);
  const TraceFormat& format = found.format;
  TraceRows rows(std::move(found), text, options, most_bytes);
  switch (format.syntax) {
    case TraceSyntax::kCsv:
      read_csv_rows(format, text, rows);
      break;
    case TraceSyntax::kJsonLines:
      read_json_rows(format, text, rows);
      break;
    case TraceSyntax::kJsonLists:
      text.read_all(most_bytes);
      read_json_lists(format, text, rows);
      break;
    case TraceSyntax::kJsonPairs:
      text.read_all(most_bytes);
      read_json_pairs(format, text, rows);
      break;
  }
  Trace trace = rows.finish();
  trace.path = text.name();
  trace.sha256 = text.sha256();
  return trace;
}

}  // namespace

void check_row_length(const TextStream& text) {
  if (text.window().size() <= kMostRowBytes) return;
  throw InputError({Diagnostic{text.name(), static_cast<int>(text.line()), 0,
                               "too long a row (more than " + format_size(kMostRowBytes) +
                                   " without its end) check the file"}});
}

Trace read_trace(const std::string& path, const TraceOptions& options, std::size_t most_bytes) {
  return parse(TextStream(path), options, most_bytes);
}

Trace parse_trace(std::string_view text, const std::string& name, const TraceOptions& options) {
  Trace trace = parse(TextStream(text, name), options, static_cast<std::size_t>(-1));
  trace.sha256 = sha256_hex(text);
  return trace;
}

}  // namespace servesweep
