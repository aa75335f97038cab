// Exact percentiles of many worlds at once against a sort of each world's values.
#include "kernels/exact_quantiles.hpp"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "kernels/batch_traits.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/device_memory.hpp"

namespace servesweep {
namespace {

// Linear between order statistics, in its own words: position q (n - 1) of the sorted values.
double naive_quantile(std::vector<std::int64_t> values, double q) {
  std::sort(values.begin(), values.end());
  const double position = q * static_cast<double>(values.size() - 1);
  const auto low = static_cast<std::size_t>(std::floor(position));
  const auto high = std::min(low + 1, values.size() - 1);
  return static_cast<double>(values[low]) +
         static_cast<double>(values[high] - values[low]) * (position - std::floor(position));
}

// Worlds of `room` requests at most, every fifth world with quantiles from its histogram.
void check_wave(std::mt19937_64& random, int num_worlds, std::uint64_t most_room,
                std::uint64_t most_value) {
  INFO(num_worlds << " worlds of up to " << most_room << ", values up to " << most_value);
  std::vector<std::uint32_t> begin, end(static_cast<std::size_t>(3 * num_worlds));
  std::vector<BatchResult> results(static_cast<std::size_t>(num_worlds));
  std::uint32_t stride = 0;
  for (std::size_t w = 0; w < results.size(); ++w) {
    const std::uint64_t room = random() % (most_room + 1);
    const bool is_exact = w % 5 != 3;
    begin.push_back(stride);
    if (is_exact) stride += static_cast<std::uint32_t>(room);
    results[w].exact_quantiles = is_exact;
    results[w].completed = static_cast<std::int64_t>(random() % 4 == 0 ? room / 2 : room);
    for (std::size_t quantity = 0; quantity < 3; ++quantity) {
      end[quantity * results.size() + w] =
          begin[w] + static_cast<std::uint32_t>(is_exact ? results[w].completed : 0);
    }
    results[w].latency_quantiles_ns[0] = -1.0;  // stays where nothing is to be taken
  }
  std::vector<std::int64_t> values(std::size_t{3} * stride);
  for (std::int64_t& value : values) value = static_cast<std::int64_t>(random() % (most_value + 1));

  const OnDevice<std::int64_t> on_device(values);
  const OnDevice<std::uint32_t> begins(begin);
  const OnDevice<BatchResult> device_results(results);
  const OnDevice<std::uint32_t> ends(end);
  const OnDevice<unsigned char> temp(QuantileTemp(nullptr, stride, num_worlds).bytes);
  const ExactRoom room{on_device.data(), stride, begins.data(), ends.data(), num_worlds};
  take_exact_quantiles<BatchTraits>(Device(), &room, num_worlds, device_results.data(),
                                    temp.data());
  const std::vector<BatchResult> taken = device_results.values();

  const WantedQuantiles wanted;
  int different = 0;
  for (std::size_t w = 0; w < results.size(); ++w) {
    const BatchResult& r = taken[w];
    if (r.exact_quantiles == 0 || r.completed == 0) {
      different += r.latency_quantiles_ns[0] != -1.0 || r.tbt_quantiles_ns[0] != 0.0;
      continue;
    }
    const auto check = [&](std::size_t quantity, const double* quantiles, int count, double unit,
                           const double* found) {
      const auto first = values.begin() + static_cast<std::int64_t>(quantity * stride + begin[w]);
      const std::vector<std::int64_t> own(first, first + r.completed);
      for (int i = 0; i < count; ++i) {
        different += found[i] != naive_quantile(own, quantiles[i]) * unit;
      }
    };
    check(0, wanted.latency, kNumLatencyQuantiles, 1.0, r.latency_quantiles_ns);
    check(1, wanted.token, kNumTokenQuantiles, 1e-3, r.tbt_quantiles_ns);
    check(2, wanted.token, kNumTokenQuantiles, 1e-3, r.decode_quantiles_ns);
  }
  CHECK(different == 0);
}

}  // namespace

TEST_CASE("percentiles of a wave are those of each world's sorted values") {
  std::mt19937_64 random(6);
  for (const std::uint64_t most_value : {UINT64_C(0), UINT64_C(9), UINT64_C(1) << 52}) {
    check_wave(random, 1, 1, most_value);
    check_wave(random, 33, 0, most_value);
    check_wave(random, 1000, 40, most_value);
    check_wave(random, 70, 5000, most_value);
    check_wave(random, 2, 300'000, most_value);
  }
}

}  // namespace servesweep
