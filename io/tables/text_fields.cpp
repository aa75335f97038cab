#include "io/tables/text_fields.hpp"

#include <nlohmann/json.hpp>

namespace servesweep {

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

std::string json_text(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string json_value(ColumnType type, const std::string& text) {
  if (type == ColumnType::kText) return json_text(text);
  // What column_texts() makes of numbers is JSON already, apart from infinities and no value.
  if (text.empty() || text.ends_with("inf")) return "null";
  return type == ColumnType::kCategory ? json_text(text) : text;
}

}  // namespace servesweep
