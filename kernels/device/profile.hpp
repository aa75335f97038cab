// Where the time and memory of a run go: nested regions of time by label, and counts. Off, a region
// costs a branch. Kokkos tools see the same labels. Free of Kokkos headers.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace servesweep {

enum class ProfileCount {
  kWorlds,          // finished
  kRequests,        // of these worlds
  kAllocations,     // on the device
  kAllocatedBytes,  // by them
  kInputsPrepared,  // binned or uploaded, for worlds of a chunk
  kInputsReused,    // by other worlds
};
constexpr std::size_t kNumProfileCounts = 6;

// All regions of one label inside the same other region.
struct ProfileEntry {
  std::string label;
  int inside = -1;         // index of the entry around it
  bool is_kernel = false;  // timed from fence to fence
  bool is_beside = false;  // on another thread, beside what the profile's own does
  std::int64_t calls = 0;
  double seconds = 0;      // wall time
  std::int64_t bytes = 0;  // read and written, where that is known; else 0
};

struct ProfileReport {
  double seconds = 0;                 // since the profile began
  std::vector<ProfileEntry> entries;  // in order of their first beginning
  std::array<std::int64_t, kNumProfileCounts> counts{};

  std::int64_t count(ProfileCount what) const { return counts[static_cast<std::size_t>(what)]; }
};

// Measures this process as long as it lives. One at a time, as Kokkos itself; no region may be open
// when it begins or ends.
class Profile {
 public:
  Profile();
  ~Profile();
  Profile(const Profile&) = delete;
  Profile& operator=(const Profile&) = delete;

  // The one that measures now, or null.
  static const Profile* active();
  ProfileReport report() const;

 private:
  friend class ProfileRegion;
  friend void profile_count(ProfileCount what, std::int64_t amount);

  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::thread::id thread_ = std::this_thread::get_id();
  mutable std::mutex mutex_;  // of entries_
  std::vector<ProfileEntry> entries_;
  std::array<std::atomic<std::int64_t>, kNumProfileCounts> counts_{};
};

// Measures a scope. `label` starts with "servesweep::".
class ProfileRegion {
 public:
  enum Kind { kPhase, kKernel };

  explicit ProfileRegion(const char* label, std::size_t bytes = 0, Kind kind = kPhase);
  ~ProfileRegion() {
    if (profile_ != nullptr) end();
  }
  ProfileRegion(const ProfileRegion&) = delete;
  ProfileRegion& operator=(const ProfileRegion&) = delete;

  void add_bytes(std::size_t bytes) { bytes_ += static_cast<std::int64_t>(bytes); }

 private:
  // How a Kokkos tool sees it: regions nest, so those of other threads are sections; kernels it
  // sees anyway.
  enum class Seen { kNot, kAsRegion, kAsSection };

  void begin(const char* label);
  void end();

  Profile* profile_;
  Kind kind_;
  std::int64_t bytes_;
  int entry_ = -1, around_ = -1;
  Seen seen_ = Seen::kNot;
  std::uint32_t section_ = 0;
  std::chrono::steady_clock::time_point start_;
};

// Adds to a count of the active profile, if there is one. Any thread.
void profile_count(ProfileCount what, std::int64_t amount);

}  // namespace servesweep
