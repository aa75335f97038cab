// A CUDA warp on one CPU thread, so that the shipped device code runs here: this header stands for
// the CUDA compiler (__CUDA_ARCH__, threadIdx, the warp intrinsics, atomics), and the headers of
// sim/ and kernels/ that a file includes after it are compiled as for a GPU. Lanes are fibers. They
// meet in the intrinsics, by the masks that these get, and run in random order between them. run()
// throws where lanes of a mask make different calls, where one ends that others wait for, and where
// a lane reads from outside its mask.
//
// Not emulated: what lanes write to one place between two intrinsics, other warps at the same time.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>

#include "tests/support/fiber.hpp"

namespace servesweep::testing {

class EmulatedCudaWarp {
 public:
  static constexpr int kLanes = 32;
  struct Index {
    unsigned x, y;
  };

  // A warp of groups of `width` lanes; the block has `warps_before` warps before this one.
  EmulatedCudaWarp(unsigned width, unsigned warps_before, std::uint64_t seed)
      : width_(width), first_row_(warps_before * kLanes / width), random_(seed) {}

  // body() in every lane.
  template <class Body>
  void run(const Body& body) {
    Fiber outside;
    outside_ = &outside;
    running_ = this;
    for (int lane = 0; lane < kLanes; ++lane) {
      lanes_[lane].fiber = std::make_unique<Fiber>([this, lane, &body] {
        body();
        lanes_[lane].has_ended = true;
        next();
      });
    }
    now_ = static_cast<int>(random_() % kLanes);
    outside.switch_to(*lanes_[now_].fiber);
    running_ = nullptr;
    lanes_ = {};
    if (!problem_.empty()) throw std::runtime_error(problem_);
  }

  // threadIdx of the lane that runs.
  static Index thread_index() {
    const auto lane = static_cast<unsigned>(running_->now_);
    return {lane % running_->width_, running_->first_row_ + lane / running_->width_};
  }
  static Index block_size() {
    return {running_->width_, running_->first_row_ + kLanes / running_->width_};
  }

  using Word = std::array<unsigned char, 16>;
  using Words = std::array<Word, kLanes>;
  // Gives a value to the lanes of the mask and takes theirs, once all have come; [lane].
  template <class T>
  static const Words& meet(const char* call, unsigned mask, T value) {
    static_assert(sizeof value <= sizeof(Word));
    Word word{};
    std::memcpy(word.data(), &value, sizeof value);
    return running_->meet_others(call, mask, word);
  }
  template <class T>
  static T value_from(const char* call, unsigned mask, const Words& words, unsigned lane) {
    if ((mask >> lane & 1) == 0) running_->fail(std::string(call) + " reads outside its mask");
    T value;
    std::memcpy(&value, words[lane].data(), sizeof value);
    return value;
  }
  static unsigned lane() { return static_cast<unsigned>(running_->now_); }

 private:
  struct Lane {
    std::unique_ptr<Fiber> fiber;
    bool has_ended = false, waits = false;
    const char* call = "";
    unsigned mask = 0;
    Word given{};
    Words taken{};
  };

  const Words& meet_others(const char* call, unsigned mask, const Word& given) {
    Lane& self = lanes_[now_];
    if ((mask >> now_ & 1) == 0) fail(std::string(call) + " by a lane outside its mask");
    self.call = call;
    self.mask = mask;
    self.given = given;
    self.waits = true;
    bool all_wait = true;
    for (int lane = 0; lane < kLanes; ++lane) {
      const Lane& other = lanes_[lane];
      if ((mask >> lane & 1) == 0) continue;
      if (other.has_ended) fail(std::string(call) + " waits for a lane that has ended");
      all_wait = all_wait && other.waits;
      if (other.waits && (other.mask != mask || std::strcmp(other.call, call) != 0)) {
        fail(std::string("lanes part: ") + call + " and " + other.call);
      }
    }
    if (all_wait) {
      for (int lane = 0; lane < kLanes; ++lane) {
        if ((mask >> lane & 1) == 0) continue;
        for (int from = 0; from < kLanes; ++from) {
          if (mask >> from & 1) lanes_[lane].taken[from] = lanes_[from].given;
        }
        lanes_[lane].waits = false;
      }
    }
    next();
    return self.taken;
  }

  // A random lane that does not wait goes on.
  void next() {
    Fiber& self = *lanes_[now_].fiber;
    std::array<int, kLanes> ready;  // on the stack: the last lane does not come back to free it
    unsigned num_ready = 0;
    bool any_waits = false;
    for (int lane = 0; lane < kLanes; ++lane) {
      any_waits = any_waits || lanes_[lane].waits;
      if (!lanes_[lane].has_ended && !lanes_[lane].waits) ready[num_ready++] = lane;
    }
    if (num_ready == 0) {
      if (any_waits) problem_ = "lanes wait for lanes that do not come";
      self.switch_to(*outside_);
    }
    now_ = ready[random_() % num_ready];
    Fiber& other = *lanes_[now_].fiber;
    if (&other != &self) self.switch_to(other);
  }

  void fail(const std::string& problem) {
    problem_ = problem;
    lanes_[now_].fiber->switch_to(*outside_);
  }

  static inline EmulatedCudaWarp* running_ = nullptr;
  unsigned width_, first_row_;
  std::mt19937_64 random_;
  Fiber* outside_ = nullptr;
  std::array<Lane, kLanes> lanes_;
  int now_ = 0;  // the lane that runs
  std::string problem_;
};

}  // namespace servesweep::testing

#define __CUDA_ARCH__ 900
#define threadIdx (::servesweep::testing::EmulatedCudaWarp::thread_index())
#define blockDim (::servesweep::testing::EmulatedCudaWarp::block_size())
// The libraries that a test is linked with have a DeviceWarp of one lane.
#define DeviceWarp EmulatedDeviceWarp

inline void __syncwarp(unsigned mask) {
  servesweep::testing::EmulatedCudaWarp::meet("__syncwarp", mask, 0);
}

inline unsigned __ballot_sync(unsigned mask, bool is) {
  const auto& words = servesweep::testing::EmulatedCudaWarp::meet("__ballot_sync", mask, is);
  unsigned bits = 0;
  for (unsigned lane = 0; lane < 32; ++lane) {
    if ((mask >> lane & 1) != 0 && words[lane][0] != 0) bits |= 1U << lane;
  }
  return bits;
}

template <class T>
T __shfl_xor_sync(unsigned mask, T value, int lane_mask) {
  using Warp = servesweep::testing::EmulatedCudaWarp;
  const auto& words = Warp::meet("__shfl_xor_sync", mask, value);
  return Warp::value_from<T>("__shfl_xor_sync", mask, words,
                             Warp::lane() ^ static_cast<unsigned>(lane_mask));
}

template <class T>
T __shfl_sync(unsigned mask, T value, int from, int width) {
  using Warp = servesweep::testing::EmulatedCudaWarp;
  const auto& words = Warp::meet("__shfl_sync", mask, value);
  const unsigned begin = Warp::lane() / static_cast<unsigned>(width) * static_cast<unsigned>(width);
  return Warp::value_from<T>("__shfl_sync", mask, words, begin + static_cast<unsigned>(from));
}

inline unsigned atomicAdd(std::uint32_t* counter, unsigned n) {
  const unsigned before = *counter;
  *counter += n;
  return before;
}

inline int __ffsll(long long word) { return __builtin_ffsll(word); }
inline int __clzll(long long word) {
  return word == 0 ? 64 : __builtin_clzll(static_cast<unsigned long long>(word));
}
inline int __popc(unsigned word) { return __builtin_popcount(word); }
