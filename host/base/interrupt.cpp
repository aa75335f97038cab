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

std::atomic<int> exit_code{1};
constexpr char kExitMessage[] = "\ninterrupted: nothing has run yet\n";

extern "C" void on_early_signal(int) {
  [[maybe_unused]] const auto ignored = write(STDERR_FILENO, kExitMessage, sizeof kExitMessage - 1);
  _exit(exit_code.load());
}

void handle_signals(void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;  // a write that was under way goes on
  sigemptyset(&action.sa_mask);
  for (const int signal : {SIGINT, SIGTERM}) {
    struct sigaction before {};
    sigaction(signal, nullptr, &before);
    // A shell that starts the program in the background makes it ignore SIGINT.
    if (before.sa_handler != SIG_IGN) sigaction(signal, &action, nullptr);
  }
}

}  // namespace

void exit_on_signals(int code) {
  exit_code.store(code);
  handle_signals(on_early_signal);
}

const std::atomic<bool>& stop_on_signals() {
  handle_signals(on_signal);
  return stop;
}

}  // namespace servesweep
