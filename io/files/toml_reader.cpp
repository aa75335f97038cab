#include "io/files/toml_reader.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "host/base/text.hpp"
#include "host/parameters/toml_text.hpp"
#include "io/files/csv.hpp"
#include "io/files/text_source.hpp"

namespace servesweep {
namespace {

namespace fs = std::filesystem;

SpecValue converted(const toml::node& node, bool with_places) {
  SpecValue value;
  if (with_places) {
    value.line = static_cast<int>(node.source().begin.line);
    value.column = static_cast<int>(node.source().begin.column);
  }
  if (const auto* truth = node.as_boolean()) value.data = truth->get();
  if (const auto* integer = node.as_integer()) value.data = integer->get();
  if (const auto* real = node.as_floating_point()) value.data = real->get();
  if (const auto* text = node.as_string()) value.data = text->get();
  if (const auto* array = node.as_array()) {
    SpecValue::Array elements;
    elements.reserve(array->size());
    for (const toml::node& element : *array) elements.push_back(converted(element, with_places));
    value.data = std::move(elements);
  }
  if (const auto* table = node.as_table()) {
    SpecValue::Table entries;
    for (const auto& [key, element] : *table) {
      entries.push_back({std::string(key.str()), converted(element, with_places)});
    }
    value.data = std::move(entries);
  }
  return value;
}

// A quoted key such as "a.b" must not pass for the key b of table a.
std::string key_text(std::string_view key) {
  const bool bare = !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
  return bare ? std::string(key) : toml_string(key);
}

// Tables become dotted keys; ranges {from, to, ...} and tables without keys are values.
void flatten(const toml::table& table, const std::string& prefix, RunSpec& spec) {
  for (const auto& [key, node] : table) {
    const std::string name = prefix + key_text(key.str());
    const toml::table* inner = node.as_table();
    if (inner && !inner->empty() && !inner->contains("from") && !inner->contains("to")) {
      flatten(*inner, name + ".", spec);
      continue;
    }
    SpecEntry entry;
    entry.key = name;
    entry.value = converted(node, true);
    entry.file = spec.file;
    entry.line = static_cast<int>(key.source().begin.line);
    entry.column = static_cast<int>(key.source().begin.column);
    spec.entries.push_back(std::move(entry));
  }
}

// toml++ makes a table for each part of a dotted key, and walks tables by recursion: what is deeper
// than any key that there is must not reach it. Brackets are bounded by toml++ itself.
void check_depth(std::string_view text, const std::string& file) {
  constexpr int kMostParts = 16;
  int parts = 1, line = 1;
  const auto skip_string = [&](std::size_t at) {  // to its last quote, or the end of the text
    const char quote = text[at];
    const bool is_long = text.substr(at, 3) == std::string(3, quote);
    const std::string_view end = text.substr(at, is_long ? 3 : 1);
    for (at += end.size(); at < text.size(); ++at) {
      if (text[at] == '\n' && !is_long) return at - 1;  // never closed
      if (text[at] == '\n') ++line;
      if (text[at] == '\\' && quote == '"') {
        ++at;
      } else if (text.substr(at, end.size()) == end) {
        return at + end.size() - 1;
      }
    }
    return text.size();
  };
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '"' || c == '\'') {
      at = skip_string(at);
    } else if (c == '#') {
      at = std::min(text.find('\n', at), text.size()) - 1;
    } else if (c == '\n') {
      ++line;
      parts = 1;
    } else if (c == '.') {
      if (++parts > kMostParts) {
        throw InputError({Diagnostic{file, line, 0,
                                     "invalid key (more than " + std::to_string(kMostParts) +
                                         " parts with dots between them) see the list that "
                                         "--dump-default prints"}});
      }
    } else if (std::string_view("=[]{},").find(c) != std::string_view::npos) {
      parts = 1;
    }
  }
}

toml::table parsed(std::string_view text, const std::string& file) {
  check_depth(text, file);
  return toml::parse(text, file);
}

// --- overrides --------------------------------------------------------------------------------

// The value, if `text` is exactly one TOML value.
std::optional<SpecValue> toml_value_of(const std::string& text) {
  const std::size_t last = text.find_last_not_of(" \t");
  if (last == std::string::npos || text[last] == ',') return std::nullopt;
  try {
    const toml::table table = parsed("v = [" + text + "]", "-s");
    const toml::array* array = table.size() == 1 ? table["v"].as_array() : nullptr;
    if (!array || array->size() != 1) return std::nullopt;
    SpecValue value = converted(*array->get(0), false);
    if (std::holds_alternative<std::monostate>(value.data)) return std::nullopt;
    return value;
  } catch (const toml::parse_error&) {
    return std::nullopt;
  } catch (const InputError&) {  // too deep
    return std::nullopt;
  }
}

// Puts quotes around the words of an array or inline table that are no TOML values and no keys.
std::string with_quotes(const std::string& text) {
  static constexpr std::string_view kEnds = ",[]{}=\"' \t\n\r";
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (c == '"' || c == '\'') {
      const std::size_t close = std::min(text.find(c, i + 1), text.size() - 1);
      out += text.substr(i, close + 1 - i);
      i = close + 1;
    } else if (kEnds.find(c) != std::string_view::npos) {
      out += c;
      ++i;
    } else {
      const std::size_t end = std::min(text.find_first_of(kEnds, i), text.size());
      const std::string word = text.substr(i, end - i);
      const std::size_t after = text.find_first_not_of(" \t", end);
      const bool is_key = after != std::string::npos && text[after] == '=';
      out += is_key || toml_value_of(word) ? word : toml_string(word);
      i = end;
    }
  }
  return out;
}

