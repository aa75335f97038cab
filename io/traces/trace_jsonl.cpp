// Rows of JSON Lines traces: one object a line, its names say which value is which.
#include <algorithm>
#include <array>
#include <cstddef>
#include <string>

#include "io/files/text_stream.hpp"
#include "io/traces/json_line.hpp"
#include "io/traces/trace_format.hpp"
#include "io/traces/trace_rows.hpp"

namespace servesweep {
namespace {

using Fields = TraceRows::Fields;

struct Member {
  std::string_view name;
  std::string_view Fields::*field;
};

// Reads the members of one row, and of the objects in it that hold columns.
class RowReader {
 public:
  RowReader(const TraceFormat& format, TraceRows& rows)
      : known_{{{format.time, &Fields::time},
                {format.prompt, &Fields::prompt},
                {format.output, &Fields::output},
                {format.session, &Fields::session},
                {format.parent, &Fields::parent},
                {format.delay, &Fields::delay},
                {format.error, &Fields::error}}},
        format_(format),
        rows_(rows) {}

  const std::array<Member, 7>& known() const { return known_; }

  // `path` is that of the object, with a dot at its end. False: the row is bad, which is said.
  bool read(std::string_view text, const std::string& path, Fields& fields) {
    JsonLine object(text);
    for (JsonMember member; object.next(member);) {
      if (!take(member, path, fields)) return false;
    }
    if (object.error() == nullptr) return true;
    rows_.bad(object.where(), std::string("broken row (") + object.error() + ")");
    return false;
  }

 private:
  bool twice(std::string_view second, std::string_view name) {
    rows_.bad(second.data(),
              "two members " + excerpt(name) + " (which of them is meant is not known) keep one");
    return false;
  }

  bool take(const JsonMember& member, const std::string& path, Fields& fields) {
    for (const Member& m : known_) {
      if (m.name.empty() || !m.name.starts_with(path)) continue;
      const std::string_view name = m.name.substr(path.size());
      if (json_equal(member.name, name)) {
        if ((fields.*m.field).data() != nullptr) return twice(member.name, m.name);
        fields.*m.field = member.value;
        return true;
      }
      const std::string_view parent = name.substr(0, name.find('.'));
      if (parent.size() < name.size() && member.value.starts_with('{') &&
          json_equal(member.name, parent)) {
        return read(member.value, path + std::string(parent) + ".", fields);
      }
    }
    if (!path.empty() || !names_prefixes(format_, member.name)) return true;
    const bool named_by_size = format_.prefix_block_tokens == 0;
    if (fields.prefix_name.data() != nullptr && named_by_size &&
        fields.prefix_name != member.name) {
      rows_.bad(member.name.data(), excerpt(member.name) + " beside " +
                                        excerpt(fields.prefix_name) +
                                        " (the blocks of a trace must have one size) keep one of "
                                        "them");
      return false;
    }
    if (fields.prefix_name.data() != nullptr) return twice(member.name, fields.prefix_name);
    fields.prefix_name = member.name;
    fields.prefix_hashes = member.value;
    return true;
  }

  const std::array<Member, 7> known_;
  const TraceFormat& format_;
  TraceRows& rows_;
};

void read_row(RowReader& reader, std::string_view line, TraceRows& rows) {
  Fields fields;
  if (!reader.read(line, "", fields)) return;
  const bool has_failed = fields.error.data() != nullptr && fields.error != "null";
  if (has_failed && fields.output.data() == nullptr) {
    fields.output = rows.zero();
    if (fields.prompt.data() == nullptr) fields.prompt = rows.zero();
  }
  for (const Member& m : reader.known()) {
    std::string_view& value = fields.*m.field;
    if (m.field == &Fields::session || m.field == &Fields::parent || m.field == &Fields::error) {
      continue;
    }
    const bool is_length = m.field == &Fields::prompt || m.field == &Fields::output;
    if (value == "null") value = {};  // not given
    if (value.data() == nullptr) {
      if (!is_length) continue;
      rows.bad(line.data(), "missing '" + std::string(m.name) + "' (every row must have it)");
      return;
    }
    if (rows.time_unit() == TimeUnit::kDate && !is_length && value.starts_with('"')) {
      value = value.substr(1, value.size() - 2);
    } else if (!is_json_number(value) && (is_length || rows.time_unit() != TimeUnit::kAuto)) {
      rows.bad(value.data(),
               "invalid " + std::string(m.name) + "=" + excerpt(value) + " (must be a number)");
      return;
    }
  }
  rows.add(fields);
}

}  // namespace

void read_json_rows(const TraceFormat& format, TextStream& text, TraceRows& rows) {
  RowReader reader(format, rows);
  for (;;) {
    const bool is_last = text.at_end();
    std::string_view part = text.whole_lines();
    if (is_last) part = part.substr(0, part.find_last_not_of(" \t\r\n") + 1);
    for (std::size_t begin = 0; begin < part.size();) {
      const std::size_t end = std::min(part.find('\n', begin), part.size());
      read_row(reader, part.substr(begin, end - begin), rows);
      begin = end + 1;
    }
    if (is_last) return;
    text.consume(part.size());
    check_row_length(text);
    text.read_more();
  }
}

}  // namespace servesweep
