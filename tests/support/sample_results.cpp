#include "tests/support/sample_results.hpp"

#include <cmath>
#include <limits>

#include "host/parameters/parameter.hpp"
#include "host/parameters/run_spec.hpp"
#include "host/sweep/sweep_builder.hpp"

namespace servesweep {
namespace sample {
namespace {

constexpr std::int32_t kNumBuckets = 40;
enum class Kind { kPlain, kBinned };

}  // namespace
}  // namespace sample

template <>
struct EnumNames<sample::Kind> {
  static constexpr const char* values[] = {"plain", "binned"};
};

namespace sample {
namespace {

struct SchedulerParams {
  Kind kind = Kind::kPlain;
  bool strict = true;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    visit(&SchedulerParams::kind, FieldName{"kind", "scheduler_kind"}, "Scheduler.");
    visit(&SchedulerParams::strict, FieldName{"strict", "scheduler_strict"}, "A switch.");
  }
};

struct BinnedParams {
  std::int32_t k_bins = 4;
  double headroom_gb = 0.5;
  InputFile policy;
  IntegerList edges;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    visit(&BinnedParams::k_bins, "k_bins", "", 1.0, 1024.0, "Number of bins.");
    visit(&BinnedParams::headroom_gb, "headroom_gb", "GB", 0.0, 1e3, "Memory left free.");
    visit(&BinnedParams::policy, FieldName{"policy", "binned_policy"},
          "A text that only some worlds read.");
    visit(&BinnedParams::edges, FieldName{"edges", "binned_edges"}, "Bin edges.");
  }
};

struct ClusterParams {
  std::int64_t num_gpus = 1;
  double rate_per_s = 12.5;
  InputFile trace;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    visit(&ClusterParams::num_gpus, "num_gpus", "", 1.0, 1e9, "GPUs.");
    visit(&ClusterParams::rate_per_s, "rate_per_s", "1/s", 0.0, 1e9, "Arrival rate.");
    visit(&ClusterParams::trace, FieldName{"trace", "cluster_trace"},
          "Trace file, \"quoted\" here.");
  }
};

const ParameterSet& parameters() {
  static const ParameterSet set = [] {
    ParameterSet s;
    s.add<SchedulerParams>("scheduler");
    s.add<BinnedParams>("binned", {{"scheduler.kind", {"binned"}}});
    s.add<ClusterParams>("cluster");
    return s;
  }();
  return set;
}

SpecEntry entry(const std::string& key, decltype(SpecValue::data) data) {
  SpecEntry e;
  e.key = key;
  e.value.data = std::move(data);
  e.file = "sample.toml";
  return e;
}

template <class... T>
SpecValue::Array array(T... values) {
  return {SpecValue{values}...};
}

std::string text(const char* value) { return value; }

double fraction(std::int64_t world) {  // of a hash
  auto x = static_cast<std::uint64_t>(world) * 0x9E3779B97F4A7C15u;
  x ^= x >> 31;
  return static_cast<double>((x * 0xBF58476D1CE4E5B9u) >> 11) * 0x1p-53;
}

}  // namespace

const ResultSchema& schema() {
  static const ResultSchema value = [] {
    ResultSchema s;
    s.engine = "sample";
    s.metrics = {
        {"status", ColumnType::kCategory, "", "How the world ended.", {"completed", "time_limit"}},
        {"completed", ColumnType::kInt64, "1", "Requests that completed.", {}},
        {"largest_batch", ColumnType::kInt32, "1", "Requests in the largest batch.", {}, true},
        {"p99_latency_s", ColumnType::kFloat64, "s", "99th percentile of latency.", {}, true, true},
        {"note", ColumnType::kText, "", "A text.", {}},
    };
    RaggedSpec histogram{"latency_histogram",
                         "Buckets with requests, by latency.",
                         {{"bucket", ColumnType::kInt32, "1", "Bucket.", {}},
                          {"count", ColumnType::kInt32, "1", "Requests in the bucket.", {}}}};
    histogram.lookup_dimension = "bucket_id";
    histogram.lookups = {
        {{"bucket_lower_s", ColumnType::kFloat64, "s", "Lower edge of the bucket.", {}}, {}},
        {{"bucket_upper_s", ColumnType::kFloat64, "s", "Upper edge of the bucket.", {}}, {}}};
    for (int b = 0; b < kNumBuckets; ++b) {
      histogram.lookups[0].values.push_back(0.1 * b);
      histogram.lookups[1].values.push_back(0.1 * (b + 1));
    }
    RaggedSpec bins{"bins",
                    "Per bin.",
                    {{"batch_limit", ColumnType::kInt32, "1", "Its limit.", {}, true},
                     {"mean_s", ColumnType::kFloat64, "s", "Its mean.", {}},
                     {"requests", ColumnType::kInt64, "1", "Its requests.", {}}}};
    RaggedSpec nothing{
        "failures", "Without rows.", {{"time_s", ColumnType::kFloat64, "s", "When.", {}}}};
    s.tables = {histogram, bins, nothing};
    return s;
  }();
  return value;
}

