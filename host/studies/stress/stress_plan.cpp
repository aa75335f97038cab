#include "host/studies/stress/stress_plan.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "host/studies/study_sweep.hpp"

namespace servesweep {
namespace {

using Point = StudyPoint;

constexpr std::int64_t kBinCounts[] = {1, 2, 4, 8, 16, 32};

Point base_point(const StressSettings& settings) {
  Point point;
  if (settings.trace.empty()) {
    point["workload.preset"] = toml("burstgpt-like");
  } else {
    point["workload.trace"] = toml(settings.trace);
  }
  if (settings.real_timestamps) {
    point["workload.real_timestamps"] = "true";
  } else {
    point["workload.rps_scaling"] = toml(settings.rps_scaling);
  }
  point["workload.requests"] = toml(settings.max_requests);
  point["scheduler.kind"] = toml("multi_bin_dynamic");
  point["scheduler.k_bins"] = toml(kStressKBins);
  point["cluster.num_gpus"] = toml(std::int64_t{1});
  point["service.alpha_ms"] = toml(settings.service.alpha_ms);
  point["service.beta_ms_per_token"] = toml(settings.service.beta_ms_per_token);
  point["service.gamma"] = toml(settings.service.gamma);
  point["sla.token_ms"] = toml(settings.token_sla_s * 1000);
  point["sla.request_s"] = toml(settings.request_sla_s);
  return point;
}

class Points {
 public:
  explicit Points(const StressSettings& settings) : settings_(settings) {}

  std::vector<Point> request_scaling() const {
    std::vector<Point> points;
    for (const std::int64_t volume : settings_.volumes()) {
      for (const char* scheduler : {"static_fifo", "dynamic_no_bins"}) {
        points.push_back(point(volume, scheduler, 1, kStressKBins));
      }
      for (const std::int64_t gpus : {1, 2, 4}) {
        if (gpus > settings_.max_gpus) continue;
        points.push_back(point(volume, kMultiBin, gpus, kStressKBins));
      }
    }
    return points;
  }

  std::vector<Point> gpu_scaling() const {
    std::vector<Point> points;
    for (const std::int64_t gpus : settings_.gpu_counts()) {
      points.push_back(point(settings_.max_requests, kMultiBin, gpus, kStressKBins));
    }
    return points;
  }

  std::vector<Point> k_sensitivity(std::int64_t gpus) const {
    std::vector<Point> points;
    for (const std::int64_t k : kBinCounts) {
      points.push_back(point(settings_.max_requests, kMultiBin, gpus, k));
    }
    return points;
  }

  std::vector<Point> grid() const {
    std::vector<Point> points;
    for (const std::int64_t volume : settings_.volumes()) {
      for (const double scaling : settings_.load_scalings()) {
        for (const std::int64_t gpus : settings_.gpu_counts()) {
          for (const std::int64_t k : kBinCounts) {
            points.push_back(scaled(point(volume, kMultiBin, gpus, k), scaling));
          }
        }
      }
    }
    return points;
  }

  std::vector<Point> comparison(const std::vector<GridChoice>& choices) const {
    std::vector<Point> points;
    for (const GridChoice& choice : choices) {
      const auto add = [&](const char* scheduler, std::int64_t gpus, std::int64_t k) {
        points.push_back(scaled(point(choice.requests, scheduler, gpus, k), choice.rps_scaling));
      };
      add("static_fifo", 1, kStressKBins);
      add("dynamic_no_bins", 1, kStressKBins);
      add(kMultiBin, 1, choice.one_gpu_k_bins);
      add(kMultiBin, choice.best.num_gpus, choice.best.k_bins);
    }
    return points;
  }

  std::vector<Point> robustness(const StressConfiguration& best) const {
    const Point reference =
        point(settings_.robustness_volume(), kMultiBin, best.num_gpus, best.k_bins);
    std::vector<Point> points = {reference};
    const auto vary = [&](std::initializer_list<std::pair<const char*, std::string>> changes) {
      points.push_back(reference);
      for (const auto& [key, value] : changes) points.back()[key] = value;
    };
    for (const std::int64_t k : kBinCounts) vary({{"scheduler.k_bins", toml(k)}});
    for (const std::int64_t gpus : settings_.gpu_counts()) {
      vary({{"cluster.num_gpus", toml(gpus)}});
    }
    for (const double factor : {0.6, 0.7, 0.8, 1.5}) {
      vary({{"sla.token_ms", toml(settings_.token_sla_s * 1000 * factor)}});
    }
    for (const double factor : {0.25, 0.5, 2.0}) {
      vary({{"sla.request_s", toml(settings_.request_sla_s * factor)}});
    }
    for (const double sigma : {0.0, 0.1, 0.25, 0.5, 1.0}) {
      vary({{"workload.predictor", toml("noisy_oracle")},
            {"workload.prediction.sigma", toml(sigma)}});
    }
    for (const double factor : {0.8, 1.2}) {
      vary({{"service.alpha_ms", toml(settings_.service.alpha_ms * factor)}});
      vary({{"service.beta_ms_per_token", toml(settings_.service.beta_ms_per_token * factor)}});
      vary({{"service.gamma", toml(settings_.service.gamma * factor)}});
    }
    for (Point& p : points) {  // what the sweep file says of those that keep the default
      p.try_emplace("workload.predictor", toml("auto"));
      p.try_emplace("workload.prediction.sigma", toml(0.1));
    }
    return points;
  }

 private:
  static constexpr const char* kMultiBin = "multi_bin_dynamic";

  Point point(std::int64_t requests, const char* scheduler, std::int64_t gpus,
              std::int64_t k) const {
    Point p = base_point(settings_);
    p["workload.requests"] = toml(requests);
    p["scheduler.kind"] = toml(scheduler);
    p["cluster.num_gpus"] = toml(gpus);
    p["scheduler.k_bins"] = toml(k);
    return p;
  }

  Point scaled(Point p, double scaling) const {
    if (!settings_.real_timestamps) p["workload.rps_scaling"] = toml(scaling);
    return p;
  }

  const StressSettings& settings_;
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

std::string stress_sweep_toml(StressStep step, const StressSettings& settings,
                              const StressConfiguration& best,
                              const std::vector<GridChoice>& choices) {
  const Points points(settings);
  const auto sweep = [&](std::int32_t replications, const std::vector<Point>& all) {
    return study_sweep_toml("batch", settings.seed, replications, all);
  };
  switch (step) {
    case StressStep::kRequestScaling:
      return sweep(settings.seeds, points.request_scaling());
    case StressStep::kGpuScaling:
      return sweep(settings.seeds, points.gpu_scaling());
    case StressStep::kKSensitivity:
      return sweep(settings.seeds, points.k_sensitivity(best.num_gpus));
    case StressStep::kGrid:
      return sweep(1, points.grid());
    case StressStep::kComparison:
      return sweep(settings.seeds, points.comparison(choices));
    case StressStep::kRobustness:
      break;
  }
  return sweep(settings.seeds, points.robustness(best));
}

}  // namespace servesweep
