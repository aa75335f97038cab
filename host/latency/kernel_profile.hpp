// A measured profile of a model's kernels, as it is read.
#pragma once

#include <array>
#include <string>
#include <vector>

namespace servesweep {

// Measured times of one model's kernels on one GPU (or group of GPUs).
struct KernelProfile {
  struct Layer {
    std::string layer;
    double at = 0;  // tokens, or sequences
    double time_us = 0;
  };
  // A time of one layer; 0 is no prefill, nothing cached, no decodes, no context.
  struct Attention {
    std::array<double, 4> at = {};  // prefilled tokens, cached before, decodes, mean context
    double time_us = 0;
  };
  std::vector<Layer> dense;         // by tokens
  std::vector<Layer> per_sequence;  // by sequences
  std::vector<Attention> attention;
};

// The layers of a transformer and how often each is run in an iteration.
struct ProfiledLayer {
  const char* name;
  bool in_each_layer;  // of the model; else once
  int times;
};
constexpr ProfiledLayer kDenseLayers[] = {
    {"embedding", false, 1}, {"layernorm", true, 2}, {"qkv_proj", true, 1},
    {"rotary_emb", true, 1}, {"o_proj", true, 1},    {"gate_up_proj", true, 1},
    {"act_fn", true, 1},     {"down_proj", true, 1}, {"final_layernorm", false, 1},
};
constexpr ProfiledLayer kSequenceLayers[] = {{"lm_head", false, 1}, {"sampler", false, 1}};

}  // namespace servesweep
