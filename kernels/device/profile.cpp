#include "kernels/device/profile.hpp"

#include <Kokkos_Core.hpp>
#include <algorithm>
#include <stdexcept>

namespace servesweep {
namespace {

using Clock = std::chrono::steady_clock;

std::atomic<Profile*> active_profile{nullptr};
thread_local int innermost = -1;  // entry of the region that this thread is in

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace

Profile::Profile() {
  Profile* none = nullptr;
  if (!active_profile.compare_exchange_strong(none, this)) {
    throw std::logic_error("a profile measures already");
  }
}

Profile::~Profile() { active_profile = nullptr; }

const Profile* Profile::active() { return active_profile; }

ProfileReport Profile::report() const {
  ProfileReport report;
  report.seconds = seconds_since(start_);
  std::copy(counts_.begin(), counts_.end(), report.counts.begin());
  const std::lock_guard<std::mutex> lock(mutex_);
  report.entries = entries_;
  return report;
}

void profile_count(ProfileCount what, std::int64_t amount) {
  Profile* profile = active_profile.load(std::memory_order_relaxed);
  if (profile != nullptr) profile->counts_[static_cast<std::size_t>(what)] += amount;
}

ProfileRegion::ProfileRegion(const char* label, std::size_t bytes, Kind kind)
    : profile_(active_profile.load(std::memory_order_relaxed)),
      kind_(kind),
      bytes_(static_cast<std::int64_t>(bytes)) {
  if (profile_ != nullptr) begin(label);
}

void ProfileRegion::begin(const char* label) {
  around_ = innermost;
  const bool is_beside = std::this_thread::get_id() != profile_->thread_;
  {
    const std::lock_guard<std::mutex> lock(profile_->mutex_);
    std::vector<ProfileEntry>& entries = profile_->entries_;
    const auto known = std::find_if(entries.begin(), entries.end(), [&](const ProfileEntry& e) {
      return e.inside == around_ && e.is_beside == is_beside && e.label == label;
    });
    entry_ = static_cast<int>(known - entries.begin());
    if (known == entries.end()) {
      entries.push_back({label, around_, kind_ == kKernel, is_beside, 0, 0, 0});
    }
  }
  innermost = entry_;
  if (kind_ == kKernel) {
    Kokkos::fence();
  } else if (Kokkos::is_initialized()) {
    seen_ = is_beside ? Seen::kAsSection : Seen::kAsRegion;
  }
  if (seen_ == Seen::kAsRegion) Kokkos::Profiling::pushRegion(label);
  if (seen_ == Seen::kAsSection) {
    Kokkos::Profiling::createProfileSection(label, &section_);
    Kokkos::Profiling::startSection(section_);
  }
  start_ = Clock::now();
}

void ProfileRegion::end() {
  if (kind_ == kKernel) Kokkos::fence();
  const double seconds = seconds_since(start_);
  if (seen_ == Seen::kAsRegion) Kokkos::Profiling::popRegion();
  if (seen_ == Seen::kAsSection) {
    Kokkos::Profiling::stopSection(section_);
    Kokkos::Profiling::destroyProfileSection(section_);
  }
  innermost = around_;
  const std::lock_guard<std::mutex> lock(profile_->mutex_);
  ProfileEntry& entry = profile_->entries_[static_cast<std::size_t>(entry_)];
  ++entry.calls;
  entry.seconds += seconds;
  entry.bytes += bytes_;
}

}  // namespace servesweep
