#include "host/studies/stress/stress_choice.hpp"

#include <algorithm>
#include <functional>
#include <stdexcept>
#include <tuple>
#include <vector>

#include "host/base/error.hpp"
#include "host/base/statistics.hpp"
#include "host/studies/study_data.hpp"

namespace servesweep {
namespace {

constexpr const char* kViolationRate = "request_sla_violation_rate";
constexpr double kNearBest = 0.95;

struct Candidate {
  double num_gpus = 0, k_bins = 0;
  double violation_rate = 0, mean_latency_s = 0, capacity_per_s = 0;

  bool meets_sla() const { return violation_rate <= kStressViolationLimit; }
};

// In order of the keys, which are num_gpus and, where it matters, k_bins.
std::vector<Candidate> candidates(const Frame& rows, const std::vector<std::string>& keys) {
  const std::vector<std::string> metrics = {kViolationRate, "mean_latency_s",
                                            "capacity_under_sla_per_s"};
  if (rows.num_rows() == 0) {
    throw InputError("no configuration to choose from (" + rows.name() +
                     " has no such worlds) run the step that makes them");
  }
  const std::vector<bool> usable = usable_rows(rows, metrics);
  std::vector<Candidate> found;
  for (const SeedGroup& group : replications_by(rows, keys)) {
    const bool all_usable = std::all_of(group.rows.begin(), group.rows.end(),
                                        [&](std::size_t row) { return usable[row]; });
    if (!all_usable) continue;
    const auto mean_of = [&](const std::string& metric) {
      const std::vector<double> column = rows.numbers(metric);
      std::vector<double> values;
      for (const std::size_t row : group.rows) values.push_back(column[row]);
      return mean(values);
    };
    found.push_back({group.key[0], group.key.size() > 1 ? group.key[1] : 0, mean_of(metrics[0]),
                     mean_of(metrics[1]), mean_of(metrics[2])});
  }
  if (found.empty()) {
    throw InputError("no configuration to choose from (every one in " + rows.name() +
                     " has a world that did not run to its end, or completed nothing) see its "
                     "status with `servesweep show`");
  }
  return found;
}

Sentence& rate(Sentence& sentence, const std::string& name, const Candidate& candidate) {
  return sentence.percent(name + "_request_sla_violation_rate", candidate.violation_rate);
}

std::int64_t count_of(double number) { return static_cast<std::int64_t>(number); }

}  // namespace

GpuChoice choose_gpus(const Frame& rows) {
  const std::vector<Candidate> all = candidates(rows, {"num_gpus"});
  Sentence why;
  const auto fewest =
      std::find_if(all.begin(), all.end(), [](const Candidate& c) { return c.meets_sla(); });
  if (fewest != all.end()) {
    why.count("num_gpus", fewest->num_gpus, "GPU").words(fewest->num_gpus == 1 ? " is" : " are");
    why.words(" the fewest tried with a request SLA violation rate of at most ");
    why.percent("limit", kStressViolationLimit).words(": ");
    rate(why, "chosen", *fewest);
    if (fewest != all.begin()) {
      rate(why.words(", against "), "fewer_gpus", fewest[-1]);
      why.words(" on ").number("fewer_gpus", fewest[-1].num_gpus);
    }
    why.words(".");
    return {count_of(fewest->num_gpus), true, why.text(), why.numbers()};
  }
  const auto by_capacity = [](const Candidate& a, const Candidate& b) {
    return a.capacity_per_s < b.capacity_per_s;
  };
  const auto by_rate = [](const Candidate& a, const Candidate& b) {
    return a.violation_rate < b.violation_rate;
  };
  const Candidate best = *std::max_element(all.begin(), all.end(), by_capacity);
  const Candidate lowest = *std::min_element(all.begin(), all.end(), by_rate);
  const Candidate chosen = *std::find_if(all.begin(), all.end(), [&](const Candidate& c) {
    return c.capacity_per_s >= kNearBest * best.capacity_per_s;
  });
  why.words("No number of GPUs tried keeps the request SLA violation rate within ");
  why.percent("limit", kStressViolationLimit).words(" (lowest: ");
  rate(why, "lowest", lowest).words(" on ").count("lowest_rate_gpus", lowest.num_gpus, "GPU");
  why.words("); ").count("num_gpus", chosen.num_gpus, "GPU");
  why.words(chosen.num_gpus == 1 ? " is" : " are");
  why.words(" the fewest whose capacity under the token SLA, ");
  why.number("capacity_per_s", chosen.capacity_per_s, "requests/s");
  why.words(", is at most ").percent("below_best", 1 - kNearBest).words(" below the best, ");
  why.number("best_capacity_per_s", best.capacity_per_s, "requests/s").words(".");
  return {count_of(chosen.num_gpus), false, why.text(), why.numbers()};
}

MethodChoice choose_method(const Frame& rows) {
  const std::vector<Candidate> all = candidates(rows, {"num_gpus", "k_bins"});
  const auto better = [](const Candidate& a, const Candidate& b) {
    if (a.meets_sla() != b.meets_sla()) return a.meets_sla();
    const auto quality = [](const Candidate& c) {
      return std::make_tuple(c.violation_rate, c.mean_latency_s, c.k_bins);
    };
    if (a.meets_sla()) {
      if (a.num_gpus != b.num_gpus) return a.num_gpus < b.num_gpus;
      return quality(a) < quality(b);
    }
    return std::make_tuple(a.violation_rate, a.num_gpus, a.mean_latency_s, a.k_bins) <
           std::make_tuple(b.violation_rate, b.num_gpus, b.mean_latency_s, b.k_bins);
  };
  const Candidate chosen = *std::min_element(all.begin(), all.end(), better);
  Sentence why;
  if (chosen.meets_sla()) {
    why.count("num_gpus", chosen.num_gpus, "GPU").words(chosen.num_gpus == 1 ? " is" : " are");
    why.words(" the fewest tried with a request SLA violation rate of at most ");
    why.percent("limit", kStressViolationLimit).words(", and K = ").number("k_bins", chosen.k_bins);
    rate(why.words(" has the lowest there: "), "chosen", chosen).words(".");
  } else {
    why.words("No configuration tried keeps the request SLA violation rate within ");
    why.percent("limit", kStressViolationLimit).words("; ");
    why.count("num_gpus", chosen.num_gpus, "GPU").words(" with K = ");
    why.number("k_bins", chosen.k_bins);
    rate(why.words(chosen.num_gpus == 1 ? " has the lowest: " : " have the lowest: "), "chosen",
         chosen);
    why.words(".");
  }
  return {count_of(chosen.num_gpus), count_of(chosen.k_bins), chosen.meets_sla(), why.text(),
          why.numbers()};
}

MethodChoice choose_k(const Frame& rows) {
  if (rows.num_rows() > 0 && replications_by(rows, {"num_gpus"}).size() != 1) {
    throw std::logic_error("choose_k() of several numbers of GPUs");
  }
  return choose_method(rows);
}

namespace {

Frame selected(const Frame& frame, const std::function<bool(std::size_t row)>& wanted) {
  std::vector<std::size_t> rows;
  for (std::size_t row = 0; row < frame.num_rows(); ++row) {
    if (wanted(row)) rows.push_back(row);
  }
  return frame.select(rows);
}

// Of one volume and load scaling.
Frame part_of_grid(const Frame& grid, const StressSettings& settings, std::int64_t requests,
                   double scaling) {
  const std::vector<double> volumes = grid.numbers("workload_requests");
  const std::vector<double> scalings = settings.real_timestamps
                                           ? std::vector<double>(volumes.size(), scaling)
                                           : grid.numbers("rps_scaling");
  return selected(grid, [&](std::size_t row) {
    return volumes[row] == static_cast<double>(requests) && scalings[row] == scaling;
  });
}

}  // namespace

std::vector<GridChoice> grid_choices(const Frame& grid, const StressSettings& settings) {
  std::vector<GridChoice> choices;
  for (const std::int64_t requests : settings.volumes()) {
    for (const double scaling : settings.load_scalings()) {
      const Frame part = part_of_grid(grid, settings, requests, scaling);
      const std::vector<double> gpus = part.numbers("num_gpus");
      const Frame one_gpu = selected(part, [&](std::size_t row) { return gpus[row] == 1; });
      const MethodChoice best = choose_method(part);
      choices.push_back(
          {requests, scaling, choose_k(one_gpu).k_bins, {best.num_gpus, best.k_bins}});
    }
  }
  return choices;
}

StressConfiguration robustness_choice(const Frame& grid, const StressSettings& settings) {
  const MethodChoice best =
      choose_method(part_of_grid(grid, settings, settings.robustness_volume(),
                                 settings.real_timestamps ? 1 : settings.rps_scaling));
  return {best.num_gpus, best.k_bins};
}

}  // namespace servesweep
