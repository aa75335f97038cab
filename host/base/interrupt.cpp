#include "host/base/interrupt.hpp"

#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <initializer_list>

namespace servesweep {
namespace {

std::atomic<bool> stop{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler may set no other flag");

constexpr char kMessage[] =
    "\nstopping: the running chunk will be finished and kept; once more to stop at once\n";

extern "C" void on_signal(int) {
  const int saved = errno;
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
  stop.store(true);
  [[maybe_unused]] const auto ignored = write(STDERR_FILENO, kMessage, sizeof kMessage - 1);
  errno = saved;
}

}  // namespace

const std::atomic<bool>& stop_on_signals() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;  // a write that was under way goes on
  sigemptyset(&action.sa_mask);
  for (const int signal : {SIGINT, SIGTERM}) {
    struct sigaction before {};
    sigaction(signal, nullptr, &before);
    // A shell that starts the program in the background makes it ignore SIGINT.
    if (before.sa_handler != SIG_IGN) sigaction(signal, &action, nullptr);
  }
  return stop;
}

}  // namespace servesweep
