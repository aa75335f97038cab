// One world of the batch engine, lowered: what a kernel needs to know, in integers where the model
// compares integers. Trivially copyable.
#pragma once

#include <type_traits>

#include "sim/batch/controller.hpp"
#include "sim/batch/params.hpp"
#include "sim/batch/workload.hpp"
#include "sim/core/clock.hpp"
#include "sim/latency/service/registry.hpp"

namespace servesweep {

struct BatchWorld {
  SchedulerKind scheduler = SchedulerKind::kMultiBinDynamic;
  BinChoice bin_choice = BinChoice::kRoundRobin;
  Dispatch dispatch = Dispatch::kGreedy;
  std::int32_t num_gpus = 1;
  std::int32_t max_candidates = kMaxBatchSize;
  std::int32_t fixed_target = 8;  // the two schedulers of fixed batch size
  DynamicParams dynamic;          // the two dynamic schedulers

  double free_tokens = 0.0;    // eta - L0: what memory targets may fill of the KV cache
  double bin_memory_gb = 0.0;  // memory that a bin's batch limit is computed from
  double kv_gb_per_token = 0.0;
  std::int64_t bin_limit_cap_tokens = 4096;
  std::int64_t memory_limit_tokens = 0;  // largest sum of lengths that fits a GPU

  double sla_token_ms = 0.0;
  SlaBand sla_band;
  std::int64_t sla_request_ns = 0;
  std::int64_t time_limit_ns = kNever;
  ServiceModel service;
  BinnedWorkload workload;

  SERVESWEEP_FUNCTION bool is_dynamic() const {
    return scheduler == SchedulerKind::kDynamicNoBins ||
           scheduler == SchedulerKind::kMultiBinDynamic;
  }
};

static_assert(std::is_trivially_copyable_v<BatchWorld>, "a world is copied to the device as bytes");

}  // namespace servesweep
