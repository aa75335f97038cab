#include "io/traces/trace_reader.hpp"

#include <utility>

#include "host/base/sha256.hpp"
#include "io/files/text_source.hpp"
#include "io/traces/trace_format.hpp"
#include "io/traces/trace_rows.hpp"

namespace servesweep {
namespace {

Trace parse(std::string_view text, std::string_view stored, const std::string& name,
            const TraceOptions& options) {
  FoundFormat found = find_trace_format(text, name);
  const TraceFormat& format = found.format;
  TraceRows rows(std::move(found), text, name, options);
  switch (format.syntax) {
    case TraceSyntax::kCsv:
      read_csv_rows(format, text, rows);
      break;
    case TraceSyntax::kJsonLines:
      read_json_rows(format, text, rows);
      break;
  }
  Trace trace = rows.finish();
  trace.path = name;
  trace.sha256 = sha256_hex(stored);
  return trace;
}

}  // namespace

Trace read_trace(const std::string& path, const TraceOptions& options) {
  const TextSource source(path);
  return parse(source.text(), source.stored(), path, options);
}

Trace parse_trace(std::string_view text, const std::string& name, const TraceOptions& options) {
  return parse(text, text, name, options);
}

}  // namespace servesweep
