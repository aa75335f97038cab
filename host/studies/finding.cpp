#include "host/studies/finding.hpp"

#include <stdexcept>
#include <type_traits>
#include <utility>

#include "host/studies/sentence.hpp"

namespace servesweep {
namespace {

void render(Sentence& sentence, const Clause& clause);

void render(Sentence& sentence, const Argument& argument) {
  std::visit(
      [&](const auto& a) {
        using T = std::decay_t<decltype(a)>;
        if constexpr (std::is_same_v<T, std::string>) sentence.words(a);
        if constexpr (std::is_same_v<T, Number>) sentence.number(a.name, a.value, a.unit);
        if constexpr (std::is_same_v<T, Percent>) sentence.percent(a.name, a.share);
        if constexpr (std::is_same_v<T, Count>) sentence.count(a.name, a.count, a.noun);
        if constexpr (std::is_same_v<T, NumberRange>) sentence.range(a.name, a.low, a.high, a.unit);
        if constexpr (std::is_same_v<T, Clause>) render(sentence, a);
        if constexpr (std::is_same_v<T, ChangeOf>) say(sentence, a.words, a.name, a.change);
      },
      argument);
}

void render(Sentence& sentence, const Clause& clause) {
  if (clause.arguments.empty()) {
    sentence.words(clause.text);
    return;
  }
  std::string_view rest = clause.text;
  for (const Argument& argument : clause.arguments) {
    const std::size_t place = rest.find("{}");
    if (place == std::string_view::npos) {
      throw std::logic_error("a clause has more arguments than places: " + clause.text);
    }
    sentence.words(rest.substr(0, place));
    render(sentence, argument);
    rest.remove_prefix(place + 2);
  }
  if (rest.find("{}") != std::string_view::npos) {
    throw std::logic_error("a clause has more places than arguments: " + clause.text);
  }
  sentence.words(rest);
}

}  // namespace

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
  Sentence sentence;
  render(sentence, finding.sentence);
  return sentence.finding(finding.topic);
}

std::vector<StudyFinding> render(const FindingRecords& findings) {
  std::vector<StudyFinding> rendered;
  for (const FindingRecord& finding : findings) rendered.push_back(render(finding));
  return rendered;
}

}  // namespace servesweep
