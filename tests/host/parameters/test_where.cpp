#include "host/parameters/where.hpp"

#include "host/base/error.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/small_parameters.hpp"

namespace servesweep {
namespace {

const std::vector<std::string> kTexts{"", "a.csv", "0 100"};

// The default point with k_bins 8, num_gpus 2, trace a.csv.
bool holds(const std::string& condition) {
  const ParameterSet& set = small::parameters();
  std::vector<double> values;
  for (const Parameter& p : set) values.push_back(p.default_value);
  values[*set.find("k_bins")] = 8;
  values[*set.find("num_gpus")] = 2;
  values[*set.find("trace")] = 1;
  return Where(condition, set, kTexts).holds(values.data());
}

std::string error(const std::string& condition) {
  try {
    Where(condition, small::parameters(), kTexts);
  } catch (const InputError& e) {
    return e.what();
  }
  return "";
}

TEST_CASE("conditions on numbers") {
  CHECK(holds("k_bins <= 4 * num_gpus"));
  CHECK_FALSE(holds("k_bins < 4 * num_gpus"));
  CHECK(holds("scheduler.k_bins == 8"));
  CHECK(holds("k_bins != 7"));
  CHECK(holds("1 + 2 * 3 == 7"));
  CHECK(holds("(1 + 2) * 3 == 9"));
  CHECK(holds("7 - 2 - 1 == 4"));
  CHECK(holds("16 / 4 / 2 == 2"));
  CHECK(holds("-k_bins == - 8"));
  CHECK(holds("1.5e1 == 15"));
  CHECK(holds(".5 < 1"));
  CHECK(holds("2 >= 2 and 3 > 2"));
}

TEST_CASE("a division by zero is refused where it is reached") {
  CHECK_THROWS_WITH(holds("k_bins / (num_gpus - 2) < 1"),
                    "invalid condition \"k_bins / (num_gpus - 2) < 1\" (division by zero at "
                    "character 8) exclude it before: \"x != 0 and 1 / x < ...\"");
  CHECK_THROWS_AS(holds("0 / 0 < 1"), InputError);
  CHECK_THROWS_AS(holds("true and 1 / 0 > 1"), InputError);
  CHECK_FALSE(holds("num_gpus != 2 and k_bins / (num_gpus - 2) < 1"));
  CHECK(holds("num_gpus == 2 or k_bins / (num_gpus - 2) < 1"));
  CHECK(holds("0 / 3 < 1"));
}

TEST_CASE("logic") {
  CHECK(holds("true"));
  CHECK_FALSE(holds("false or false"));
  CHECK(holds("true or false and false"));
  CHECK_FALSE(holds("(true or false) and false"));
  CHECK(holds("not k_bins == 7"));
  CHECK(holds("not not true"));
  CHECK(holds("! false && !(false || false)"));
  CHECK(holds("false || true"));
  CHECK(holds("not real_timestamps"));
  CHECK(holds("real_timestamps == false"));
}

TEST_CASE("choices and texts") {
  CHECK(holds("scheduler_kind == 'multi_bin_dynamic' or num_gpus > 1"));
  CHECK(holds("scheduler.kind == \"multi_bin_dynamic\""));
  CHECK(holds("kind == multi_bin_dynamic"));
  CHECK(holds("multi_bin_dynamic == kind"));
  CHECK(holds("kind != static_fifo"));
  CHECK_FALSE(holds("kind == static_fifo"));
  CHECK(holds("trace == 'a.csv'"));
  CHECK(holds("'' != trace"));
  CHECK(holds("bin_edges != '0 100'"));
}

TEST_CASE("an ambiguous name lists the keys") {
  ParameterSet set;
  set.add<small::Noise>("a");
  set.add<small::Noise>("b");
  CHECK_NOTHROW(Where("a.sigma < b_sigma", set, kTexts));
  CHECK_THROWS_WITH(Where("2 < sigma", set, kTexts),
                    "invalid condition \"2 < sigma\" (ambiguous name sigma at character 5) "
                    "write one of a.sigma, b.sigma");
  CHECK_THROWS_WITH(Where("sigma == many", set, kTexts),
                    Catch::Matchers::ContainsSubstring("ambiguous"));
}

TEST_CASE("errors say what and where") {
  CHECK(error("k_bins <= 4 * num_gpu") ==
        "invalid condition \"k_bins <= 4 * num_gpu\" (unknown name num_gpu at character 15) did "
        "you mean cluster.num_gpus?");
  CHECK(error("kind == static_fifi") ==
        "invalid condition \"kind == static_fifi\" (\"static_fifi\" is no value of scheduler.kind "
        "at character 9) did you mean static_fifo?");
  CHECK(error("trace == 'b.csv'") ==
        "invalid condition \"trace == 'b.csv'\" (\"b.csv\" is no value of workload.trace at "
        "character 10)");
  CHECK(error("k_bins = 4") ==
        "invalid condition \"k_bins = 4\" (unexpected = at character 8) write ==");
  CHECK(error("k_bins") == "invalid condition \"k_bins\" (neither true nor false at character 1)");
  CHECK(error("1 < k_bins < 4") ==
        "invalid condition \"1 < k_bins < 4\" (comparisons do not chain at character 12) join them "
        "by and");
  CHECK(error("kind < static_fifo") ==
        "invalid condition \"kind < static_fifo\" (only numbers have an order at character 6)");
  CHECK(error("kind == 1") ==
        "invalid condition \"kind == 1\" (the two sides cannot be compared at character 6)");
  CHECK(error("kind == predictor") ==
        "invalid condition \"kind == predictor\" (the two sides cannot be compared at character "
        "6)");
  CHECK(error("kind + 1 == 2") ==
        "invalid condition \"kind + 1 == 2\" (not a number at character 1)");
  CHECK(
      error("k_bins == '8'") ==
      "invalid condition \"k_bins == '8'\" (\"8\" is compared with no choice or text at character "
      "11)");
  CHECK(error("(k_bins == 1") ==
        "invalid condition \"(k_bins == 1\" (bracket without its end at character 1)");
  CHECK(error("k_bins == 1)") ==
        "invalid condition \"k_bins == 1)\" (unexpected ) at character 12)");
  CHECK(error("k_bins ==") ==
        "invalid condition \"k_bins ==\" (something is missing at character 10)");
  CHECK(error("") == "invalid condition \"\" (something is missing at character 1)");
  CHECK(error("kind == 'x") ==
        "invalid condition \"kind == 'x\" (quote without its end at character 9)");
  CHECK(error("k_bins > 1 and or") ==
        "invalid condition \"k_bins > 1 and or\" (unexpected or at character 16)");
  CHECK(error("k_bins $ 1") == "invalid condition \"k_bins $ 1\" (unexpected $ at character 8)");
  CHECK(error(std::string(2000, '(')).find("nested too deeply") != std::string::npos);
  CHECK(error(std::string(5000, '1')).find("longer than 4000 characters") != std::string::npos);
}

}  // namespace
}  // namespace servesweep
