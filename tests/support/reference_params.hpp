// The engine's parameters as the naive simulator wants them.
#pragma once

#include <cmath>

#include "host/engines/batch/batch_params.hpp"
#include "tests/reference/naive_batch.hpp"

namespace servesweep {

inline reference::Params reference_params(const BatchParams& p) {
  reference::Params r;
  r.scheduler = static_cast<reference::Scheduler>(
      p.scheduler.kind == SchedulerKind::kStaticFifo      ? reference::Scheduler::kStaticFifo
      : p.scheduler.kind == SchedulerKind::kMultiBinOnly  ? reference::Scheduler::kMultiBinOnly
      : p.scheduler.kind == SchedulerKind::kDynamicNoBins ? reference::Scheduler::kDynamicNoBins
                                                          : reference::Scheduler::kMultiBinDynamic);
  r.longest_queue = p.bins.bin_choice == BinChoice::kLongestQueue;
  r.full_dispatch = p.scheduler.dispatch == Dispatch::kFull;
  r.k_bins = p.num_bins();
  r.bin_edges.assign(p.bin_edges.begin(), p.bin_edges.end());
  r.num_gpus = static_cast<std::size_t>(p.cluster.num_gpus);
  r.rps_scaling = p.workload.load.rps_scaling;
  r.time_limit_ns = std::llround(p.cluster.time_limit_s * 1e9);
  r.fixed_batch_size = p.static_fifo.fixed_batch_size;
  r.b_fixed = p.multi_bin_only.b_fixed;
  r.b_min = p.dynamic.b_min;
  r.b_max = p.dynamic.b_max;
  r.max_candidates = p.scheduler.max_candidates;
  r.gpu_memory_gb = p.cluster.gpu_memory_gb;
  r.model_memory_gb = p.cluster.model_memory_gb;
  r.memory_margin_gb = p.cluster.memory_margin_gb;
  r.kv_gb_per_token = p.cluster.kv_gb_per_token;
  r.memory_reserve = p.dynamic.memory_reserve;
  r.d_token_ms = p.sla.token_ms;
  r.epsilon_ms = p.sla_controller.epsilon_ms;
  r.d_request_s = p.sla.request_s;
  r.sla_expand = p.dynamic.expand_step;
  r.sla_shrink = p.dynamic.shrink_step;
  r.sla_min_updates = p.dynamic.min_updates;
  r.smoothing = p.dynamic.smoothing;
  r.drawn_service = p.service.model != ServiceModels::code_of<AffineService>();
  r.alpha_ms = p.affine.alpha_ms;
  r.beta_ms_per_token = p.affine.beta_ms_per_token;
  r.gamma = p.affine.gamma;
  r.min_service_ms = p.affine.min_service_ms;
  return r;
}

}  // namespace servesweep
