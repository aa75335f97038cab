#include "host/studies/stress/stress_plan.hpp"

#include <algorithm>
#include <initializer_list>
#include <utility>

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

class Points {
 public:
  explicit Points(const StressSettings& settings) : settings_(settings) {}

  void add(const SweepPoint& changes) {
    points_.push_back(usual_);
    for (const auto& [key, value] : changes) points_.back()[key] = value;
  }
  void add(std::int64_t requests, const char* scheduler, std::int64_t gpus, std::int64_t k_bins) {
    add({{"workload.requests", requests},
         {"scheduler.kind", scheduler},
         {"cluster.num_gpus", gpus},
         {"scheduler.k_bins", k_bins}});
  }
  void set_scaling(double scaling) {
    if (!settings_.real_timestamps) usual_["workload.rps_scaling"] = scaling;
  }

  void request_scaling() {
    for (const std::int64_t volume : settings_.volumes()) {
      for (const char* scheduler : {"static_fifo", "dynamic_no_bins"}) {
        add(volume, scheduler, 1, kStressKBins);
      }
      for (const std::int64_t gpus : {1, 2, 4}) {
        if (gpus <= settings_.max_gpus) add(volume, kMultiBin, gpus, kStressKBins);
      }
    }
  }

  void grid() {
    for (const std::int64_t volume : settings_.volumes()) {
      for (const double scaling : settings_.load_scalings()) {
        set_scaling(scaling);
        for (const std::int64_t gpus : settings_.gpu_counts()) {
          for (const std::int64_t k : kBinCounts) add(volume, kMultiBin, gpus, k);
        }
      }
    }
  }

  void comparison(const std::vector<GridChoice>& choices) {
    for (const GridChoice& choice : choices) {
      set_scaling(choice.rps_scaling);
      add(choice.requests, "static_fifo", 1, kStressKBins);
      add(choice.requests, "dynamic_no_bins", 1, kStressKBins);
      add(choice.requests, kMultiBin, 1, choice.one_gpu_k_bins);
      add(choice.requests, kMultiBin, choice.best.num_gpus, choice.best.k_bins);
    }
  }

  // One key at a time: its values, or factors of its usual value.
  template <class T>
  void vary(const char* key, const T& values) {
    for (const auto value : values) add({{key, value}});
  }
  void scale(const char* key, std::initializer_list<double> factors) {
    for (const double factor : factors) add({{key, std::get<double>(usual_.at(key)) * factor}});
  }
  void robustness(const StressConfiguration& best) {
    usual_["workload.requests"] = settings_.robustness_volume();
    usual_["cluster.num_gpus"] = best.num_gpus;
    usual_["scheduler.k_bins"] = best.k_bins;
    add({});
    vary("scheduler.k_bins", kBinCounts);
    vary("cluster.num_gpus", settings_.gpu_counts());
    scale("sla.token_ms", {0.6, 0.7, 0.8, 1.5});
    scale("sla.request_s", {0.25, 0.5, 2.0});
    for (const double sigma : {0.0, 0.1, 0.25, 0.5, 1.0}) {
      add({{"workload.predictor", "noisy_oracle"}, {"workload.prediction.sigma", sigma}});
    }
    for (const char* key : {"service.alpha_ms", "service.beta_ms_per_token", "service.gamma"}) {
      scale(key, {0.8, 1.2});
    }
  }

  std::vector<SweepPoint> take() { return std::move(points_); }

 private:
  const StressSettings& settings_;
  SweepPoint usual_ = usual_point(settings_);
  std::vector<SweepPoint> points_;
};

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
  Points points(settings);
  switch (step) {
    case StressStep::kRequestScaling:
      points.request_scaling();
      break;
    case StressStep::kGpuScaling:
      points.vary("cluster.num_gpus", settings.gpu_counts());
      break;
    case StressStep::kKSensitivity:
      for (const std::int64_t k : kBinCounts) {
        points.add(settings.max_requests, kMultiBin, best.num_gpus, k);
      }
      break;
    case StressStep::kGrid:
      points.grid();
      break;
    case StressStep::kComparison:
      points.comparison(choices);
      break;
    case StressStep::kRobustness:
      points.robustness(best);
      break;
  }
  return {{"batch", settings.seed, step == StressStep::kGrid ? 1 : settings.seeds}, points.take()};
}

}  // namespace servesweep