Sweep grid_sweep(int num_gpus, std::int64_t replications) {
  RunSpec spec;
  spec.file = "sample.toml";
  SpecValue::Array gpus;
  for (std::int64_t g = 1; g <= num_gpus; ++g) gpus.push_back(SpecValue{g});
  spec.entries = {
      entry("replications", replications),
      entry("scheduler.kind", array(text("plain"), text("binned"))),
      entry("cluster.num_gpus", gpus),
      entry("cluster.trace", array(text("plain.csv"), text("wide spaces, and \"quotes\".csv"),
                                   text("gr\u00fc\u00df.csv"))),
  };
  if (num_gpus > 0) spec.entries.push_back(entry("seed", std::int64_t{11}));
  return build_sweep(spec, parameters());
}

Sweep irregular_sweep(std::int64_t seed) {
  RunSpec spec;
  spec.file = "sample.toml";
  spec.entries = {
      entry("seed", seed),
      entry("replications", std::int64_t{3}),
      entry("scheduler.kind", array(text("plain"), text("binned"))),
      entry("binned.k_bins", array(std::int64_t{2}, std::int64_t{4}, std::int64_t{8})),
      entry("binned.policy", text("first come")),
      entry("binned.edges", array(std::int64_t{0}, std::int64_t{100}, std::int64_t{1000})),
  };
  return build_sweep(spec, parameters());
}

Provenance provenance() {
  Provenance p;
  p.code_version = "0.1.0";
  p.git_commit = "0123abc";
  p.compiler = "g++ 12.2";
  p.compiler_flags = "-O2";
  p.kokkos_version = "3.4.1";
  p.kokkos_backend = "Serial";
  p.device = "a processor";
  p.command_line = "servesweep run sample.toml";
  p.time_started_utc = "2025-01-01T00:00:00Z";
  p.time_finished_utc = "2025-01-01T00:00:01Z";
  return p;
}

double p99_latency_s(std::int64_t world) {
  if (world % 7 == 3) return std::numeric_limits<double>::quiet_NaN();
  return std::exp(10 * fraction(world) - 5);
}

std::int32_t num_buckets(std::int64_t world) { return static_cast<std::int32_t>(world * 5 % 13); }

ResultChunk chunk(std::int64_t first, std::int64_t count) {
  ResultChunk c;
  c.first_world = first;
  c.num_worlds = count;
  std::vector<std::int32_t> status, largest;
  std::vector<std::int64_t> completed;
  std::vector<double> p99;
  std::vector<std::string> note;
  std::vector<std::int32_t> sizes, bucket, counts, bin_sizes, limit;
  std::vector<double> mean;
  std::vector<std::int64_t> requests;
  for (std::int64_t w = first; w < first + count; ++w) {
    const auto small = static_cast<std::int32_t>(w % 1000);
    status.push_back(w % 10 == 9 ? 1 : 0);
    completed.push_back(w * 3'000'000'000);  // past 32 bits
    largest.push_back(w % 4 == 0 ? -1 : small);
    p99.push_back(p99_latency_s(w));
    note.push_back(w % 3 == 0 ? "" : "note " + std::to_string(w) + (w % 3 == 1 ? ", \u00fc" : ""));
    sizes.push_back(num_buckets(w));
    for (std::int32_t b = 0; b < num_buckets(w); ++b) {
      bucket.push_back(b * 3);
      counts.push_back(small + b + 1);
    }
    bin_sizes.push_back(small % 3);
    for (std::int32_t b = 0; b < small % 3; ++b) {
      limit.push_back(b == 0 ? -1 : b);
      mean.push_back(fraction(w + b));
      requests.push_back(w * 5'000'000'000 + b);
    }
  }
  const auto rows = static_cast<std::size_t>(count);
  c.metrics = {status, completed, largest, p99, note};
  c.tables = {{sizes, {bucket, counts}},
              {bin_sizes, {limit, mean, requests}},
              {std::vector<std::int32_t>(rows, 0), {std::vector<double>{}}}};
  return c;
}

}  // namespace sample
}  // namespace servesweep
