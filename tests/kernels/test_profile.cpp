#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>

#include "kernels/device/profile.hpp"
#include "tests/support/catch.hpp"

using namespace servesweep;

namespace {

void wait_ms(int milliseconds) {
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
}

}  // namespace

TEST_CASE("without a profile nothing is kept") {
  REQUIRE(Profile::active() == nullptr);
  {
    const ProfileRegion region("servesweep::before");
    profile_count(ProfileCount::kWorlds, 1);
  }
  const Profile profile;
  CHECK(Profile::active() == &profile);
  CHECK(profile.report().entries.empty());
  CHECK(profile.report().count(ProfileCount::kWorlds) == 0);
}

TEST_CASE("regions nest, and equal ones add up") {
  const Profile profile;
  for (int i = 0; i < 3; ++i) {
    ProfileRegion outer("servesweep::outer", 10);
    outer.add_bytes(5);
    wait_ms(1);
    const ProfileRegion inner("servesweep::inner", 1, ProfileRegion::kKernel);
    wait_ms(2);
  }
  { const ProfileRegion inner("servesweep::inner"); }
  const ProfileReport report = profile.report();
  REQUIRE(report.entries.size() == 3);
  const auto& [outer, inner, alone] =
      std::tie(report.entries[0], report.entries[1], report.entries[2]);
  CHECK(outer.label == "servesweep::outer");
  CHECK(outer.inside == -1);
  CHECK(outer.calls == 3);
  CHECK(outer.bytes == 3 * 15);
  CHECK_FALSE(outer.is_kernel);
  CHECK(inner.label == "servesweep::inner");
  CHECK(inner.inside == 0);
  CHECK(inner.calls == 3);
  CHECK(inner.bytes == 3);
  CHECK(inner.is_kernel);
  CHECK(inner.seconds >= 3 * 0.002);
  CHECK(outer.seconds >= inner.seconds + 3 * 0.001);
  CHECK(report.seconds >= outer.seconds + alone.seconds);
  CHECK(alone.inside == -1);
  CHECK(alone.calls == 1);
}

TEST_CASE("an exception leaves its regions") {
  const Profile profile;
  try {
    const ProfileRegion region("servesweep::fails");
    throw std::runtime_error("it does");
  } catch (const std::runtime_error&) {
  }
  { const ProfileRegion region("servesweep::next"); }
  const ProfileReport report = profile.report();
  REQUIRE(report.entries.size() == 2);
  CHECK(report.entries[0].calls == 1);
  CHECK(report.entries[1].inside == -1);
}

TEST_CASE("other threads are beside, whatever the profile's own is in") {
  const Profile profile;
  {
    const ProfileRegion region("servesweep::own");
    const auto work = [] {
      for (int i = 0; i < 1000; ++i) {
        const ProfileRegion other("servesweep::other", 1);
        profile_count(ProfileCount::kRequests, 2);
      }
    };
    std::thread first(work), second(work);
    first.join();
    second.join();
  }
  const ProfileReport report = profile.report();
  REQUIRE(report.entries.size() == 2);
  CHECK_FALSE(report.entries[0].is_beside);
  CHECK(report.entries[1].is_beside);
  CHECK(report.entries[1].inside == -1);
  CHECK(report.entries[1].calls == 2000);
  CHECK(report.entries[1].bytes == 2000);
  CHECK(report.count(ProfileCount::kRequests) == 4000);
}

TEST_CASE("one profile at a time") {
  {
    const Profile profile;
    CHECK_THROWS_AS(Profile(), std::logic_error);
    CHECK(Profile::active() == &profile);
  }
  CHECK_NOTHROW(Profile());
}
