#include "host/latency/preset_docs.hpp"

#include <fmt/format.h>
#include <cstddef>
#include <iterator>

#include "host/latency/roofline_params.hpp"
#include "host/latency/service_presets.hpp"

namespace servesweep {

namespace {

constexpr const char* kPresetsIntroduction = R"(# Service presets, and facts for rooflines

Generated from the tables that the program follows: `servesweep docs service-presets`.

## Measured and fitted: `service.preset`

Iteration times that others measured: coefficients of the affine model (continuous_engine.md), or a
table of kernel times that is in the program (`llama-3.1-8b-rtx4090`). `cluster.services` gives replicas
different ones: `services = "opt-13b-a100-tp1*2, opt-13b-a100-tp2"` means two replicas of the first, and
of the second all that remain; "service" in the list is what `[service]` says. A preset is a service
time and nothing else: scheduler and KV cache are what the sweep file says. KV tokens are what the
source states for a replica's cache; set `kv_cache.num_blocks` to them, divided by the block size. The
default cache draws a warning where it is more than 20 % off.

**What is assumed.** DistServe measured prefills and decodes apart, as its mode prefill_first runs them.
For mode mixed its presets charge a prompt token beside decodes what it costs in a prefill: per prompt
token and per pair, added to the time of the decodes.

OPT-175B has no preset: `max_num_tokens.csv` states its KV tokens, but the simulator's coefficient files
that the presets are from have OPT-13B and OPT-66B alone.

)";

constexpr const char* kRooflineIntroduction = R"(
## Published facts: `service.model = "roofline"`

An estimate for a GPU and a model that were not measured together: an iteration takes the longer of the time to
read weights and KV cache and the time of the arithmetic (continuous_engine.md). Peaks and shapes are
published; `compute_efficiency`, `bandwidth_efficiency` and `overhead_ms` are assumptions of yours. Each
of them decides the result, so compare with a measurement where there is one, and prefer
`servesweep calibrate`.

)";

}  // namespace

std::string service_presets_markdown() {
  std::string text = kPresetsIntroduction;
  text += "| preset | KV tokens | source |\n|---|---|---|\n";
  std::string regimes =
      "\n| preset | decoding sequences | base [ms] | per prompt token [ms] | per pair [ms] | per "
      "sequence [ms] | per context token [ms] |\n|---|---|---|---|---|---|---|\n";
  for (std::size_t i = 1; i < std::size(EnumNames<ServicePreset>::values); ++i) {
    const char* name = EnumNames<ServicePreset>::values[i];
    const PresetFacts& facts = facts_of(static_cast<ServicePreset>(i));
    text += fmt::format("| `{}` | {} | {} |\n", name,
                        facts.kv_tokens > 0 ? std::to_string(facts.kv_tokens) : "not stated",
                        facts.source);
    for (std::int32_t k = 0; k < facts.num_regimes; ++k) {
      const auto& [from, c] = facts.regimes[static_cast<std::size_t>(k)];
      regimes +=
          fmt::format("| `{}` | from {} | {:.10g} | {:.10g} | {:.10g} | {:.10g} | {:.10g} |\n",
                      name, from, c.base_ms, c.per_prompt_token_ms, c.per_prompt_token_pair_ms,
                      c.per_sequence_ms, c.per_context_token_ms);
    }
  }
  text += regimes + kRooflineIntroduction;
  text += "| gpu | dense 16-bit peak [Tflop/s] | bandwidth [GB/s] | source |\n|---|---|---|---|\n";
  for (std::size_t i = 0; i + 1 < std::size(EnumNames<RooflineGpu>::values); ++i) {
    const RooflineGpuFacts& facts = facts_of(static_cast<RooflineGpu>(i));
    text += fmt::format("| `{}` | {:g} | {:g} | {} |\n", EnumNames<RooflineGpu>::values[i],
                        facts.peaks.peak_tflops, facts.peaks.bandwidth_gb_per_s, facts.source);
  }
  text +=
      "\nMatrix weights are those that every token is multiplied with: layers and output, not the "
      "embedding\nof the input.\n\n| model | layers | hidden | heads | KV heads | head size | "
      "intermediate | matrices | vocabulary | matrix weights [10^9] | source "
      "|\n|---|---|---|---|---|---|---|---|---|---|---|\n";
  for (std::size_t i = 0; i + 1 < std::size(EnumNames<RooflineModel>::values); ++i) {
    const auto& [s, source] = facts_of(static_cast<RooflineModel>(i));
    text += fmt::format("| `{}` | {} | {} | {} | {} | {} | {} | {} | {} | {:.3f} | {} |\n",
                        EnumNames<RooflineModel>::values[i], s.layers, s.hidden_size, s.heads,
                        s.kv_heads, s.head_size, s.intermediate_size, s.gated ? 3 : 2, s.vocabulary,
                        s.weights() * 1e-9, source);
  }
  return text;
}

}  // namespace servesweep
