// That worlds follow from the meaning of a sweep file alone, and that a sweep's own text makes it
// again.
#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "host/parameters/toml_text.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/small_parameters.hpp"

namespace servesweep {
namespace {

using small::points;
using small::sweep;
using Lines = std::vector<std::string>;

const std::vector<std::pair<std::string, Lines>> kFile = {
    {"sweep", {"where = [\"k_bins <= 4 * num_gpus\", \"requests > 10\"]"}},
    {"workload",
     {"trace = [\"x.csv\", \"y.csv\"]", "requests = [10, 20, 30]",
      "predictor = [\"noisy\", \"oracle\"]", "sigma = [0.5, 0.1]"}},
    {"scheduler",
     {"kind = [\"multi_bin_dynamic\", \"static_fifo\", \"dynamic_no_bins\"]", "k_bins = [1, 8, 2]",
      "bin_edges = [[0, 5], []]", "batch_size = [4, 2]"}},
    {"cluster", {"num_gpus = [2, 1, 3]"}}};

std::string shuffled(std::mt19937& random) {
  auto file = kFile;
  std::string out;
  std::shuffle(file.begin(), file.end(), random);
  for (auto& [table, keys] : file) {
    out += "[" + table + "]\n";
    std::shuffle(keys.begin(), keys.end(), random);
    for (std::string& key : keys) {
      const std::size_t open = key.find('[');
      const std::string inside = key.substr(open + 1, key.size() - open - 2);
      // Elements are apart by ", " outside of inner brackets.
      Lines elements{""};
      int depth = 0;
      for (std::size_t i = 0; i < inside.size(); ++i) {
        depth += inside[i] == '[' ? 1 : inside[i] == ']' ? -1 : 0;
        if (depth == 0 && inside[i] == ',') {
          elements.emplace_back();
        } else {
          elements.back() += inside[i];
        }
      }
      std::shuffle(elements.begin(), elements.end(), random);
      out += key.substr(0, open + 1);
      for (const std::string& element : elements) out += element + ",";
      out += "]\n";
    }
  }
  return out;
}

TEST_CASE("worlds do not depend on the order of tables, keys and elements") {
  std::mt19937 random(1);
  const Sweep first = sweep(shuffled(random));
  const Lines expected = points(first);
  CHECK(std::set<std::string>(expected.begin(), expected.end()).size() == expected.size());
  for (int i = 0; i < 20; ++i) {
    const Sweep s = sweep(shuffled(random));
    REQUIRE(points(s) == expected);
    REQUIRE(s.resolved_toml() == first.resolved_toml());
    REQUIRE(s.fingerprint() == first.fingerprint());
  }
}

// All distinct canonical points by brute force, for a small file.
TEST_CASE("points are those of a naive expansion") {
  std::mt19937 random(2);
  const Sweep s = sweep(shuffled(random));
  std::set<std::string> expected;
  for (const char* trace : {"x.csv", "y.csv"})
    for (int requests : {10, 20, 30})
      for (std::string predictor : {"oracle", "noisy"})
        for (std::string sigma : {"0.5", "0.1"})
          for (std::string kind : {"static_fifo", "dynamic_no_bins", "multi_bin_dynamic"})
            for (std::string batch : {"4", "2"})
              for (std::string edges : {"", "0 5"})
                for (int bins : {1, 2, 8})
                  for (int gpus : {1, 2, 3}) {
                    if (bins > 4 * gpus || requests <= 10) continue;
                    std::string line = std::string("workload_trace=") + trace +
                                       " workload_requests=" + std::to_string(requests);
                    if (predictor == "noisy") {
                      line += " workload_predictor=noisy";
                      if (sigma != "0.1") line += " workload_sigma=" + sigma;
                    }
                    if (kind != "multi_bin_dynamic") line += " scheduler_kind=" + kind;
                    if (kind == "static_fifo") line += " batch_size=" + batch;
                    if (kind == "multi_bin_dynamic") {
                      if (!edges.empty())
                        line += " bin_edges=" + edges;
                      else
                        line += " k_bins=" + std::to_string(bins);
                    }
                    if (gpus > 1) line += " num_gpus=" + std::to_string(gpus);
                    expected.insert(line);
                  }
  const Lines lines = points(s);
  CHECK(std::set<std::string>(lines.begin(), lines.end()) == expected);
  CHECK(lines.size() == expected.size());
}

void check_round_trip(const Sweep& s) {
  INFO(s.resolved_toml());
  const Sweep again = sweep(s.resolved_toml());
  CHECK(points(again) == points(s));
  CHECK(again.resolved_toml() == s.resolved_toml());
  CHECK(again.fingerprint() == s.fingerprint());
  CHECK(again.axes() == s.axes());
  CHECK(again.axis_values() == s.axis_values());
  CHECK(again.texts() == s.texts());
  CHECK(again.full_factorial() == s.full_factorial());
  CHECK(again.warnings().empty());
}

TEST_CASE("the resolved file makes the same sweep") {
  std::mt19937 random(3);
  check_round_trip(sweep(""));
  check_round_trip(sweep(shuffled(random)));
  check_round_trip(
      sweep("[scheduler]\nkind = [\"static_fifo\", \"multi_bin_dynamic\"]\n"
            "k_bins = [1, 2, 4]\nbatch_size = [7, 8]"));
  check_round_trip(
      sweep("seed = 7\n[workload]\ntrace = \"a \\\"q\\\" \\\\ \\u00e9.csv\"\n"
            "rps_scaling = [1e-300, 0.1, 1e5, 3]\n[output]\nsave_histograms = true"));
  check_round_trip(
      sweep("[sweep]\ndesign = \"lhs\"\nsamples = 40\n[scheduler]\n"
            "kind = [\"static_fifo\", \"multi_bin_dynamic\"]\nk_bins = {from = 1, to = 9}\n"
            "[workload]\nrps_scaling = {from = 0.1, to = 10, scale = \"log\"}"));
}

TEST_CASE("a random sweep survives its own text") {
  std::mt19937 random(4);
  const auto pick = [&](std::vector<std::string> from) {
    std::shuffle(from.begin(), from.end(), random);
    from.resize(1 + random() % from.size());
    std::string out;
    for (const std::string& s : from) out += s + ", ";
    return "[" + out + "]";
  };
  for (int i = 0; i < 60; ++i) {
    std::string text = "[sweep]\n";
    const int design = static_cast<int>(random() % 3);
    if (design > 0) {
      text += std::string("samples = 30\ndesign = \"") + (design == 1 ? "random\"\n" : "lhs\"\n");
    }
    if (random() % 2) text += "where = \"k_bins < 4 or num_gpus > 1 or kind == dynamic_no_bins\"\n";
    text += "[scheduler]\nkind = " +
            pick({"\"static_fifo\"", "\"dynamic_no_bins\"", "\"multi_bin_dynamic\""});
    text += "\nk_bins = " + pick({"1", "2", "4", "8"}) + "\nbin_edges = " + pick({"[0, 2]", "[]"});
    text +=
        "\nbatch_size = " + pick({"3", "4"}) + "\n[cluster]\nnum_gpus = " + pick({"1", "2", "3"});
    text += "\n[workload]\nsigma = " + pick({"0.25", "0.5"});
    text += "\npredictor = " + pick({"\"oracle\"", "\"noisy\""});
    INFO(text);
    try {
      check_round_trip(sweep(text));
    } catch (const InputError& error) {
      CHECK(std::string(error.what()).find("no points are left") != std::string::npos);
    }
  }
}

TEST_CASE("the text of a resolved sweep") {
  const Sweep s = sweep(
      "[workload]\nrequests = [20, 10]\n[scheduler]\nkind = \"static_fifo\"\n"
      "[sweep]\nwhere = \"true\"");
  CHECK(s.resolved_toml() == R"(engine = "batch"
seed = 42
replications = 1

[sweep]
design = "grid"

[output]
save_histograms = "auto"
exact_percentiles = false

[workload]
trace = ""
requests = [10, 20]
rps_scaling = 1.0
real_timestamps = false
predictor = "oracle"

[scheduler]
kind = "static_fifo"
batch_size = 8

[cluster]
num_gpus = 1
gpu_memory_gb = 12.0
)");
  CHECK(s.fingerprint().size() == 64);
  // A set of points that is no grid; an axis that a point does not read has any of its values.
  const Sweep z = sweep(
      "[scheduler]\nkind = [\"static_fifo\", \"multi_bin_dynamic\"]\n"
      "k_bins = [1, 2, 3]\n[sweep]\nwhere = \"k_bins > 1 and (k_bins > 2 or "
      "kind == static_fifo)\"\n[cluster]\nnum_gpus = [1, 2]",
      {"sweep.where=k_bins != 1 and (num_gpus == 1 or k_bins == 3)"});
  CHECK(z.resolved_toml().find("[sweep]\ndesign = \"zip\"") != std::string::npos);
  CHECK(z.resolved_toml().find(
            "kind = [\"static_fifo\", \"static_fifo\", \"multi_bin_dynamic\", "
            "\"multi_bin_dynamic\", \"multi_bin_dynamic\"]\nbatch_size = 8\nbin_edges = []\n"
            "k_bins = [2, 2, 2, 3, 3]\n\n[cluster]\nnum_gpus = [1, 2, 1, 1, 2]\n") !=
        std::string::npos);
}

TEST_CASE("equal sets of points are equal sweeps, however they are written") {
  const Sweep grid = sweep("[scheduler]\nk_bins = [1, 2]\n[cluster]\nnum_gpus = [1, 2]");
  const Sweep zip = sweep(
      "[sweep]\ndesign = \"zip\"\n[scheduler]\nk_bins = [2, 1, 2, 1]\n"
      "[cluster]\nnum_gpus = [1, 1, 2, 2]");
  CHECK(zip.full_factorial());
  CHECK(zip.fingerprint() == grid.fingerprint());
  CHECK(zip.resolved_toml() == grid.resolved_toml());
}

TEST_CASE("what decides results changes the fingerprint, the folder does not") {
  const std::string text = "[workload]\ntrace = \"t.csv\"\n";
  const std::string base = sweep(text).fingerprint();
  for (const char* change : {"seed = 1\n", "replications = 2\n", "engine = \"x\"\n"}) {
    CHECK(sweep(change + text).fingerprint() != base);
  }
  CHECK(sweep(text + "[output]\nexact_percentiles = true").fingerprint() != base);
  CHECK(sweep(text + "rps_scaling = 2.0").fingerprint() != base);
  CHECK(sweep(text + "rps_scaling = 1").fingerprint() == base);
  const RunSpec elsewhere = parse_toml(text, "elsewhere/sweep.toml", "elsewhere");
  const Sweep s = build_sweep(elsewhere, small::parameters());
  CHECK(s.fingerprint() == base);
  CHECK(s.path("t.csv") == "elsewhere/t.csv");
  CHECK(s.path("/data/t.csv") == "/data/t.csv");
}

// --- a program's points -------------------------------------------------------------------------

std::string toml(const PointValue& value) {
  struct {
    std::string operator()(bool v) const { return v ? "true" : "false"; }
    std::string operator()(std::int64_t v) const { return std::to_string(v); }
    std::string operator()(double v) const { return toml_real(v); }
    std::string operator()(const std::string& v) const { return toml_string(v); }
  } written;
  return std::visit(written, value);
}

// Values of keys of every type, the default first.
const std::map<std::string, std::vector<PointValue>> kValues = {
    {"workload.trace", {"", "x \"1\".csv", "y.csv"}},
    {"workload.requests", {1000, 10, 20}},
    {"workload.rps_scaling", {1.0, 0.1, 1e5 / 3}},
    {"workload.real_timestamps", {false, true}},
    {"workload.predictor", {"oracle", "noisy"}},
    {"workload.sigma", {0.1, 0.25}},
    {"scheduler.kind", {"multi_bin_dynamic", "static_fifo", "dynamic_no_bins"}},
    {"scheduler.batch_size", {8, 4}},
    {"scheduler.k_bins", {4, 1, 8}},
    {"cluster.num_gpus", {1, 2}}};

std::string as_zip(const SweepPoints& sweep) {
  std::string text = "seed = " + std::to_string(sweep.settings.seed) +
                     "\nreplications = " + std::to_string(sweep.settings.replications) +
                     "\nsweep.design = \"zip\"\n";
  for (const auto& [key, values] : kValues) {
    text += key + " = [";
    for (const SweepPoint& point : sweep.points) {
      const auto there = point.find(key);
      text += toml(there == point.end() ? values[0] : there->second) + ",";
    }
    text += "]\n";
  }
  return text;
}

SweepPoints random_points(std::mt19937& random) {
  const auto below = [&](std::size_t n) {
    return std::uniform_int_distribution<std::size_t>(0, n - 1)(random);
  };
  SweepPoints sweep;
  sweep.settings.seed = below(1000);
  sweep.settings.replications = 1 + static_cast<std::int32_t>(below(3));
  SweepPoint usual;
  const auto vary = [&](SweepPoint& point, std::size_t one_in) {
    for (const auto& [key, values] : kValues) {
      if (below(one_in) == 0) point[key] = values[below(values.size())];
    }
  };
  vary(usual, 2);
  for (std::size_t n = 2 + below(12); n > 0; --n) {
    sweep.points.push_back(usual);
    vary(sweep.points.back(), 4);
  }
  return sweep;
}

TEST_CASE("A program's points are the worlds of the sweep file with design zip") {
  std::mt19937 random(3);
  for (int i = 0; i < 200; ++i) {
    const SweepPoints program = random_points(random);
    CAPTURE(as_zip(program));
    const Sweep s = build_sweep(program, small::parameters(), small::check);
    const Sweep file = sweep(as_zip(program));
    REQUIRE(s.resolved_toml() == file.resolved_toml());
    REQUIRE(s.fingerprint() == file.fingerprint());
    REQUIRE(s.num_worlds() == file.num_worlds());
    REQUIRE(points(s) == points(file));
    REQUIRE(s.texts() == file.texts());
  }
}

TEST_CASE("Points that are given twice are one; what no parameter takes is an error") {
  const auto built = [](std::vector<SweepPoint> all) {
    return build_sweep(SweepPoints{{}, std::move(all)}, small::parameters(), small::check);
  };
  const Sweep s = built({{{"cluster.num_gpus", 2}}, {}, {{"cluster.num_gpus", 2}}});
  CHECK(s.num_points() == 2);
  CHECK(s.warnings().empty());
  using Catch::Matchers::ContainsSubstring;
  CHECK_THROWS_WITH(built({}), ContainsSubstring("no points"));
  CHECK_THROWS_WITH(built({{}, {{"cluster.num_gpu", 2}}}),
                    ContainsSubstring("point 2") && ContainsSubstring("cluster.num_gpus"));
  CHECK_THROWS_WITH(built({{}, {}, {{"cluster.num_gpus", 0}}}), ContainsSubstring("point 3"));
  CHECK_THROWS_WITH(built({{{"num_gpus", 2}}}), ContainsSubstring("unknown key num_gpus"));
  CHECK_THROWS_WITH(built({{{"cluster.num_gpus", 0}}}), ContainsSubstring("point 1"));
  CHECK_THROWS_WITH(built({{{"cluster.num_gpus", "two"}}}), ContainsSubstring("point 1"));
  CHECK_THROWS_WITH(built({{{"scheduler.k_bins", 101}}}), ContainsSubstring("at most 100 per GPU"));
}

}  // namespace
}  // namespace servesweep
