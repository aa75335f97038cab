// The data of a report: what the page unpacks is what the result file says.
#include <nlohmann/json.hpp>
#include <cmath>
#include <random>

#include "io/report/latency_cdf.hpp"
#include "io/report/report_data.hpp"
#include "io/results/result_store.hpp"
#include "io/results/study_file.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/packed_arrays.hpp"
#include "tests/support/sample_results.hpp"
#include "tests/support/study_frame.hpp"
#include "tests/support/temp_folder.hpp"

using namespace servesweep;
using nlohmann::json;
using testing::unpack;

namespace {

using Codes = std::vector<std::int32_t>;

void write_results(const std::string& path, const Sweep& sweep, const ResultSchema& schema,
                   const ResultChunk& chunk, const Provenance& provenance = sample::provenance()) {
  Hdf5ResultStore store(path, schema, sweep, provenance);
  store.append(chunk);
  store.finish();
}

json report_of(const std::string& path, std::size_t max_bytes = 4'000'000) {
  const ResultFile file(path);
  return json::parse(report_data(file, {"servesweep 1.2.3", max_bytes}));
}

json column(const json& report, const std::string& name, const char* list = "columns") {
  for (const json& c : report[list]) {
    if (c["name"] == name) return c;
  }
  FAIL("no " << name << " in " << list);
  return {};
}

std::vector<float> floats(const json& report, const json& data) {
  return unpack<float>(data, report["rows"]);
}
Codes codes(const json& report, const std::string& name) {
  const json c = column(report, name);
  CHECK(c["codec"] == "i32");
  return unpack<std::int32_t>(c["data"], report["rows"]);
}

bool equal(float a, double b) {
  return a == static_cast<float>(b) || (std::isnan(a) && std::isnan(b));
}

}  // namespace

TEST_CASE("inputs have the keys of the sweep file that are known") {
  TempFolder folder;
  write_results(folder / "r.h5", sample::irregular_sweep(), sample::schema(), sample::chunk(0, 12));
  const ResultFile file(folder / "r.h5");
  const json report =
      json::parse(report_data(file, {"servesweep", 4'000'000, {{"k_bins", "scheduler.k_bins"}}}));
  CHECK(column(report, "k_bins")["key"] == "scheduler.k_bins");
  CHECK(!column(report, "scheduler_kind").contains("key"));
}

TEST_CASE("a report has a row per point, replications averaged") {
  TempFolder folder;
  write_results(folder / "r.h5", sample::irregular_sweep(), sample::schema(), sample::chunk(0, 12));
  const json report = report_of(folder / "r.h5");
  CHECK(report["version"] == 1);
  CHECK(report["title"] == "r.h5");
  CHECK(report["generator"] == "servesweep 1.2.3");
  CHECK(report["worlds"] == 12);
  CHECK(report["replications"] == 3);
  CHECK(report["rows"] == 4);
  CHECK(report["study"].is_null());
  CHECK(unpack<std::int32_t>(report["first_world"], 4) == Codes{0, 3, 6, 9});
  CHECK(report["resolved_toml"] == sample::irregular_sweep().resolved_toml());

  CHECK(column(report, "scheduler_kind")["values"] == json{"plain", "binned"});
  CHECK(column(report, "scheduler_kind")["kind"] == "category");
  CHECK(codes(report, "scheduler_kind") == Codes{0, 1, 1, 1});
  CHECK(column(report, "k_bins")["values"] == json{2, 4, 8});
  CHECK(column(report, "k_bins")["role"] == "input");
  CHECK(codes(report, "k_bins") == Codes{-1, 0, 1, 2});
  CHECK(column(report, "binned_policy")["values"] == json{"first come"});
  CHECK(codes(report, "binned_policy") == Codes{-1, 0, 0, 0});
  CHECK(column(report, "rate_per_s", "constants")["value"] == "12.5");
  CHECK(column(report, "rate_per_s", "constants")["unit"] == "1/s");
  CHECK(column(report, "headroom_gb", "constants")["value"] == "0.5");  // where it applies

  const json p99 = column(report, "p99_latency_s");
  CHECK(p99["role"] == "metric");
  CHECK(p99["headline"] == true);
  const auto mean = floats(report, p99["data"]), half = floats(report, p99["half_width"]);
  const auto value = sample::p99_latency_s;  // NaN in worlds 3 and 10
  CHECK(equal(mean[0], (value(0) + value(1) + value(2)) / 3));
  const double centre = (value(6) + value(7) + value(8)) / 3;
  const double variance = (std::pow(value(6) - centre, 2) + std::pow(value(7) - centre, 2) +
                           std::pow(value(8) - centre, 2)) /
                          2;
  CHECK(mean[2] == Approx(centre));
  CHECK(half[2] == Approx(4.302652730 * std::sqrt(variance / 3)));
  CHECK(std::isnan(mean[1]));
  CHECK(std::isnan(half[1]));
  CHECK(std::isnan(mean[3]));
  CHECK(floats(report, column(report, "completed")["data"])[2] == 21e9f);

  CHECK(codes(report, "status") == Codes{0, 0, 0, 1});  // world 9
  CHECK(report["warnings"] == json{"1 of 12 worlds did not run to their end: see `status`."});
  CHECK(report["left_out"] == json{"note"});
  CHECK(report["cdf"]["rows"] == json{0, 1, 2, 3});
}

