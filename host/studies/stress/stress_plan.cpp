#include "host/studies/stress/stress_plan.hpp"

#include <algorithm>
#include <utility>

#include "host/studies/points.hpp"

namespace servesweep {
namespace {

constexpr std::int64_t kBinCounts[] = {1, 2, 4, 8, 16, 32};
constexpr const char* kMultiBin = "multi_bin_dynamic";

// Of the settings, with the study's scheduler.
SweepPoint usual_point(const StressSettings& settings) {
  SweepPoint point = {{"workload.requests", settings.max_requests},
                      {"scheduler.kind", kMultiBin},
                      {"scheduler.k_bins", kStressKBins},
                      {"cluster.num_gpus", 1},
                      {"service.alpha_ms", settings.service.alpha_ms},
                      {"service.beta_ms_per_token", settings.service.beta_ms_per_token},
                      {"service.gamma", settings.service.gamma},
                      {"sla.token_ms", settings.token_sla_s * 1000},
                      {"sla.request_s", settings.request_sla_s}};
  if (settings.trace.empty()) {
    point["workload.preset"] = "burstgpt-like";
  } else {
    point["workload.trace"] = settings.trace;
  }
  if (settings.real_timestamps) {
    point["workload.real_timestamps"] = true;
  } else {
    point["workload.rps_scaling"] = settings.rps_scaling;
  }
  return point;
}

SweepPoint with_method(const char* scheduler, std::int64_t gpus, std::int64_t k_bins) {
  return {{"scheduler.kind", scheduler}, {"cluster.num_gpus", gpus}, {"scheduler.k_bins", k_bins}};
}

// One input at a time: its values, as they are or as multiples of its usual one.
template <class Values>
PointList varying(const char* key, const Values& values) {
  return each(values, [&](auto value) { return SweepPoint{{key, value}}; });
}
PointList scaling(const SweepPoint& usual, const char* key, std::vector<double> factors) {
  for (double& factor : factors) factor *= std::get<double>(usual.at(key));
  return varying(key, factors);
}

PointList request_scaling(const StressSettings& settings) {
  PointList methods = {with_method("static_fifo", 1, kStressKBins),
                       with_method("dynamic_no_bins", 1, kStressKBins)};
  for (const std::int64_t gpus : {1, 2, 4}) {
    if (gpus <= settings.max_gpus) methods.push_back(with_method(kMultiBin, gpus, kStressKBins));
  }
  return crossed(varying("workload.requests", settings.volumes()), methods);
}

PointList grid(const StressSettings& settings) {
  const PointList scalings = settings.real_timestamps
                                 ? PointList{{}}
                                 : varying("workload.rps_scaling", settings.load_scalings());
  return crossed(crossed(varying("workload.requests", settings.volumes()), scalings),
                 crossed(varying("cluster.num_gpus", settings.gpu_counts()),
                         varying("scheduler.k_bins", kBinCounts)));
}

PointList comparison(const StressSettings& settings, const std::vector<GridChoice>& choices) {
  PointList points;
  for (const GridChoice& choice : choices) {
    SweepPoint load = {{"workload.requests", choice.requests}};
    if (!settings.real_timestamps) load["workload.rps_scaling"] = choice.rps_scaling;
    points = appended(
        points,
        crossed({load}, {with_method("static_fifo", 1, kStressKBins),
                         with_method("dynamic_no_bins", 1, kStressKBins),
                         with_method(kMultiBin, 1, choice.one_gpu_k_bins),
                         with_method(kMultiBin, choice.best.num_gpus, choice.best.k_bins)}));
  }
  return points;
}

PointList robustness(const StressSettings& settings, const SweepPoint& usual,
                     const StressConfiguration& best) {
  PointList points = {{}};
  for (const PointList& more :
       {varying("scheduler.k_bins", kBinCounts), varying("cluster.num_gpus", settings.gpu_counts()),
        scaling(usual, "sla.token_ms", {0.6, 0.7, 0.8, 1.5}),
        scaling(usual, "sla.request_s", {0.25, 0.5, 2.0}),
        crossed({{{"workload.predictor", "noisy_oracle"}}},
                varying("workload.prediction.sigma", std::vector{0.0, 0.1, 0.25, 0.5, 1.0})),
        scaling(usual, "service.alpha_ms", {0.8, 1.2}),
        scaling(usual, "service.beta_ms_per_token", {0.8, 1.2}),
        scaling(usual, "service.gamma", {0.8, 1.2})}) {
    points = appended(std::move(points), more);
  }
  const SweepPoint around = with(with_method(kMultiBin, best.num_gpus, best.k_bins),
                                 {{"workload.requests", settings.robustness_volume()}});
  return crossed({around}, points);
}

PointList points_of(StressStep step, const StressSettings& settings, const SweepPoint& usual,
                    const StressConfiguration& best, const std::vector<GridChoice>& choices) {
  switch (step) {
    case StressStep::kRequestScaling:
      return request_scaling(settings);
    case StressStep::kGpuScaling:
      return varying("cluster.num_gpus", settings.gpu_counts());
    case StressStep::kKSensitivity:
      return crossed({{{"cluster.num_gpus", best.num_gpus}}},
                     varying("scheduler.k_bins", kBinCounts));
    case StressStep::kGrid:
      return grid(settings);
    case StressStep::kComparison:
      return comparison(settings, choices);
    case StressStep::kRobustness:
      break;
  }
  return robustness(settings, usual, best);
}

// The steps of `usual` below `most`, and `most`.
std::vector<std::int64_t> up_to(std::int64_t most, const std::vector<std::int64_t>& usual) {
  std::vector<std::int64_t> values;
  for (const std::int64_t value : usual) {
    if (value < most) values.push_back(value);
  }
  values.push_back(most);
  return values;
}

}  // namespace

const std::vector<std::string>& stress_step_names() {
  static const std::vector<std::string> names = {"step1_request_scaling", "step2_gpu_scaling",
                                                 "step3_k_sensitivity",   "step4_grid",
                                                 "step4_comparison",      "step5_robustness"};
  return names;
}

int step_number(StressStep step) {
  return stress_step_names()[static_cast<std::size_t>(step)][4] - '0';
}

std::vector<std::int64_t> StressSettings::volumes() const {
  std::vector<std::int64_t> powers;
  for (std::int64_t n = 1000; n < max_requests; n *= 10) powers.push_back(n);
  return up_to(max_requests, powers);
}

std::vector<std::int64_t> StressSettings::gpu_counts() const {
  return up_to(max_gpus, {1, 2, 4, 8, 16, 32, 64, 100});
}

std::vector<double> StressSettings::load_scalings() const {
  if (real_timestamps) return {1};
  std::vector<double> scalings = {1, 10, 100};
  if (std::find(scalings.begin(), scalings.end(), rps_scaling) == scalings.end()) {
    scalings.push_back(rps_scaling);
    std::sort(scalings.begin(), scalings.end());
  }
  return scalings;
}

std::int64_t StressSettings::robustness_volume() const {
  for (const std::int64_t volume : volumes()) {
    if (volume >= 100'000 || volume == max_requests) return volume;
  }
  return max_requests;
}

SweepPoints stress_sweep(StressStep step, const StressSettings& settings,
                         const StressConfiguration& best, const std::vector<GridChoice>& choices) {
  const SweepPoint usual = usual_point(settings);
  return {{"batch", settings.seed, step == StressStep::kGrid ? 1 : settings.seeds},
          crossed({usual}, points_of(step, settings, usual, best, choices))};
}

}  // namespace servesweep
