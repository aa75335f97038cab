#include "host/parameters/parameter.hpp"

#include <algorithm>
#include <stdexcept>

#include "host/base/names.hpp"

namespace servesweep {
void ParameterSet::append(const std::string& table, FieldName name, Parameter parameter) {
  parameter.key = table.empty() ? name.key : table + "." + name.key;
  parameter.column = name.column != nullptr ? name.column : parameter.key;
  std::replace(parameter.column.begin(), parameter.column.end(), '.', '_');
  for (const Parameter& other : parameters_) {
    if (other.key == parameter.key || other.column == parameter.column) {
      throw std::logic_error("parameter " + parameter.key + " clashes with " + other.key);
    }
  }
  parameters_.push_back(std::move(parameter));
}

void ParameterSet::add_choice(const char* name, std::vector<std::string> choices) {
  Parameter choice;
  choice.type = ParameterType::kChoice;
  choice.choices = std::move(choices);
  append("", name, std::move(choice));
}

std::optional<std::size_t> ParameterSet::find(std::string_view name) const {
  for (std::size_t i = 0; i < size(); ++i) {
    if (parameters_[i].key == name) return i;
  }
  for (std::size_t i = 0; i < size(); ++i) {
    if (parameters_[i].column == name) return i;
  }
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < size(); ++i) {
    if (bare_name(parameters_[i].key) != name) continue;
    if (found) return std::nullopt;
    found = i;
  }
  return found;
}

std::vector<std::string> ParameterSet::keys_named(std::string_view name) const {
  std::vector<std::string> keys;
  for (const Parameter& p : parameters_) {
    if (bare_name(p.key) == name) keys.push_back(p.key);
  }
  return keys;
}

std::string ParameterSet::suggestion(std::string_view name) const {
  std::vector<std::string> keys;
  for (const Parameter& p : parameters_) keys.push_back(p.key);
  return nearest_key(name, keys);
}

}  // namespace servesweep
