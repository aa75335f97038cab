#include "host/studies/tuning/tuning_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "host/base/error.hpp"
#include "host/studies/points.hpp"

namespace servesweep {
namespace {

constexpr std::int64_t kMaxNumSeqs = 256;       // vLLM's default
constexpr std::int64_t kTokenBudget = 8192;     // room for max_num_seqs of 4096
constexpr std::int64_t kWholePrompts = 16384;   // budget where prompts are not chunked
constexpr double kUtilization = 0.9;            // vLLM's default
constexpr std::int64_t kEqualBatch = 32;        // the suite's, for max_num_seqs
constexpr std::int64_t kEqualOutput = 50;       // and the output of such requests
constexpr std::int64_t kShortPrompt = 10;       // 8 words
constexpr double kAlone_per_s = 0.1;            // one at a time: a request ends before the next
constexpr double kSteady_per_s = 5;             // the suite's sustained load,
constexpr std::int64_t kSteadyClientBatch = 8;  // its client's batches there,
constexpr double kSteadyFlush_s = 0.5;          // and how long they wait to be filled
constexpr std::int64_t kSteadyRequests = 300;
constexpr double kWeights_gb = 15.2;  // of the model in 16 bits
constexpr double kActivation_gb = 2;
constexpr double kKvBytesPerToken = 57344;  // 28 layers, 4 KV heads of 128 in 16 bits
constexpr double kMemoryShares[] = {0.70, 0.80, 0.85, 0.90, 0.95};         // of the suite
constexpr double kSmallCaches_tokens[] = {1024, 2048, 4096, 8192, 16384};  // the smallest first
constexpr std::int64_t kLongestPrompt = 8000;
constexpr std::int64_t kLongestOutput = 500;

constexpr std::int64_t kSeqCounts[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096};

// Qwen2.5-7B on a GPU of the class of an A100 with 40 GB: decodes fitted to the suite's
// measurements (docs/study_tuning.md), prefills at the GPU's peak, which no real one reaches.
SweepPoint tuning_server(const TuningSettings& settings) {
  return {{"service.base_ms", 10.2},
          {"service.per_sequence_ms", 0.0027},
          {"service.per_prompt_token_ms", kPromptToken_ms},
          {"service.prefill_regime", true},
          {"service.large_regime", true},
          {"service.large.from_sequences", 17},
          {"service.prefill.base_ms", 12.2},
          {"service.prefill.per_prompt_token_ms", kPromptToken_ms},
          {"service.large.base_ms", 9.616},
          {"service.large.per_sequence_ms", 0.0392},
          {"service.large.per_prompt_token_ms", kPromptToken_ms},
          {"kv_cache.gpu_memory_gb", settings.gpu_memory_gb},
          {"kv_cache.gpu_memory_utilization", kUtilization},
          {"kv_cache.weights_gb", kWeights_gb},
          {"kv_cache.activation_gb", kActivation_gb},
          {"kv_cache.kv_bytes_per_token", kKvBytesPerToken}};
}

// GPU memory that the model takes with a KV cache of `tokens` tokens [GB].
double memory_with_cache_gb(double tokens) {
  return kWeights_gb + kActivation_gb + tokens * kKvBytesPerToken * 1e-9;
}

// The client sends max_num_seqs and more at once, and the server batches.
SweepPoint continuous(std::int64_t max_num_seqs) {
  return {{"scheduler.mode", "mixed"},
          {"scheduler.max_num_seqs", max_num_seqs},
          {"scheduler.max_num_batched_tokens", kTokenBudget}};
}

// The client sends batches and waits for the end of each, as the suite's does; all members generate
// as many tokens as the longest.
SweepPoint client_batches(std::int64_t batch, double flush_s = 0) {
  return {{"scheduler.mode", "static"},
          {"scheduler.max_num_seqs", kMaxNumSeqs},
          {"scheduler.max_num_batched_tokens", kTokenBudget},
          {"scheduler.client_batch", batch},
          {"scheduler.batch_max_tokens", true},
          {"scheduler.client_timing", "batch"},
          {"scheduler.flush_s", flush_s}};
}

SweepPoint at_once() { return {{"workload.arrivals.kind", "burst"}}; }

SweepPoint evenly(double rate_per_s) {
  return {{"workload.arrivals.kind", "deterministic"},
          {"workload.arrivals.rate_per_s", rate_per_s}};
}

SweepPoint mix(std::int64_t requests) {
  return {{"workload.preset", "production-mix"}, {"workload.requests", requests}};
}

SweepPoint uniform_lengths(std::int64_t requests, std::int64_t min_prompt, std::int64_t max_prompt,
                           std::int64_t min_output, std::int64_t max_output) {
  return {{"workload.requests", requests},
          {"workload.lengths.prompt.kind", "uniform"},
          {"workload.lengths.prompt.min_tokens", min_prompt},
          {"workload.lengths.prompt.max_tokens", max_prompt},
          {"workload.lengths.output.kind", "uniform"},
          {"workload.lengths.output.min_tokens", min_output},
          {"workload.lengths.output.max_tokens", max_output}};
}

SweepPoint equal_requests(std::int64_t requests, std::int64_t prompt, std::int64_t output) {
  return uniform_lengths(requests, prompt, prompt, output, output);
}

// Off: prompts are prefilled whole while decodes wait, as vLLM does without chunked prefill.
PointList chunk_sizes(std::initializer_list<std::int64_t> sizes) {
  const SweepPoint off = {{"scheduler.mode", "prefill_first"},
                          {"scheduler.max_num_seqs", kMaxNumSeqs},
                          {"scheduler.max_num_batched_tokens", kWholePrompts}};
  return appended(
      {off}, each(sizes, [](std::int64_t size) {
        return with(continuous(kMaxNumSeqs), {{"scheduler.max_num_batched_tokens", size}});
      }));
}

// gpu_memory_utilization: the suite's values, and smaller ones that leave a KV cache of few tokens.
PointList memory_shares(double gpu_memory_gb) {
  const auto share = [](double utilization) {
    return SweepPoint{{"kv_cache.gpu_memory_utilization", utilization}};
  };
  return appended(
      each(kSmallCaches_tokens,
           [&](double tokens) {
             return share(std::ceil(memory_with_cache_gb(tokens) / gpu_memory_gb * 1e5) / 1e5);
           }),
      each(kMemoryShares, share));
}

// The points of a step: each of `first` with each of `second`.
struct Part {
  PointList first, second;
  bool one_seed = false;  // equal requests have nothing random
};

std::vector<Part> parts_of(TuningStep step, const TuningSettings& settings,
                           const std::vector<std::int64_t>& max_num_seqs) {
  const SweepPoint mix_at_once = with(mix(settings.requests), at_once());
  const PointList usual = {continuous(kMaxNumSeqs)};
  const auto equal_outputs = [](std::int64_t output) {
    return with(equal_requests(1, kShortPrompt, output), at_once());
  };
  const auto equal_batch = [](std::int64_t requests) {
    return with(equal_requests(requests, kShortPrompt, kEqualOutput), at_once());
  };
  switch (step) {
    case TuningStep::kQueueTime: {
      std::vector<std::int64_t> sizes = {4, 8, 16, 32, 64, 128, 256};
      if (std::find(sizes.begin(), sizes.end(), settings.client_batch) == sizes.end()) {
        sizes.push_back(settings.client_batch);
      }
      const auto client = [](std::int64_t batch) { return client_batches(batch); };
      return {{{mix_at_once}, appended(each(sizes, client), each(kSeqCounts, continuous))}};
    }
    case TuningStep::kQueueBetween:
      return {{{mix_at_once}, each(max_num_seqs, continuous)}};
    case TuningStep::kMaxNumSeqs:
      return {{{equal_batch(kEqualBatch)}, each(kSeqCounts, continuous), true}};
    case TuningStep::kMemory:
      return {{{with(mix_at_once, usual[0])}, memory_shares(settings.gpu_memory_gb)}};
    case TuningStep::kChunkedLatency:
      return {{chunk_sizes({2048, 4096, 8192}),
               each(std::initializer_list<std::int64_t>{100, 200, 300, 400, 500}, equal_outputs),
               true}};
    case TuningStep::kChunkedItl:  // chats of 100 tokens; the prompts of some are documents
      return {{{with(evenly(3), {{"workload.arrivals.kind", "poisson"},
                                 {"workload.requests", 300},
                                 {"workload.lengths.prompt.kind", "lognormal"},
                                 {"workload.lengths.prompt.mu", 6.0},
                                 {"workload.lengths.prompt.sigma", 1.5},
                                 {"workload.lengths.prompt.max_tokens", 8000},
                                 {"workload.lengths.output.kind", "uniform"},
                                 {"workload.lengths.output.min_tokens", 50},
                                 {"workload.lengths.output.max_tokens", 150}})},
               chunk_sizes({256, 512, 1024, 2048, 4096, 8192})}};
    case TuningStep::kBenchmarkLatency:
      return {{each(std::initializer_list<std::int64_t>{10, 20, 50, 100, 200, 300}, equal_outputs),
               usual, true}};
    case TuningStep::kBenchmarkBatch:
      return {{each(std::initializer_list<std::int64_t>{1, 2, 4, 8, 16, 32, 64, 128}, equal_batch),
               usual, true}};
    case TuningStep::kBenchmarkMix:
      return {{crossed({mix(settings.requests)},
                       {at_once(), evenly(kSteady_per_s), evenly(kAlone_per_s)}),
               usual}};
    case TuningStep::kBenchmarkLengths: {
      PointList loads = {uniform_lengths(settings.requests, 47, 74, 200, 500)};
      for (const std::int64_t prompt : {10L, 100L, 1000L, kLongestPrompt}) {
        for (const std::int64_t output : {50L, 100L, 200L, 300L, 400L, kLongestOutput}) {
          loads.push_back(equal_requests(1, prompt, output));
        }
      }
      return {{crossed(loads, {evenly(kAlone_per_s)}), usual}};
    }
    case TuningStep::kComparison:
      break;
  }
  const SweepPoint after = continuous(max_num_seqs.at(0));
  return {{{mix_at_once}, {client_batches(settings.client_batch), after}},
          {{with(mix(kSteadyRequests), evenly(kSteady_per_s))},
           {client_batches(kSteadyClientBatch, kSteadyFlush_s), after}}};
}

}  // namespace

const std::vector<std::string>& tuning_step_names() {
  static const std::vector<std::string> names = {
      "queue_time",      "queue_time_between", "max_num_seqs",      "memory",
      "chunked_latency", "chunked_itl",        "benchmark_latency", "benchmark_batch",
      "benchmark_mix",   "benchmark_lengths",  "comparison"};
  return names;
}

const std::vector<TuningExperiment>& tuning_experiments() {
  using enum TuningStep;
  static const std::vector<TuningExperiment> experiments = {
      {"queue-time", "queue", {kQueueTime, kQueueBetween}},
      {"max-num-seqs", "max-seqs", {kMaxNumSeqs}},
      {"memory", "memory", {kMemory}},
      {"chunked-prefill", "chunked-prefill", {kChunkedLatency, kChunkedItl}},
      {"benchmark",
       "benchmark",
       {kBenchmarkLatency, kBenchmarkBatch, kBenchmarkMix, kBenchmarkLengths}},
      {"comparison", "comparison", {kComparison}}};
  return experiments;
}

SweepPoints tuning_sweep(TuningStep step, const TuningSettings& settings,
                         const std::vector<std::int64_t>& max_num_seqs) {
  SweepPoints sweep{{"continuous", settings.seed, settings.seeds}, {}};
  for (const Part& part : parts_of(step, settings, max_num_seqs)) {
    if (part.one_seed) sweep.settings.replications = 1;
    sweep.points = appended(std::move(sweep.points),
                            crossed(crossed({tuning_server(settings)}, part.first), part.second));
  }
  return sweep;
}

void check_gpu_memory(const std::vector<TuningExperiment>& experiments, double gpu_memory_gb) {
  struct Need {
    double least_gb = 0, share = 0, tokens = 0;
    std::string experiment;
  } most;
  for (const TuningExperiment& experiment : experiments) {
    const bool varies = experiment.steps.front() == TuningStep::kMemory;
    const double tokens = varies ? kSmallCaches_tokens[0] : kLongestPrompt + kLongestOutput;
    const double share = varies ? kMemoryShares[0] : kUtilization;
    const double least_gb = std::ceil(memory_with_cache_gb(tokens) / share * 100) / 100;
    if (least_gb > most.least_gb) most = {least_gb, share, tokens, experiment.name};
  }
  if (gpu_memory_gb >= most.least_gb) return;
  throw InputError(fmt::format(
      "invalid --gpu-memory-gb={} ({} gives the server {} of it, which needs {} GB for weights, {} "
      "GB for activations and {:.2g} GB for a KV cache of {} tokens) give at least {}, or "
      "--skip-{}",
      gpu_memory_gb, most.experiment, most.share, kWeights_gb, kActivation_gb,
      most.tokens * kKvBytesPerToken * 1e-9, most.tokens, most.least_gb, most.experiment));
}

}  // namespace servesweep
