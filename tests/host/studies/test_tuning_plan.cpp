// The sweeps of the tuning study: the right worlds, and none twice.
#include "host/studies/tuning/tuning_plan.hpp"

#include <algorithm>
#include <set>

#include "host/engines/engines.hpp"
#include "host/sweep/sweep_builder.hpp"
#include "tests/support/catch.hpp"

namespace servesweep {
namespace {

Sweep sweep_of(TuningStep step, const TuningSettings& settings = {},
               std::int64_t max_num_seqs = 128) {
  static const auto engine = make_continuous_engine();
  return build_sweep(tuning_sweep(step, settings, {max_num_seqs}), engine->parameters(),
                     [](const double* values, const std::vector<std::string>& texts) {
                       return engine->check(values, texts);
                     });
}

// [point] the value of a parameter; NaN where the point does not read it.
std::vector<double> column(const Sweep& sweep, const char* name) {
  std::vector<double> values(sweep.parameters().size()), found;
  for (std::int64_t p = 0; p < sweep.num_points(); ++p) {
    sweep.values(p * sweep.settings().replications, values.data());
    found.push_back(values[sweep.parameters().find(name).value()]);
  }
  return found;
}

std::set<double> read_values(const Sweep& sweep, const char* name) {
  std::set<double> all;
  for (const double value : column(sweep, name)) {
    if (value == value) all.insert(value);
  }
  return all;
}

constexpr TuningStep kSteps[] = {
    TuningStep::kQueueTime,        TuningStep::kQueueBetween,   TuningStep::kMaxNumSeqs,
    TuningStep::kMemory,           TuningStep::kChunkedLatency, TuningStep::kChunkedItl,
    TuningStep::kBenchmarkLatency, TuningStep::kBenchmarkBatch, TuningStep::kBenchmarkMix,
    TuningStep::kBenchmarkLengths, TuningStep::kComparison};

TEST_CASE("Every step of the tuning study is a sweep without warnings, and in one experiment") {
  std::multiset<TuningStep> in_experiments;
  for (const TuningExperiment& experiment : tuning_experiments()) {
    in_experiments.insert(experiment.steps.begin(), experiment.steps.end());
  }
  REQUIRE(tuning_step_names().size() == std::size(kSteps));
  for (const TuningStep step : kSteps) {
    CAPTURE(tuning_step_names()[static_cast<std::size_t>(step)]);
    CHECK(sweep_of(step).warnings().empty());
    CHECK(in_experiments.count(step) == 1);
  }
}

TEST_CASE("The tuning study varies what the suite varies") {
  const Sweep queue = sweep_of(TuningStep::kQueueTime);
  CHECK(queue.settings().replications == 5);
  const auto limits = read_values(queue, "max_num_seqs");
  for (const double m : {1, 16, 128, 256, 512, 1024, 2048, 4096}) CHECK(limits.count(m) == 1);
  CHECK(read_values(queue, "client_batch") == std::set<double>{4, 8, 16, 32, 64, 128, 256});
  CHECK(queue.num_points() == 7 + 13);
  CHECK(read_values(queue, "workload.requests") == std::set<double>{100});

  const Sweep between = sweep_of(TuningStep::kQueueBetween, {}, 25);
  CHECK(between.num_points() == 1);
  CHECK(between.settings().replications == 5);
  CHECK(read_values(between, "max_num_seqs") == std::set<double>{25});

  const auto shares = read_values(sweep_of(TuningStep::kMemory), "gpu_memory_utilization");
  for (const double share : {0.70, 0.80, 0.85, 0.90, 0.95}) CHECK(shares.count(share) == 1);
  CHECK(*shares.begin() < 0.44);  // where the cache binds

  const Sweep chunks = sweep_of(TuningStep::kChunkedLatency);
  CHECK(read_values(chunks, "max_num_batched_tokens") == std::set<double>{2048, 4096, 8192, 16384});
  CHECK(read_values(chunks, "scheduler.mode").size() == 2);
  CHECK(read_values(chunks, "workload.lengths.output.min_tokens") ==
        std::set<double>{100, 200, 300, 400, 500});
  CHECK(chunks.settings().replications == 1);

  const Sweep compared = sweep_of(TuningStep::kComparison, {}, 64);
  CHECK(compared.num_points() == 4);
  CHECK(read_values(compared, "client_batch") == std::set<double>{8, 16});
  CHECK(read_values(compared, "max_num_seqs").count(64) == 1);
}

TEST_CASE("Settings reach the worlds of the tuning study") {
  TuningSettings settings;
  settings.requests = 7;
  settings.client_batch = 5;
  settings.gpu_memory_gb = 24;
  settings.seeds = 3;
  settings.seed = 9;
  const Sweep sweep = sweep_of(TuningStep::kQueueTime, settings);
  CHECK(read_values(sweep, "workload.requests") == std::set<double>{7});
  CHECK(read_values(sweep, "client_batch").count(5) == 1);
  CHECK(read_values(sweep, "gpu_memory_gb") == std::set<double>{24});
  CHECK(sweep.settings().replications == 3);
  CHECK(sweep.settings().seed == 9);
  // A GPU that is too small for the model at a share of the suite: the step says so.
  settings.gpu_memory_gb = 20;
  CHECK_THROWS_WITH(sweep_of(TuningStep::kMemory, settings),
                    Catch::Matchers::ContainsSubstring("leaves no KV block"));
}

TEST_CASE("A GPU's memory that is not enough is refused up front, with what is") {
  std::vector<TuningExperiment> all = tuning_experiments();
  CHECK_THROWS_WITH(
      check_gpu_memory(all, 24),
      Catch::Matchers::ContainsSubstring(
          "invalid --gpu-memory-gb=24 (memory gives the server 0.7 of it") &&
          Catch::Matchers::ContainsSubstring("give at least 24.66, or --skip-memory"));
  CHECK_NOTHROW(check_gpu_memory(all, 24.66));
  TuningSettings settings;
  settings.gpu_memory_gb = 24.66;
  CHECK_NOTHROW(sweep_of(TuningStep::kMemory, settings));
  all.erase(std::find_if(all.begin(), all.end(),
                         [](const auto& e) { return std::string(e.name) == "memory"; }));
  CHECK_NOTHROW(check_gpu_memory(all, 24));
  CHECK_THROWS_WITH(check_gpu_memory(all, 18), Catch::Matchers::ContainsSubstring("give at least"));
  CHECK_NOTHROW(check_gpu_memory({}, 1));
}

}  // namespace
}  // namespace servesweep
