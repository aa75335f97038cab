#include "tests/support/failing_disk.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

namespace servesweep {
namespace {

struct Failure {
  DiskCall call;
  int error = 0;  // 0: nothing fails
  int good_calls = 0;
};
thread_local Failure failure;

bool fails(DiskCall call) {
  if (failure.error == 0 || failure.call != call || failure.good_calls-- > 0) return false;
  failure.good_calls = 0;
  errno = failure.error;
  return true;
}

}  // namespace

FailingDisk::FailingDisk(DiskCall call, int error, int good_calls) {
  failure = {call, error, good_calls};
}
FailingDisk::~FailingDisk() { failure.error = 0; }

}  // namespace servesweep

// Each call moves at most a page, so that a file takes several.
extern "C" ssize_t read(int file, void* bytes, std::size_t size) {
  if (servesweep::fails(servesweep::DiskCall::kRead)) return -1;
  return syscall(SYS_read, file, bytes, std::min<std::size_t>(size, 4096));
}
extern "C" ssize_t write(int file, const void* bytes, std::size_t size) {
  if (servesweep::fails(servesweep::DiskCall::kWrite)) return -1;
  return syscall(SYS_write, file, bytes, std::min<std::size_t>(size, 4096));
}
extern "C" int fsync(int file) {
  return servesweep::fails(servesweep::DiskCall::kSync)
             ? -1
             : static_cast<int>(syscall(SYS_fsync, file));
}
extern "C" int rename(const char* from, const char* to) noexcept {
  return servesweep::fails(servesweep::DiskCall::kRename)
             ? -1
             : static_cast<int>(syscall(SYS_renameat2, -100, from, -100, to, 0));
}
