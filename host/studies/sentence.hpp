// Findings: sentences that carry their numbers, so what is printed and what is stored cannot
// differ.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/results/study.hpp"

namespace servesweep {

using NamedNumbers = std::vector<std::pair<std::string, double>>;

// Three significant digits, thousands apart by commas; whole numbers below 10 million are exact.
std::string sentence_number(double value);

class Sentence {
 public:
  Sentence& words(std::string_view text);
  // `name` ends in the unit that the text has, where there is one ("p99_latency_s").
  Sentence& number(std::string name, double value, std::string_view unit = "");
  Sentence& percent(std::string name, double share);  // stored as `<name>_percent`
  Sentence& count(std::string name, double count, std::string_view noun);  // "1 GPU", "2 GPUs"

  // Two numbers with one unit: "1.2 to 3.4 %".
  Sentence& range(const std::string& name, double low, double high, std::string_view unit);

  const std::string& text() const { return text_; }
  const NamedNumbers& numbers() const { return numbers_; }
  StudyFinding finding(std::string topic) const { return {std::move(topic), text_, numbers_}; }

 private:
  std::string text_;
  NamedNumbers numbers_;
};

}  // namespace servesweep
