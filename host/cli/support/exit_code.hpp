// What the program's exit codes mean, and which error has which.
#pragma once

#include <functional>
#include <string>

namespace servesweep {

enum ExitCode {
  kOk = 0,
  kSomeUnfinished = 1,
  kLimitFailed = 1,  // compare --fail-on
  kBadInput = 2,
  kIoFailure = 3,
  kNoDevice = 4,
  kInterrupted = 75,  // or busy; EX_TEMPFAIL of sysexits.h: batch systems know to try again
};

// kOk, or the code of what the action throws, after its messages.
int exit_code_of(const std::function<void()>& action,
                 const std::function<void(const std::string& message)>& failed);

void print_error(const std::string& message);
// False, with a message, where the standard output cannot be written.
bool flush_output();

inline constexpr const char* kExitCodesText =
    "Exit codes: 0 ok, 1 some worlds did not finish (replay: are not the same; compare: a change "
    "is\n"
    "beyond --fail-on), 2 usage or bad input, 3 a file cannot be read or written, 4 no device,\n"
    "75 interrupted, or another run writes to the output: the same command goes on where it "
    "stopped.";

}  // namespace servesweep
