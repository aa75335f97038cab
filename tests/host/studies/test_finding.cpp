// The renderer of findings: clauses, numbers and where a template does not fit its arguments.
#include "host/studies/finding.hpp"

#include <stdexcept>

#include "tests/support/catch.hpp"

namespace servesweep {
namespace {

using Numbers = std::vector<std::pair<std::string, double>>;

StudyFinding rendered(Clause sentence) {
  FindingRecord record;
  record.topic = "K";
  record.sentence = std::move(sentence);
  return render(record);
}

}  // namespace

TEST_CASE("Every number of a rendered sentence is stored beside it, in its order") {
  const Change change{2, 1, -0.5, -0.6, -0.4, IntervalKind::kPaired};
  const StudyFinding finding = rendered(
      {"From K = {} to {}: {} on {}{}.",
       {Number{"k_bins", 1, ""}, Number{"k_bins", 2, ""}, ChangeOf{"mean latency", "mean", change},
        Count{"num_gpus", 1, "GPU"}, Clause{" ({} of {})", {Percent{"share", 0.25}, "them"}}}});
  CHECK(finding.topic == "K");
  CHECK(finding.text ==
        "From K = 1 to 2: mean latency falls by 50 % (95 % interval: 40 to 60 %) on 1 GPU (25 % of "
        "them).");
  CHECK(finding.numbers == Numbers{{"k_bins", 1},
                                   {"k_bins", 2},
                                   {"mean_change_percent", 50},
                                   {"mean_change_low", 40},
                                   {"mean_change_high", 60},
                                   {"num_gpus", 1},
                                   {"share_percent", 25}});
}

TEST_CASE("Clauses are joined, the last two in their own way") {
  CHECK(rendered(joined({{"a", {}}, {"b", {}}, {"c", {}}}, ", ", " and ")).text == "a, b and c");
  CHECK(rendered(joined({{"a", {}}}, ", ", " and ")).text == "a");
  CHECK(rendered(joined({}, ", ", " and ")).text.empty());
}

TEST_CASE("A text whose places are not as many as its arguments is a mistake of the program") {
  CHECK_THROWS_AS(rendered({"{} and {}", {Number{"a", 1, ""}}}), std::logic_error);
  CHECK_THROWS_AS(rendered({"{}", {Number{"a", 1, ""}, Number{"b", 1, ""}}}), std::logic_error);
}

}  // namespace servesweep
