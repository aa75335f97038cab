// The continuous engine against the simulator that DistServe's repository ships (Zhong et al. 2024;
// tests/data/golden/distserve/README.md), OPT-13B on one A100: its backend vllm as a whole, every
// iteration's sequences and every request's times to a relative 1e-9; of its backend distserve,
// which prefills and decodes on different workers, the prefill worker. 500 requests are skipped
// where SERVESWEEP_SHARED does not lead to them.
#include <nlohmann/json.hpp>
#include <cmath>
#include <iostream>
#include <string>
#include <vector>

#include "host/engines/continuous/continuous_services.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/continuous_worlds.hpp"
#include "tests/support/shared_files.hpp"
#include "tests/support/source_folder.hpp"

namespace servesweep {
namespace {

using testing::read_rows;
using testing::read_text;

struct SeeIterations {
  static constexpr bool kSeesSequences = true;
  std::vector<CompletedRequest> requests;  // [request]
  std::vector<IterationRun> runs;
  std::vector<std::string> prefills, decodes;  // [run], as "[100, 200]"
  std::string next_prefills, next_decodes;

  void member(std::int32_t, std::uint32_t, std::int32_t computed, std::int32_t chunk) {
    std::string& list = chunk > 0 ? next_prefills : next_decodes;
    list += (list.empty() ? "" : ", ") + std::to_string(chunk > 0 ? chunk : computed);
  }
  void ran(const IterationRun& event) {
    runs.push_back(event);
    prefills.push_back("[" + std::exchange(next_prefills, "") + "]");
    decodes.push_back("[" + std::exchange(next_decodes, "") + "]");
  }
  void request(const CompletedRequest& served) { requests.at(served.request) = served; }
};

testing::ContinuousCase requests_of(const std::string& path) {
  testing::ContinuousCase c;
  for (const nlohmann::json& r : nlohmann::json::parse(read_text(path))) {
    c.arrival_ns.push_back(std::llround(r.at("start_time").get<double>() * 1e9));
    c.prompt.push_back(r.at("prompt_len"));
    c.output.push_back(r.at("output_len"));
    c.predicted.push_back(1);
    c.draws.push_back(0);
  }
  ContinuousWorld& w = c.world;
  w.mode = SchedulingModes::code_of<PrefillFirstMode>();
  w.step = true;
  w.max_batched_tokens = 66144;
  w.max_sequences = static_cast<std::int32_t>(c.prompt.size());
  w.num_blocks = 1'000'000;
  w.time_limit_ns = kClockEnd_ns;
  w.groups[0].end_replica = 1;
  return c;
}

SeeIterations run(const testing::ContinuousCase& c) {
  const ContinuousWorld world = c.view();
  testing::ContinuousMemory memory(world);
  SeeIterations seen;
  seen.requests.resize(c.prompt.size());
  testing::run_continuous(OneLane(), world, seen, memory);
  return seen;
}

// Compares numbers to a relative 1e-9 and remembers how far they were apart.
struct Comparison {
  double worst = 0;
  bool same_ms(Ticks found, const std::string& expected) {
    const double x = std::stod(expected);
    const double error = std::abs(ns_of(found) * 1e-6 - x) / std::abs(x);
    worst = std::max(worst, error);
    return error <= 1e-9;
  }
};

// The rows of a worker's iterations; num_workers share the file.
std::vector<std::vector<std::string>> iterations_of(const std::string& path, const char* worker) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& row : read_rows(path)) {
    if (row[1] != "wait" && row[7] == worker) rows.push_back(row);
  }
  return rows;
}

void check_vllm(const std::string& folder, const std::string& name, const std::string& suffix) {
  testing::ContinuousCase c = requests_of(folder + name + ".json");
  c.world.prefill_yields_token = false;
  c.world.max_decode_context = 50'000;
  c.world.groups[0].service = lower(ServicePreset::kOpt13bTp1);
  const SeeIterations seen = run(c);
  Comparison compare;
  const auto latencies = read_rows(folder + name + ".vllm.latency.csv");
  REQUIRE(latencies.size() == c.prompt.size());
  for (std::size_t i = 0; i < latencies.size(); ++i) {
    INFO("request " << i);
    const CompletedRequest& r = seen.requests[i];
    REQUIRE(compare.same_ms(r.first_token - r.arrival, latencies[i][0]));
    REQUIRE(compare.same_ms(r.end - r.arrival, latencies[i][2]));
  }
  const auto rows = iterations_of(folder + name + ".vllm.worker.csv" + suffix, "0");
  REQUIRE(seen.runs.size() == rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    INFO("iteration " << i);
    REQUIRE(seen.prefills[i] == rows[i][5]);
    REQUIRE(seen.decodes[i] == rows[i][6]);
    REQUIRE(compare.same_ms(seen.runs[i].end, rows[i][9]));
  }
  std::cout << name << ", vllm: " << rows.size() << " iterations, relative deviation at most "
            << compare.worst << "\n";
}

// A prefill worker is a server whose requests end with their first token.
void check_prefill_worker(const std::string& folder, const std::string& name) {
  testing::ContinuousCase c = requests_of(folder + name + ".json");
  for (std::int32_t& output : c.output) output = 1;
  const auto prefill = nlohmann::json::parse(read_text(folder + "profiler-a100-80g.distserve.json"))
                           .at("facebook/opt-13b")
                           .at("1")
                           .at("prefill")
                           .get<std::vector<double>>();
  AffineRegimeParams coefficients;  // with the overheads, as the README says
  coefficients.base_ms = prefill[0] + 1.0 + 2.0;
  coefficients.per_prompt_token_ms = prefill[1] + 0.0001;
  coefficients.per_prompt_token_pair_ms = prefill[2];
  coefficients.per_sequence_ms = 0;
  c.world.groups[0].service.choose<AffineIteration>().regimes[0] = lower(coefficients, 0);
  const SeeIterations seen = run(c);
  Comparison compare;
  const auto latencies = read_rows(folder + name + ".distserve.latency.csv");
  REQUIRE(latencies.size() == c.prompt.size());
  for (std::size_t i = 0; i < latencies.size(); ++i) {
    INFO("request " << i);
    const CompletedRequest& r = seen.requests[i];
    REQUIRE(compare.same_ms(r.first_token - r.arrival, latencies[i][0]));
  }
  std::cout << name << ", distserve's prefill worker: " << seen.runs.size()
            << " iterations, relative deviation at most " << compare.worst << "\n";
}

}  // namespace

TEST_CASE("four requests on DistServe's vllm backend") {
  check_vllm(testing::in_source_folder("tests/data/golden/distserve/"), "tiny4", "");
}

TEST_CASE("500 requests of a real trace on both of its backends") {
  const std::string folder = testing::shared_golden("distserve");
  if (folder.empty()) return;
  check_vllm(folder, "azure_conv_500", ".gz");
  check_prefill_worker(folder, "azure_conv_500");
  check_prefill_worker(folder, "tiny4");
}

}  // namespace servesweep
