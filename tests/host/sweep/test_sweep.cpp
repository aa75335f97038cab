// Expansion: which worlds a sweep file makes.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <map>

#include "tests/support/catch.hpp"
#include "tests/support/small_parameters.hpp"

namespace servesweep {
namespace {

using small::points;
using small::sweep;
using Lines = std::vector<std::string>;

std::vector<double> column(const Sweep& s, const std::string& key) {
  std::vector<double> values(s.parameters().size()), all;
  for (std::int64_t w = 0; w < s.num_worlds(); ++w) {
    s.values(w, values.data());
    all.push_back(values[*s.parameters().find(key)]);
  }
  return all;
}

TEST_CASE("an empty file is one default world") {
  const Sweep s = sweep("");
  CHECK(s.num_worlds() == 1);
  CHECK(points(s) == Lines{""});
  CHECK(s.axes().empty());
  CHECK(s.full_factorial());
  CHECK(s.settings().seed == 42);
  CHECK(s.settings().engine == "batch");
  CHECK(s.texts() == Lines{""});
  CHECK(s.warnings().empty());
}

TEST_CASE("settings") {
  const Sweep s = sweep(
      "engine = \"other\"\nseed = 9007199254740992\nreplications = 3\n"
      "[output]\nsave_histograms = false\nexact_percentiles = true\n[cluster]\nnum_gpus = [1, 2]");
  CHECK(s.settings().engine == "other");
  CHECK(s.settings().seed == 9007199254740992u);
  CHECK(s.settings().save_histograms == SaveDetails::kOff);
  CHECK(s.settings().exact_percentiles);
  CHECK(s.num_points() == 2);
  CHECK(s.num_worlds() == 6);
  CHECK(s.replication(4) == 1);
  CHECK(column(s, "num_gpus") == std::vector<double>{1, 1, 1, 2, 2, 2});
  CHECK(sweep("[output]\nsave_histograms = \"auto\"").settings().save_histograms ==
        SaveDetails::kAuto);
}

TEST_CASE("values of every type") {
  const Sweep s = sweep(R"(
[workload]
trace = "a b.csv"
requests = 1e5
rps_scaling = 3
real_timestamps = true
predictor = "noisy"
sigma = 0.25
[scheduler]
bin_edges = [0, 100, 1e4]
)");
  CHECK(points(s) ==
        Lines{"workload_trace=a b.csv workload_requests=100000 rps_scaling=3 real_timestamps=1 "
              "workload_predictor=noisy workload_sigma=0.25 bin_edges=0 100 10000"});
  CHECK(s.texts() == Lines{"", "0 100 10000", "a b.csv"});
  CHECK(s.path("x") == "x");
}

TEST_CASE("a grid is in C order of the registered parameters") {
  const Sweep s = sweep("[cluster]\nnum_gpus = [4, 1]\n[workload]\nrequests = [20, 10]");
  CHECK(points(s) == Lines{"workload_requests=10", "workload_requests=10 num_gpus=4",
                           "workload_requests=20", "workload_requests=20 num_gpus=4"});
  CHECK(s.axes() == std::vector<std::size_t>{1, 10});
  CHECK(s.axis_values() == std::vector<std::vector<double>>{{10, 20}, {1, 4}});
  CHECK(s.full_factorial());
}

TEST_CASE("ranges") {
  CHECK(sweep("[workload]\nrps_scaling = { from = 1, to = 2, num = 5 }").axis_values()[0] ==
        std::vector<double>{1, 1.25, 1.5, 1.75, 2});
  const auto log =
      sweep("[workload]\nrps_scaling = { from = 1, to = 1000, num = 4, scale = \"log\" }")
          .axis_values()[0];
  REQUIRE(log.size() == 4);
  CHECK(log[0] == 1);
  CHECK(log[1] == Approx(10).epsilon(1e-14));
  CHECK(log[3] == 1000);
  // Integers are rounded, and made distinct.
  CHECK(sweep("[scheduler]\nk_bins = { from = 1, to = 32, num = 11, scale = \"log\" }")
            .axis_values()[0] == std::vector<double>{1, 2, 3, 4, 6, 8, 11, 16, 23, 32});
  CHECK(sweep("[scheduler]\nk_bins = { from = 7, to = 7, num = 3 }").num_points() == 1);
  CHECK(points(sweep("[scheduler]\nk_bins = { from = 7, to = 9, num = 1 }")) == Lines{"k_bins=7"});
  CHECK(points(sweep("[workload.requests]\nfrom = 1\nto = 2\nnum = 2")) ==
        Lines{"workload_requests=1", "workload_requests=2"});
}

TEST_CASE("lists and texts as axes, by spelling") {
  const Sweep s = sweep(
      "[workload]\ntrace = [\"b\", \"\", \"a\"]\n[scheduler]\nbin_edges = [[0, 9], [], [0, 10]]");
  CHECK(points(s) == Lines{"", "bin_edges=0 10", "bin_edges=0 9", "workload_trace=a",
                           "workload_trace=a bin_edges=0 10", "workload_trace=a bin_edges=0 9",
                           "workload_trace=b", "workload_trace=b bin_edges=0 10",
                           "workload_trace=b bin_edges=0 9"});
  CHECK(s.texts() == Lines{"", "0 10", "0 9", "a", "b"});
}

TEST_CASE("a parameter that a point does not read makes no duplicates") {
  const Sweep s = sweep(R"(
[scheduler]
kind = ["static_fifo", "dynamic_no_bins", "multi_bin_dynamic"]
k_bins = [1, 2]
batch_size = 16
)");
  // k_bins comes after kind.
  CHECK(points(s) == Lines{"scheduler_kind=static_fifo batch_size=16",
                           "scheduler_kind=dynamic_no_bins", "k_bins=1", "k_bins=2"});
  CHECK_FALSE(s.full_factorial());
  CHECK(s.axes().size() == 2);  // batch_size is read by some, but has one value
  CHECK(s.axis_values()[1] == std::vector<double>{1, 2});
  CHECK(std::isnan(column(s, "k_bins")[0]));
  CHECK(std::isnan(column(s, "batch_size")[1]));
}

TEST_CASE("one value and not read is no axis") {
  const Sweep s = sweep("[scheduler]\nkind = [\"static_fifo\", \"multi_bin_dynamic\"]");
  CHECK(s.axes() == std::vector<std::size_t>{6});
  CHECK(s.full_factorial());
}

TEST_CASE("what no world reads leaves no trace but a warning") {
  const Sweep s =
      sweep("[scheduler]\nkind = \"static_fifo\"\nk_bins = [1, 2]\nbin_edges = [[1, 2], [3, 4]]\n");
  CHECK(s.num_points() == 1);
  CHECK(s.texts() == Lines{""});
  CHECK(s.warnings() == Lines{"sweep.toml:4:1: scheduler.bin_edges is not used (no world reads it)",
                              "sweep.toml:3:1: scheduler.k_bins is not used (no world reads it)"});
  CHECK(s.fingerprint() == sweep("[scheduler]\nkind = \"static_fifo\"").fingerprint());
}

TEST_CASE("where drops points") {
  const std::string axes =
      "[scheduler]\nk_bins = [1, 2, 4, 8]\n[cluster]\nnum_gpus = [1, 2]\n[sweep]\n";
  CHECK(sweep(axes + "where = \"k_bins <= 2 * num_gpus\"").num_points() == 5);
  const Sweep s = sweep(axes + "where = [\"k_bins <= 2 * num_gpus\", \"num_gpus == 2\"]");
  CHECK(points(s) == Lines{"k_bins=1 num_gpus=2", "k_bins=2 num_gpus=2", "num_gpus=2"});
  CHECK(s.axes().size() == 1);  // num_gpus has one value left
  CHECK(s.full_factorial());

  // It sees what a point does not read: static_fifo stays as long as one of its raw points does.
  const std::string kinds =
      "[scheduler]\nkind = [\"static_fifo\", \"multi_bin_dynamic\"]\n"
      "k_bins = [1, 2]\n[sweep]\n";
  CHECK(sweep(kinds + "where = \"k_bins == 2\"").num_points() == 2);
  CHECK(sweep(kinds + "where = \"k_bins == 2 or kind != static_fifo\"").num_points() == 3);
}

TEST_CASE("zip advances the axes together") {
  const Sweep s = sweep(
      "[sweep]\ndesign = \"zip\"\n[scheduler]\nk_bins = [8, 2, 8]\n[cluster]\nnum_gpus = "
      "{ from = 3, to = 1, num = 3 }",
      {"num_gpus={from=1,to=3,num=3}"});
  CHECK(points(s) == Lines{"k_bins=2 num_gpus=2", "k_bins=8", "k_bins=8 num_gpus=3"});
  CHECK_FALSE(s.full_factorial());
  const Sweep repeated = sweep("[sweep]\ndesign = \"zip\"\n[cluster]\nnum_gpus = [2, 1, 2]");
  CHECK(repeated.num_points() == 2);
  CHECK(repeated.warnings() ==
        Lines{"sweep.toml:2:1: 1 of 3 points repeat another one (equal in all "
              "that they read) and make no worlds"});
}

TEST_CASE("csv points") {
  RunSpec spec = parse_toml("[sweep]\ndesign = \"csv\"\ncsv = \"p.csv\"\n[cluster]\nnum_gpus = 3",
                            "sweep.toml");
  PointTable table;
  table.file = "p.csv";
  for (const char* name : {"kind", "scheduler.k_bins", "bin_edges", "real_timestamps", "trace"}) {
    table.header.push_back({name, 1, 1});
  }
  for (const char* text : {"static_fifo", "", "", "true", "t.csv",     //
                           "multi_bin_dynamic", "8", "", "false", "",  //
                           "multi_bin_dynamic", "", " 1  20 300", "", ""}) {
    table.cells.push_back({text, 2, 1});
  }
  spec.points = table;
  const Sweep s = build_sweep(spec, small::parameters());
  CHECK(points(s) ==
        Lines{"k_bins=8 num_gpus=3", "bin_edges=1 20 300 num_gpus=3",
              "workload_trace=t.csv real_timestamps=1 scheduler_kind=static_fifo num_gpus=3"});
}

TEST_CASE("random and lhs designs") {
  const std::string axes =
      "[workload]\nrps_scaling = { from = 1, to = 100, scale = \"log\" }\n"
      "requests = { from = 10, to = 19 }\n[cluster]\ngpu_memory_gb = { from = 10, to = 20 }\n"
      "num_gpus = [1, 2, 4, 8]\n[sweep]\nsamples = 1000\n";
  for (const std::string design : {"random", "lhs"}) {
    const std::string text = axes + "design = \"" + design + "\"\n";
    const Sweep s = sweep(text);
    REQUIRE(s.num_points() == 1000);
    CHECK(s.fingerprint() == sweep(text).fingerprint());
    CHECK(s.fingerprint() != sweep("seed = 1\n" + text).fingerprint());
    std::map<double, int> gpus, requests;
    std::vector<int> log_decile(10), decile(10);
    const auto loads = column(s, "rps_scaling"), memory = column(s, "gpu_memory_gb");
    for (const double v : column(s, "num_gpus")) ++gpus[v];
    for (const double v : column(s, "requests")) ++requests[v];
    for (std::size_t i = 0; i < loads.size(); ++i) {
      REQUIRE((loads[i] >= 1 && loads[i] <= 100 && memory[i] >= 10 && memory[i] <= 20));
      ++log_decile[std::min<std::size_t>(static_cast<std::size_t>(std::log10(loads[i]) * 5), 9)];
      ++decile[static_cast<std::size_t>(memory[i] - 10)];
    }
    REQUIRE(gpus.size() == 4);
    REQUIRE(requests.size() == 10);
    // A Latin hypercube has each stratum once; random draws come within 5 standard deviations.
    const int off = design == "lhs" ? 1 : 48;
    for (const auto& [value, n] : gpus) CHECK(std::abs(n - 250) <= (off > 1 ? 69 : 0));
    for (const auto& [value, n] : requests) CHECK(std::abs(n - 100) <= off);
    for (const int n : log_decile) CHECK(std::abs(n - 100) <= off);
    for (const int n : decile) CHECK(std::abs(n - 100) <= off);
    // Axes are independent: correlation of 1000 pairs.
    double sum = 0;
    for (std::size_t i = 0; i < loads.size(); ++i) {
      sum += (std::log10(loads[i]) - 1) * (memory[i] - 15);
    }
    CHECK(std::abs(sum / 1000 / (2 / std::sqrt(12.0)) / (10 / std::sqrt(12.0))) < 0.16);
  }
}

TEST_CASE("an axis keeps its draws whatever is sampled beside it") {
  const std::string head = "[sweep]\ndesign = \"random\"\nsamples = 50\n[cluster]\n";
  auto alone = column(sweep(head + "gpu_memory_gb = { from = 1, to = 2 }"), "gpu_memory_gb");
  auto joint = column(sweep(head + "gpu_memory_gb = { from = 1, to = 2 }\nnum_gpus = [1, 2]"),
                      "gpu_memory_gb");
  std::sort(joint.begin(), joint.end());
  CHECK(alone == joint);
}

TEST_CASE("a million points take little time") {
  std::string text =
      "[workload]\nrps_scaling = { from = 1, to = 100, num = 100 }\n"
      "requests = { from = 1000, to = 100000, num = 25 }\n"
      "[scheduler]\nkind = [\"static_fifo\", \"multi_bin_dynamic\"]\n"
      "k_bins = { from = 1, to = 20, num = 20 }\n"
      "[cluster]\nnum_gpus = { from = 1, to = 20, num = 20 }\n"
      "[sweep]\nwhere = \"k_bins <= 40 * num_gpus\"\n";
  const auto start = std::chrono::steady_clock::now();
  const Sweep s = sweep(text);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  CHECK(s.num_points() == 100 * 25 * 20 * 21);
  std::printf("2,000,000 raw points, %lld distinct: %.2f s\n",
              static_cast<long long>(s.num_points()), seconds.count());
  CHECK(seconds.count() < 60);  // a bound for sanitizers on a busy machine
}

}  // namespace
}  // namespace servesweep
