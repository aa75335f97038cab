#include "host/studies/stress/stress_choice.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <stdexcept>
#include <tuple>

#include "host/base/error.hpp"
#include "host/studies/stress/stress_findings.hpp"

namespace servesweep {
namespace {

constexpr double kNearBest = 0.95;

struct Candidate {
  double num_gpus = 0, k_bins = 0;
  double violation_rate = 0, mean_latency_s = 0, capacity_per_s = 0;

  bool meets_sla() const { return violation_rate <= kStressViolationLimit; }
  Percent rate(const std::string& name) const {
    return {name + "_request_sla_violation_rate", violation_rate};
  }
  Count gpus(const char* name) const { return {name, num_gpus, "GPU"}; }
};

// In order of the keys, which are num_gpus and, where it matters, k_bins.
std::vector<Candidate> candidates(const Frame& rows, const std::vector<std::string>& keys) {
  if (rows.num_rows() == 0) {
    throw InputError("no configuration to choose from (" + rows.name() +
                     " has no such worlds) run the step that makes them");
  }
  const std::vector<std::string> metrics = {kRequestViolations.column, kMeanLatency.column,
                                            "capacity_under_sla_per_s"};
  const StudyData data(rows);
  std::vector<Candidate> found;
  for (const Configuration& each : data.group(data.all_rows(), keys)) {
    if (!each.usable(metrics)) continue;
    found.push_back({each.key[0], each.key.size() > 1 ? each.key[1] : 0, each.value(metrics[0]),
                     each.value(metrics[1]), each.value(metrics[2])});
  }
  if (found.empty()) {
    throw InputError("no configuration to choose from (every one in " + rows.name() +
                     " has a world that did not run to its end, or completed nothing) see its "
                     "status with `servesweep show`");
  }
  return found;
}

Choice choice_of(const Candidate& chosen, Clause reason) {
  return {static_cast<std::int64_t>(chosen.num_gpus), static_cast<std::int64_t>(chosen.k_bins),
          chosen.meets_sla(), std::move(reason)};
}

Frame selected(const Frame& frame, const std::function<bool(std::size_t row)>& wanted) {
  std::vector<std::size_t> rows;
  for (std::size_t row = 0; row < frame.num_rows(); ++row) {
    if (wanted(row)) rows.push_back(row);
  }
  return frame.select(rows);
}

}  // namespace

Choice choose_gpus(const Frame& rows) {
  const std::vector<Candidate> all = candidates(rows, {"num_gpus"});
  const Percent limit{"limit", kStressViolationLimit};
  const auto fewest =
      std::find_if(all.begin(), all.end(), [](const Candidate& c) { return c.meets_sla(); });
  if (fewest != all.end()) {
    Clause fewer;
    if (fewest != all.begin()) {
      fewer = {", against {} on {}",
               {fewest[-1].rate("fewer_gpus"), Number{"fewer_gpus", fewest[-1].num_gpus}}};
    }
    return choice_of(
        *fewest, {"the fewest GPUs tried with a request SLA violation rate of at most "
                  "{} are {}: {}{}.",
                  {limit, Number{"num_gpus", fewest->num_gpus}, fewest->rate("chosen"), fewer}});
  }
  const Candidate& best = *std::max_element(
      all.begin(), all.end(),
      [](const auto& a, const auto& b) { return a.capacity_per_s < b.capacity_per_s; });
  const Candidate& lowest = *std::min_element(
      all.begin(), all.end(),
      [](const auto& a, const auto& b) { return a.violation_rate < b.violation_rate; });
  const Candidate& chosen = *std::find_if(all.begin(), all.end(), [&](const Candidate& c) {
    return c.capacity_per_s >= kNearBest * best.capacity_per_s;
  });
  return choice_of(
      chosen,
      {"no number of GPUs tried keeps the request SLA violation rate within {} (lowest: {} on {}); "
       "the fewest whose capacity under the token SLA is at most {} below the best, {}, are {}: "
       "{}.",
       {limit, lowest.rate("lowest"), lowest.gpus("lowest_rate_gpus"),
        Percent{"below_best", 1 - kNearBest},
        Number{"best_capacity_per_s", best.capacity_per_s, "requests/s"},
        Number{"num_gpus", chosen.num_gpus},
        Number{"capacity_per_s", chosen.capacity_per_s, "requests/s"}}});
}

Choice choose_method(const Frame& rows) {
  const std::vector<Candidate> all = candidates(rows, {"num_gpus", "k_bins"});
  const auto rank = [](const Candidate& c) {
    const double gpus_first = c.meets_sla() ? c.num_gpus : c.violation_rate;
    const double then = c.meets_sla() ? c.violation_rate : c.num_gpus;
    return std::make_tuple(!c.meets_sla(), gpus_first, then, c.mean_latency_s, c.k_bins);
  };
  const Candidate& chosen =
      *std::min_element(all.begin(), all.end(),
                        [&](const Candidate& a, const Candidate& b) { return rank(a) < rank(b); });
  const char* text =
      chosen.meets_sla()
          ? "of the fewest GPUs tried with a request SLA violation rate of at most {}, the lowest "
            "rate is that of {} with K = {}: {}."
          : "no configuration tried keeps the request SLA violation rate within {}; the lowest is "
            "that of {} with K = {}: {}.";
  return choice_of(chosen, {text,
                            {Percent{"limit", kStressViolationLimit}, chosen.gpus("num_gpus"),
                             Number{"k_bins", chosen.k_bins}, chosen.rate("chosen")}});
}

Choice choose_k(const Frame& rows) {
  if (rows.num_rows() > 0 && replications_by(rows, {"num_gpus"}).size() != 1) {
    throw std::logic_error("choose_k() of several numbers of GPUs");
  }
  return choose_method(rows);
}

Frame grid_part(const Frame& grid, double requests, double rps_scaling) {
  const StudyData data(grid);
  return selected(grid, [&](std::size_t row) {
    return data.value(row, "workload_requests") == requests &&
           same_value(data.value(row, "rps_scaling"), rps_scaling);
  });
}

std::vector<GridChoice> grid_choices(const Frame& grid, const StressSettings& settings) {
  std::vector<GridChoice> choices;
  for (const std::int64_t requests : settings.volumes()) {
    for (const double scaling : settings.load_scalings()) {
      const Frame part = grid_part(grid, static_cast<double>(requests),
                                   settings.real_timestamps ? std::nan("") : scaling);
      const std::vector<double> gpus = part.numbers("num_gpus");
      const Frame one_gpu = selected(part, [&](std::size_t row) { return gpus[row] == 1; });
      const Choice best = choose_method(part);
      choices.push_back(
          {requests, scaling, choose_k(one_gpu).k_bins, {best.num_gpus, best.k_bins}});
    }
  }
  return choices;
}

StressConfiguration robustness_choice(const Frame& grid, const StressSettings& settings) {
  const Choice best =
      choose_method(grid_part(grid, static_cast<double>(settings.robustness_volume()),
                              settings.real_timestamps ? std::nan("") : settings.rps_scaling));
  return {best.num_gpus, best.k_bins};
}

}  // namespace servesweep
