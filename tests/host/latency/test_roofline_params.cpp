// The roofline's bounds from the facts of a GPU and a model.
#include <algorithm>
#include <string>
#include <vector>

#include "host/engines/continuous/continuous_services.hpp"
#include "tests/support/catch.hpp"

using namespace servesweep;

TEST_CASE("weights of models are those that they are published with") {
  // Published parameters, less the embedding of the input where it is not the output's matrix, too.
  const auto billions = [](RooflineModel model, bool own_embedding) {
    const RooflineShapeParams& s = facts_of(model).shape;
    const double embedding = own_embedding ? 1.0 * s.hidden_size * s.vocabulary : 0.0;
    return (s.weights() + embedding) * 1e-9;
  };
  CHECK(billions(RooflineModel::kLlama8b, true) == Approx(8.03).epsilon(0.002));
  CHECK(billions(RooflineModel::kLlama70b, true) == Approx(70.55).epsilon(0.002));
  CHECK(billions(RooflineModel::kQwen7b, true) == Approx(7.616).epsilon(0.002));
  CHECK(billions(RooflineModel::kMistral7b, true) == Approx(7.242).epsilon(0.002));
  CHECK(billions(RooflineModel::kOpt13b, false) == Approx(12.85).epsilon(0.002));
  CHECK(billions(RooflineModel::kPhi3Mini, true) == Approx(3.82).epsilon(0.002));
  // KV bytes of Qwen2.5-7B: 57,344 per token.
  CHECK(2 * facts_of(RooflineModel::kQwen7b).shape.kv_values_per_token() == 57344);
}

TEST_CASE("bounds by hand") {
  RooflineSpec spec;
  spec.roofline.gpu = RooflineGpu::kCustom;
  spec.roofline.model = RooflineModel::kCustom;
  spec.roofline.compute_efficiency = 0.5;
  spec.roofline.bandwidth_efficiency = 0.25;
  spec.roofline.tensor_parallel = 2;
  spec.roofline.overhead_ms = 3;
  spec.roofline.bytes_per_weight = 1;
  spec.gpu = {100, 1000};
  spec.model = {2, 10, 4, 2, 5, 30, false, 100};
  // A layer: 10 * 5 * (4 + 2) * 2 of attention, 2 * 10 * 30 of the other part; 1000 of the output.
  const double weights = 2 * (600 + 600) + 1000;
  CHECK(spec.model.weights() == weights);
  const RooflineBounds bounds = bounds_of(spec);
  const double bytes_per_ms = 2 * 0.25 * 1000e6, flops_per_ms = 2 * 0.5 * 100e9;
  CHECK(bounds.memory.base_ms == Approx(3 + weights / bytes_per_ms));
  CHECK(bounds.memory.per_context_token_ms == Approx(2 * 2 * 2 * 5 * 2 / bytes_per_ms));
  CHECK(bounds.memory.per_prompt_token_ms == bounds.memory.per_context_token_ms);
  CHECK(bounds.memory.per_sequence_ms == 0);
  CHECK(bounds.compute.base_ms == 3);
  CHECK(bounds.compute.per_sequence_ms == Approx(2 * weights / flops_per_ms));
  CHECK(bounds.compute.per_prompt_token_ms == bounds.compute.per_sequence_ms);
  CHECK(bounds.compute.per_context_token_ms == Approx(4.0 * 2 * 4 * 5 / flops_per_ms));
  CHECK(bounds.compute.per_prompt_token_pair_ms == bounds.compute.per_context_token_ms);

  const IterationModel model = lower(spec);
  CHECK(model.is<RooflineIteration>());
  CHECK(ns_of(model.as<RooflineIteration>().memory.base) * 1e-6 == Approx(bounds.memory.base_ms));
}

TEST_CASE("an estimate is said to be one, and its memory is compared with its model") {
  ContinuousParams params;
  CHECK(check_continuous_params(params).empty());
  params.service.model = IterationModels::code_of<RooflineIteration>();
  params.roofline.roofline.model = RooflineModel::kQwen7b;
  const auto findings = [&params] {
    std::vector<Finding> all = check_continuous_params(params);
    REQUIRE_FALSE(all.empty());
    CHECK(std::all_of(all.begin(), all.end(), [](const Finding& f) { return f.is_warning; }));
    CHECK(all[0].message.find("is an estimate") != std::string::npos);
    return all;
  };
  CHECK(findings().size() == 1);
  params.roofline.roofline.model = RooflineModel::kLlama8b;
  REQUIRE(findings().size() == 2);
  CHECK(findings()[1].key == "kv_cache.kv_bytes_per_token");
  CHECK(findings()[1].message ==
        "kv_bytes_per_token is not what service.roofline has (model=llama-3.1-8b: 131072) set it "
        "to that");
  params.roofline.roofline.model = RooflineModel::kOpt13b;
  REQUIRE(findings().size() == 3);
  CHECK(findings()[1].key == "kv_cache.weights_gb");
  params.kv.sizing = KvSizing::kBlocks;
  CHECK(findings().size() == 1);
}

TEST_CASE("estimates beside what others measured, as docs/continuous_engine.md says") {
  const auto decode_ms = [](const IterationModel& model) {
    return ns_of(model.time({1, 0, 500, 0, 0, 0})) * 1e-6;
  };
  RooflineSpec spec;
  spec.roofline.gpu = RooflineGpu::kA100_40;
  spec.roofline.model = RooflineModel::kQwen7b;
  CHECK(decode_ms(lower(spec)) == Approx(10.7).margin(0.05));
  CHECK(decode_ms(lower(ServicePreset::kQwen7b)) == Approx(10.2).margin(0.05));
  spec.roofline.gpu = RooflineGpu::kA100_80;
  spec.roofline.model = RooflineModel::kOpt13b;
  CHECK(decode_ms(lower(spec)) == Approx(15.1).margin(0.05));
  CHECK(decode_ms(lower(ServicePreset::kOpt13bTp1)) == Approx(25.9).margin(0.05));
}
