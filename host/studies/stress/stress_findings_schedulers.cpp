// Which scheduler: the ranking by volume (step 1).
#include "host/studies/stress/stress_findings.hpp"

namespace servesweep {
namespace {

// [volume] the schedulers on one GPU
std::vector<Configurations> one_gpu_by_volume(const StudyData& data) {
  std::vector<Configurations> volumes =
      series(data.configurations(StressStep::kRequestScaling,
                                 {"num_gpus", "workload_requests", "scheduler_kind"}),
             2);
  std::erase_if(volumes, [](const Configurations& schedulers) {
    return schedulers.front().key[0] != 1 || schedulers.size() < 2;
  });
  return volumes;
}

// "mean latency: A 110 s, then B 201 s", best first, with what the seeds leave open said between
// neighbours.
Clause ranking(const Configurations& best_first, const Variable& metric) {
  std::vector<Clause> places;
  for (std::size_t i = 0; i < best_first.size(); ++i) {
    const bool clear = i > 0 && change_of(metric, best_first[i - 1], best_first[i]).change.rises();
    places.push_back({"{}{} {}",
                      {i == 0  ? ""
                       : clear ? ", then "
                               : " and (no clear difference) ",
                       method(best_first[i]), level(metric, best_first[i])}});
  }
  return {"{}: {}", {metric.words, joined(std::move(places), "", "")}};
}

// The record is of the first metric, from the best scheduler to the next.
FindingRecord ranked(const std::string& topic, const char* start, const Configurations& schedulers,
                     const std::vector<Variable>& metrics) {
  std::vector<Clause> rankings;
  for (const Variable& metric : metrics) {
    rankings.push_back(ranking(ascending(schedulers, metric.column), metric));
  }
  const Configurations first = ascending(schedulers, metrics[0].column);
  FindingRecord record = {topic,
                          {"{} {}, {}{}.",
                           {start, workload(first[0]), joined(std::move(rankings), "; ", "; "),
                            first[0].one_seed_note()}},
                          metrics[0].column};
  record.change = change_of(metrics[0], first[0], first[1]);
  return record;
}

}  // namespace

void scheduler_findings(const StudyData& data, FindingRecords& found) {
  const std::vector<Configurations> volumes = one_gpu_by_volume(data);
  for (const Configurations& schedulers : volumes) {
    for (const Variable& metric : {kMeanLatency, kP99Latency, kRequestViolations}) {
      found.push_back(ranked("Schedulers", "With", schedulers, {metric}));
    }
  }
  if (volumes.empty()) return;
  found.push_back(
      ranked(kAnswerTopic, "Scheduler: with", volumes.back(), {kMeanLatency, kP99Latency}));
}

}  // namespace servesweep
