#include "host/latency/service_presets.hpp"

#include <fmt/format.h>
#include <cstddef>
#include <limits>
#include <vector>

namespace servesweep {

namespace {

// a + b * tokens + c * (tokens^2, or sequences), in ms.
struct DistServeFit {
  double prefill[3];
  double few[3];   // decodes, from 1 sequence
  double many[3];  // from 95
};

constexpr const char* kDistServe =
    "DistServe (Zhong et al. 2024, arXiv:2401.09670), simulator of its public repository "
    "(Apache-2.0): coefficients fitted to vLLM on A100-80GB, profiler-a100-80g.vllm.json; KV "
    "tokens from its max_num_tokens.csv, one pipeline stage. For its scheduling: mode "
    "prefill_first, prefill_yields_token false, at most 66,144 batched tokens, 50,000 tokens of "
    "context in a decode iteration. It measured no prefills beside decodes: in mode mixed a "
    "prompt token is assumed to cost there what it costs in a prefill.";

// An iteration's overhead there is 2 ms and 0.1 us per token of context, without the present one;
// a prefill's pipeline stage adds 1 ms. Prompts beside decodes are assumed to have the terms of a
// prefill.
PresetFacts distserve(const DistServeFit& fit, std::int64_t kv_tokens) {
  constexpr double kOverhead_ms = 2.0;
  constexpr double kStage_ms = 1.0;
  constexpr double kPerContext_ms = 0.0001;
  const double(&p)[3] = fit.prefill;
  const double per_prompt_token_ms = p[1] + kPerContext_ms;
  const auto decode = [&](std::int32_t from, const double(&c)[3]) {
    return PresetRegime{from,
                        {c[0] + kOverhead_ms, per_prompt_token_ms, p[2], c[2] - kPerContext_ms,
                         c[1] + kPerContext_ms}};
  };
  PresetFacts facts;
  facts.source = kDistServe;
  facts.kv_tokens = kv_tokens;
  facts.regimes = {
      PresetRegime{0, {p[0] + kStage_ms + kOverhead_ms, per_prompt_token_ms, p[2], 0, 0}},
      decode(1, fit.few), decode(95, fit.many)};
  facts.num_regimes = 3;
  if (p[2] < 0) {
    facts.source += fmt::format(
        " Its pair coefficient is negative, so that the time of a prefill falls again from {:.0f} "
        "prompt tokens in an iteration on: keep below.",
        facts.falls_from_tokens());
  }
  return facts;
}

// A single request of T tokens was measured to take 2.5 ms + 10.2045 ms * T, whatever its prompt
// (14 to 204 words): a prefill of 12.7045 ms, and decodes of 10.2045 ms of one sequence. Batches of
// 4, 8, 16 and 32 requests of 50 tokens took 515.9, 516.9, 521.9 and 560.5 ms, so that a decode
// takes 10.2693, 10.2897, 10.3917 and 11.1795 ms. Up to 16 the line through one sequence that fits
// the next three best, above it the line through 16 and 32.
PresetFacts week2_server() {
  PresetFacts facts;
  facts.source =
      "Public vLLM benchmark of Qwen2.5-7B-Instruct (repository QwenInferenceOptimization, "
      "week 2): its single requests and batches of 4 to 32. The GPU is not recorded, by its "
      "bandwidth of the class of an A100-40GB; the prompts were short and may have been "
      "cached, so that prompt tokens cost nothing here: for short prompts alone.";
  facts.regimes = {PresetRegime{0, {12.7045, 0, 0, 0, 0}},
                   PresetRegime{1, {10.19178, 0, 0, 0.01272, 0}},
                   PresetRegime{17, {9.60399, 0, 0, 0.0492347, 0}}};
  facts.num_regimes = 3;
  return facts;
}

// The profile is in the program (io/measured/preset_profile). KV tokens: the server of
// regression.vllm_server had 2588 blocks of 16 tokens, of which one was reserved.
PresetFacts rtx4090_server() {
  PresetFacts facts;
  facts.source =
      "LLMServingSim (Cho et al. 2024, arXiv:2408.05499; Copyright (c) 2024 CASYS Lab at KAIST, "
      "licence MIT, below): kernel times of Llama-3.1-8B in vLLM 0.19.0 on one RTX 4090, bf16, "
      "eager mode, the files of examples/profiles/rtx4090-llama-3.1-8b. KV tokens: of the real "
      "server in its repository.";
  facts.kv_tokens = 2587 * 16;
  facts.profile_layers = 32;
  return facts;
}

// The presets in the order of ServicePreset, from the first that is not none.
std::vector<PresetFacts> all_presets() {
  return {
      distserve({{22.052204789310185, 0.14050923870128956, 8.076584822611088e-06},
                 {23.475041008414784, 0.000592934466077393, 0.060726861260369455},
                 {20.206356173691958, 0.0004907727036234946, 0.1200031385587413}},
                66144),
      distserve({{27.440806247810684, 0.0905453268062731, 8.452054313246025e-06},
                 {24.54058424191086, 0.00022440145424035404, 0.08715787269447899},
                 {17.947769467112806, 0.0004570851465217072, 0.11179075830699213}},
                163008),
      distserve({{30.536322590049405, 0.05150644936810146, 4.232473132942393e-07},
                 {25.90114444283343, 7.753634454230709e-05, 0.05528087160867803},
                 {23.88388468859458, 0.00028400164093310935, 0.06276523831046728}},
                356736),
      distserve({{58.3822026348141, 0.3826408030281867, -7.1141486747694485e-06},
                 {57.07344137197128, 0.0036461138777547255, 0.2249373634499222},
                 {26.983759428854572, 0.006200132376379982, 0.4482569479277445}},
                11600),
      distserve({{45.74453423698261, 0.2778127747865773, 3.64624693008797e-05},
                 {44.93958620555262, 0.0008096152552620141, 0.21287979591036174},
                 {43.69602916834496, 0.0008402567346080152, 0.24006467608312998}},
                45056),
      distserve({{42.965489361973944, 0.2128658422785494, 4.601017396226869e-05},
                 {39.58178936012414, 0.0006945721692406896, 0.13580868185596764},
                 {40.859718006896806, 0.0004264871259058686, 0.19508372547790553}},
                78496),
      distserve({{38.931193445523604, 0.1573682229779579, 4.531676245669589e-06},
                 {31.176041922273107, 0.00027556543631760213, 0.0679770397053775},
                 {29.087774405517447, 0.0006027720257746419, 0.1389608688300688}},
                212304),
      week2_server(),
      rtx4090_server(),
  };
}

}  // namespace

bool PresetFacts::charges_prompts() const {
  return has_profile() || regimes[0].coefficients.per_prompt_token_ms > 0;
}

double PresetFacts::falls_from_tokens() const {
  const AffineRegimeParams& c =
      regimes[0].coefficients;  // all regimes have the same terms of prompts
  if (!(c.per_prompt_token_pair_ms < 0)) return std::numeric_limits<double>::infinity();
  return -c.per_prompt_token_ms / (2 * c.per_prompt_token_pair_ms);
}

const PresetFacts& facts_of(ServicePreset preset) {
  static const std::vector<PresetFacts> presets = all_presets();
  return presets.at(static_cast<std::size_t>(preset) - 1);
}

}  // namespace servesweep
