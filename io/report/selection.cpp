#include "io/report/selection.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

namespace servesweep {
namespace {

// What the best points are best in, at their cost.
constexpr const char* kCosts[] = {"num_gpus", "num_replicas"};  // of the two engines
constexpr std::pair<const char*, bool> kObjectives[] = {        // higher is better
    {"p99_latency_s", false},
    {"request_sla_violation_rate", false},
    {"goodput_share", true},
    {"throughput_requests_per_s", true}};

}  // namespace

std::vector<std::size_t> pareto_front(const std::vector<double>& cost,
                                      const std::vector<double>& value, bool higher_is_better) {
  const auto cost_of = [&](std::size_t i) { return cost.empty() ? 0.0 : cost[i]; };
  const auto badness = [&](std::size_t i) { return higher_is_better ? -value[i] : value[i]; };
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (!std::isnan(cost_of(i)) && !std::isnan(value[i])) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return cost_of(a) != cost_of(b) ? cost_of(a) < cost_of(b) : badness(a) < badness(b);
  });
  std::vector<std::size_t> front;
  for (const std::size_t i : order) {
    if (front.empty() || badness(i) < badness(front.back())) front.push_back(i);
  }
  std::sort(front.begin(), front.end());
  return front;
}

std::vector<std::size_t> even_sample(std::size_t n, std::size_t count,
                                     const std::vector<std::size_t>& first) {
  std::vector<bool> taken(n, false);
  std::size_t num_taken = 0;
  const auto take = [&](std::size_t i) {
    if (num_taken == count || taken[i]) return;
    taken[i] = true;
    ++num_taken;
  };
  for (const std::size_t i : first) take(i);
  // Multiples of the golden ratio, modulo 1: any run of neighbours is spread evenly.
  constexpr double kGolden = 0.6180339887498949;
  for (std::size_t k = 0; k < 4 * n && num_taken < count; ++k) {
    const double position = static_cast<double>(k) * kGolden;
    take(static_cast<std::size_t>((position - std::floor(position)) * static_cast<double>(n)));
  }
  for (std::size_t i = 0; i < n && num_taken < count; ++i) take(i);
  std::vector<std::size_t> chosen;
  for (std::size_t i = 0; i < n; ++i) {
    if (taken[i]) chosen.push_back(i);
  }
  return chosen;
}

std::vector<std::size_t> best_points(const ResultFile& file, const Points& points) {
  const auto means = [&](const char* name) { return point_means(points, file.numbers(name)).mean; };
  std::vector<double> cost;
  for (const char* name : kCosts) {
    if (file.has_column(name)) cost = means(name);
  }
  std::set<std::size_t> best;
  for (const auto& [name, higher_is_better] : kObjectives) {
    if (!file.has_column(name)) continue;
    const auto front = pareto_front(cost, means(name), higher_is_better);
    best.insert(front.begin(), front.end());
  }
  return {best.begin(), best.end()};
}

}  // namespace servesweep
