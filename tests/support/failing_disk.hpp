// A disk that fails: while one of these lives, a call of the C library fails with an errno, from
// the given use on. The calls of the whole test program go through failing_disk.cpp.
#pragma once

namespace servesweep {

enum class DiskCall { kRead, kWrite, kSync, kRename };

class FailingDisk {
 public:
  // The first `good_calls` calls succeed.
  FailingDisk(DiskCall call, int error, int good_calls = 0);
  ~FailingDisk();
  FailingDisk(const FailingDisk&) = delete;
  FailingDisk& operator=(const FailingDisk&) = delete;
};

}  // namespace servesweep
