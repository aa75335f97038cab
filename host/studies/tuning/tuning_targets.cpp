// The suite's goals: reached or not, at which setting, and what stops those that are not.
#include <algorithm>
#include <cmath>

#include "host/studies/tuning/tuning_findings.hpp"

namespace servesweep {
namespace {

constexpr const char* kP95 = "p95_latency_s";

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
  std::optional<SeedGroup> (*alone)(const StudyData&);
  bool all_requests;  // of the mix: the settings of queue_time count too
};
constexpr LatencyGoal kLatencyGoals[] = {
    {"P95 latency of long requests", 3, long_requests_alone, false},
    {"P95 latency of all requests", 2, mix_alone, true}};

void say_value(Sentence& s, const MixGoal& goal, double value) {
  if (std::string_view(goal.unit) == "%") {
    s.percent(goal.metric, value);
  } else {
    s.number(goal.metric, value, goal.unit);
  }
}

std::string setting_of(const SeedGroup& group) {
  return "max_num_seqs = " + sentence_number(group.key[0]);
}

TuningTarget unknown(TuningTarget target, const char* experiment) {
  target.sentence.words(": not known; ").words(experiment).words(" has not been run.");
  return target;
}

TuningTarget mix_target(const StudyData& data, const MixGoal& goal) {
  TuningTarget target{goal.name, false, false, goal.limit, std::nan(""), "", {}};
  Sentence& s = target.sentence;
  s.words(goal.name).words(goal.at_most ? " below " : " of ");
  if (goal.most > goal.limit) s.number("limit", goal.limit).words(" to ");
  if (std::string_view(goal.unit) == "%") {
    s.percent("limit", goal.most);
  } else {
    s.number("limit", goal.most, goal.unit);
  }
  const std::vector<SeedGroup> groups = queue_limits(data);
  if (groups.empty()) return unknown(std::move(target), "queue-time");
  const auto value = [&](const SeedGroup& group) { return data.mean_of(group, goal.metric); };
  const auto better = [&](const SeedGroup& a, const SeedGroup& b) {
    return goal.at_most ? value(a) < value(b) : value(a) > value(b);
  };
  const auto best = std::min_element(groups.begin(), groups.end(), better);
  const auto first = std::find_if(groups.begin(), groups.end(), [&](const SeedGroup& group) {
    return goal.at_most ? value(group) < goal.limit : value(group) >= goal.limit;
  });
  target.known = true;
  target.reached = first != groups.end();
  const SeedGroup& at = target.reached ? *first : *best;
  target.value = value(at);
  target.setting = setting_of(at);
  s.words(target.reached ? ": reached from max_num_seqs = "
                         : ": not reached; the best, at max_num_seqs = ");
  s.number("max_num_seqs", at.key[0]).words(target.reached ? " on: " : ": ");
  say_value(s, goal, target.value);
  if (target.reached && best != first) {
    s.words("; the best, at ").number("max_num_seqs", best->key[0]).words(", is ");
    say_value(s, goal, value(*best));
  }
  if (!target.reached) {
    s.words(". What stops it: ");
    if (data.mean_of(*best, "peak_running") < best->key[0]) {
      s.words("all requests that there are run at a time already (at most ");
      s.number("peak_running", data.mean_of(*best, "peak_running")).words(")");
    } else {
      s.words("max_num_seqs, whose largest value tried is still reached");
    }
  }
  if (const auto client = client_before(data)) {
    s.words(". With client batches of ")
        .number("client_batch", data.input(*client, "client_batch"));
    s.words(": ");
    say_value(s, goal, value(*client));
    s.words(goal.client_note);
  }
  s.words(".");
  return target;
}

TuningTarget latency_target(const StudyData& data, const LatencyGoal& goal) {
  TuningTarget target{goal.name, false, false, goal.limit_s, std::nan(""), "", {}};
  Sentence& s = target.sentence;
  s.words(goal.name).words(" below ").number("limit_s", goal.limit_s, "s");
  const std::optional<SeedGroup> alone = goal.alone(data);
  if (!alone) return unknown(std::move(target), "benchmark");
  target.known = true;
  target.value = data.mean_of(*alone, kP95);
  target.setting = "requests one at a time";
  target.reached = target.value < goal.limit_s;
  const double first_s = data.mean_of(*alone, "p50_ttft_s");
  const double token_s = data.mean_of(*alone, "p50_tpot_s");
  const double tokens = std::floor(1 + (goal.limit_s - first_s) / token_s);
  const double tokens_of_p95 = 1 + (target.value - first_s) / token_s;
  if (target.reached) {
    s.words(": reached where requests come one at a time: ").number(kP95, target.value, "s");
  } else {
    s.words(
        ": not reached at any setting. What stops it: alone on the server, without any queue, ");
    s.words("it is ").number(kP95, target.value, "s").words(" already, ");
    s.number("p50_ttft_ms", 1000 * first_s, "ms").words(" to the first token and ");
    s.number("p50_tpot_ms", 1000 * token_s, "ms").words(" for each further one: ");
    s.number("limit_s", goal.limit_s, "s").words(" are enough for ");
    s.number("tokens", tokens, "tokens").words(", or the ");
    s.number("tokens", std::round(tokens_of_p95)).words(" tokens of the 95th percentile need ");
    s.number("tpot_ms", 1000 * (goal.limit_s - first_s) / (tokens_of_p95 - 1), "ms");
    s.words(" each");
  }
  if (goal.all_requests) {
    const std::vector<SeedGroup> groups = queue_limits(data);
    const auto best =
        std::min_element(groups.begin(), groups.end(), [&](const SeedGroup& a, const SeedGroup& b) {
          return data.mean_of(a, kP95) < data.mean_of(b, kP95);
        });
    if (best != groups.end()) {
      s.words(". All at once the best is ").number(kP95, data.mean_of(*best, kP95), "s");
      s.words(", at max_num_seqs = ").number("max_num_seqs", best->key[0]);
    }
  }
  s.words(".");
  return target;
}

}  // namespace

std::vector<TuningTarget> tuning_targets(const StudyData& data) {
  std::vector<TuningTarget> targets;
  for (const MixGoal& goal : kMixGoals) targets.push_back(mix_target(data, goal));
  for (const LatencyGoal& goal : kLatencyGoals) targets.push_back(latency_target(data, goal));
  return targets;
}

Findings target_findings(const StudyData& data) {
  Findings findings;
  for (const TuningTarget& target : tuning_targets(data)) {
    findings.push_back(target.sentence.finding("Targets"));
  }
  return findings;
}

}  // namespace servesweep
