// Sorts and scans on the device against those of the standard library on the host. Arrays are
// compared inside (( )): Catch2 would print a million values.
#include "kernels/primitives/primitives.hpp"

#include <algorithm>
#include <numeric>
#include <random>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/device_memory.hpp"

namespace servesweep {
namespace {

// Around the width of a warp, and more than a block of threads.
const std::vector<std::uint32_t> kSizes = {0, 1, 2, 31, 32, 33, 1000, 100'003, 1'000'000};

template <class T>
std::vector<T> random_values(std::mt19937_64& random, std::uint32_t n, std::uint64_t most) {
  std::vector<T> values(n);
  for (T& value : values) value = static_cast<T>(random() % (most + 1));
  return values;
}

std::vector<std::uint32_t> counted(std::uint32_t n) {
  std::vector<std::uint32_t> values(n);
  std::iota(values.begin(), values.end(), 0U);
  return values;
}

}  // namespace

TEST_CASE("lengths are sorted") {
  std::mt19937_64 random(1);
  for (const std::uint32_t n : kSizes) {
    for (const std::uint64_t most : {0, 5, INT32_MAX}) {
      INFO(n << " values up to " << most);
      std::vector<std::int32_t> values = random_values<std::int32_t>(random, n, most);
      if (n > 2) values[1] = -1;  // signed
      const OnDevice<std::int32_t> in(values);
      const OnDevice<std::int32_t> out(values.size());
      const OnDevice<unsigned char> temp(sort_ascending(Device(), nullptr, nullptr, n, nullptr));
      sort_ascending(Device(), in.data(), out.data(), n, temp.data());
      std::sort(values.begin(), values.end());
      CHECK((out.values() == values));
    }
  }
}

TEST_CASE("values are sorted by their keys, equal keys in order") {
  std::mt19937_64 random(2);
  for (const std::uint32_t n : kSizes) {
    for (const int key_bits : {1, 3, 8, 10, 16}) {
      for (const bool all_equal : {false, true}) {
        INFO(n << " keys of " << key_bits << " bits" << (all_equal ? ", all equal" : ""));
        const std::uint64_t most = (std::uint64_t{1} << key_bits) - 1;
        std::vector<std::uint16_t> keys = random_values<std::uint16_t>(random, n, most);
        if (all_equal) std::fill(keys.begin(), keys.end(), static_cast<std::uint16_t>(most));
        const std::vector<std::uint32_t> values = counted(n);
        const OnDevice<std::uint16_t> keys_in(keys), keys_out(keys.size());
        const OnDevice<std::uint32_t> values_in(values), values_out(values.size());
        const OnDevice<unsigned char> temp(
            stable_sort_by_key(Device(), nullptr, nullptr, nullptr, nullptr, n, key_bits, nullptr));
        stable_sort_by_key(Device(), keys_in.data(), keys_out.data(), values_in.data(),
                           values_out.data(), n, key_bits, temp.data());
        std::vector<std::uint32_t> expected = values;
        std::stable_sort(expected.begin(), expected.end(),
                         [&](std::uint32_t a, std::uint32_t b) { return keys[a] < keys[b]; });
        CHECK((values_out.values() == expected));
        CHECK((keys_in.values() == keys));
        std::sort(keys.begin(), keys.end());
        CHECK((keys_out.values() == keys));
      }
    }
  }
}

TEST_CASE("exclusive sums") {
  std::mt19937_64 random(3);
  for (const std::uint32_t n : kSizes) {
    for (const std::uint64_t most : {0, 1, 4000}) {
      INFO(n << " values up to " << most);
      const auto values = random_values<std::uint32_t>(random, n, most);
      const OnDevice<std::uint32_t> in(values), out(values.size());
      const OnDevice<unsigned char> temp(exclusive_scan(Device(), nullptr, nullptr, n, nullptr));
      exclusive_scan(Device(), in.data(), out.data(), n, temp.data());
      std::vector<std::uint32_t> expected(values.size());
      std::exclusive_scan(values.begin(), values.end(), expected.begin(), 0U);
      CHECK((out.values() == expected));
    }
  }
}

TEST_CASE("segments are sorted each for itself") {
  std::mt19937_64 random(4);
  struct Case {
    int segments;
    std::uint64_t longest;
  };
  for (const Case c : {Case{0, 0}, Case{1, 0}, Case{1, 1}, Case{1, 500'000}, Case{33, 33},
                       Case{1000, 3}, Case{1000, 1000}, Case{5, 200'000}}) {
    for (const std::uint64_t most : {std::uint64_t{0}, std::uint64_t{7}, UINT64_MAX}) {
      INFO(c.segments << " segments of up to " << c.longest << ", values up to " << most);
      std::vector<std::uint32_t> begin, end;
      std::uint32_t n = 0;
      for (int s = 0; s < c.segments; ++s) {
        begin.push_back(n);  // room after its end: a world that ended early
        const auto length = static_cast<std::uint32_t>(random() % (c.longest + 1));
        end.push_back(random() % 3 == 0 ? n : n + length);
        n += length;
      }
      std::shuffle(begin.begin(), begin.end(), std::mt19937_64(5));
      std::shuffle(end.begin(), end.end(), std::mt19937_64(5));  // the same order
      std::vector<std::int64_t> values;
      for (std::uint32_t i = 0; i < n; ++i) {
        values.push_back(
            static_cast<std::int64_t>(most == UINT64_MAX ? random() : random() % (most + 1)));
      }
      const OnDevice<std::int64_t> in(values), out(values.size());
      const OnDevice<std::uint32_t> begins(begin), ends(end);
      const OnDevice<unsigned char> temp(
          segmented_sort(Device(), nullptr, nullptr, n, c.segments, nullptr, nullptr, nullptr));
      segmented_sort(Device(), in.data(), out.data(), n, c.segments, begins.data(), ends.data(),
                     temp.data());
      const std::vector<std::int64_t> sorted = out.values();
      int different = 0;
      for (std::size_t s = 0; s < begin.size(); ++s) {
        std::sort(values.begin() + begin[s], values.begin() + end[s]);
        different += !std::equal(values.begin() + begin[s], values.begin() + end[s],
                                 sorted.begin() + begin[s]);
      }
      CHECK(different == 0);
    }
  }
}

}  // namespace servesweep
