#include "host/engines/continuous/continuous_params.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "host/base/units.hpp"
#include "host/engines/continuous/continuous_services.hpp"
#include "host/parameters/parts.hpp"
#include "host/parameters/toml_text.hpp"

namespace servesweep {

template <class Visitor>
void visit_params(ContinuousParams& p, Visitor&& visit) {
  visit(p.scheduler, "scheduler", always);
  visit(p.chunks, "scheduler", when("scheduler.mode", MixedMode::kName));
  visit(p.long_prefills, "scheduler", when("scheduler.chunked_prefill", "true"));
  visit(p.decode_limit, "scheduler", when("scheduler.mode", PrefillFirstMode::kName));
  visit(p.client, "scheduler", when("scheduler.mode", StaticMode::kName));
  visit(p.kv, "kv_cache", always);
  visit(p.blocks, "kv_cache", when("kv_cache.sizing", "blocks"));
  visit(p.memory, "kv_cache", when("kv_cache.sizing", "memory"));
  visit(p.cluster, "cluster", always);
  visit(p.router, "cluster", always);
  visit(p.replica_services, "cluster", always);
  visit(p.preset, "service", when("cluster.services", "", "service"));
  visit(p.service, "service", when("service.preset", "none"));
  visit(p.affine, "service", when("service.model", "affine"));
  visit(p.regimes, "service", when("service.model", "affine"));
  visit(p.prefill, "service.prefill", when("service.prefill_regime", "true"));
  visit(p.large_from, "service.large", when("service.large_regime", "true"));
  visit(p.large, "service.large", when("service.large_regime", "true"));
  visit(p.roofline.roofline, "service.roofline", when("service.model", "roofline"));
  visit(p.roofline.gpu, "service.roofline", when("service.roofline.gpu", "custom"));
  visit(p.roofline.model, "service.roofline", when("service.roofline.model", "custom"));
  visit(p.table, "service", when("service.model", "table"));
  visit(p.limits, "sla", always);
}

namespace {

Ticks ticks_of_s(double seconds) { return ticks_of_ns(ns_of_s(std::min(seconds, 4e9))); }

Ticks ticks_of_ms(double ms) {
  return ticks_of(std::clamp(ms * 1e6, -kLongestIteration_ns, kLongestIteration_ns));
}

constexpr double kGib_gb = 1.073741824;

// Whether it is the memory in GiB of 1, 2, 4 or 8 cards that are in use: what their vendors and
// vLLM's log call GB.
bool is_gib_of_cards(double memory) {
  constexpr double kCards_gib[] = {16, 24, 32, 40, 48, 80, 96, 192};
  return std::any_of(std::begin(kCards_gib), std::end(kCards_gib), [memory](double card) {
    return memory == card || memory == 2 * card || memory == 4 * card || memory == 8 * card;
  });
}

// The names of a registry's models that have a trait.
template <class Models, class HasTrait>
std::vector<std::string> names_where(HasTrait has_trait) {
  std::vector<std::string> names;
  Models::for_each([&](auto model) {
    if (has_trait(model)) names.emplace_back(model.kName);
  });
  return names;
}

}  // namespace

std::int64_t ContinuousParams::num_blocks() const {
  if (kv.sizing == KvSizing::kBlocks) return blocks.num_blocks;
  const double free_bytes = (memory.gpu_memory_gb * memory.gpu_memory_utilization -
                             memory.weights_gb - memory.activation_gb) *
                            1e9;
  const double fitting = free_bytes / (memory.kv_bytes_per_token * kv.block_size);
  return static_cast<std::int64_t>(std::floor(std::clamp(fitting, -1.0, 2e9)));
}

bool ContinuousParams::needs_router_draws() const {
  return cluster.num_replicas > 1 && needs_draws(router.router);
}

void add_continuous_parameters(ParameterSet& set) {
  add_workload_parameters(set);
  add_request_class_parameters(
      set, {{"scheduler.queue_policy",
             names_where<QueuePolicies>([](auto policy) { return policy.kReadsPriority; })}});
  add_params<ContinuousParams>(set);
}

ContinuousParams read_continuous_params(const ParameterSet& set, const double* values,
                                        const std::vector<std::string>& texts) {
  ContinuousParams params;
  params.workload = read_workload_spec(set, values, texts);
  read_params(params, set, values);
  params.services = texts.at(static_cast<std::size_t>(params.replica_services.services.id));
  params.profile_path = texts.at(static_cast<std::size_t>(params.table.profile.id));
  return params;
}

std::vector<Finding> check_continuous_params(const ContinuousParams& p) {
  std::vector<Finding> findings = check_workload(p.workload);
  const auto wrong = [&findings](const char* key, const std::string& message) {
    findings.push_back({key, message});
  };
  if (mixes_decodes(p.scheduler.mode) &&
      p.scheduler.max_num_seqs > p.scheduler.max_num_batched_tokens) {
    wrong("scheduler.max_num_seqs",
          "invalid max_num_seqs=" + std::to_string(p.scheduler.max_num_seqs) +
              " (max_num_batched_tokens=" + std::to_string(p.scheduler.max_num_batched_tokens) +
              " has not a token for each of them) lower it or raise that");
  }
  if (p.long_prefills.max_long_partial_prefills > 0 &&
      p.long_prefills.long_prefill_token_threshold == 0) {
    wrong("scheduler.max_long_partial_prefills",
          "invalid max_long_partial_prefills=" +
              std::to_string(p.long_prefills.max_long_partial_prefills) +
              " (without long_prefill_token_threshold no prompt is long) set that, too");
  }
  if (p.kv.prefix_caching && p.decode_limit.max_decode_context_tokens > 0) {
    wrong("kv_cache.prefix_caching",
          "invalid prefix_caching=true (max_decode_context_tokens limits a simulator without a "
          "prefix cache) keep one of the two");
  }
  if (looks_at_cache(p.router.router) && p.cluster.num_replicas > 1 && !p.kv.prefix_caching) {
    findings.push_back({"cluster.router",
                        "router=prefix_affinity is least_outstanding here (without prefix_caching "
                        "no replica has cached anything) set kv_cache.prefix_caching",
                        true});
  }
  const bool is_default = p.memory.gpu_memory_gb == KvMemoryParams{}.gpu_memory_gb;
  if (p.kv.sizing == KvSizing::kMemory && !is_default && is_gib_of_cards(p.memory.gpu_memory_gb)) {
    const std::string given = plain_number(p.memory.gpu_memory_gb);
    findings.push_back({"kv_cache.gpu_memory_gb",
                        fmt::format("gpu_memory_gb={} is {} * 10^9 bytes (a card that is sold with "
                                    "{} GB has as many GiB, {:.2f} * 10^9) write {:.2f} for such "
                                    "cards",
                                    given, given, given, p.memory.gpu_memory_gb * kGib_gb,
                                    p.memory.gpu_memory_gb * kGib_gb),
                        true, true});
  }
  const std::int64_t blocks = p.num_blocks();
  if (blocks < 1) {
    wrong("kv_cache.gpu_memory_gb",
          "invalid gpu_memory_gb=" + plain_number(p.memory.gpu_memory_gb) +
              " (gpu_memory_utilization=" + plain_number(p.memory.gpu_memory_utilization) +
              " of it leaves no KV block beside weights_gb=" + plain_number(p.memory.weights_gb) +
              " and activation_gb=" + plain_number(p.memory.activation_gb) +
              ") raise it or lower those");
  } else {
    const auto watermark = static_cast<std::int64_t>(p.kv.watermark * static_cast<double>(blocks));
    const std::int64_t tokens = (blocks - watermark) * p.kv.block_size;
    if (tokens < p.kv.max_model_len) {
      wrong("kv_cache.max_model_len",
            "invalid max_model_len=" + std::to_string(p.kv.max_model_len) +
                " (the KV cache holds " + std::to_string(tokens) +
                " tokens of one request) lower it or give the cache more memory");
    }
  }
  if (p.kv.max_model_len > 0 && (!chunks_prompts(p.scheduler.mode) || !p.chunks.chunked_prefill) &&
      p.kv.max_model_len > p.scheduler.max_num_batched_tokens) {
    wrong("scheduler.max_num_batched_tokens",
          "invalid max_num_batched_tokens=" + std::to_string(p.scheduler.max_num_batched_tokens) +
              " (prompts are prefilled whole, and max_model_len=" +
              std::to_string(p.kv.max_model_len) + " allows longer ones) raise it to that");
  }
  check_services(p, findings);
  return findings;
}

AffineRegime lower(const AffineRegimeParams& p, std::int32_t from_sequences) {
  return {from_sequences,
          ticks_of_ms(p.base_ms),
          ticks_of_ms(p.per_prompt_token_ms),
          ticks_of_ms(p.per_prompt_token_pair_ms),
          ticks_of_ms(p.per_sequence_ms),
          ticks_of_ms(p.per_context_token_ms)};
}

ContinuousWorld lower(const ContinuousParams& p, std::int64_t num_requests) {
  ContinuousWorld w;
  w.mode = p.scheduler.mode;
  w.policy = p.scheduler.queue_policy;
  w.router = p.router.router;
  w.chunked_prefill = p.chunks.chunked_prefill;
  w.reserve_full_isl = p.chunks.reserve_full_isl;
  w.async_scheduling = p.chunks.async_scheduling && mixes_decodes(w.mode);
  if (!w.takes_whole_prompts() && p.long_prefills.long_prefill_token_threshold > 0) {
    w.most_chunk_tokens = p.long_prefills.long_prefill_token_threshold;
    if (p.long_prefills.max_long_partial_prefills > 0) {
      w.most_long_prefills = p.long_prefills.max_long_partial_prefills;
    }
  }
  w.prefill_yields_token = p.scheduler.prefill_yields_token;
  w.step = p.scheduler.step;
  if (sends_batches(p.scheduler.mode)) {
    w.batch_max_tokens = p.client.batch_max_tokens;
    w.batch_timing = p.client.client_timing == ClientTiming::kBatch;
    w.client_batch = static_cast<std::int32_t>(
        std::min<std::int64_t>(p.client.client_batch, std::max<std::int64_t>(1, num_requests)));
    w.flush_ns = ns_of_s(p.client.flush_s);
  }
  w.num_replicas = p.cluster.num_replicas;
  w.max_sequences = static_cast<std::int32_t>(
      std::min<std::int64_t>(p.scheduler.max_num_seqs, std::max<std::int64_t>(1, num_requests)));
  w.max_batched_tokens = p.scheduler.max_num_batched_tokens;
  if (p.decode_limit.max_decode_context_tokens > 0) {
    w.max_decode_context = p.decode_limit.max_decode_context_tokens;
  }
  w.block_size = p.kv.block_size;
  w.num_blocks = p.num_blocks();
  w.watermark_blocks =
      static_cast<std::int64_t>(p.kv.watermark * static_cast<double>(w.num_blocks));
  if (p.kv.max_model_len > 0) w.max_model_len = p.kv.max_model_len;
  w.prefix_caching = p.kv.prefix_caching;
  w.router_looks_at_cache = w.num_replicas > 1 && looks_at_cache(w.router);
  w.ttft_limit = ticks_of_s(p.limits.ttft_s);
  w.e2e_limit = ticks_of_s(p.limits.e2e_s);
  w.tpot_limit_ps = std::llround(std::min(p.limits.tpot_ms * 1e9, 9e18));
  w.time_limit_ns = p.cluster.time_limit_s > 0 ? ns_of_s(p.cluster.time_limit_s) : kClockEnd_ns;
  lower_services(p, w);
  return w;
}

}  // namespace servesweep