TEST_CASE("without replications numbers are those of the file") {
  TempFolder folder;
  const Sweep sweep = sample::grid_sweep(3, 1);
  write_results(folder / "r.h5", sweep, sample::schema(), sample::chunk(0, 18));
  const json report = report_of(folder / "r.h5");
  REQUIRE(report["rows"] == 18);
  const json p99 = column(report, "p99_latency_s");
  CHECK_FALSE(p99.contains("half_width"));
  const auto values = floats(report, p99["data"]);
  for (std::size_t w = 0; w < 18; ++w) {
    CHECK(equal(values[w], sample::p99_latency_s(static_cast<std::int64_t>(w))));
  }
  const ResultFile file(folder / "r.h5");
  const json traces = column(report, "cluster_trace");
  CHECK(traces["kind"] == "text");
  const auto places = codes(report, "cluster_trace");
  const auto texts = file.texts("cluster_trace");
  for (std::size_t w = 0; w < 18; ++w)
    CHECK(traces["values"][static_cast<std::size_t>(places[w])] == texts[w]);
}

TEST_CASE("latency distributions are of all replications, linear inside a bucket") {
  TempFolder folder;
  ResultChunk chunk = sample::chunk(0, 12);
  // Worlds 0, 1, 2 of the first point: [0, 0.1) s 10, [0.2, 0.3) s 10 + 20; the others nothing,
  // but for world 5.
  chunk.tables[0] = {{2, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0},
                     {Codes{0, 2, 2, 39}, Codes{10, 10, 20, 100'000}}};
  write_results(folder / "r.h5", sample::irregular_sweep(), sample::schema(), chunk);
  const json cdf = report_of(folder / "r.h5")["cdf"];
  const std::vector<double> levels = cdf["levels"];
  CHECK(levels == cdf_levels());
  CHECK(std::is_sorted(levels.begin(), levels.end()));
  CHECK(cdf["note"] == "");
  const auto latencies = unpack<float>(cdf["data"], 4 * levels.size());
  const auto at = [&](std::size_t row, double level) {
    const auto place = std::find(levels.begin(), levels.end(), level);
    REQUIRE(place != levels.end());
    return latencies[row * levels.size() + static_cast<std::size_t>(place - levels.begin())];
  };
  CHECK(at(0, 0.1) == Approx(0.1 * 4 / 10));
  CHECK(at(0, 0.24) == Approx(0.1 * 9.6 / 10));
  CHECK(at(0, 0.5) == Approx(0.2 + 0.1 * 10 / 30));
  CHECK(at(0, 0.97) == Approx(0.2 + 0.1 * 28.8 / 30));
  CHECK(std::isnan(at(0, 0.02)));  // less than one request
  CHECK(std::isnan(at(0, 0.98)));
  CHECK(at(1, 0.9999) == Approx(3.9 + 0.1 * 0.9999));
  CHECK(std::isnan(at(2, 0.5)));
}

TEST_CASE("few of many distributions are there, the best among them, and it is said") {
  TempFolder folder;
  const Sweep sweep = sample::grid_sweep(100, 1);
  write_results(folder / "r.h5", sweep, sample::schema(), sample::chunk(0, 600));
  const json cdf = report_of(folder / "r.h5")["cdf"];
  REQUIRE(cdf["rows"].size() == 400);
  CHECK(cdf["note"].get<std::string>().starts_with("Distributions are here for 400 of 600 points"));
  double best = 1e9;
  std::size_t best_row = 0;
  for (std::size_t w = 0; w < 600; ++w) {
    if (sample::p99_latency_s(static_cast<std::int64_t>(w)) < best) {
      best = sample::p99_latency_s(static_cast<std::int64_t>(w));
      best_row = w;
    }
  }
  CHECK(std::count(cdf["rows"].begin(), cdf["rows"].end(), best_row) == 1);
}

TEST_CASE("a hostile text stays a text") {
  TempFolder folder;
  const std::string text = "</script><script>alert(1)</script><!-- \xFF \"";
  Provenance provenance = sample::provenance();
  provenance.command_line = provenance.device = text;
  ResultSchema schema = sample::schema();
  schema.metrics[0].categories = {"<script>", "</SCRIPT>"};
  schema.metrics[3].long_name = text;
  write_results(folder / "r<.h5", sample::irregular_sweep(), schema, sample::chunk(0, 12),
                provenance);
  const ResultFile file(folder / "r<.h5");
  const std::string data = report_data(file, {text, 4'000'000});
  CHECK(data.find('<') == std::string::npos);
  const json report = json::parse(data);
  const std::string read = "</script><script>alert(1)</script><!-- \xEF\xBF\xBD \"";  // no \xFF
  CHECK(report["title"] == "r<.h5");
  CHECK(report["generator"] == read);
  CHECK(report["provenance"][0] == json{"Command", read});
  CHECK(column(report, "p99_latency_s")["long_name"] == read);
  CHECK(column(report, "status")["values"] == json{"<script>", "</SCRIPT>"});
}

namespace {

// All the main metrics and others, with digits that do not pack: the worst case.
void write_large(const std::string& path, int num_gpus, std::int64_t replications,
                 std::size_t num_metrics) {
  ResultSchema schema;
  schema.engine = "sample";
  for (const char* name :
       {"throughput_requests_per_s", "mean_latency_s", "p50_latency_s", "p95_latency_s",
        "p99_latency_s", "p999_latency_s", "mean_queue_time_s", "request_sla_violation_rate",
        "token_sla_violation_rate", "mean_gpu_utilization", "mean_batch_size",
        "throughput_tokens_per_s", "capacity_under_sla_per_s"}) {
    schema.metrics.push_back({name, ColumnType::kFloat64, "1", name, {}});
  }
  while (schema.metrics.size() < num_metrics) {
    const std::string name = "other_" + std::to_string(schema.metrics.size());
    const auto first = schema.metrics.begin() + (schema.metrics.size() % 2 == 0 ? 0 : 5);
    schema.metrics.insert(first, {name, ColumnType::kFloat64, "1", name, {}});
  }
  const Sweep sweep = sample::grid_sweep(num_gpus, replications);
  ResultChunk chunk;
  chunk.num_worlds = sweep.num_worlds();
  std::mt19937_64 engine(1);
  std::lognormal_distribution<double> draw(0, 1);
  for (std::size_t m = 0; m < num_metrics; ++m) {
    std::vector<double> values;
    for (std::int64_t w = 0; w < sweep.num_worlds(); ++w) values.push_back(draw(engine));
    chunk.metrics.emplace_back(std::move(values));
  }
  write_results(path, sweep, schema, chunk);
}

}  // namespace

TEST_CASE(
    "the data of 50,000 worlds fit, with the main metrics and as many others as there is room") {
  TempFolder folder;
  const std::int64_t replications = GENERATE(1, 2);
  write_large(folder / "r.h5", static_cast<int>(50'000 / 6 / replications), replications, 45);
  const ResultFile file(folder / "r.h5");
  const std::string data = report_data(file, {"servesweep", 3'300'000});
  CHECK(data.size() < 3'300'000);
  const json report = json::parse(data);
  std::size_t metrics = 0;
  for (const json& c : report["columns"]) metrics += c["role"] == "metric" ? 1 : 0;
  CHECK(metrics + report["left_out"].size() == 45);
  CHECK(metrics > 20);
  const auto p999 = column(report, "p999_latency_s");
  const auto exact = file.numbers("p999_latency_s");
  if (replications == 1) {
    const auto values = floats(report, p999["data"]);
    for (std::size_t w = 0; w < values.size(); w += 97) {
      CHECK(values[w] == Approx(exact[w]).epsilon(1.3e-4));
    }
  }
  CHECK(report["warnings"].dump().find("Metrics are rounded to 13 significant bits") !=
        std::string::npos);
  // Without any room the main ones alone are there.
  const json least = json::parse(report_data(file, {"servesweep", 0}));
  CHECK(least["left_out"].size() == 45 - 13);
}

TEST_CASE("the report of a study has its findings, methods and steps") {
  TempFolder folder;
  using namespace testing;
  std::vector<StudyRow> rows(6);
  rows[1].replication = 1;
  rows[2].step = rows[3].step = rows[4].step = kMethods;
  rows[3].replication = 1;
  rows[4].replication = 2;
  rows[5].step = kMethods;
  rows[5].scheduler = kStaticFifo;
  for (std::size_t i = 0; i < 6; ++i) rows[i].p99_latency_s = static_cast<double>(10 * i);
  std::string long_line = "x = '";
  for (int i = 0; i < 2500; ++i) long_line += "\u00b5";  // of two bytes: the limit is inside one
  long_line += "'\nseed = 2\n";
  Study study;
  study.name = "stress";
  study.sweeps = {{"step1_request_scaling", {{"engine", "batch"}, {"resolved_toml", "seed = 1\n"}}},
                  {"step4_comparison", {{"engine", "batch"}, {"resolved_toml", long_line}}}};
  study.worlds = Frame("study.h5");
  study.worlds.add({world_column(), ColumnRole::kIndex},
                   std::vector<std::int64_t>{0, 1, 2, 3, 4, 5});
  const Frame columns = study_frame(rows);
  for (const ResultColumn& c : columns.columns()) study.worlds.add(c, columns.data(c.spec.name));
  write_study(folder / "s.h5", study, sample::provenance(),
              {{"K",
                "K from 1 to 2 gives <most>.",
                {{"gain", 0.5}, {"unknown", kMissing}, {"gain", 0.25}}}},
              {{1, "static", 5}, {100, "dynamic", 2}});

  const ResultFile file(folder / "s.h5");
  REQUIRE(file.findings().size() == 1);
  const auto numbers = file.findings()[0].numbers;
  using NamedNumber = std::pair<std::string, double>;
  REQUIRE(numbers.size() == 3);
  CHECK(numbers[0] == NamedNumber{"gain", 0.5});
  CHECK(numbers[1] == NamedNumber{"gain", 0.25});
  CHECK(std::isnan(numbers[2].second));
  const json report = report_of(folder / "s.h5");
  CHECK(report["rows"] == 3);
  CHECK(report["replications"] == 3);
  CHECK(codes(report, "step") == Codes{0, 1, 1});
  CHECK(column(report, "step")["values"] == json{"step1_request_scaling", "step4_comparison"});
  CHECK(column(report, "step")["role"] == "input");
  const json p99 = column(report, "p99_latency_s");
  CHECK(floats(report, p99["data"]) == std::vector<float>{5, 30, 50});
  const auto half = floats(report, p99["half_width"]);
  CHECK(half[1] == Approx(4.302652730 * 10 / std::sqrt(3.0)));
  CHECK(std::isnan(half[2]));
  CHECK(report["study"]["name"] == "stress");
  CHECK(report["study"]["findings"] ==
        json{{{"topic", "K"}, {"text", "K from 1 to 2 gives <most>."}}});
  CHECK(report["study"]["methods"] ==
        json{{{"rps_scaling", 1.0}, {"method", "static"}, {"row", 2}},
             {{"rps_scaling", 100.0}, {"method", "dynamic"}, {"row", 1}}});
  const std::string shown = report["resolved_toml"];
  const std::string start = "# step1_request_scaling\nseed = 1\n\n# step4_comparison\nx = '\u00b5";
  const std::string end = "\u00b5 ... (1,007 more bytes in the result file)\nseed = 2\n";
  CHECK(shown.substr(0, start.size()) == start);
  CHECK(shown.substr(shown.size() - end.size()) == end);
  CHECK(report["cdf"].is_null());
}
