// Parameters of the roofline model of iterations: a GPU and a model by their published facts, or by
// numbers of the user's own, and what is assumed of how well one runs on the other. What comes out
// is an estimate: nothing of it was measured.
#pragma once

#include <cstdint>

#include "sim/core/field.hpp"
#include "sim/latency/iteration/affine.hpp"

namespace servesweep {

enum class RooflineGpu : std::int32_t {
  kA100_80,
  kA100_40,
  kH100,
  kH200,
  kMi300x,
  kV100,
  kT4,
  kL4,
  kRtx3090,
  kRtx4090,
  kCustom,
};
template <>
struct EnumNames<RooflineGpu> {
  static constexpr const char* values[] = {"a100-80gb", "a100-40gb", "h100-sxm", "h200",
                                           "mi300x",    "v100",      "t4",       "l4",
                                           "rtx-3090",  "rtx-4090",  "custom"};
};

enum class RooflineModel : std::int32_t {
  kLlama8b,
  kLlama70b,
  kQwen7b,
  kMistral7b,
  kOpt13b,
  kPhi3Mini,
  kCustom,
};
template <>
struct EnumNames<RooflineModel> {
  static constexpr const char* values[] = {"llama-3.1-8b", "llama-3.1-70b", "qwen2.5-7b",
                                           "mistral-7b",   "opt-13b",       "phi-3-mini",
                                           "custom"};
};

struct RooflineParams {
  RooflineGpu gpu = RooflineGpu::kA100_80;
  RooflineModel model = RooflineModel::kLlama8b;
  double bytes_per_weight = 2.0;
  double bytes_per_kv_value = 2.0;
  std::int32_t tensor_parallel = 1;
  double compute_efficiency = 0.6;
  double bandwidth_efficiency = 0.85;
  double overhead_ms = 0.0;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    using P = RooflineParams;
    visit(&P::gpu, FieldName{"gpu", "service_roofline_gpu"},
          "Whose published peaks: docs/service_presets.md lists them.");
    visit(&P::model, FieldName{"model", "service_roofline_model"},
          "Whose published shape: docs/service_presets.md lists them.");
    visit(&P::bytes_per_weight, "bytes_per_weight", "bytes", 0.25, 8, "Size of a weight.");
    visit(&P::bytes_per_kv_value, "bytes_per_kv_value", "bytes", 0.25, 8,
          "Size of a number of the KV cache.");
    visit(&P::tensor_parallel, "tensor_parallel", "GPUs", 1, 64,
          "GPUs that share each layer of a replica; they are assumed to share perfectly.");
    visit(&P::compute_efficiency, "compute_efficiency", "", 0.01, 1,
          "Share of the peak arithmetic that is reached: an assumption.");
    visit(&P::bandwidth_efficiency, "bandwidth_efficiency", "", 0.01, 1,
          "Share of the peak bandwidth that is reached: an assumption.");
    visit(&P::overhead_ms, "overhead_ms", "ms", 0, 1000,
          "Time of an iteration beside the GPU's (scheduling, communication): an assumption.");
  }
};

// Peaks of one GPU.
struct RooflineGpuParams {
  double peak_tflops = 312.0;
  double bandwidth_gb_per_s = 2039.0;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    using P = RooflineGpuParams;
    visit(&P::peak_tflops, "peak_tflops", "Tflop/s", 0.01, 1e6,
          "Peak of dense matrix arithmetic at the size of the weights.");
    visit(&P::bandwidth_gb_per_s, "bandwidth_gb_per_s", "GB/s", 1, 1e6,
          "Peak memory bandwidth, in 10^9 bytes.");
  }
};

// A decoder-only transformer.
struct RooflineShapeParams {
  std::int32_t layers = 32;
  std::int32_t hidden_size = 4096;
  std::int32_t heads = 32;
  std::int32_t kv_heads = 8;
  std::int32_t head_size = 128;
  std::int32_t intermediate_size = 14336;
  bool gated = true;
  std::int32_t vocabulary = 128256;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    using P = RooflineShapeParams;
    visit(&P::layers, FieldName{"layers", "service_roofline_layers"}, "", 1, 1000, "Layers.");
    visit(&P::hidden_size, "hidden_size", "", 1, 1e6, "Width of the model.");
    visit(&P::heads, FieldName{"heads", "service_roofline_heads"}, "", 1, 10000,
          "Heads of the queries.");
    visit(&P::kv_heads, "kv_heads", "", 1, 10000, "Heads of keys and values.");
    visit(&P::head_size, "head_size", "", 1, 10000, "Width of a head.");
    visit(&P::intermediate_size, "intermediate_size", "", 1, 1e7,
          "Width inside the feed-forward part.");
    visit(&P::gated, FieldName{"gated", "service_roofline_gated"},
          "The feed-forward part has three matrices (SwiGLU and its like), not two.");
    visit(&P::vocabulary, FieldName{"vocabulary", "service_roofline_vocabulary"}, "tokens", 1, 1e7,
          "Tokens that there are.");
  }

  // Weights that every token is multiplied with: the layers and the output's matrix. Biases, norms
  // and the embedding of the input, which is only looked up, are not counted.
  double weights() const;
  double kv_values_per_token() const;
};

// Published facts, and where they are.
struct RooflineGpuFacts {
  RooflineGpuParams peaks;
  const char* source;
};
struct RooflineModelFacts {
  RooflineShapeParams shape;
  const char* source;
};
// The facts of any GPU or model but custom.
const RooflineGpuFacts& facts_of(RooflineGpu gpu);
const RooflineModelFacts& facts_of(RooflineModel model);

// All of [service.roofline] and its tables.
struct RooflineSpec {
  RooflineParams roofline;
  RooflineGpuParams gpu;      // read if roofline.gpu is custom
  RooflineShapeParams model;  // read if roofline.model is custom
};

// The shape of the model that it names.
const RooflineShapeParams& shape_of(const RooflineSpec& spec);

// The two bounds; the overhead is in both.
struct RooflineBounds {
  AffineRegimeParams memory;
  AffineRegimeParams compute;
};
RooflineBounds bounds_of(const RooflineSpec& spec);

}  // namespace servesweep
