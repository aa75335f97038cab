// The sweeps of the stress study: as many worlds as the steps promise, and the right ones.
#include "host/studies/stress/stress_plan.hpp"

#include <map>
#include <set>

#include "host/engines/engines.hpp"
#include "host/sweep/sweep_builder.hpp"
#include "tests/support/catch.hpp"

namespace servesweep {
namespace {

const Engine& engine() {
  static const auto batch = make_batch_engine();
  return *batch;
}

Sweep sweep_of(StressStep step, const StressSettings& settings,
               const StressConfiguration& best = {}, const std::vector<GridChoice>& choices = {}) {
  return build_sweep(stress_sweep(step, settings, best, choices), engine().parameters(),
                     [](const double* values, const std::vector<std::string>& texts) {
                       return engine().check(values, texts);
                     });
}

// The points' values of some parameters, in order of the points.
std::vector<std::vector<double>> points(const Sweep& sweep, const std::vector<const char*>& names) {
  std::vector<std::vector<double>> rows;
  std::vector<double> values(sweep.parameters().size());
  for (std::int64_t p = 0; p < sweep.num_points(); ++p) {
    sweep.values(p * sweep.settings().replications, values.data());
    std::vector<double> row;
    for (const char* name : names) row.push_back(values[sweep.parameters().find(name).value()]);
    rows.push_back(row);
  }
  return rows;
}

std::set<double> values_of(const Sweep& sweep, const char* name) {
  std::set<double> all;
  for (const auto& row : points(sweep, {name})) all.insert(row[0]);
  return all;
}

TEST_CASE("The steps have the worlds of the study") {
  const StressSettings settings;
  const Sweep one = sweep_of(StressStep::kRequestScaling, settings);
  CHECK(one.num_points() == 4 * (1 + 1 + 3));
  CHECK(one.settings().replications == 5);
  CHECK(values_of(one, "workload.requests") == std::set<double>{1e3, 1e4, 1e5, 1e6});

  const Sweep two = sweep_of(StressStep::kGpuScaling, settings);
  CHECK(values_of(two, "num_gpus") == std::set<double>{1, 2, 4, 8, 16, 32, 64, 100});
  CHECK(values_of(two, "workload.requests") == std::set<double>{1e6});

  const Sweep three = sweep_of(StressStep::kKSensitivity, settings, {32, 0});
  CHECK(values_of(three, "k_bins") == std::set<double>{1, 2, 4, 8, 16, 32});
  CHECK(values_of(three, "num_gpus") == std::set<double>{32});

  const Sweep grid = sweep_of(StressStep::kGrid, settings);
  CHECK(grid.num_worlds() == 8 * 6 * 4 * 3);
  CHECK(grid.full_factorial());

  // On the smallest volume both multi-bin methods are the same world.
  std::vector<GridChoice> choices = {{1000, 100, 4, {1, 4}}, {10000, 100, 2, {16, 8}}};
  const Sweep compared = sweep_of(StressStep::kComparison, settings, {}, choices);
  CHECK(compared.num_points() == 3 + 4);
  CHECK(compared.warnings().empty());

  const Sweep robust = sweep_of(StressStep::kRobustness, settings, {32, 16});
  CHECK(robust.settings().replications == 5);
  CHECK(robust.warnings().empty());
  CHECK(values_of(robust, "workload.requests") == std::set<double>{1e5});
  CHECK(values_of(robust, "service.gamma").size() == 3);
}

TEST_CASE("Robustness changes one input of its configuration at a time") {
  const Sweep sweep = sweep_of(StressStep::kRobustness, {}, {32, 16});
  const std::vector<const char*> names = {"k_bins",
                                          "num_gpus",
                                          "sla.token_ms",
                                          "sla.request_s",
                                          "workload.predictor",
                                          "service.alpha_ms",
                                          "service.beta_ms_per_token",
                                          "service.gamma"};
  std::map<std::size_t, int> changed;  // [number of inputs]: points that differ in that many
  const auto rows = points(sweep, names);
  const StressSettings defaults;
  const std::vector<double> reference = {16,
                                         32,
                                         10,
                                         20,
                                         rows[0][4],
                                         defaults.service.alpha_ms,
                                         defaults.service.beta_ms_per_token,
                                         defaults.service.gamma};
  for (const auto& row : rows) {
    std::size_t different = 0;
    for (std::size_t i = 0; i < row.size(); ++i) different += row[i] != reference[i];
    ++changed[different];
  }
  CHECK(changed[0] == 1);
  CHECK(changed[1] == static_cast<int>(rows.size()) - 1);
}

TEST_CASE("Volumes and GPU counts end where they are told to") {
  StressSettings settings;
  settings.max_requests = 50'000;
  settings.max_gpus = 24;
  CHECK(settings.volumes() == std::vector<std::int64_t>{1000, 10'000, 50'000});
  CHECK(settings.gpu_counts() == std::vector<std::int64_t>{1, 2, 4, 8, 16, 24});
  settings.max_requests = 400;
  settings.max_gpus = 1;
  CHECK(settings.volumes() == std::vector<std::int64_t>{400});
  CHECK(settings.gpu_counts() == std::vector<std::int64_t>{1});
  CHECK(sweep_of(StressStep::kRequestScaling, settings).num_points() == 3);
}

TEST_CASE("Load scalings have the study's own, or none") {
  StressSettings settings;
  CHECK(settings.load_scalings() == std::vector<double>{1, 10, 100});
  settings.rps_scaling = 200;
  CHECK(settings.load_scalings() == std::vector<double>{1, 10, 100, 200});
  settings.real_timestamps = true;
  CHECK(settings.load_scalings() == std::vector<double>{1});
  CHECK(sweep_of(StressStep::kGrid, settings).num_points() == 8 * 6 * 4);
  CHECK(values_of(sweep_of(StressStep::kGrid, settings), "real_timestamps") == std::set<double>{1});
}

TEST_CASE("Settings reach the worlds") {
  StressSettings settings;
  settings.token_sla_s = 0.05;
  settings.request_sla_s = 2.5;
  settings.service = {10, 2, 0.5};
  settings.trace = "a \"quoted\" name.csv";
  settings.seeds = 7;
  settings.seed = 1;
  const Sweep sweep = sweep_of(StressStep::kGpuScaling, settings);
  CHECK(values_of(sweep, "sla.token_ms") == std::set<double>{50});
  CHECK(values_of(sweep, "sla.request_s") == std::set<double>{2.5});
  CHECK(values_of(sweep, "service.alpha_ms") == std::set<double>{10});
  CHECK(sweep.texts().at(1) == settings.trace);
  CHECK(sweep.settings().replications == 7);
  CHECK(sweep.settings().seed == 1);
}

}  // namespace
}  // namespace servesweep