void add_override(const std::string& text, int ordinal, RunSpec& spec,
                  std::vector<Diagnostic>& errors) {
  const std::size_t equals = text.find('=');
  SpecEntry entry;
  entry.file = "-s";
  entry.line = ordinal;
  entry.is_override = true;
  entry.key = trimmed(std::string_view(text).substr(0, equals));
  if (equals == std::string::npos || entry.key.empty()) {
    errors.push_back(
        entry.at_key("invalid override " + toml_string(text) + " (must be key=value)"));
    return;
  }
  const std::string value(trimmed(std::string_view(text).substr(equals + 1)));
  if (auto read = toml_value_of(value)) {
    entry.value = std::move(*read);
  } else if (!value.starts_with('[') && !value.starts_with('{')) {
    entry.value.data = value;
  } else if (auto quoted = toml_value_of(with_quotes(value))) {
    entry.value = std::move(*quoted);
  } else {
    errors.push_back(entry.at_key("invalid value of " + entry.key + ": " + toml_string(value) +
                                  " (not a TOML array or table)"));
    return;
  }
  spec.entries.push_back(std::move(entry));
}

// --- files ------------------------------------------------------------------------------------

PointTable read_points(const std::string& path) {
  const TextSource source(path);
  const std::string_view text = source.text();
  PointTable table;
  table.file = path;
  ErrorList errors;
  std::vector<std::string_view> fields;
  CsvReader reader(text);
  // Places are counted along with the reader: a quoted cell may hold line ends.
  const char* counted = text.data();
  int line = 1;
  const char* line_start = text.data();
  const auto place = [&](const char* at) {
    for (; counted < at; ++counted) {
      if (*counted != '\n') continue;
      ++line;
      line_start = counted + 1;
    }
    return static_cast<int>(at - line_start) + 1;
  };
  const auto fail = [&](const char* at, const std::string& message) {
    const int column = place(at);
    errors.push_back({path, line, column, message});
  };
  for (;;) {
    const CsvReader::Record record = reader.next(fields);
    if (record == CsvReader::Record::kEnd) break;
    if (record == CsvReader::Record::kBroken) {
      fail(reader.where(), std::string("broken row (") + reader.error() + ")");
      continue;
    }
    if (fields.size() == 1 && trimmed(fields[0]).empty()) continue;  // an empty line
    if (!table.header.empty() && fields.size() != table.header.size()) {
      fail(reader.record(), "row of " + std::to_string(fields.size()) + " cells (the header has " +
                                std::to_string(table.header.size()) + ")");
      continue;
    }
    const bool is_header = table.header.empty();
    for (const std::string_view field : fields) {
      const std::string_view cell = trimmed(field);
      PointTable::Cell& out = (is_header ? table.header : table.cells).emplace_back();
      out.text = cell;
      out.column = place(cell.data());
      out.line = line;
    }
  }
  if (!errors.empty()) errors.throw_first();
  return table;
}

void read_csv_points_of(RunSpec& spec) {
  const SpecEntry* design = spec.find("sweep.design");
  const SpecEntry* csv = spec.find("sweep.csv");
  const auto* kind = design ? std::get_if<std::string>(&design->value.data) : nullptr;
  const auto* name = csv ? std::get_if<std::string>(&csv->value.data) : nullptr;
  if (!kind || *kind != "csv" || !name || name->empty()) return;
  spec.points = read_points(csv->is_override ? *name : (fs::path(spec.folder) / *name).string());
}

}  // namespace

RunSpec parse_toml(std::string_view text, const std::string& file, const std::string& folder,
                   const std::vector<std::string>& overrides) {
  RunSpec spec;
  spec.file = file;
  spec.folder = folder;
  std::vector<Diagnostic> errors;
  try {
    flatten(parsed(text, file), "", spec);
  } catch (const toml::parse_error& error) {
    const toml::source_position at = error.source().begin;
    errors.push_back({file, static_cast<int>(at.line), static_cast<int>(at.column),
                      "invalid TOML (" + std::string(error.description()) + ")"});
  }
  std::stable_sort(spec.entries.begin(), spec.entries.end(),
                   [](const SpecEntry& a, const SpecEntry& b) {
                     return std::pair(a.line, a.column) < std::pair(b.line, b.column);
                   });
  int ordinal = 0;
  for (const std::string& text_of_override : overrides) {
    add_override(text_of_override, ++ordinal, spec, errors);
  }
  if (!errors.empty()) throw InputError(std::move(errors));
  return spec;
}

RunSpec read_toml(const std::string& path, const std::vector<std::string>& overrides) {
  const std::string folder = fs::path(path).parent_path().string();
  const TextSource source(path);
  RunSpec spec = parse_toml(source.text(), path, folder, overrides);
  read_csv_points_of(spec);
  return spec;
}

}  // namespace servesweep
