#include "host/parameter.hpp"

#include <algorithm>
#include <stdexcept>

#include "host/names.hpp"

namespace servesweep {
namespace {

// A table's kind is what the table is: scheduler.kind has the column "scheduler".
std::string_view short_column(std::string_view key) {
  const std::string_view bare = bare_name(key), table = bare_name(table_name(key));
  return bare == "kind" && !table.empty() ? table : bare;
}

std::string long_column(std::string key) {
  std::replace(key.begin(), key.end(), '.', '_');
  return key;
}

}  // namespace

// The column is the short one where no other parameter wants it, else the whole key with '_'.
void ParameterSet::append(const std::string& table, const char* name, Parameter parameter) {
  parameter.key = table.empty() ? name : table + "." + name;
  parameter.column = short_column(parameter.key);
  for (Parameter& other : parameters_) {
    if (short_column(other.key) != short_column(parameter.key)) continue;
    other.column = long_column(other.key);
    parameter.column = long_column(parameter.key);
  }
  for (const Parameter& other : parameters_) {
    if (other.key == parameter.key || other.column == parameter.column) {
      throw std::logic_error("parameter " + parameter.key + " clashes with " + other.key);
    }
  }
  parameters_.push_back(std::move(parameter));
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
