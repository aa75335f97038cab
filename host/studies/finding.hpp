// A finding is a record: what was compared, of which metric, from where to where, and how sure. Its
// sentence is a clause, a text with a place for each of its arguments, rendered last; every number
// in the sentence is stored beside it, so that what is printed and what is stored cannot differ.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "host/results/replications.hpp"
#include "host/results/study.hpp"

namespace servesweep {

// A number by the name that it is stored under, which ends in the unit where there is one.
struct Number {
  std::string name;  // "p99_latency_s"
  double value = 0;
  std::string unit = {};  // behind the number in the sentence: "s"
};
// Printed and stored in percent, as `<name>_percent`.
struct Percent {
  std::string name;
  double share = 0;
};
// "1 GPU", "2 GPUs".
struct Count {
  std::string name;
  double count = 0;
  std::string noun;
};
// "1.2 to 3.4 %", stored as `<name>_low` and `<name>_high`.
struct NumberRange {
  std::string name;
  double low = 0, high = 0;
  std::string unit = {};
};
// "mean latency falls by 12.3 % (95 % interval: 10.1 to 14.5 %)", "... by a factor of 21 (...)",
// "... shows no clear change (-1.2 %, 95 % interval: -3.4 to 1 %)", "... does not change", and with
// one seed "... falls by 12.3 % (one seed: no interval)"; a difference of shares in percentage
// points. Its numbers are called `<name>_change_...`. Changes are paired by seed: both sides see
// the same requests, so what these do to both alike cancels.
struct ChangeOf {
  std::string words;  // "mean latency"
  std::string name;   // "mean_latency"
  Change change;
};

// What a claim says that rests on one seed alone.
inline constexpr const char* kOneSeedNote = " (one seed: no interval)";

struct Clause;
using Argument = std::variant<std::string, Number, Percent, Count, NumberRange, ChangeOf, Clause>;

// A text in which each "{}" is the place of the next argument. Without arguments: plain words.
struct Clause {
  std::string text;
  std::vector<Argument> arguments = {};
};

// The clauses one after the other with `between` between them, the last two with `before_last`.
Clause joined(std::vector<Clause> clauses, const std::string& between,
              const std::string& before_last);

struct FindingRecord {
  std::string topic;
  Clause sentence;
  std::string metric = {};                   // column that was compared, or ""
  std::optional<double> from = {}, to = {};  // values of the input that was varied
  std::optional<ChangeOf> change = {};       // from the one to the other, with its interval
};
using FindingRecords = std::vector<FindingRecord>;

StudyFinding render(const FindingRecord& finding);
std::vector<StudyFinding> render(const FindingRecords& findings);
std::string text_of(const Clause& clause);

// Three significant digits, thousands apart by commas; whole numbers below 10 million are exact.
std::string number_text(double value);

}  // namespace servesweep
