#include "host/engines/batch/batch_metrics.hpp"

#include <cmath>
#include <utility>

#include "host/results/metric_table.hpp"

namespace servesweep {

namespace {

// What a column is computed from, with the quotients that many of them share.
struct World {
  const BatchParams& p;
  const BatchResult& r;
  double completed = static_cast<double>(r.completed);
  double makespan_s = r.completed > 0 ? static_cast<double>(r.last_completion_ns) * 1e-9 : kNaN;

  double per_request(double sum) const { return r.completed > 0 ? sum / completed : kNaN; }
  double mean_s(Int128 sum_ns) const { return per_request(static_cast<double>(sum_ns)) * 1e-9; }
  double mean_token_s(Int128 sum_ps) const {
    return per_request(static_cast<double>(sum_ps)) * 1e-12;
  }
  double some(double value) const { return r.completed > 0 ? value : kNaN; }
  double per_s(double count) const { return makespan_s > 0 ? count / makespan_s : kNaN; }
  double violation_rate() const { return per_request(static_cast<double>(r.token_sla_violations)); }
  double utilization(double busy_ns) const {
    return r.completed > 0 ? busy_ns / static_cast<double>(r.last_completion_ns) : kNaN;
  }
};

const Metric<World> kMetrics[] = {
    {kStatusColumn, ColumnType::kCategory, "1", "How the world ended",
     [](const World& w) { return static_cast<double>(w.r.status); }},
    {"arrived", kCountColumn, "1", "Requests that arrived: completed + rejected + unfinished",
     [](const World& w) { return static_cast<double>(w.r.arrived); }},
    {"completed", kCountColumn, "1", "Requests that were served to their end",
     [](const World& w) { return static_cast<double>(w.r.completed); }},
    {"rejected", kCountColumn, "1", "Requests that can never be served",
     [](const World& w) { return static_cast<double>(w.r.rejected); }},
    {"unfinished", kCountColumn, "1", "Requests waiting or running when the world ended",
     [](const World& w) { return static_cast<double>(w.r.unfinished); }},
    {"num_batches", kCountColumn, "1", "Completed batches",
     [](const World& w) { return static_cast<double>(w.r.batches); }},
    {"mean_batch_size", kRealColumn, "1", "Completed requests per batch",
     [](const World& w) { return w.some(w.completed / static_cast<double>(w.r.batches)); }},
    {"max_batch_size", kCountColumn, "1", "Most requests in a batch",
     [](const World& w) { return static_cast<double>(w.r.largest_batch); }},
    {"makespan_s", kRealColumn, "s", "First arrival to last completion",
     [](const World& w) { return w.makespan_s; }},
    {"mean_latency_s", kRealColumn, "s", "Mean latency (arrival to completion)",
     [](const World& w) { return w.mean_s(w.r.latency_sum_ns); }},
    {"p50_latency_s", kRealColumn, "s", "50th percentile of latency",
     [](const World& w) { return w.some(w.r.latency_quantiles_ns[0] * 1e-9); }, kHeadline},
    {"p90_latency_s", kRealColumn, "s", "90th percentile of latency",
     [](const World& w) { return w.some(w.r.latency_quantiles_ns[1] * 1e-9); }},
    {"p95_latency_s", kRealColumn, "s", "95th percentile of latency",
     [](const World& w) { return w.some(w.r.latency_quantiles_ns[2] * 1e-9); }},
    {"p99_latency_s", kRealColumn, "s", "99th percentile of latency",
     [](const World& w) { return w.some(w.r.latency_quantiles_ns[3] * 1e-9); }, kHeadline},
    {"p999_latency_s", kRealColumn, "s", "99.9th percentile of latency",
     [](const World& w) { return w.some(w.r.latency_quantiles_ns[4] * 1e-9); }},
    {"max_latency_s", kRealColumn, "s", "Largest latency",
     [](const World& w) { return w.some(static_cast<double>(w.r.max_latency_ns) * 1e-9); }},
    {"mean_queue_time_s", kRealColumn, "s", "Mean time from arrival to the start of service",
     [](const World& w) { return w.mean_s(w.r.latency_sum_ns - w.r.service_sum_ns); }},
    {"mean_service_time_s", kRealColumn, "s", "Mean time from start to end of the batch",
     [](const World& w) { return w.mean_s(w.r.service_sum_ns); }},
    {"queue_time_share", kRealColumn, "1",
     "Queue time summed over requests / latency summed over them",
     [](const World& w) {
       const auto latency = static_cast<double>(w.r.latency_sum_ns);
       return w.some(latency > 0 ? 1.0 - static_cast<double>(w.r.service_sum_ns) / latency : 0.0);
     }},
    {"mean_requests_in_system", kRealColumn, "1",
     "Requests waiting or running, averaged over the makespan (Little's law)",
     [](const World& w) { return w.per_s(static_cast<double>(w.r.latency_sum_ns) * 1e-9); }},
    {"mean_prefill_time_s", kRealColumn, "s",
     "Mean time from the start of the batch to the first token",
     [](const World& w) { return w.mean_token_s(w.r.ttft_sum_ps); }},
    {"mean_tbt_s", kRealColumn, "s", "Mean of batch time / largest output in the batch",
     [](const World& w) { return w.mean_token_s(w.r.tbt_sum_ps); }},
    {"p50_tbt_s", kRealColumn, "s", "50th percentile of batch time / largest output in the batch",
     [](const World& w) { return w.some(w.r.tbt_quantiles_ns[0] * 1e-9); }},
    {"p95_tbt_s", kRealColumn, "s", "95th percentile of batch time / largest output in the batch",
     [](const World& w) { return w.some(w.r.tbt_quantiles_ns[1] * 1e-9); }},
    {"p99_tbt_s", kRealColumn, "s", "99th percentile of batch time / largest output in the batch",
     [](const World& w) { return w.some(w.r.tbt_quantiles_ns[2] * 1e-9); }},
    {"max_tbt_s", kRealColumn, "s", "Largest batch time / largest output in the batch",
     [](const World& w) { return w.some(static_cast<double>(w.r.max_tbt_ps) * 1e-12); }},
    {"mean_decode_tbt_s", kRealColumn, "s", "Mean time of a decode step",
     [](const World& w) { return w.mean_token_s(w.r.decode_sum_ps); }},
    {"p50_decode_tbt_s", kRealColumn, "s", "50th percentile of the time of a decode step",
     [](const World& w) { return w.some(w.r.decode_quantiles_ns[0] * 1e-9); }},
    {"p95_decode_tbt_s", kRealColumn, "s", "95th percentile of the time of a decode step",
     [](const World& w) { return w.some(w.r.decode_quantiles_ns[1] * 1e-9); }},
    {"p99_decode_tbt_s", kRealColumn, "s", "99th percentile of the time of a decode step",
     [](const World& w) { return w.some(w.r.decode_quantiles_ns[2] * 1e-9); }},
    {"percentile_error", kRealColumn, "1",
     "Bound of the relative error of this world's percentiles; 0: they are exact",
     [](const World& w) {
       return w.r.exact_quantiles != 0 ? 0.0 : HistogramLayout::kMaxRelativeError;
     }},
    {"token_sla_violations", kCountColumn, "1",
     "Requests whose decode step took longer than token_ms",
     [](const World& w) { return static_cast<double>(w.r.token_sla_violations); }},
    {"token_sla_violation_rate", kRealColumn, "1", "The same as a share of completed requests",
     [](const World& w) { return w.violation_rate(); }, kHeadline},
    {"request_sla_violations", kCountColumn, "1",
     "Requests whose latency was longer than request_s",
     [](const World& w) { return static_cast<double>(w.r.request_sla_violations); }},
    {"request_sla_violation_rate", kRealColumn, "1", "The same as a share of completed requests",
     [](const World& w) { return w.per_request(static_cast<double>(w.r.request_sla_violations)); },
     kHeadline},
    {"throughput_requests_per_s", kRealColumn, "1/s", "Completed requests per second of makespan",
     [](const World& w) { return w.per_s(w.completed); }, kHeadline},
    {"throughput_tokens_per_s", kRealColumn, "1/s",
     "Prompt and output tokens per second of makespan",
     [](const World& w) { return w.per_s(static_cast<double>(w.r.total_tokens)); }},
    {"throughput_output_tokens_per_s", kRealColumn, "1/s", "Output tokens per second of makespan",
     [](const World& w) { return w.per_s(static_cast<double>(w.r.output_tokens)); }},
    {"capacity_under_sla_per_s", kRealColumn, "1/s",
     "Completed requests within the token SLA per second of makespan",
     [](const World& w) {
       return w.per_s(w.completed - static_cast<double>(w.r.token_sla_violations));
     }},
    {"capacity_threshold_per_s", kRealColumn, "1/s",
     "Throughput x (1 + headroom / target_violation_rate), headroom being what the token SLA "
     "violation rate leaves of target_violation_rate",
     [](const World& w) {
       const double target = w.p.sla.target_violation_rate;
       const double headroom = std::fmax(target - w.violation_rate(), 0.0);
       return w.per_s(w.completed) * (1.0 + headroom / target);
     }},
    {"total_tokens", kCountColumn, "1", "Prompt and output tokens of completed requests",
     [](const World& w) { return static_cast<double>(w.r.total_tokens); }},
    {"output_tokens", kCountColumn, "1", "Output tokens of completed requests",
     [](const World& w) { return static_cast<double>(w.r.output_tokens); }},
    {"seconds_per_output_token", kRealColumn, "s", "Makespan / output tokens",
     [](const World& w) {
       return w.r.output_tokens > 0 ? w.makespan_s / static_cast<double>(w.r.output_tokens) : kNaN;
     }},
    {"decode_step_time_s", kRealColumn, "s", "Mean service time / mean output tokens",
     [](const World& w) {
       return w.r.output_tokens > 0 ? static_cast<double>(w.r.service_sum_ns) * 1e-9 /
                                          static_cast<double>(w.r.output_tokens)
                                    : kNaN;
     }},
    {"mean_gpu_utilization", kRealColumn, "1", "Busy time / makespan, averaged over GPUs",
     [](const World& w) {
       return w.utilization(static_cast<double>(w.r.busy_sum_ns) / w.p.cluster.num_gpus);
     },
     kHeadline},
    {"min_gpu_utilization", kRealColumn, "1", "Busy time / makespan of the least used GPU",
     [](const World& w) { return w.utilization(static_cast<double>(w.r.busy_min_ns)); }},
    {"max_gpu_utilization", kRealColumn, "1", "Busy time / makespan of the most used GPU",
     [](const World& w) { return w.utilization(static_cast<double>(w.r.busy_max_ns)); }},
    {"mean_bin_output_variance", kRealColumn, "1",
     "Variance of output lengths in a batch, smoothed over batches, averaged over bins",
     [](const World& w) { return w.some(w.r.mean_bin_variance); }},
    {"mean_bin_output_range", kRealColumn, "1",
     "Range of output lengths in a batch, smoothed over batches, averaged over bins",
     [](const World& w) { return w.some(w.r.mean_bin_range); }},
    {"memory_overcommits", kCountColumn, "1",
     "Batches that would not have fitted the GPU's memory (static_fifo, multi_bin_only)",
     [](const World& w) { return static_cast<double>(w.r.memory_overcommits); }},
    {"extrapolated_batches", kCountColumn, "1", "Batches outside the measured service grid",
     [](const World& w) { return static_cast<double>(w.r.extrapolations); }},
};

}  // namespace

std::vector<ColumnSpec> batch_metric_columns() { return columns_of(kMetrics); }

std::vector<RaggedSpec> batch_tables() {
  return {
      latency_histogram_table("latency_histogram", "Latencies", "Requests"),
      {"gpus",
       "What each GPU did, by its id",
       {{"busy_s", kRealColumn, "s", "Time in batches"}, count_column("batches", "Batches")}},
      {"bins",
       "What each length bin did, in ascending order",
       {count_column("batches", "Batches"),
        count_column("requests", "Requests in batches"),
        {"output_variance", kRealColumn, "1",
         "Variance of output lengths in a batch, smoothed over batches"},
        {"output_range", kRealColumn, "1",
         "Range of output lengths in a batch, smoothed over batches"},
        count_column("lower_edge_tokens", "Smallest predicted length of the bin"),
        count_column("upper_edge_tokens", "End of the bin (exclusive)"),
        {"batch_limit",
         kCountColumn,
         "1",
         "Most requests in a batch of this bin, where the scheduler limits it",
         {},
         true}}},
  };
}

std::vector<ColumnData> batch_metrics(const std::vector<BatchParams>& params,
                                      const std::vector<BatchResult>& results) {
  return columns_from(kMetrics, results.size(), [&](std::size_t i) {
    return World{params[i], results[i]};
  });
}

std::vector<RaggedData> batch_table_data(const std::vector<BatchWorld>& worlds,
                                         BatchWaveResult&& wave) {
  const auto of_bins = [&wave](auto member) { return unit_column(wave.bins, member); };
  std::vector<RaggedData> tables(3);
  tables[0].row_size = std::move(wave.num_buckets);
  tables[0].columns = {std::move(wave.buckets), std::move(wave.bucket_counts)};
  for (const BatchWorld& world : worlds) {
    tables[1].row_size.push_back(world.num_gpus);
    tables[2].row_size.push_back(world.workload.num_bins);
  }
  tables[1].columns = {
      unit_column(wave.gpus,
                  [](const GpuUse& gpu) { return static_cast<double>(gpu.busy_ns) * 1e-9; }),
      unit_column(wave.gpus, &GpuUse::batches)};
  tables[2].columns = {of_bins(&BinUse::batches),           of_bins(&BinUse::requests),
                       of_bins(&BinUse::output_variance),   of_bins(&BinUse::output_range),
                       of_bins(&BinUse::lower_edge_tokens), of_bins(&BinUse::upper_edge_tokens),
                       of_bins(&BinUse::batch_limit)};
  return tables;
}

}  // namespace servesweep
