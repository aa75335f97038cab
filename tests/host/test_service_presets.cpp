// Service presets against their sources, and lists of them for replicas. DistServe's files are not
// ours to ship: skipped where SERVESWEEP_SHARED does not lead to them.
#include <catch2/catch.hpp>

#include <nlohmann/json.hpp>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "host/continuous_services.hpp"
#include "tests/support/continuous_worlds.hpp"

using namespace servesweep;

namespace {

// The folder of DistServe's files; empty, and said so, where there is none.
std::string distserve_folder() {
  const char* shared = std::getenv("SERVESWEEP_SHARED");
  const std::string folder = std::string(shared == nullptr ? "" : shared) + "/golden/distserve/";
  if (std::ifstream(folder + "README.md")) return folder;
  std::cout << "skipped: SERVESWEEP_SHARED names no folder with golden/distserve\n";
  return "";
}

double ms(Ticks ticks) { return ns_of(ticks) * 1e-6; }

struct DistServePreset {
  ServicePreset preset;
  const char* model;
  const char* tensor_parallel;
};
constexpr DistServePreset kDistServePresets[] = {
    {ServicePreset::kOpt13bTp1, "facebook/opt-13b", "1"},
    {ServicePreset::kOpt13bTp2, "facebook/opt-13b", "2"},
    {ServicePreset::kOpt13bTp4, "facebook/opt-13b", "4"},
    {ServicePreset::kOpt66bTp2, "facebook/opt-66b", "2"},
    {ServicePreset::kOpt66bTp3, "facebook/opt-66b", "3"},
    {ServicePreset::kOpt66bTp4, "facebook/opt-66b", "4"},
    {ServicePreset::kOpt66bTp8, "facebook/opt-66b", "8"},
};

struct SeeRequests {
  static constexpr bool kSeesSequences = false;
  std::vector<CompletedRequest> served;
  void flight(const FlightEvent&) {}
  void request(const CompletedRequest& request) { served.push_back(request); }
};

// `count` requests at time 0.
std::vector<CompletedRequest> serve(const ContinuousParams& params, int count, int prompt,
                                    int output) {
  testing::ContinuousCase c;
  for (int i = 0; i < count; ++i) {
    c.arrival_ns.push_back(0);
    c.prompt.push_back(prompt);
    c.output.push_back(output);
    c.predicted.push_back(output);
    c.draws.push_back(0);
  }
  c.world = lower(params, count);
  const ContinuousWorld world = c.view();
  testing::ContinuousMemory memory(world);
  SeeRequests seen;
  run_continuous(OneLane(), world, seen, memory);
  REQUIRE(seen.served.size() == static_cast<std::size_t>(count));
  return seen.served;
}

std::string finding(const ContinuousParams& params) {
  const std::vector<Finding> findings = check_continuous_params(params);
  return findings.empty() ? "" : findings.front().message;
}

}  // namespace

TEST_CASE("presets have DistServe's iteration times and KV tokens") {
  const std::string folder = distserve_folder();
  if (folder.empty()) return;
  const auto fits = nlohmann::json::parse(std::ifstream(folder + "profiler-a100-80g.vllm.json"));
  std::stringstream capacities;
  capacities << std::ifstream(folder + "max_num_tokens.csv").rdbuf();
  for (const DistServePreset& p : kDistServePresets) {
    INFO(name_of(p.preset));
    const IterationModel model = lower(p.preset);
    const auto& fit = fits.at(p.model).at(p.tensor_parallel);
    const auto prefill = fit.at("prefill").get<std::vector<double>>();
    for (const std::vector<std::int64_t>& prompts :
         {std::vector<std::int64_t>{1}, {512}, {100, 900, 3000}, {16384, 20000}}) {
      std::int64_t tokens = 0, pairs = 0;
      for (const std::int64_t length : prompts) tokens += length, pairs += length * length;
      const auto l = static_cast<double>(tokens), squares = static_cast<double>(pairs);
      const double expected =
          prefill[0] + prefill[1] * l + prefill[2] * squares + 1.0 + 2.0 + 0.0001 * l;
      const auto chunks = static_cast<std::int32_t>(prompts.size());
      CHECK(ms(model.time({0, chunks, 0, tokens, 0, pairs})) == Approx(expected).epsilon(1e-11));
    }
    for (const std::int32_t n : {1, 2, 94, 95, 96, 400}) {
      const auto abc =
          fit.at(n < fit.at("decoding_large_small_bs_threshold").get<int>() ? "decoding_smallbs"
                                                                            : "decoding_largebs")
              .get<std::vector<double>>();
      for (const std::int64_t before : {1, 77, 2048}) {  // tokens of each sequence, without the new
        const auto contexts = static_cast<double>(n * before);
        const double expected =
            abc[0] + abc[1] * (contexts + n) + abc[2] * n + 2.0 + 0.0001 * contexts;
        const IterationShape shape{n, 0, n * (before + 1), 0, 0, 0};
        CHECK(ms(model.time(shape)) == Approx(expected).epsilon(1e-11));
        CHECK(model.line(n, n * (before + 1)).first == model.time(shape));
      }
    }
    const std::string row = "\n" + std::string(p.model) + "," + p.tensor_parallel + ",1," +
                            std::to_string(facts_of(p.preset).kv_tokens);
    CHECK(capacities.str().find(row) != std::string::npos);
  }
}

