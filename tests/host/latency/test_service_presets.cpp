// Service presets against their sources, and lists of services for replicas.
#include <nlohmann/json.hpp>
#include <algorithm>
#include <cmath>
#include <iostream>
#include <string>
#include <vector>

#include "host/engines/continuous/continuous_services.hpp"
#include "host/latency/iteration_table.hpp"
#include "io/measured/preset_profile.hpp"
#include "io/measured/profile_reader.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/continuous_worlds.hpp"
#include "tests/support/shared_files.hpp"
#include "tests/support/source_folder.hpp"
#include "tests/support/tuning_server.hpp"

using namespace servesweep;

namespace {

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
  void ran(const IterationRun&) {}
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
  const std::string folder = testing::in_source_folder("tests/data/golden/distserve/");
  const auto fits =
      nlohmann::json::parse(testing::read_text(folder + "profiler-a100-80g.vllm.json"));
  const auto capacities = testing::read_rows(folder + "max_num_tokens.csv");
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
        // A chunk beside decodes is charged what it costs in a prefill.
        const IterationShape chunk{0, 1, 0, 512, 300, 512 * 812};
        const IterationShape both{n, 1, n * (before + 1), 512, 300, 512 * 812};
        const IterationShape nothing{0, 0, 0, 0, 0, 0};
        CHECK(model.time(both) - model.time(shape) == model.time(chunk) - model.time(nothing));
      }
    }
    const std::vector<std::string> row = {p.model, p.tensor_parallel, "1",
                                          std::to_string(facts_of(p.preset).kv_tokens)};
    CHECK(std::count(capacities.begin(), capacities.end(), row) == 1);
  }
}

TEST_CASE("presets are in order, their decodes cost nothing negative, all name a source") {
  for (std::size_t i = 1; i < std::size(EnumNames<ServicePreset>::values); ++i) {
    const PresetFacts& facts = facts_of(static_cast<ServicePreset>(i));
    INFO(EnumNames<ServicePreset>::values[i]);
    CHECK(facts.source.size() > 40);
    CHECK((facts.num_regimes == 0) == facts.has_profile());
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
  for (const testing::MeasuredTime& m : testing::kSingleRequests) {
    check(1, m.count, m.seconds);
    CHECK(ms(serve(params, 1, 20, m.count).back().end) == Approx(2.5 + 10.2045 * m.count));
  }
  for (const testing::MeasuredTime& m : testing::kBatches) {
    check(m.count, testing::kBatchTokens, m.seconds);
  }
  std::cout << "week-2 server: largest deviation " << 100 * worst << " %\n";
}

TEST_CASE("the profile in the program is the one of the examples") {
  const KernelProfile embedded = preset_profile(ServicePreset::kLlama8bRtx4090);
  const KernelProfile shipped =
      read_kernel_profile(testing::in_source_folder("examples/profiles/rtx4090-llama-3.1-8b"));
  const std::int32_t layers = facts_of(ServicePreset::kLlama8bRtx4090).profile_layers;
  CHECK(make_iteration_table(embedded, layers).numbers ==
        make_iteration_table(shipped, 32).numbers);
  CHECK(preset_licences_markdown().find("CASYS Lab at KAIST") != std::string::npos);
}

TEST_CASE("what to know of a preset is said") {
  ContinuousParams params;
  params.preset.preset = ServicePreset::kQwen7b;
  CHECK(finding(params).find("service preset qwen2.5-7b-a100 charges nothing for prompt tokens") ==
        0);

  params.preset.preset = ServicePreset::kOpt13bTp1;
  CHECK(finding(params) ==
        "the KV cache's default size is not that of service preset opt-13b-a100-tp1 (66144 tokens) "
        "set sizing = \"blocks\" and num_blocks = 4134");
  params.memory.gpu_memory_gb = 22;  // 45,344 tokens
  CHECK_FALSE(finding(params).empty());
  params.memory.gpu_memory_gb = 23.9;  // 75,168
  CHECK(finding(params).empty());
  params.memory = {};
  params.memory.weights_gb = 25.7;  // given by the user
  CHECK(finding(params).empty());
  params.memory = {};
  params.kv.sizing = KvSizing::kBlocks;
  CHECK(finding(params).empty());

  params.preset.preset = ServicePreset::kOpt66bTp2;
  params.scheduler.max_num_batched_tokens = 26'000;
  CHECK(finding(params).empty());
  params.scheduler.max_num_batched_tokens = 27'000;
  CHECK(finding(params).find("max_num_batched_tokens is beyond what service preset "
                             "opt-66b-a100-tp2 is for") == 0);
  // The time of a prefill is longest there.
  const IterationModel model = lower(ServicePreset::kOpt66bTp2);
  const auto prefill = [&model](std::int64_t length) {
    return model.time({0, 1, 0, length, 0, length * length});
  };
  const auto most =
      static_cast<std::int64_t>(facts_of(ServicePreset::kOpt66bTp2).falls_from_tokens());
  CHECK(prefill(most) > prefill(most - 100));
  CHECK(prefill(most) > prefill(most + 100));
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
        "unknown service 'opt-13b-a100-tp3' (in cluster.services) did you mean opt-13b-a100-tp1?");
  CHECK(error("none").find("unknown service 'none'") == 0);
  CHECK(error("opt-13b-a100-tp1,").find("unknown service ''") == 0);
  for (const char* count : {"0", "-1", "two", "1.5", "", "99999999999"}) {
    CHECK(error(("opt-13b-a100-tp1*" + std::string(count)).c_str()).find("is not a number of") !=
          std::string::npos);
  }
  CHECK(error("opt-13b-a100-tp1*2, opt-13b-a100-tp2*2") ==
        "invalid services (for 4 replicas or more; num_replicas=3) raise that or shorten the list");
  const auto own = parse_replica_services("opt-13b-a100-tp2, service", 3);
  REQUIRE(own.error.empty());
  CHECK(own.groups[1].preset == ServicePreset::kNone);
  CHECK(parse_replica_services("service", 3, ServicePreset::kQwen7b).groups[0].preset ==
        ServicePreset::kQwen7b);
  std::string many = "opt-13b-a100-tp1";
  for (int i = 0; i < kMaxServices; ++i) many += ",opt-13b-a100-tp1";
  CHECK(parse_replica_services(many, 100).error.find("more than 8 entries") != std::string::npos);

  ContinuousParams params;
  params.services = "opt-13b-a100-tp9";
  CHECK(finding(params).find("unknown service") == 0);
  params.kv.sizing = KvSizing::kBlocks;
  params.services = "opt-13b-a100-tp2";
  CHECK(finding(params).empty());
  params.cluster.num_replicas = 2;
  params.services = "opt-13b-a100-tp2, service";
  params.service.model = IterationModels::code_of<TableIteration>();
  CHECK(finding(params).find("missing service.profile") == 0);
}

