// Rows of JSON Lines traces: one object a line, its names say which value is which.
#include <algorithm>
#include <cstddef>

#include "io/traces/json_line.hpp"
#include "io/traces/trace_format.hpp"
#include "io/traces/trace_rows.hpp"

namespace servesweep {
namespace {

// second_name: another name for hashes than that of the row's first list.
void take_prefixes(const TraceFormat& format, const JsonMember& member, TraceRows::Fields& fields,
                   std::string_view& second_name) {
  const bool named_by_size = format.prefix_block_tokens == 0;
  if (named_by_size && fields.prefix_name.data() != nullptr && fields.prefix_name != member.name) {
    second_name = member.name;
  } else {
    fields.prefix_name = member.name;
    fields.prefix_hashes = member.value;
  }
}

void read_row(const TraceFormat& format, std::string_view line, TraceRows& rows) {
  TraceRows::Fields fields;
  JsonLine object(line);
  JsonMember member;
  std::string_view second_name;
  while (object.next(member)) {
    // A name that stands twice counts the second time, as in most readers of JSON.
    if (json_equal(member.name, format.time))
      fields.time = member.value;
    else if (json_equal(member.name, format.prompt))
      fields.prompt = member.value;
    else if (json_equal(member.name, format.output))
      fields.output = member.value;
    else if (names_prefixes(format, member.name))
      take_prefixes(format, member, fields, second_name);
  }
  if (object.error() != nullptr) {
    rows.bad(object.where(), std::string("broken row (") + object.error() + ")");
    return;
  }
  if (second_name.data() != nullptr) {
    rows.bad(second_name.data(), excerpt(second_name) + " beside " + excerpt(fields.prefix_name) +
                                     " (the blocks of a trace must have one size) keep one of " +
                                     "them");
    return;
  }
  for (const auto& [name, value] :
       {std::pair{format.time, fields.time}, std::pair{format.prompt, fields.prompt},
        std::pair{format.output, fields.output}}) {
    if (value.data() == nullptr) {
      rows.bad(line.data(), "missing '" + std::string(name) + "' (every row must have it)");
      return;
    }
    if (!is_json_number(value)) {
      rows.bad(value.data(),
               "invalid " + std::string(name) + "=" + excerpt(value) + " (must be a number)");
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
