// Rows of CSV traces: the header says which column is which.
#include <cstddef>

#include "host/base/names.hpp"
#include "host/base/text.hpp"
#include "io/files/csv.hpp"
#include "io/files/text_stream.hpp"
#include "io/traces/trace_format.hpp"
#include "io/traces/trace_rows.hpp"

namespace servesweep {
namespace {

using Field = std::string_view TraceRows::Fields::*;

struct Column {
  Field field;
  std::size_t index;
};

}  // namespace

void read_csv_rows(const TraceFormat& format, TextStream& text, TraceRows& rows) {
  std::vector<Column> columns;
  std::vector<std::string_view> record;
  std::size_t num_columns = 0;
  const auto find = [&](std::string_view name, Field field) {
    for (std::size_t i = 0; !name.empty() && i < num_columns; ++i) {
      if (!equal_ignoring_case(trimmed(record[i]), name)) continue;
      columns.push_back({field, i});
      return true;
    }
    return false;
  };
  const auto read_header = [&] {
    num_columns = record.size();
    find(format.time, &TraceRows::Fields::time);
    find(format.prompt, &TraceRows::Fields::prompt);
    find(format.output, &TraceRows::Fields::output);
    find(format.session, &TraceRows::Fields::session);
    find(format.parent, &TraceRows::Fields::parent);
    rows.set_has_predicted(find(format.predicted, &TraceRows::Fields::predicted));
    rows.set_has_priority(find(format.priority, &TraceRows::Fields::priority));
  };

  TraceRows::Fields fields;
  for (;;) {
    const bool is_last = text.at_end();
    const std::string_view part = text.whole_lines();
    const char* used = part.data();
    CsvReader csv(part, is_last);
    for (auto found = csv.next(record); found != CsvReader::Record::kEnd;
         found = csv.next(record)) {
      if (found == CsvReader::Record::kBroken && csv.is_open() && !is_last &&
          text.window().size() < kMostRowBytes) {
        break;  // its end may follow
      }
      used = csv.position();
      if (num_columns == 0) {
        read_header();
      } else if (found == CsvReader::Record::kBroken) {
        rows.bad(csv.where(), std::string("broken row (") + csv.error() + ")");
      } else if (record.size() != num_columns) {
        rows.bad(csv.record(), "wrong number of fields: " + std::to_string(record.size()) +
                                   " (the header has " + std::to_string(num_columns) + ")");
      } else {
        for (const Column& column : columns) fields.*column.field = record[column.index];
        rows.add(fields);
      }
    }
    if (is_last) return;
    text.consume(static_cast<std::size_t>(used - part.data()));
    check_row_length(text);
    text.read_more();
  }
}

}  // namespace servesweep
