#include "host/results/metric_table.hpp"

#include <utility>

#include "sim/core/histogram.hpp"

namespace servesweep {

RaggedSpec latency_histogram_table(const std::string& name, const std::string& what,
                                   const std::string& counted) {
  std::vector<double> lower_s, upper_s;  // [bucket]
  for (std::int32_t bucket = 0; bucket < HistogramLayout::kNumBuckets; ++bucket) {
    lower_s.push_back(HistogramLayout::lower_edge_ns(bucket) * 1e-9);
    upper_s.push_back(HistogramLayout::lower_edge_ns(bucket + 1) * 1e-9);
  }
  const auto edge = [](const char* column, const char* text) {
    return ColumnSpec{column, ColumnType::kFloat64, "s", text};
  };
  return {name,
          what +
              " in log buckets: bucket 0 is below 1 ns, bucket b > 0 starts at "
              "1 ns * 2^((b - 1) div 128) * (1 + ((b - 1) mod 128) / 128)",
          {{"bucket", ColumnType::kInt32, "1", "Bucket; only those that are not empty"},
           {"count", ColumnType::kInt32, "1", counted + " in the bucket"}},
          {{edge("bucket_lower_s", "Lower edge of a bucket"), std::move(lower_s)},
           {edge("bucket_upper_s", "Upper edge of a bucket; the last one holds all above it too"),
            std::move(upper_s)}},
          "bucket_id"};
}

}  // namespace servesweep
