// A study's table: worlds of several sweeps, with rows that are replaced and columns that differ.
#include "host/results/study.hpp"
#include "tests/support/catch.hpp"

#include <cmath>

namespace servesweep {
namespace {

ColumnSpec column(const char* name, ColumnType type = ColumnType::kFloat64) {
  return {name, type, "1", "", {}};
}

// Worlds with the inputs num_gpus (and k_bins, if there are any), a metric and a table that has
// `metric` rounded as its number of entries.
SweepResult result(const char* step, const char* fingerprint, std::vector<std::int64_t> gpus,
                   std::vector<std::int64_t> k_bins, std::vector<double> metric,
                   const char* seed = "42") {
  SweepResult r;
  r.sweep = {step, {{"seed", seed}, {"sweep_fingerprint", fingerprint}}};
  std::vector<std::int64_t> ids;
  for (std::size_t i = 0; i < gpus.size(); ++i) ids.push_back(static_cast<std::int64_t>(i));
  r.worlds.add({column("world", ColumnType::kInt64), ColumnRole::kIndex}, ids);
  r.worlds.add({column("replication", ColumnType::kInt32), ColumnRole::kIndex},
               std::vector<std::int32_t>(gpus.size(), 0));
  if (!k_bins.empty()) {
    r.worlds.add({column("k_bins", ColumnType::kInt64), ColumnRole::kInput}, k_bins);
  }
  r.worlds.add({column("num_gpus", ColumnType::kInt64), ColumnRole::kInput}, gpus);
  r.worlds.add({column("p99_latency_s"), ColumnRole::kMetric}, metric);
  RaggedTable table{{"gpus", "", {column("busy_s")}}, {{}, {std::vector<double>()}}};
  for (const double m : metric) {
    table.data.row_size.push_back(static_cast<std::int32_t>(m));
    auto& entries = std::get<std::vector<double>>(table.data.columns[0]);
    entries.insert(entries.end(), static_cast<std::size_t>(m), m);
  }
  r.tables = {std::move(table)};
  return r;
}

Study study() {
  Study s;
  s.name = "s";
  s.steps = {"one", "two"};
  return s;
}

// Each world's entries say which world it is.
void check_tables(const Study& s) {
  const auto metric = s.worlds.numbers("p99_latency_s");
  for (const RaggedTable& table : s.tables) {
    REQUIRE(table.data.row_size.size() == metric.size());
    const auto& entries = std::get<std::vector<double>>(table.data.columns[0]);
    std::size_t at = 0;
    for (std::size_t w = 0; w < metric.size(); ++w) {
      REQUIRE(table.data.row_size[w] == static_cast<std::int32_t>(metric[w]));
      for (std::int32_t e = 0; e < table.data.row_size[w]; ++e) CHECK(entries[at++] == metric[w]);
    }
    CHECK(at == entries.size());
  }
}

TEST_CASE("Steps add to a study and leave each other's worlds alone") {
  Study s = study();
  add_sweep(s, result("two", "b", {1, 2}, {}, {5, 6}));
  add_sweep(s, result("one", "a", {1, 2, 4}, {8, 8, 8}, {1, 2, 3}));
  CHECK(s.worlds.texts("step") == std::vector<std::string>{"one", "one", "one", "two", "two"});
  CHECK(s.worlds.numbers("world") == std::vector<double>{0, 1, 2, 3, 4});
  CHECK(s.worlds.numbers("sweep_world") == std::vector<double>{0, 1, 2, 0, 1});
  CHECK(s.worlds.numbers("sweep") == std::vector<double>{1, 1, 1, 0, 0});
  CHECK(s.worlds.numbers("p99_latency_s") == std::vector<double>{1, 2, 3, 5, 6});
  // What a step's worlds do not read has no value, and the column stands where it stood.
  const auto k = s.worlds.numbers("k_bins");
  CHECK(k[0] == 8);
  CHECK(std::isnan(k[3]));
  CHECK(s.worlds.columns()[6].spec.name == "k_bins");
  CHECK(s.worlds.columns()[7].spec.name == "num_gpus");
  check_tables(s);
  CHECK(rows_of_sweep(s, "one", "a") == std::vector<std::size_t>{0, 1, 2});
  CHECK(rows_of_sweep(s, "two", "a").empty());
}

TEST_CASE("A configuration that is run again replaces its row, in its own step") {
  Study s = study();
  add_sweep(s, result("one", "a", {1, 2, 4}, {}, {1, 2, 3}));
  add_sweep(s, result("two", "b", {2}, {}, {9}));
  add_sweep(s, result("one", "c", {2, 8}, {}, {4, 5}));
  CHECK(s.worlds.numbers("num_gpus") == std::vector<double>{1, 4, 2, 8, 2});
  CHECK(s.worlds.numbers("p99_latency_s") == std::vector<double>{1, 3, 4, 5, 9});
  CHECK(s.worlds.numbers("sweep") == std::vector<double>{0, 0, 2, 2, 1});
  check_tables(s);

  // A sweep of which nothing is left goes.
  add_sweep(s, result("one", "a", {1, 2, 4}, {}, {1, 2, 3}));
  add_sweep(s, result("one", "d", {8}, {}, {6}));
  CHECK(s.sweeps.size() == 3);
  CHECK(rows_of_sweep(s, "one", "c").empty());
  CHECK(rows_of_sweep(s, "one", "a").size() == 3);
  CHECK(s.worlds.numbers("p99_latency_s") == std::vector<double>{1, 2, 3, 6, 9});
  CHECK(s.worlds.numbers("sweep") == std::vector<double>{1, 1, 1, 2, 0});
  check_tables(s);
}

TEST_CASE("A sweep that is asked for again is the newest") {
  Study s = study();
  add_sweep(s, result("one", "a", {1, 2}, {}, {1, 2}));
  add_sweep(s, result("two", "b", {1}, {}, {5}));
  add_sweep(s, result("one", "c", {4}, {}, {3}));
  CHECK_FALSE(make_newest(s, "one", "c"));
  CHECK_FALSE(make_newest(s, "two", "b"));
  CHECK(make_newest(s, "one", "a"));
  CHECK(s.worlds.numbers("p99_latency_s") == std::vector<double>{3, 1, 2, 5});
  CHECK(s.worlds.numbers("sweep") == std::vector<double>{1, 2, 2, 0});
  CHECK(s.worlds.numbers("world") == std::vector<double>{0, 1, 2, 3});
  CHECK(s.sweeps.size() == 3);
  CHECK(s.sweeps[2].attribute("sweep_fingerprint") == "a");
  check_tables(s);
}

TEST_CASE("Another seed is another configuration") {
  Study s = study();
  add_sweep(s, result("one", "a", {1}, {}, {1}));
  add_sweep(s, result("one", "b", {1}, {}, {2}, "43"));
  CHECK(s.worlds.numbers("p99_latency_s") == std::vector<double>{1, 2});
  CHECK(s.worlds.numbers("seed") == std::vector<double>{42, 43});
}

TEST_CASE("A table that only some sweeps have is empty for the others") {
  Study s = study();
  add_sweep(s, result("one", "a", {1}, {}, {1}));
  SweepResult more = result("two", "b", {1, 2}, {}, {2, 3});
  more.tables[0].spec.name = "bins";
  add_sweep(s, more);
  REQUIRE(s.tables.size() == 2);
  CHECK(s.tables[0].data.row_size == std::vector<std::int32_t>{1, 0, 0});
  CHECK(s.tables[1].data.row_size == std::vector<std::int32_t>{0, 2, 3});
}

}  // namespace
}  // namespace servesweep