TEST_CASE("presets are in order, their decodes cost nothing negative, all name a source") {
  for (std::size_t i = 1; i < std::size(EnumNames<ServicePreset>::values); ++i) {
    const PresetFacts& facts = facts_of(static_cast<ServicePreset>(i));
    INFO(EnumNames<ServicePreset>::values[i]);
    CHECK(std::string(facts.source).size() > 40);
    CHECK(facts.regimes[0].from_sequences == 0);
    for (int k = 0; k < facts.num_regimes; ++k) {
      const auto& [from, c] = facts.regimes[static_cast<std::size_t>(k)];
      if (k > 0) CHECK(from > facts.regimes[static_cast<std::size_t>(k) - 1].from_sequences);
      CHECK(c.base_ms > 0);
      CHECK(c.per_sequence_ms >= 0);
      CHECK(c.per_context_token_ms >= 0);
    }
  }
}

TEST_CASE("the week-2 server takes what was measured, within 2 %") {
  ContinuousParams params;
  params.preset.preset = ServicePreset::kQwen7b;
  double worst = 0;
  const auto check = [&](int batch, int tokens, double measured_s) {
    INFO("batch " << batch << ", " << tokens << " tokens");
    const double found = ms(serve(params, batch, 20, tokens).back().end) * 1e-3;
    worst = std::max(worst, std::fabs(found / measured_s - 1));
    CHECK(found == Approx(measured_s).epsilon(0.02));
  };
  for (const auto& [tokens, measured_s] : std::vector<std::pair<int, double>>{
           {10, .1048}, {20, .2061}, {50, .5126}, {100, 1.0227}, {200, 2.0414}, {300, 3.0643}}) {
    check(1, tokens, measured_s);
    CHECK(ms(serve(params, 1, 20, tokens).back().end) == Approx(2.5 + 10.2045 * tokens));
  }
  for (const auto& [batch, measured_s] :
       std::vector<std::pair<int, double>>{{4, .5159}, {8, .5169}, {16, .5219}, {32, .5605}}) {
    check(batch, 50, measured_s);
  }
  std::cout << "week-2 server: largest deviation " << 100 * worst << " %\n";
}

TEST_CASE("lists of services are read as they are meant") {
  const ReplicaServices s =
      parse_replica_services(" opt-13b-a100-tp1 * 2,qwen2.5-7b-a100 ,opt-13b-a100-tp4", 9);
  REQUIRE(s.error.empty());
  REQUIRE(s.groups.size() == 3);
  CHECK(s.groups[0].preset == ServicePreset::kOpt13bTp1);
  CHECK(s.groups[0].end_replica == 2);
  CHECK(s.groups[1].preset == ServicePreset::kQwen7b);
  CHECK(s.groups[1].end_replica == 3);
  CHECK(s.groups[2].preset == ServicePreset::kOpt13bTp4);
  CHECK(s.groups[2].end_replica == 9);
  CHECK(parse_replica_services("opt-13b-a100-tp1*2", 5).groups.front().end_replica == 5);

  const auto error = [](const char* list) { return parse_replica_services(list, 3).error; };
  CHECK(error("opt-13b-a100-tp3") ==
        "unknown preset 'opt-13b-a100-tp3' (in cluster.services) did you mean opt-13b-a100-tp1?");
  CHECK(error("none").find("unknown preset 'none'") == 0);
  CHECK(error("opt-13b-a100-tp1,").find("unknown preset ''") == 0);
  for (const char* count : {"0", "-1", "two", "1.5", "", "99999999999"}) {
    CHECK(error(("opt-13b-a100-tp1*" + std::string(count)).c_str()).find("is not a number of") !=
          std::string::npos);
  }
  CHECK(error("opt-13b-a100-tp1*2, opt-13b-a100-tp2*2") ==
        "invalid services (for 4 replicas or more; num_replicas=3) raise that or shorten the list");
  std::string many = "opt-13b-a100-tp1";
  for (int i = 0; i < kMaxServices; ++i) many += ",opt-13b-a100-tp1";
  CHECK(parse_replica_services(many, 100).error.find("more than 8 entries") != std::string::npos);

  ContinuousParams params;
  params.services = "opt-13b-a100-tp9";
  CHECK(finding(params).find("unknown preset") == 0);
  params.services = "opt-13b-a100-tp2";
  CHECK(finding(params).empty());
}

TEST_CASE("each replica takes the time of its own service") {
  ContinuousParams params;
  params.cluster.num_replicas = 4;
  params.services = "opt-13b-a100-tp1,qwen2.5-7b-a100*2,opt-66b-a100-tp8";
  constexpr int kPrompt = 40, kOutput = 30;
  const std::vector<CompletedRequest> served = serve(params, 4, kPrompt, kOutput);
  constexpr ServicePreset kOf[] = {ServicePreset::kOpt13bTp1, ServicePreset::kQwen7b,
                                   ServicePreset::kQwen7b, ServicePreset::kOpt66bTp8};
  for (const CompletedRequest& request : served) {
    ContinuousParams alone;
    alone.preset.preset = kOf[request.replica];
    CHECK(request.end == serve(alone, 1, kPrompt, kOutput).front().end);
  }
  CHECK(served.front().replica != served.back().replica);
}
