// Rows of JSON Lines traces: one object a line, its names say which value is which.
#include <algorithm>
#include <cstddef>

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

void read_row(const TraceFormat& format, std::string_view line, TraceRows& rows) {
  const Member known[] = {{format.time, &Fields::time},     {format.prompt, &Fields::prompt},
                          {format.output, &Fields::output}, {format.session, &Fields::session},
                          {format.parent, &Fields::parent}, {format.delay, &Fields::delay}};
  Fields fields;
  JsonLine object(line);
  JsonMember member;
  const auto twice = [&rows](std::string_view second, std::string_view name) {
    rows.bad(second.data(),
             "two members " + excerpt(name) + " (which of them is meant is not known) keep one");
  };
  while (object.next(member)) {
    const auto* const found = std::find_if(
        std::begin(known), std::end(known),
        [&](const Member& m) { return !m.name.empty() && json_equal(member.name, m.name); });
    if (found != std::end(known)) {
      if ((fields.*found->field).data() != nullptr) return twice(member.name, found->name);
      fields.*found->field = member.value;
    } else if (names_prefixes(format, member.name)) {
      const bool named_by_size = format.prefix_block_tokens == 0;
      if (fields.prefix_name.data() != nullptr && named_by_size &&
          fields.prefix_name != member.name) {
        rows.bad(member.name.data(), excerpt(member.name) + " beside " +
                                         excerpt(fields.prefix_name) +
                                         " (the blocks of a trace must have one size) keep one "
                                         "of them");
        return;
      }
      if (fields.prefix_name.data() != nullptr) return twice(member.name, fields.prefix_name);
      fields.prefix_name = member.name;
      fields.prefix_hashes = member.value;
    }
  }
  if (object.error() != nullptr) {
    rows.bad(object.where(), std::string("broken row (") + object.error() + ")");
    return;
  }
  for (const Member& m : known) {
    std::string_view& value = fields.*m.field;
    if (m.field == &Fields::session || m.field == &Fields::parent) continue;
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

void read_json_rows(const TraceFormat& format, std::string_view text, TraceRows& rows) {
  text = text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    read_row(format, text.substr(begin, end - begin), rows);
    begin = end + 1;
  }
}

}  // namespace servesweep
