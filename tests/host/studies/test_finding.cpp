// The renderer of findings: clauses, numbers, changes, and where a template does not fit its
// arguments.
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

TEST_CASE("Changes in words, with their numbers") {
  const auto said = [](const Change& change) {
    return rendered({"{}", {ChangeOf{"it", "it", change}}});
  };
  const auto text = [&](const std::vector<double>& before, const std::vector<double>& after) {
    return said(paired_change(before, after)).text;
  };
  CHECK(text({10}, {8}) == "it falls by 20 % (one seed: no interval)");
  CHECK(text({10}, {12}) == "it rises by 20 % (one seed: no interval)");
  CHECK(text({10}, {0.5}) == "it falls by a factor of 20 (one seed: no interval)");
  CHECK(text({10}, {10}) == "it does not change");
  CHECK(text({10, 20, 30}, {10, 20, 30}) == "it does not change");
  CHECK(text({10, 20, 30}, {8, 16, 24}) == "it falls by 20 % (95 % interval: 20 to 20 %)");
  CHECK(text({1, 1}, {0.9, 1.2}) == "it shows no clear change (5 %, 95 % interval: -186 to 196 %)");
  // A factor would have no interval: the ratio may be below 0.
  CHECK(text({10, 20, 300}, {1, 1, 1}).find("factor") == std::string::npos);

  const StudyFinding factor = said(paired_change({10, 20, 30}, {40, 80, 120}));
  CHECK(factor.text == "it rises by a factor of 4 (95 % interval: 4 to 4)");
  CHECK(factor.numbers == Numbers{{"it_change_factor", 4},
                                  {"it_change_factor_low", 4},
                                  {"it_change_factor_high", 4}});
  const StudyFinding points = said(paired_difference({0.5, 0.5, 0.5}, {0.25, 0.25, 0.25}));
  CHECK(points.text == "it falls by 25 percentage points (95 % interval: 25 to 25)");
  CHECK(points.numbers == Numbers{{"it_change_points", 25},
                                  {"it_change_points_low", 25},
                                  {"it_change_points_high", 25}});
}

TEST_CASE("Numbers in sentences") {
  CHECK(number_text(123456.7) == "123,000");
  CHECK(number_text(1000000) == "1,000,000");
  CHECK(number_text(999.6) == "1,000");
  CHECK(number_text(0.012345) == "0.0123");
  CHECK(number_text(-1234.5) == "-1,230");
  CHECK(text_of({"{}, {}, {}", {Percent{"a", 0.99985}, Percent{"b", 1}, Percent{"c", 0.5}}}) ==
        "99.98 %, 100 %, 50 %");
}

TEST_CASE("Clauses are joined, the last two in their own way") {
  CHECK(text_of(joined({{"a", {}}, {"b", {}}, {"c", {}}}, ", ", " and ")) == "a, b and c");
  CHECK(text_of(joined({{"a", {}}}, ", ", " and ")) == "a");
  CHECK(text_of(joined({}, ", ", " and ")).empty());
}

TEST_CASE("A text whose places are not as many as its arguments is a mistake of the program") {
  CHECK_THROWS_AS(rendered({"{} and {}", {Number{"a", 1, ""}}}), std::logic_error);
  CHECK_THROWS_AS(rendered({"{}", {Number{"a", 1, ""}, Number{"b", 1, ""}}}), std::logic_error);
}

}  // namespace servesweep
