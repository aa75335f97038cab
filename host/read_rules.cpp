#include "host/read_rules.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <stdexcept>

namespace servesweep {
namespace {

std::vector<std::string> condition_values(const Parameter& p) {
  if (p.is_text()) return {"", "*"};
  if (p.type == ParameterType::kBool) return {"false", "true"};
  return p.choices;
}

}  // namespace

ReadRules::ReadRules(const ParameterSet& parameters) {
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
      const std::vector<std::string> possible = condition_values(parameters[*on]);
      if (possible.empty() || possible.size() > 64) {
        throw std::logic_error("read_when of " + p.key + ": cannot test " + condition.key);
      }
      std::uint64_t accepted = 0;
      for (const std::string& value : condition.values) {
        const auto at = std::find(possible.begin(), possible.end(), value);
        const auto bit = static_cast<std::size_t>(at - possible.begin());
        if (at == possible.end()) {
          throw std::logic_error("read_when of " + p.key + ": " + condition.key + " is never " +
                                 value);
        }
        accepted |= std::uint64_t{1} << bit;
      }
      own.push_back({static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(*on),
                     possible.size() - 1, accepted});
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
        on == on &&
        (rule.accepted >> std::min(static_cast<std::uint64_t>(on), rule.highest_bit) & 1) != 0;
    if (!read) values[rule.parameter] = std::numeric_limits<double>::quiet_NaN();
  }
}

}  // namespace servesweep
