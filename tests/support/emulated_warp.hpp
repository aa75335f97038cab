// A warp (sim/core/lanes.hpp) of up to 32 lanes on one CPU thread, so that GroupLanes, which GPUs
// run, runs here: every lane is a fiber that runs all of the code. Lanes meet in sync(), exchange()
// and ballot(), and run in random order between them. Fails where they do not make the same calls.
#pragma once

#include <algorithm>
#include <cstring>
#include <functional>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "sim/core/lanes.hpp"
#include "tests/support/emulated_lanes.hpp"
#include "tests/support/fiber.hpp"

namespace servesweep::testing {

class EmulatedWarpGroup {
 public:
  EmulatedWarpGroup(std::int32_t width, std::uint64_t seed) : width_(width), random_(seed) {}

  class Warp {
   public:
    Warp(EmulatedWarpGroup& group, std::int32_t lane) : group_(&group), lane_(lane) {}
    std::int32_t width() const { return group_->width_; }
    std::int32_t lane() const { return lane_; }
    void sync() const { group_->meet(lane_, "sync", nullptr, 0); }
    template <class T>
    T exchange(T value, std::int32_t mask) const {
      const auto& posted = group_->meet(lane_, "exchange", &value, sizeof value);
      std::memcpy(&value, posted[static_cast<std::size_t>(lane_ ^ mask)].bytes, sizeof value);
      return value;
    }
    std::uint32_t ballot(bool b) const {
      const auto& posted = group_->meet(lane_, "ballot", &b, sizeof b);
      std::uint32_t bits = 0;
      for (std::int32_t lane = 0; lane < group_->width_; ++lane) {
        if (posted[static_cast<std::size_t>(lane)].bytes[0] != 0) bits |= std::uint32_t{1} << lane;
      }
      return bits;
    }
    void atomic_add(std::uint32_t& counter, std::uint32_t n) const { counter += n; }

   private:
    EmulatedWarpGroup* group_;
    std::int32_t lane_;
  };

  // body(lanes) in every lane; returns what lane 0 gives. Throws LaneError.
  template <class Body>
  std::string run(const Body& body) {
    std::string result;
    Fiber outside;
    outside_ = &outside;
    problem_.clear();
    order_.resize(static_cast<std::size_t>(width_));
    std::iota(order_.begin(), order_.end(), 0);
    fibers_.clear();
    for (std::int32_t lane = 0; lane < width_; ++lane) {
      fibers_.push_back(std::make_unique<Fiber>([this, lane, &body, &result] {
        {  // a fiber does not return: nothing may be left to destroy
          std::string mine = body(GroupLanes<Warp>(Warp(*this, lane)));
          if (lane == 0) result = std::move(mine);
        }
        meet(lane, "end", nullptr, 0);
      }));
    }
    next_round();
    outside.switch_to(*fibers_[static_cast<std::size_t>(order_[0])]);
    fibers_.clear();
    if (!problem_.empty()) throw LaneError(problem_);
    return result;
  }

 private:
  struct Posted {
    const char* call;
    unsigned char bytes[16];
  };

  void next_round() {
    std::shuffle(order_.begin(), order_.end(), random_);
    turn_ = 0;
    round_ = 1 - round_;
  }

  // Posts a value and waits until all lanes have posted theirs; [lane].
  const std::vector<Posted>& meet(std::int32_t lane, const char* call, const void* value,
                                  std::size_t size) {
    std::vector<Posted>& posted = posted_[round_];
    posted.resize(static_cast<std::size_t>(width_));
    Posted& mine = posted[static_cast<std::size_t>(lane)];
    mine.call = call;
    if (size > 0) std::memcpy(mine.bytes, value, size);
    Fiber& self = *fibers_[static_cast<std::size_t>(lane)];
    if (++turn_ == order_.size()) {
      for (const Posted& other : posted) {
        if (std::string(other.call) == call) continue;
        problem_ = std::string("lanes part: ") + call + " and " + other.call;
        self.switch_to(*outside_);
      }
      if (std::string(call) == "end") self.switch_to(*outside_);
      next_round();
    }
    Fiber& next = *fibers_[static_cast<std::size_t>(order_[turn_])];
    if (&next != &self) self.switch_to(next);
    return posted;
  }

  std::int32_t width_;
  std::mt19937_64 random_;
  Fiber* outside_ = nullptr;
  std::vector<std::unique_ptr<Fiber>> fibers_;  // [lane]
  std::vector<std::int32_t> order_;             // lanes, as they run
  std::size_t turn_ = 0;
  std::vector<Posted> posted_[2];  // of this round and the one before: [lane]
  int round_ = 0;
  std::string problem_;
};

}  // namespace servesweep::testing
