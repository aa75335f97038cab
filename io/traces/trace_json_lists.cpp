// Traces that are one JSON value: an object with a list per column, or an array of pairs. The whole
// text is in memory.
#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "host/base/error.hpp"
#include "io/files/text_stream.hpp"
#include "io/traces/json_line.hpp"
#include "io/traces/trace_format.hpp"
#include "io/traces/trace_rows.hpp"

namespace servesweep {
namespace {

constexpr std::string_view kJsonBlanks = " \t\r\n";

// The numbers of a JSON list, one after the other, as views; what is none stays for the row's
// check.
class JsonNumbers {
 public:
  explicit JsonNumbers(std::string_view list) : rest_(list.substr(1, list.size() - 2)) { skip(); }

  bool next(std::string_view& number) {
    if (rest_.empty()) return false;
    const std::size_t end = std::min(rest_.find(','), rest_.size());
    number = rest_.substr(0, end);
    number = number.substr(0, number.find_last_not_of(kJsonBlanks) + 1);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    skip();
    return true;
  }

 private:
  void skip() { rest_.remove_prefix(std::min(rest_.find_first_not_of(kJsonBlanks), rest_.size())); }

  std::string_view rest_;
};

[[noreturn]] void refuse_lists(const TextStream& text, const std::string& message) {
  throw InputError({Diagnostic{text.name(), 0, 0, message}});
}

bool check_numbers(const TraceFormat& format, const TraceRows::Fields& fields, TraceRows& rows) {
  for (const auto& [name, value] :
       {std::pair{format.prompt, fields.prompt}, std::pair{format.output, fields.output},
        std::pair{format.time, fields.time}}) {
    if (value.data() == nullptr || is_json_number(value)) continue;
    rows.bad(value.data(),
             "invalid " + std::string(name) + "=" + excerpt(value) + " (must be a number)");
    return false;
  }
  return true;
}

}  // namespace

void read_json_lists(const TraceFormat& format, const TextStream& text, TraceRows& rows) {
  std::string_view times, prompts, outputs;
  JsonLine object(text.window());
  for (JsonMember member; object.next(member);) {
    for (const auto& [name, list] :
         {std::pair{format.time, &times}, std::pair{format.prompt, &prompts},
          std::pair{format.output, &outputs}}) {
      if (json_equal(member.name, name)) *list = member.value;
    }
  }
  if (object.error() != nullptr) {
    rows.bad(object.where(), std::string("broken object (") + object.error() + ")");
    return;
  }
  for (const auto& [name, list] :
       {std::pair{format.prompt, prompts}, std::pair{format.output, outputs},
        std::pair{format.time, times}}) {
    const bool may_miss = name == format.time;
    if ((list.data() != nullptr || !may_miss) && !list.starts_with('[')) {
      refuse_lists(text, "'" + std::string(name) + "' is no list (it has a number per request) " +
                             "save the benchmark's result with details");
    }
  }
  JsonNumbers prompt(prompts), output(outputs), time(times.data() != nullptr ? times : "[]");
  TraceRows::Fields fields;
  while (prompt.next(fields.prompt)) {
    if (!output.next(fields.output) || (times.data() != nullptr && !time.next(fields.time))) {
      refuse_lists(text,
                   "lists of different lengths (each has a number per request) save the "
                   "benchmark's result again");
    }
    if (check_numbers(format, fields, rows)) rows.add(fields);
  }
  if (output.next(fields.output) || time.next(fields.time)) {
    refuse_lists(text,
                 "lists of different lengths (each has a number per request) save the "
                 "benchmark's result again");
  }
}

void read_json_pairs(const TraceFormat& format, const TextStream& text, TraceRows& rows) {
  std::string_view rest = text.window();
  rest = rest.substr(0, rest.find_last_not_of(kJsonBlanks) + 1);
  for (std::size_t at = rest.find('[') + 1;;) {
    at = std::min(rest.find_first_not_of(kJsonBlanks, at), rest.size());
    const std::size_t end = rest.find(']', at);
    if (at == rest.size() || rest[at] != '[' || end == std::string_view::npos) {
      rows.bad(rest.data() + std::min(at, rest.size() - 1), "broken pair ('[' and ']' expected)");
      return;
    }
    JsonNumbers pair(rest.substr(at, end + 1 - at));
    TraceRows::Fields fields;
    std::string_view third;
    if (!pair.next(fields.prompt) || !pair.next(fields.output) || pair.next(third)) {
      rows.bad(rest.data() + at, "wrong number of lengths (a pair has two)");
    } else if (check_numbers(format, fields, rows)) {
      rows.add(fields);
    }
    at = std::min(rest.find_first_not_of(kJsonBlanks, end + 1), rest.size());
    if (at + 1 == rest.size() && rest[at] == ']') return;
    if (at == rest.size() || rest[at] != ',') {
      rows.bad(rest.data() + std::min(at, rest.size() - 1), "broken array (',' or ']' expected)");
      return;
    }
    ++at;
  }
}

}  // namespace servesweep
