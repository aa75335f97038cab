#include "host/parameters/toml_text.hpp"

#include <boost/algorithm/string/replace.hpp>
#include <fmt/format.h>
#include <charconv>
#include <cmath>

namespace servesweep {

std::string plain_number(double value) {
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  if (std::isnan(value)) return "nan";
  char text[64];
  const double magnitude = std::abs(value);
  const bool whole = value == std::floor(value) && magnitude < 1e7;
  const auto end = whole ? std::to_chars(text, text + sizeof text, static_cast<long long>(value))
                         : std::to_chars(text, text + sizeof text, value);
  return std::string(text, end.ptr);
}

std::string toml_real(double value) {
  if (!std::isfinite(value)) return plain_number(value);
  char text[64];
  std::string out(text, std::to_chars(text, text + sizeof text, value).ptr);
  if (out.find_first_of(".e") == std::string::npos) out += ".0";
  return out;
}

std::string toml_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (code < 0x20 || code == 0x7F) {
      out += fmt::format("\\u{:04X}", code);
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string toml_value(const Parameter& parameter, double value,
                       const std::vector<std::string>& texts) {
  switch (parameter.type) {
    case ParameterType::kReal:
      return toml_real(value);
    case ParameterType::kInteger:
      return std::to_string(static_cast<long long>(value));
    case ParameterType::kBool:
      return value != 0 ? "true" : "false";
    case ParameterType::kChoice: {
      const std::string& name = parameter.choices[static_cast<std::size_t>(value)];
      return name == "true" || name == "false" ? name : toml_string(name);
    }
    case ParameterType::kIntegerList:
      return "[" + boost::replace_all_copy(texts[static_cast<std::size_t>(value)], " ", ", ") + "]";
    default:
      return toml_string(texts[static_cast<std::size_t>(value)]);
  }
}

}  // namespace servesweep
