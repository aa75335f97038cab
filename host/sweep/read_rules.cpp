#include "host/sweep/read_rules.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <stdexcept>
#include <string_view>

namespace servesweep {
namespace {

bool has_word(std::string_view list, std::string_view word) {
  constexpr std::string_view kBetween = ", *";
  while (!list.empty()) {
    const std::size_t end = std::min(list.find_first_of(kBetween), list.size());
    if (list.substr(0, end) == word) return true;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

// Whether a condition that lists `values` accepts the text.
bool accepts(const std::vector<std::string>& values, const std::string& text) {
  return std::any_of(values.begin(), values.end(), [&](const std::string& value) {
    if (value.empty()) return text.empty();
    return value == "*" ? !text.empty() : has_word(text, value);
  });
}

// Whether a condition that lists `values` accepts a parameter's value: [stored value].
std::vector<bool> accepted_values(const Parameter& p, const std::vector<std::string>& values,
                                  const std::vector<std::string>& texts) {
  std::vector<bool> accepted;
  if (p.is_text()) {
    for (const std::string& text : texts) accepted.push_back(accepts(values, text));
    accepted.push_back(std::count(values.begin(), values.end(), "*") > 0);
    return accepted;
  }
  const std::vector<std::string> possible =
      p.type == ParameterType::kBool ? std::vector<std::string>{"false", "true"} : p.choices;
  if (possible.empty()) throw std::logic_error("cannot test " + p.key);
  accepted.resize(possible.size());
  for (const std::string& value : values) {
    const auto at = std::find(possible.begin(), possible.end(), value);
    if (at == possible.end()) throw std::logic_error(p.key + " is never " + value);
    accepted[static_cast<std::size_t>(at - possible.begin())] = true;
  }
  return accepted;
}

}  // namespace

ReadRules::ReadRules(const ParameterSet& parameters, const std::vector<std::string>& texts) {
  enum class Mark { kNew, kOpen, kDone };
  std::vector<Mark> marks(parameters.size(), Mark::kNew);
  const std::function<void(std::size_t)> visit = [&](std::size_t i) {
    const Parameter& p = parameters[i];
    if (marks[i] == Mark::kDone) return;
    if (marks[i] == Mark::kOpen) throw std::logic_error("read_when of " + p.key + " is a cycle");
    marks[i] = Mark::kOpen;
    std::vector<Rule> own;
    for (const Condition& condition : p.read_when) {
      const auto on = parameters.find(condition.key);
      if (!on) throw std::logic_error("read_when of " + p.key + ": no " + condition.key);
      visit(*on);
      try {
        own.push_back({i, *on, accepted_values(parameters[*on], condition.values, texts)});
      } catch (const std::logic_error& error) {
        throw std::logic_error("read_when of " + p.key + ": " + error.what());
      }
    }
    rules_.insert(rules_.end(), own.begin(), own.end());
    marks[i] = Mark::kDone;
  };
  for (std::size_t i = 0; i < parameters.size(); ++i) visit(i);
}

void ReadRules::canonicalise(double* values) const {
  for (const Rule& rule : rules_) {
    const double on = values[rule.on];
    const bool read =
        on == on && rule.accepted[std::min(static_cast<std::size_t>(on), rule.accepted.size() - 1)];
    if (!read) values[rule.parameter] = std::numeric_limits<double>::quiet_NaN();
  }
}

}  // namespace servesweep
