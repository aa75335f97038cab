#include "host/engines/batch/batch_metrics.hpp"

#include <cmath>

namespace servesweep {

namespace {

const Metric<BatchOutcome> kBatchMetrics[] = {
    {kStatusColumn, ColumnType::kCategory, "1", "How the world ended",
     [](const BatchOutcome& w) { return static_cast<double>(w.r.status); }},
    {"arrived", kCountColumn, "1", "Requests that arrived: completed + rejected + unfinished",
     [](const BatchOutcome& w) { return static_cast<double>(w.r.arrived); }},
    {"completed", kCountColumn, "1", "Requests that were served to their end",
     [](const BatchOutcome& w) { return static_cast<double>(w.r.completed); }},
    {"rejected", kCountColumn, "1", "Requests that can never be served",
     [](const BatchOutcome& w) { return static_cast<double>(w.r.rejected); }},
    {"unfinished", kCountColumn, "1", "Requests waiting or running when the world ended",
     [](const BatchOutcome& w) { return static_cast<double>(w.r.unfinished); }},
    {"num_batches", kCountColumn, "1", "Completed batches",
     [](const BatchOutcome& w) { return static_cast<double>(w.r.batches); }},
    {"mean_batch_size", kRealColumn, "1", "Completed requests per batch",
     [](const BatchOutcome& w) { return w.some(w.completed / static_cast<double>(w.r.batches)); }},
    {"max_batch_size", kCountColumn, "1", "Most requests in a batch",
     [](const BatchOutcome& w) { return static_cast<double>(w.r.largest_batch); }},
    {"makespan_s", kRealColumn, "s", "First arrival to last completion",
     [](const BatchOutcome& w) { return w.makespan_s; }},
    {"mean_latency_s", kRealColumn, "s", "Mean latency (arrival to completion)",
     [](const BatchOutcome& w) { return w.mean_s(w.r.latency_sum_ns); }},
    {"p50_latency_s", kRealColumn, "s", "50th percentile of latency",
     [](const BatchOutcome& w) { return w.latency_quantile_s(0); }, kHeadline},
    {"p90_latency_s", kRealColumn, "s", "90th percentile of latency",
     [](const BatchOutcome& w) { return w.latency_quantile_s(1); }},
    {"p95_latency_s", kRealColumn, "s", "95th percentile of latency",
     [](const BatchOutcome& w) { return w.latency_quantile_s(2); }},
    {"p99_latency_s", kRealColumn, "s", "99th percentile of latency",
     [](const BatchOutcome& w) { return w.latency_quantile_s(3); }, kHeadline},
    {"p999_latency_s", kRealColumn, "s", "99.9th percentile of latency",
     [](const BatchOutcome& w) { return w.latency_quantile_s(4); }},
    {"max_latency_s", kRealColumn, "s", "Largest latency",
     [](const BatchOutcome& w) { return w.some(static_cast<double>(w.r.max_latency_ns) * 1e-9); }},
    {"mean_queue_time_s", kRealColumn, "s", "Mean time from arrival to the start of service",
     [](const BatchOutcome& w) { return w.mean_s(w.r.latency_sum_ns - w.r.service_sum_ns); }},
    {"mean_service_time_s", kRealColumn, "s", "Mean time from start to end of the batch",
     [](const BatchOutcome& w) { return w.mean_s(w.r.service_sum_ns); }},
    {"queue_time_share", kRealColumn, "1",
     "Queue time summed over requests / latency summed over them",
     [](const BatchOutcome& w) {
       const auto latency = static_cast<double>(w.r.latency_sum_ns);
       return w.some(latency > 0 ? 1.0 - static_cast<double>(w.r.service_sum_ns) / latency : 0.0);
     }},
    {"mean_requests_in_system", kRealColumn, "1", "Requests waiting or running, averaged over time",
     [](const BatchOutcome& w) {
       return w.over_time(static_cast<double>(w.r.latency_sum_ns + w.r.unfinished_sum_ns));
     }},
    {"mean_prefill_time_s", kRealColumn, "s",
     "Mean time from the start of the batch to the first token",
     [](const BatchOutcome& w) { return w.mean_token_s(w.r.prefill_sum_ps); }},
    {"mean_tbt_s", kRealColumn, "s", "Mean of batch time / largest output in the batch",
     [](const BatchOutcome& w) { return w.mean_token_s(w.r.tbt_sum_ps); }},
    {"p50_tbt_s", kRealColumn, "s", "50th percentile of batch time / largest output in the batch",
     [](const BatchOutcome& w) { return w.tbt_quantile_s(0); }},
    {"p95_tbt_s", kRealColumn, "s", "95th percentile of batch time / largest output in the batch",
     [](const BatchOutcome& w) { return w.tbt_quantile_s(1); }},
    {"p99_tbt_s", kRealColumn, "s", "99th percentile of batch time / largest output in the batch",
     [](const BatchOutcome& w) { return w.tbt_quantile_s(2); }},
    {"max_tbt_s", kRealColumn, "s", "Largest batch time / largest output in the batch",
     [](const BatchOutcome& w) { return w.some(static_cast<double>(w.r.max_tbt_ps) * 1e-12); }},
    {"mean_decode_tbt_s", kRealColumn, "s", "Mean time of a decode step",
     [](const BatchOutcome& w) { return w.mean_token_s(w.r.decode_sum_ps); }},
    {"p50_decode_tbt_s", kRealColumn, "s", "50th percentile of the time of a decode step",
     [](const BatchOutcome& w) { return w.some(w.r.decode_quantiles_ns[0] * 1e-9); }},
    {"p95_decode_tbt_s", kRealColumn, "s", "95th percentile of the time of a decode step",
     [](const BatchOutcome& w) { return w.some(w.r.decode_quantiles_ns[1] * 1e-9); }},
    {"p99_decode_tbt_s", kRealColumn, "s", "99th percentile of the time of a decode step",
     [](const BatchOutcome& w) { return w.some(w.r.decode_quantiles_ns[2] * 1e-9); }},
    {"percentile_error", kRealColumn, "1",
     "Bound of the relative error of this world's percentiles of 1 ns or more; 0: they are exact",
     [](const BatchOutcome& w) {
       return w.r.exact_quantiles != 0 ? 0.0 : HistogramLayout::kMaxRelativeError;
     }},
    {"token_sla_violations", kCountColumn, "1",
     "Requests whose decode step took longer than token_ms",
     [](const BatchOutcome& w) { return static_cast<double>(w.r.token_sla_violations); }},
    {"token_sla_violation_rate", kRealColumn, "1", "The same as a share of completed requests",
     [](const BatchOutcome& w) { return w.violation_rate(); }, kHeadline},
    {"request_sla_violations", kCountColumn, "1",
     "Requests whose latency was longer than request_s",
     [](const BatchOutcome& w) { return static_cast<double>(w.r.request_sla_violations); }},
    {"request_sla_violation_rate", kRealColumn, "1", "The same as a share of completed requests",
     [](const BatchOutcome& w) {
       return w.per_request(static_cast<double>(w.r.request_sla_violations));
     },
     kHeadline},
    {"throughput_requests_per_s", kRealColumn, "1/s", "Completed requests per second of makespan",
     [](const BatchOutcome& w) { return w.per_s(w.completed); }, kHeadline},
    {"throughput_tokens_per_s", kRealColumn, "1/s",
     "Prompt and output tokens per second of makespan",
     [](const BatchOutcome& w) { return w.per_s(static_cast<double>(w.r.total_tokens)); }},
    {"throughput_output_tokens_per_s", kRealColumn, "1/s", "Output tokens per second of makespan",
     [](const BatchOutcome& w) { return w.per_s(static_cast<double>(w.r.output_tokens)); }},
    {"capacity_under_sla_per_s", kRealColumn, "1/s",
     "Completed requests within the token SLA per second of makespan",
     [](const BatchOutcome& w) {
       return w.per_s(w.completed - static_cast<double>(w.r.token_sla_violations));
     }},
    {"capacity_threshold_per_s", kRealColumn, "1/s",
     "Throughput x (1 + headroom / target_violation_rate), headroom being what the token SLA "
     "violation rate leaves of target_violation_rate",
     [](const BatchOutcome& w) {
       const double target = w.p.sla.target_violation_rate;
       const double headroom = std::fmax(target - w.violation_rate(), 0.0);
       return w.per_s(w.completed) * (1.0 + headroom / target);
     }},
    {"total_tokens", kCountColumn, "1", "Prompt and output tokens of completed requests",
     [](const BatchOutcome& w) { return static_cast<double>(w.r.total_tokens); }},
    {"output_tokens", kCountColumn, "1", "Output tokens of completed requests",
     [](const BatchOutcome& w) { return static_cast<double>(w.r.output_tokens); }},
    {"seconds_per_output_token", kRealColumn, "s", "Makespan / output tokens",
     [](const BatchOutcome& w) {
       return w.r.output_tokens > 0 ? w.makespan_s / static_cast<double>(w.r.output_tokens) : kNaN;
     }},
    {"decode_step_time_s", kRealColumn, "s", "Mean service time / mean output tokens",
     [](const BatchOutcome& w) {
       return w.r.output_tokens > 0 ? static_cast<double>(w.r.service_sum_ns) * 1e-9 /
                                          static_cast<double>(w.r.output_tokens)
                                    : kNaN;
     }},
    {"mean_gpu_utilization", kRealColumn, "1", "Time in batches / time, averaged over GPUs",
     [](const BatchOutcome& w) {
       return w.over_time(static_cast<double>(w.r.busy_sum_ns) / w.p.cluster.num_gpus);
     },
     kHeadline},
    {"min_gpu_utilization", kRealColumn, "1", "Time in batches / time of the least used GPU",
     [](const BatchOutcome& w) { return w.over_time(static_cast<double>(w.r.busy_min_ns)); }},
    {"max_gpu_utilization", kRealColumn, "1", "Time in batches / time of the most used GPU",
     [](const BatchOutcome& w) { return w.over_time(static_cast<double>(w.r.busy_max_ns)); }},
    {"mean_bin_output_variance", kRealColumn, "1",
     "Variance of output lengths in a batch, smoothed over batches, averaged over bins",
     [](const BatchOutcome& w) { return w.some(w.r.mean_bin_variance); }},
    {"mean_bin_output_range", kRealColumn, "1",
     "Range of output lengths in a batch, smoothed over batches, averaged over bins",
     [](const BatchOutcome& w) { return w.some(w.r.mean_bin_range); }},
    {"memory_overcommits", kCountColumn, "1",
     "Batches that would not have fitted the GPU's memory (static_fifo, multi_bin_only)",
     [](const BatchOutcome& w) { return static_cast<double>(w.r.memory_overcommits); }},
    {"extrapolated_batches", kCountColumn, "1", "Batches outside the measured service grid",
     [](const BatchOutcome& w) { return static_cast<double>(w.r.extrapolations); }},
};

}  // namespace

std::span<const Metric<BatchOutcome>> batch_metrics() { return kBatchMetrics; }

BatchTraits::Tables<UnitTable> batch_units() {
  constexpr bool kHasFill = true;
  return {
      UnitTable<GpuUse>("gpus", "What each GPU did, by its id")
          .column("busy_s", "s", "Time in batches",
                  [](const GpuUse& gpu) { return static_cast<double>(gpu.busy_ns) * 1e-9; })
          .column("batches", "1", "Batches", &GpuUse::batches),
      UnitTable<BinUse>("bins", "What each length bin did, in ascending order")
          .column("batches", "1", "Batches", &BinUse::batches)
          .column("requests", "1", "Requests in batches", &BinUse::requests)
          .column("output_variance", "1",
                  "Variance of output lengths in a batch, smoothed over batches",
                  &BinUse::output_variance)
          .column("output_range", "1", "Range of output lengths in a batch, smoothed over batches",
                  &BinUse::output_range)
          .column("lower_edge_tokens", "1", "Smallest predicted length of the bin",
                  &BinUse::lower_edge_tokens)
          .column("upper_edge_tokens", "1", "End of the bin (exclusive)",
                  &BinUse::upper_edge_tokens)
          .column("batch_limit", "1",
                  "Most requests in a batch of this bin, where the scheduler limits it",
                  &BinUse::batch_limit, kHasFill),
  };
}

}  // namespace servesweep
