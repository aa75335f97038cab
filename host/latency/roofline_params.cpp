#include "host/latency/roofline_params.hpp"

#include <cstddef>
#include <iterator>

namespace servesweep {

namespace {

// GPUs in the order of RooflineGpu. Dense (not sparse) 16-bit matrix arithmetic; where a vendor
// gives two rates, the one that accumulates in 32 bits.
constexpr RooflineGpuFacts kGpus[] = {
    {{312.0, 2039.0}, "NVIDIA A100 datasheet, SXM 80 GB"},
    {{312.0, 1555.0}, "NVIDIA A100 datasheet, SXM 40 GB"},
    {{989.4, 3350.0}, "NVIDIA H100 datasheet and Hopper architecture whitepaper, SXM5"},
    {{989.4, 4800.0}, "NVIDIA H200 datasheet, SXM"},
    {{1307.4, 5300.0}, "AMD Instinct MI300X datasheet"},
    {{125.0, 900.0}, "NVIDIA V100 datasheet, SXM2"},
    {{65.0, 320.0}, "NVIDIA Turing architecture whitepaper, Tesla T4"},
    {{121.0, 300.0}, "NVIDIA L4 datasheet"},
    {{71.0, 936.0}, "NVIDIA GA102 whitepaper, GeForce RTX 3090"},
    {{165.2, 1008.0}, "NVIDIA Ada architecture whitepaper, GeForce RTX 4090"},
};
static_assert(std::size(kGpus) == static_cast<std::size_t>(RooflineGpu::kCustom));

// Models in the order of RooflineModel: the config.json that each model is published with.
constexpr RooflineModelFacts kModels[] = {
    {{32, 4096, 32, 8, 128, 14336, true, 128256}, "config.json of meta-llama/Llama-3.1-8B"},
    {{80, 8192, 64, 8, 128, 28672, true, 128256}, "config.json of meta-llama/Llama-3.1-70B"},
    {{28, 3584, 28, 4, 128, 18944, true, 152064}, "config.json of Qwen/Qwen2.5-7B-Instruct"},
    {{32, 4096, 32, 8, 128, 14336, true, 32000}, "config.json of mistralai/Mistral-7B-v0.1"},
    {{40, 5120, 40, 40, 128, 20480, false, 50272}, "config.json of facebook/opt-13b"},
    {{32, 3072, 32, 32, 96, 8192, true, 32064}, "config.json of microsoft/Phi-3-mini-4k-instruct"},
};
static_assert(std::size(kModels) == static_cast<std::size_t>(RooflineModel::kCustom));

}  // namespace

double RooflineShapeParams::weights() const {
  const double attention = 2.0 * hidden_size * head_size * (heads + kv_heads);
  const double feed_forward = (gated ? 3.0 : 2.0) * hidden_size * intermediate_size;
  return layers * (attention + feed_forward) + static_cast<double>(hidden_size) * vocabulary;
}

double RooflineShapeParams::kv_values_per_token() const {
  return 2.0 * layers * kv_heads * head_size;
}

const RooflineGpuFacts& facts_of(RooflineGpu gpu) { return kGpus[static_cast<std::size_t>(gpu)]; }

const RooflineModelFacts& facts_of(RooflineModel model) {
  return kModels[static_cast<std::size_t>(model)];
}

const RooflineShapeParams& shape_of(const RooflineSpec& spec) {
  const RooflineModel model = spec.roofline.model;
  return model == RooflineModel::kCustom ? spec.model : facts_of(model).shape;
}

RooflineBounds bounds_of(const RooflineSpec& spec) {
  const RooflineParams& r = spec.roofline;
  const RooflineGpuParams gpu = r.gpu == RooflineGpu::kCustom ? spec.gpu : facts_of(r.gpu).peaks;
  const RooflineShapeParams& shape = shape_of(spec);
  const double bytes_per_ms =
      gpu.bandwidth_gb_per_s * 1e6 * r.bandwidth_efficiency * r.tensor_parallel;
  const double flops_per_ms = gpu.peak_tflops * 1e9 * r.compute_efficiency * r.tensor_parallel;
  const double weights = shape.weights();
  const double kv_ms = shape.kv_values_per_token() * r.bytes_per_kv_value / bytes_per_ms;
  const double token_ms = 2.0 * weights / flops_per_ms;
  // Scores and weighted values: two products of a head's width, each 2 flops per number.
  const double pair_ms = 4.0 * shape.layers * shape.heads * shape.head_size / flops_per_ms;
  return {{r.overhead_ms + weights * r.bytes_per_weight / bytes_per_ms, kv_ms, 0.0, 0.0, kv_ms},
          {r.overhead_ms, token_ms, pair_ms, token_ms, pair_ms}};
}

}  // namespace servesweep