TEST_CASE("every group with a table is known") {
  ContinuousParams params;
  params.cluster.num_replicas = 4;
  params.services = "llama-3.1-8b-rtx4090, opt-13b-a100-tp2, service, llama-3.1-8b-rtx4090";
  params.service.model = IterationModels::code_of<TableIteration>();
  params.table.layers = 28;
  params.profile_path = "folder";
  const std::vector<ProfileUse> uses = profiles_of(params);
  REQUIRE(uses.size() == 3);
  CHECK(uses[0].group == 0);
  CHECK(uses[0].profile == ProfileUse::Profile{ServicePreset::kLlama8bRtx4090, "", 32});
  CHECK(uses[1].group == 2);
  CHECK(uses[1].profile == ProfileUse::Profile{ServicePreset::kNone, "folder", 28});
  CHECK(uses[2].group == 3);
  CHECK(uses[2].profile == uses[0].profile);
  const ContinuousWorld world = lower(params, 1);
  REQUIRE(world.num_groups == 4);
  for (const std::int32_t i : {0, 2, 3}) {
    CHECK(world.groups[i].service.is<TableIteration>());
  }
  params.service.model = IterationModels::code_of<AffineIteration>();
  CHECK(profiles_of(params).size() == 2);
}

TEST_CASE("each replica takes the time of its own service") {
  ContinuousParams params;
  params.cluster.num_replicas = 4;
  params.services = "opt-13b-a100-tp1,qwen2.5-7b-a100*2,service";
  constexpr int kPrompt = 40, kOutput = 30;
  const std::vector<CompletedRequest> served = serve(params, 4, kPrompt, kOutput);
  constexpr ServicePreset kOf[] = {ServicePreset::kOpt13bTp1, ServicePreset::kQwen7b,
                                   ServicePreset::kQwen7b, ServicePreset::kNone};
  for (const CompletedRequest& request : served) {
    ContinuousParams alone;
    alone.preset.preset = kOf[request.replica];
    CHECK(request.end == serve(alone, 1, kPrompt, kOutput).front().end);
  }
  CHECK(served.front().replica != served.back().replica);
}
