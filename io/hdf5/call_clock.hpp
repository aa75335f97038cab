// When a call of the HDF5 library began: another process that shares this memory sees that one does
// not end.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace servesweep::hdf5 {

class CallClock {
 public:
  void begin() { since_ns_.store(now_ns()); }
  void end() { since_ns_.store(0); }
  // 0 where none runs.
  std::chrono::milliseconds running_for() const {
    const std::int64_t since = since_ns_.load();
    return std::chrono::milliseconds(since == 0 ? 0 : (now_ns() - since) / 1'000'000);
  }

 private:
  static std::int64_t now_ns() {  // the same for all processes of a machine
    return std::chrono::steady_clock::now().time_since_epoch().count();
  }
  std::atomic<std::int64_t> since_ns_{0};
};

// From now on the calls that read files are timed; the clock must outlive them.
void watch_calls(CallClock* clock);

}  // namespace servesweep::hdf5
