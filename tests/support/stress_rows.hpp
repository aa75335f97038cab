// Worlds of a stress study as its steps would give them, and the findings in them.
#pragma once

#include <cmath>
#include <regex>
#include <string>
#include <utility>
#include <vector>

#include "host/studies/stress/stress_analysis.hpp"
#include "tests/support/records.hpp"
#include "tests/support/study_frame.hpp"

namespace servesweep::testing {

inline FindingRecords records(const std::vector<StudyRow>& rows) {
  const Frame frame = study_frame(rows);
  return stress_findings(frame);
}

// What the five seeds' requests do to every configuration alike, and noise of each world's own.
constexpr double kCommon[] = {1, 1.4, 0.7, 1.1, 0.8};
constexpr double kOwn[] = {1.02, 0.97, 1.01, 0.99, 1.03};

// mean and p99 latency over K, times `noise` of its own in one configuration and none in the
// others.
inline std::vector<StudyRow> bins(const std::vector<std::pair<double, double>>& latency_by_k,
                                  int seeds = 5, double noisy_k = 0, double noise = 0) {
  std::vector<StudyRow> rows;
  for (const auto& [k, latency_s] : latency_by_k) {
    for (int seed = 0; seed < seeds; ++seed) {
      StudyRow row;
      row.step = kBins;
      row.replication = seed;
      row.k_bins = k;
      row.mean_latency_s = latency_s * kCommon[seed];
      if (k == noisy_k) row.mean_latency_s *= 1 + noise * (kOwn[seed] - 1);
      row.p99_latency_s = 4 * row.mean_latency_s;
      rows.push_back(row);
    }
  }
  return rows;
}

inline std::vector<StudyRow> gpus(const std::vector<std::pair<double, double>>& throughput_by_gpus,
                                  double full_per_s) {
  std::vector<StudyRow> rows;
  for (const auto& [num_gpus, per_s] : throughput_by_gpus) {
    for (int seed = 0; seed < 5; ++seed) {
      StudyRow row;
      row.step = kGpus;
      row.replication = seed;
      row.num_gpus = num_gpus;
      row.throughput_per_s = row.capacity_per_s = per_s * kCommon[seed];
      row.utilization = per_s < full_per_s ? 0.999 : 0.6;
      row.mean_latency_s = 100 / num_gpus * kCommon[seed];
      rows.push_back(row);
    }
  }
  return rows;
}

// A study with every step, as far as its numbers go.
inline std::vector<StudyRow> everything(int seeds = 5) {
  std::vector<StudyRow> rows;
  const auto add = [&](StudyRow row) {
    for (int seed = 0; seed < seeds; ++seed) {
      StudyRow r = row;
      r.replication = seed;
      r.mean_latency_s *= kCommon[seed];
      r.p99_latency_s *= kCommon[seed] * kOwn[seed];
      rows.push_back(r);
    }
  };
  for (const double requests : {1'000.0, 1'000'000.0}) {
    for (const int scheduler : {kStaticFifo, kDynamicNoBins, kMultiBinDynamic}) {
      StudyRow row;
      row.requests = requests;
      row.scheduler = scheduler;
      row.num_gpus = 1;
      if (scheduler != kMultiBinDynamic) row.k_bins = kMissing;
      row.utilization = 1;
      row.mean_latency_s = (4 - scheduler) * requests / 100;
      row.p99_latency_s = (4 - scheduler) * requests / 20;
      row.request_violations = 0.999;
      add(row);
    }
  }
  for (StudyRow row : gpus({{1, 7}, {2, 14}, {4, 26}, {8, 26.1}}, 26)) {
    if (row.replication < seeds) rows.push_back(row);
  }
  for (const StudyRow& row : bins({{1, 100}, {2, 20}, {4, 15}, {8, 14.95}}, seeds)) {
    rows.push_back(row);
  }
  for (const double num_gpus : {1.0, 4.0}) {
    for (const double k : {1.0, 8.0}) {
      StudyRow row;
      row.step = kGrid;
      row.num_gpus = num_gpus;
      row.k_bins = k;
      row.request_violations = num_gpus == 1 ? 0.9 : 0.2 / k;
      rows.push_back(row);
    }
  }
  for (const int scheduler : {kStaticFifo, kDynamicNoBins, kMultiBinDynamic}) {
    StudyRow row;
    row.step = kMethods;
    row.scheduler = scheduler;
    row.num_gpus = 1;
    if (scheduler != kMultiBinDynamic) row.k_bins = kMissing;
    row.mean_latency_s = 1000 * (4 - scheduler);
    add(row);
  }
  StudyRow best;
  best.step = kMethods;
  best.request_violations = 0.02;
  add(best);
  StudyRow reference;
  reference.step = kRobust;
  add(reference);
  const auto vary = [&](double StudyRow::*input, double value, double factor) {
    StudyRow row = reference;
    row.*input = value;
    row.mean_latency_s *= factor;
    row.p99_latency_s *= factor;
    add(row);
  };
  vary(&StudyRow::num_gpus, 1, 50);
  vary(&StudyRow::k_bins, 1, 3);
  vary(&StudyRow::alpha_ms, 48, 0.999);
  vary(&StudyRow::alpha_ms, 72, 1.001);
  vary(&StudyRow::beta_ms_per_token, 4.56, 0.8);
  vary(&StudyRow::beta_ms_per_token, 6.84, 1.2);
  StudyRow two_inputs = reference;  // says nothing of either
  two_inputs.num_gpus = 2;
  two_inputs.k_bins = 2;
  two_inputs.mean_latency_s = 1e6;
  add(two_inputs);
  for (const double sigma : {0.0, 0.5}) {
    StudyRow row = reference;
    row.predictor = 4;
    row.sigma = sigma;
    row.mean_latency_s *= 1.5 + sigma;
    add(row);
  }
  return rows;
}

// The numbers that a reader finds in a text.
inline std::vector<double> numbers_of(std::string text) {
  for (const char* words : {"p99", "p95", "95 % interval"}) {
    for (std::size_t at; (at = text.find(words)) != std::string::npos;) {
      text.erase(at, std::string(words).size());
    }
  }
  std::vector<double> found;
  const std::regex number(R"(-?\d[\d,]*(\.\d+)?(e-?\d+)?)");
  for (std::sregex_iterator at(text.begin(), text.end(), number), end; at != end; ++at) {
    std::string digits = at->str();
    if (digits.back() == ',') digits.pop_back();
    digits.erase(std::remove(digits.begin(), digits.end(), ','), digits.end());
    found.push_back(std::stod(digits));
  }
  return found;
}

}  // namespace servesweep::testing
