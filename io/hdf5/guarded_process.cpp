#include "io/hdf5/guarded_process.hpp"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <mutex>
#include <new>
#include <thread>

#include "host/base/error.hpp"
#include "io/files/atomic_file.hpp"
#include "io/hdf5/call_clock.hpp"

namespace servesweep {
namespace {

using std::chrono::milliseconds;

// When the running call of the library began, seen by both processes.
class SharedClock {
 public:
  SharedClock() {
    void* memory = ::mmap(nullptr, sizeof(hdf5::CallClock), PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    clock_ = new (memory) hdf5::CallClock();
  }
  ~SharedClock() { ::munmap(clock_, sizeof *clock_); }
  SharedClock(const SharedClock&) = delete;
  SharedClock& operator=(const SharedClock&) = delete;
  hdf5::CallClock& get() { return *clock_; }

 private:
  hdf5::CallClock* clock_;
};

[[noreturn]] void end_as(int signal) {
  ::signal(signal, SIG_DFL);
  ::raise(signal);
  ::_exit(128 + signal);
}

// Waits for the end of the child; true if that was ours, as a call of it took too long.
bool wait_for(pid_t child, const hdf5::CallClock& clock, milliseconds limit, int& status) {
  std::mutex mutex;
  std::condition_variable_any ended;
  std::atomic<bool> timed_out{false};
  std::jthread watchdog([&](const std::stop_token& stop) {
    std::unique_lock<std::mutex> waiting(mutex);
    while (!ended.wait_for(waiting, stop, milliseconds(50), [] { return false; }) &&
           !stop.stop_requested()) {
      if (clock.running_for() <= limit) continue;
      timed_out = true;
      ::kill(child, SIGKILL);
      return;
    }
  });
  siginfo_t info{};  // its id stays its own until the watchdog has ended
  int waited = 0;
  do {
    waited = ::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT);
  } while (waited < 0 && errno == EINTR);
  watchdog.request_stop();
  watchdog.join();
  ::waitpid(child, &status, 0);
  return timed_out;
}

bool is_crash(int signal) {
  return signal == SIGSEGV || signal == SIGBUS || signal == SIGABRT || signal == SIGFPE ||
         signal == SIGILL || signal == SIGSYS || signal == SIGTRAP;
}

}  // namespace

milliseconds time_limit_for(const std::vector<std::string>& files) {
  std::uintmax_t bytes = 0;
  for (const std::string& file : files) {
    std::error_code ignored;
    const std::uintmax_t size = std::filesystem::file_size(file, ignored);
    if (!ignored) bytes += size;
  }
  constexpr std::uintmax_t kBytesPerMs = 1000;
  return milliseconds(30'000 + static_cast<std::int64_t>(bytes / kBytesPerMs));
}

int run_guarded(const std::string& what, milliseconds limit, const std::function<int()>& action) {
  SharedClock clock;
  std::cout.flush();
  std::cerr.flush();
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) throw_io_error("cannot start a process to read " + what, errno);
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);  // it ended before
    hdf5::watch_calls(&clock.get());
    std::exit(action());
  }
  int status = 0;
  const bool timed_out = wait_for(child, clock.get(), limit, status);
  if (timed_out) {
    throw IoError("cannot read " + what + " (the HDF5 library came to no end in " +
                  std::to_string(limit.count() / 1000) +
                  " s: it is damaged) fetch it again or make it anew");
  }
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  const int signal = WTERMSIG(status);
  if (is_crash(signal)) {
    throw IoError("cannot read " + what + " (reading it ended with signal " +
                  std::to_string(signal) + ", " + ::strsignal(signal) +
                  ": as a rule it is damaged) fetch it again or make it anew");
  }
  if (signal == SIGKILL) {
    throw IoError("cannot read " + what +
                  " (the process that read it was killed: out of memory, "
                  "perhaps) try again with more");
  }
  end_as(signal);
}

}  // namespace servesweep
