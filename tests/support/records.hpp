// What findings are as records: the one that is looked for, and the changes that it is about.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "host/studies/finding.hpp"
#include "tests/support/catch.hpp"

namespace servesweep::testing {

inline std::vector<FindingRecord> of_topic(FindingRecords records, const std::string& topic) {
  std::erase_if(records, [&](const FindingRecord& each) { return each.topic != topic; });
  return records;
}

// The findings of a topic whose sentences have these words.
inline std::vector<FindingRecord> all_with(const FindingRecords& records, const std::string& topic,
                                           const std::string& words) {
  std::vector<FindingRecord> found = of_topic(records, topic);
  std::erase_if(found, [&](const FindingRecord& each) {
    return render(each).text.find(words) == std::string::npos;
  });
  return found;
}

// The only finding of a topic with these words.
inline FindingRecord the_one_with(const FindingRecords& records, const std::string& topic,
                                  const std::string& words) {
  const std::vector<FindingRecord> found = all_with(records, topic, words);
  for (const FindingRecord& each : of_topic(records, topic)) {
    UNSCOPED_INFO("  " << render(each).text);
  }
  INFO(topic << " with: " << words);
  REQUIRE(found.size() == 1);
  return found.front();
}

// The finding of a topic about this metric, from and to these values of the input.
inline FindingRecord record_of(const FindingRecords& records, const std::string& topic,
                               const std::string& metric, std::optional<double> from,
                               std::optional<double> to) {
  for (const FindingRecord& each : of_topic(records, topic)) {
    UNSCOPED_INFO("  " << each.metric << ": " << render(each).text);
    if (each.metric == metric && each.from == from && each.to == to) return each;
  }
  FAIL("no record of " << topic << " about " << metric << " from " << from.value_or(-1) << " to "
                       << to.value_or(-1));
  return {};
}

// All changes in a sentence, by the name of their numbers.
inline std::map<std::string, Change> changes_in(const Clause& clause) {
  std::map<std::string, Change> found;
  for (const Argument& argument : clause.arguments) {
    if (const auto* change = std::get_if<ChangeOf>(&argument)) found[change->name] = change->change;
    if (const auto* part = std::get_if<Clause>(&argument)) found.merge(changes_in(*part));
  }
  return found;
}

// The values stored under a name, in their order.
inline std::vector<double> numbers_in(const FindingRecord& record, const std::string& name) {
  std::vector<double> found;
  for (const auto& [each, value] : render(record).numbers) {
    if (each == name) found.push_back(value);
  }
  return found;
}

}  // namespace servesweep::testing
