// The suite's goals: reached or not, at which setting, and what stops those that are not.
#include <algorithm>
#include <cmath>

#include "host/studies/tuning/tuning_findings.hpp"

namespace servesweep {
namespace {

constexpr const char* kTopic = "Targets";
constexpr const char* kP95 = "p95_latency_s";
constexpr const char* kTargetLimit = "max_num_seqs";

// A goal for a metric of the mix that arrives at once, over max_num_seqs.
struct MixGoal {
  const char* name;
  const char* metric;
  const char* unit;  // "%": a share
  double limit;
  double most;  // where the goal is a range; else equal to the limit
  bool at_most;
  const char* client_note;  // on the value with client batches
};
constexpr MixGoal kMixGoals[] = {
    {"Queue share", "queue_time_share", "%", 0.5, 0.5, true, ""},
    {"Throughput", "throughput_requests_per_s", "requests/s", 10, 15, false, ""},
    {"Token throughput", "throughput_output_tokens_per_s", "output tokens/s", 1200, 1900, false,
     ", with the tokens that members generate beyond their own limits until the batch ends"}};

// A goal for the 95th percentile that one request alone on the server must keep, since others can
// only add to it.
struct LatencyGoal {
  const char* name;
  double limit_s;
  std::optional<Configuration> (*alone)(const StudyData&);
  bool all_requests;  // of the mix: the settings of queue_time count too
};
constexpr LatencyGoal kLatencyGoals[] = {
    {"P95 latency of long requests", 3, long_requests_alone, false},
    {"P95 latency of all requests", 2, mix_alone, true}};

Argument value_of(const MixGoal& goal, const char* name, double value) {
  if (std::string_view(goal.unit) == "%") return Percent{name, value};
  return Number{name, value, goal.unit};
}

TuningTarget unknown(const char* name, double limit, const Clause& goal, const char* experiment) {
  return {name,  limit, {kTopic, {"{}: not known; {} has not been run.", {goal, experiment}}},
          false, false, std::nan(""),
          ""};
}

TuningTarget mix_target(const StudyData& data, const MixGoal& goal) {
  const Clause least =
      goal.most > goal.limit ? Clause{"{} to ", {Number{"limit", goal.limit}}} : Clause{};
  const Clause words = {goal.at_most ? "{} below {}{}" : "{} of {}{}",
                        {goal.name, least, value_of(goal, "limit", goal.most)}};
  const Configurations all = queue_limits(data);
  if (all.empty()) return unknown(goal.name, goal.limit, words, "queue-time");
  const auto value = [&](const Configuration& of) {
    return value_of(goal, goal.metric, of.value(goal.metric));
  };
  const auto less = [&](const Configuration& a, const Configuration& b) {
    return a.value(goal.metric) < b.value(goal.metric);
  };
  const Configuration& best = goal.at_most ? *std::min_element(all.begin(), all.end(), less)
                                           : *std::max_element(all.begin(), all.end(), less);
  const auto first = std::find_if(all.begin(), all.end(), [&](const Configuration& each) {
    const double mean = each.value(goal.metric);
    return goal.at_most ? mean < goal.limit : mean >= goal.limit;
  });
  const bool reached = first != all.end();
  const Configuration& at = reached ? *first : best;
  Clause more;
  if (!reached) {
    more = {". What stops it: {}, at most {} run at a time",
            {best.value("peak_running") < best.key[0] ? "there are no more requests" : kTargetLimit,
             best.number("peak_running")}};
  } else if (best.key != at.key) {
    more = {"; the best, at {}, is {}", {best.number(kTargetLimit), value(best)}};
  }
  Clause with_batches;
  if (const auto client = client_before(data)) {
    with_batches = {". With client batches of {}: {}{}",
                    {client->number("client_batch"), value(*client), goal.client_note}};
  }
  return {goal.name,
          goal.limit,
          {kTopic,
           {reached ? "{}: reached from max_num_seqs = {} on: {}{}{}."
                    : "{}: not reached; the best, at max_num_seqs = {}: {}{}{}.",
            {words, at.number(kTargetLimit), value(at), more, with_batches}},
           goal.metric,
           std::nullopt,
           at.key[0]},
          true,
          reached,
          at.value(goal.metric),
          "max_num_seqs = " + number_text(at.key[0])};
}

TuningTarget latency_target(const StudyData& data, const LatencyGoal& goal) {
  const Number limit{"limit_s", goal.limit_s, "s"};
  const Clause words = {"{} below {}", {goal.name, limit}};
  const std::optional<Configuration> alone = goal.alone(data);
  if (!alone) return unknown(goal.name, goal.limit_s, words, "benchmark");
  const Number p95 = alone->number(kP95, "s");
  const bool reached = p95.value < goal.limit_s;
  const double first_s = alone->value("p50_ttft_s"), token_s = alone->value("p50_tpot_s");
  const double tokens_of_p95 = 1 + (p95.value - first_s) / token_s;
  const Clause found =
      reached
          ? Clause{"reached where requests come one at a time: {}", {p95}}
          : Clause{
                "not reached at any setting. What stops it: alone on the server, without any "
                "queue, it is {} already, {} to the first token and {} for each further one: "
                "{} are enough for {}, or the {} tokens of the 95th percentile need {} each",
                {p95, Number{"p50_ttft_ms", 1000 * first_s, "ms"},
                 Number{"p50_tpot_ms", 1000 * token_s, "ms"}, limit,
                 Number{"tokens", std::floor(1 + (goal.limit_s - first_s) / token_s), "tokens"},
                 Number{"tokens", std::round(tokens_of_p95)},
                 Number{"tpot_ms", 1000 * (goal.limit_s - first_s) / (tokens_of_p95 - 1), "ms"}}};
  Clause at_once;
  const Configurations all = ascending(queue_limits(data), kP95);
  if (goal.all_requests && !all.empty()) {
    at_once = {". All at once the best is {}, at max_num_seqs = {}",
               {all.front().number(kP95, "s"), all.front().number(kTargetLimit)}};
  }
  return {goal.name,
          goal.limit_s,
          {kTopic, {"{}: {}{}.", {words, found, at_once}}, kP95},
          true,
          reached,
          p95.value,
          "requests one at a time"};
}

}  // namespace

std::vector<TuningTarget> tuning_targets(const StudyData& data) {
  std::vector<TuningTarget> targets;
  for (const MixGoal& goal : kMixGoals) targets.push_back(mix_target(data, goal));
  for (const LatencyGoal& goal : kLatencyGoals) targets.push_back(latency_target(data, goal));
  return targets;
}

void target_findings(const StudyData& data, FindingRecords& found) {
  for (TuningTarget& target : tuning_targets(data)) found.push_back(std::move(target.finding));
}

}  // namespace servesweep
