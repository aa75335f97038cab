// A log-bucket histogram of durations, in the manner of HdrHistogram: 128 linear sub-buckets in
// every power of two, so that a bucket's middle is within 0.4 % of every value in it. It spans
// 1 ns .. 2^62 ns, where the clock ends; shorter values share the first bucket and are taken for 0.
// Histograms of equal layout merge by adding counts.
#pragma once

#include "sim/core/lanes.hpp"

namespace servesweep {

struct HistogramLayout {
  static constexpr int kSubBucketBits = 7;
  static constexpr int kMinExponent = 0;   // 2^0 ns
  static constexpr int kMaxExponent = 62;  // 2^62 ns: kClockEnd_ns
  static constexpr std::int32_t kNumBuckets =
      ((kMaxExponent - kMinExponent) << kSubBucketBits) + 2;                // 7938
  static constexpr double kMaxRelativeError = 0.5 / (1 << kSubBucketBits);  // 0.0039

  // The exponent and the leading mantissa bits of a double are the bucket: one shift, and exact
  // on every backend.
  SERVESWEEP_FUNCTION static std::int32_t bucket(double value_ns) {
    std::uint64_t bits = 0;
    memcpy(&bits, &value_ns, sizeof bits);
    constexpr std::int64_t kFirst = std::int64_t{1023 + kMinExponent} << kSubBucketBits;
    const auto index = static_cast<std::int64_t>(bits >> (52 - kSubBucketBits)) - kFirst + 1;
    return static_cast<std::int32_t>(
        clamp_to<std::int64_t>(index, 0, std::int64_t{kNumBuckets} - 1));
  }

  // Lower edge of a bucket [ns]; bucket kNumBuckets stands for the end of the last one.
  SERVESWEEP_FUNCTION static double lower_edge_ns(std::int32_t bucket) {
    if (bucket <= 0) return 0.0;
    const std::int32_t step = bucket - 1;
    const double octave =
        static_cast<double>(UINT64_C(1) << (kMinExponent + (step >> kSubBucketBits)));
    const double fraction = static_cast<double>(step & ((1 << kSubBucketBits) - 1));
    return octave + octave * fraction / (1 << kSubBucketBits);
  }

  // The value that stands for a bucket [ns]: its middle; 0 for the first.
  SERVESWEEP_FUNCTION static double value_ns(std::int32_t bucket) {
    return bucket <= 0 ? 0.0 : 0.5 * (lower_edge_ns(bucket) + lower_edge_ns(bucket + 1));
  }
};

// A view of one histogram's counts [kNumBuckets], all zero where it was not touched.
struct Histogram {
  std::uint32_t* counts = nullptr;
  std::uint64_t touched = 0;  // bit i: some bucket from 128 i to 128 i + 127 may not be zero

  // By one lane; the group touches the bucket.
  SERVESWEEP_FUNCTION void add(std::int32_t bucket, std::uint32_t count) const {
    counts[bucket] += count;
  }
  SERVESWEEP_FUNCTION void touch(std::int32_t bucket) {
    touched |= std::uint64_t{1} << (bucket >> HistogramLayout::kSubBucketBits);
  }
  // Buckets low .. high are about to be counted in.
  SERVESWEEP_FUNCTION void touch(std::int32_t low, std::int32_t high) {
    touched |= (std::uint64_t{2} << (high >> HistogramLayout::kSubBucketBits)) -
               (std::uint64_t{1} << (low >> HistogramLayout::kSubBucketBits));
  }

  // The buckets that may not be zero are in begin() .. end() - 1.
  SERVESWEEP_FUNCTION std::int32_t begin() const {
    return touched == 0 ? 0 : lowest_bit(touched) << HistogramLayout::kSubBucketBits;
  }
  SERVESWEEP_FUNCTION std::int32_t end() const {
    if (touched == 0) return 0;
    return min_of((highest_bit(touched) + 1) << HistogramLayout::kSubBucketBits,
                  HistogramLayout::kNumBuckets);
  }
  template <class Lanes>
  SERVESWEEP_FUNCTION void clear(const Lanes& lanes) {
    std::uint32_t* first = counts + begin();
    lanes.for_each(end() - begin(), [=](std::int32_t i) { first[i] = 0; });
    touched = 0;
  }
};

// The histograms of a world: counts [kNumber][HistogramLayout::kNumBuckets], all zero.
template <int kNumber>
struct HistogramSet {
  static constexpr std::size_t kCounts = std::size_t{kNumber} * HistogramLayout::kNumBuckets;
  Histogram of[kNumber];

  SERVESWEEP_FUNCTION explicit HistogramSet(std::uint32_t* counts) {
    for (int i = 0; i < kNumber; ++i) of[i].counts = counts + i * HistogramLayout::kNumBuckets;
  }
  template <class Lanes>
  SERVESWEEP_FUNCTION void clear(const Lanes& lanes) {
    for (Histogram& histogram : of) histogram.clear(lanes);
  }
};

// Writes the quantiles of a histogram of `total` > 0 values to out_ns: NumPy's linear
// interpolation between order statistics, each order statistic being its bucket's middle.
// `quantiles` ascend.
template <class Lanes>
SERVESWEEP_FUNCTION void histogram_quantiles(const Lanes& lanes, const Histogram& histogram,
                                             std::int64_t total, const double* quantiles, int count,
                                             double* out_ns) {
  constexpr std::int32_t kGroup = 1 << HistogramLayout::kSubBucketBits;
  const std::uint32_t* counts = histogram.counts;
  const std::int32_t end = histogram.end();
  std::int32_t group = histogram.begin();  // buckets group .. group + kGroup - 1
  std::int64_t before_group = 0;           // values in buckets below them
  const auto sum_of_group = [&] {
    const std::uint32_t* here = counts + group;
    return lanes
        .template reduce<IntegerSum>(min_of(kGroup, end - group),
                                     [=](std::int32_t i, IntegerSum& sum) { sum.value += here[i]; })
        .value;
  };
  std::int64_t in_group = sum_of_group();
  std::int32_t bucket = group;
  std::int64_t before = 0;  // values in buckets below `bucket`
  for (int i = 0; i < count; ++i) {
    const double position = quantiles[i] * static_cast<double>(total - 1);
    const auto rank = static_cast<std::int64_t>(position);
    const double fraction = position - static_cast<double>(rank);
    while (before_group + in_group <= rank) {
      before_group += in_group;
      group += kGroup;
      in_group = sum_of_group();
      bucket = group;
      before = before_group;
    }
    while (before + counts[bucket] <= rank) before += counts[bucket++];
    std::int32_t next_bucket = bucket;
    if (fraction > 0 && before + counts[bucket] <= rank + 1) {
      ++next_bucket;
      next_bucket += lanes.first(end - next_bucket,
                                 [=](std::int32_t b) { return counts[next_bucket + b] != 0; });
    }
    const double low = HistogramLayout::value_ns(bucket);
    const double value = low + fraction * (HistogramLayout::value_ns(next_bucket) - low);
    lanes.once([=] { out_ns[i] = value; });
  }
}

}  // namespace servesweep
