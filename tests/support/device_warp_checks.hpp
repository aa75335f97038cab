// Random calls of GroupLanes over the shipped DeviceWarp, by all groups of an emulated CUDA warp at
// once, each group its own calls; all lanes must get what one lane gets. Includes no Kokkos:
// mutants of the device code are compiled with it one by one (tests/app/test_device_mutants.py).
#pragma once

#include "tests/support/emulated_cuda.hpp"
//
#include "kernels/device/device_warp.hpp"
#include "sim/core/lanes.hpp"

namespace servesweep::testing {

struct WideSum {
  Int128 value = 0;
  void join(const WideSum& other) { value += other.value; }
  template <class F>
  WideSum exchanged(const F& f) const {
    return {f(value)};
  }
};

// What the lanes of a group share.
struct SharedNumbers {
  std::array<std::int64_t, 200> numbers{};
  std::array<std::int32_t, 200> packed{};
  std::array<std::uint32_t, 3> counters{};
};

// Makes the same random calls with any kind of lanes. of_first_lane(v): the v of the group's first
// lane. Returns all that the calls gave.
template <class Lanes, class OfFirstLane>
std::string make_random_calls(const Lanes& lanes, const OfFirstLane& of_first_lane,
                              SharedNumbers& shared, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string given;
  const auto add = [&given](auto value) {
    given.append(reinterpret_cast<const char*>(&value), sizeof value);
  };
  for (int call = 0; call < 40; ++call) {
    const auto count = static_cast<std::int32_t>(random() % 200);
    const auto salt = static_cast<std::int64_t>(random() >> 3);
    auto& numbers = shared.numbers;
    switch (random() % 8) {
      case 0:
        lanes.for_each(count, [&](std::int32_t i) { numbers[i] = salt / (1 + i); });
        add(numbers[count / 2]);
        break;
      case 1:
        lanes.for_each(count, [&](std::int32_t i) {
          lanes.add(shared.counters[i % 3], static_cast<std::uint32_t>(i));
        });
        break;
      case 2:
        add(lanes
                .template reduce<IntegerSum>(
                    count,
                    [&](std::int32_t i, IntegerSum& sum) { sum.value += numbers[i] & 0xffff; })
                .value);
        break;
      case 3:
        add(lanes
                .template reduce<WideSum>(count,
                                          [&](std::int32_t i, WideSum& sum) {
                                            sum.value += Int128{numbers[i]} << (i % 60);
                                          })
                .value);
        break;
      case 4:
        add(lanes.first(count, [&](std::int32_t i) { return (numbers[i] ^ salt) % 16 == 0; }));
        break;
      case 5: {
        const std::int32_t packed = lanes.pack(
            count, [&](std::int32_t i) { return (numbers[i] ^ salt) % 3 == 0; },
            [&](std::int32_t rank, std::int32_t i) { shared.packed[rank] = i; });
        add(packed);
        if (packed > 0) add(shared.packed[packed - 1]);
        break;
      }
      case 6:
        add(lanes.least(numbers.data(), count / 8 * 8 + 8 > 200 ? 200 : count / 8 * 8 + 8));
        break;
      default:
        lanes.once([&] { ++numbers[count]; });
        add(numbers[count]);
        add(of_first_lane(salt));
    }
  }
  return given;
}

// Throws std::runtime_error where a lane gets something else than one lane alone.
inline void check_device_warp(unsigned width, unsigned warps_before, std::uint64_t seed) {
  const unsigned groups = EmulatedCudaWarp::kLanes / width;
  std::vector<SharedNumbers> shared(groups), alone(groups);
  std::vector<std::string> given(EmulatedCudaWarp::kLanes);
  EmulatedCudaWarp warp(width, warps_before, seed);
  warp.run([&] {
    const DeviceWarp<> lane;
    const unsigned group = EmulatedCudaWarp::lane() / width;
    const auto of_first_lane = [&](std::int64_t value) {
      return lane.of_first_lane(lane.lane() == 0 ? value : std::int64_t{-1});
    };
    given[EmulatedCudaWarp::lane()] = make_random_calls(
        GroupLanes<DeviceWarp<>>(lane), of_first_lane, shared[group], seed * 64 + group);
  });
  for (unsigned lane = 0; lane < EmulatedCudaWarp::kLanes; ++lane) {
    const unsigned group = lane / width;
    alone[group] = {};
    const std::string expected = make_random_calls(
        OneLane(), [](std::int64_t value) { return value; }, alone[group], seed * 64 + group);
    const bool same_memory = shared[group].numbers == alone[group].numbers &&
                             shared[group].counters == alone[group].counters;
    if (given[lane] == expected && same_memory) continue;
    throw std::runtime_error("lane " + std::to_string(lane) + " of groups of " +
                             std::to_string(width) + " differs from one lane");
  }
}

}  // namespace servesweep::testing
