#include "host/studies/finding.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "host/base/units.hpp"

namespace servesweep {
namespace {

// Not "100 %" for what is not all: the first digit of what is missing.
std::string percent_text(double percent) {
  if (percent < 99.5 || percent >= 100) return number_text(percent);
  const int decimals = std::min(6, -static_cast<int>(std::floor(std::log10(100 - percent))));
  std::string digits = fmt::format("{:.{}f}", percent, decimals);
  while (digits.ends_with('0')) digits.pop_back();
  return digits;
}

// A change of more than these is told as a factor, where that has an interval too.
bool is_told_as_factor(const Change& change) {
  return change.is_clear() && change.is_relative &&
         (change.ratio() <= 0.1 || change.ratio() >= 2) && !(change.low <= -1);
}

Clause clause_of(const ChangeOf& of) {
  const Change& change = of.change;
  if (!change.is_clear() && change.change == 0 &&
      (!change.has_interval() || change.low == change.high)) {
    return {of.words + " does not change"};
  }
  const bool falls = change.falls(), as_factor = is_told_as_factor(change);
  const double sign = falls ? -1 : 1;
  const auto told = [&](double relative) {
    if (!as_factor) return sign * 100 * relative;
    return falls ? 1 / (1 + relative) : 1 + relative;
  };
  std::string key = of.name + "_change";
  Argument size = Percent{key, sign * change.change};
  if (!change.is_relative) {
    key += "_points";
    size = Number{key, sign * 100 * change.change, "percentage points"};
  } else if (as_factor) {
    key += "_factor";
    size = Number{key, falls ? 1 / change.ratio() : change.ratio()};
  }
  Clause interval = {"one seed: no interval"};
  if (change.has_interval()) {
    const auto [low, high] = std::minmax({told(change.low), told(change.high)});
    interval = {"95 % interval: {}",
                {NumberRange{key, low, high, change.is_relative && !as_factor ? "%" : ""}}};
  }
  if (!change.is_clear()) return {"{} shows no clear change ({}, {})", {of.words, size, interval}};
  return {"{} {} by {}{} ({})",
          {of.words, falls ? "falls" : "rises", as_factor ? "a factor of " : "", size, interval}};
}

struct Renderer {
  StudyFinding finding;

  void operator()(const std::string& words) { finding.text += words; }
  void operator()(const Number& n) { number(n.name, n.value, number_text(n.value), n.unit); }
  void operator()(const Percent& p) {
    number(p.name + "_percent", 100 * p.share, percent_text(100 * p.share), "%");
  }
  void operator()(const Count& c) {
    (*this)(Number{c.name, c.count, c.noun + (c.count == 1 ? "" : "s")});
  }
  void operator()(const NumberRange& r) {
    (*this)(Clause{"{} to {}",
                   {Number{r.name + "_low", r.low}, Number{r.name + "_high", r.high, r.unit}}});
  }
  void operator()(const ChangeOf& change) { (*this)(clause_of(change)); }
  void operator()(const Clause& clause) {
    std::string_view rest = clause.text;
    for (const Argument& argument : clause.arguments) {
      const std::size_t place = rest.find("{}");
      if (place == std::string_view::npos) {
        throw std::logic_error("a clause has more arguments than places: " + clause.text);
      }
      finding.text += rest.substr(0, place);
      std::visit(*this, argument);
      rest.remove_prefix(place + 2);
    }
    if (!clause.arguments.empty() && rest.find("{}") != std::string_view::npos) {
      throw std::logic_error("a clause has more places than arguments: " + clause.text);
    }
    finding.text += rest;
  }

 private:
  void number(std::string name, double value, const std::string& digits, const std::string& unit) {
    finding.text += digits;
    if (!unit.empty()) finding.text += " " + unit;
    finding.numbers.emplace_back(std::move(name), value);
  }
};

}  // namespace

std::string number_text(double value) {
  if (value == std::floor(value) && std::fabs(value) < 1e7) {
    return format_count(static_cast<std::int64_t>(value));
  }
  const double rounded = std::strtod(fmt::format("{:.2e}", value).c_str(), nullptr);
  if (std::fabs(rounded) >= 1e3 && std::fabs(rounded) < 1e15) {
    return format_count(static_cast<std::int64_t>(rounded));
  }
  return fmt::format("{:.3g}", value);
}

Clause joined(std::vector<Clause> clauses, const std::string& between,
              const std::string& before_last) {
  Clause all;
  for (std::size_t i = 0; i < clauses.size(); ++i) {
    if (i > 0) all.text += i + 1 == clauses.size() ? before_last : between;
    all.text += "{}";
    all.arguments.emplace_back(std::move(clauses[i]));
  }
  return all;
}

StudyFinding render(const FindingRecord& finding) {
  Renderer renderer{{finding.topic, "", {}}};
  renderer(finding.sentence);
  return renderer.finding;
}

std::vector<StudyFinding> render(const FindingRecords& findings) {
  std::vector<StudyFinding> rendered;
  for (const FindingRecord& finding : findings) rendered.push_back(render(finding));
  return rendered;
}

std::string text_of(const Clause& clause) { return render(FindingRecord{"", clause}).text; }

}  // namespace servesweep
