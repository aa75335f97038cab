// What the program's exit codes mean.
#pragma once

namespace servesweep {

enum ExitCode {
  kOk = 0,
  kSomeUnfinished = 1,
  kBadInput = 2,
  kIoFailure = 3,
  kNoDevice = 4,
  kInterrupted = 75,  // EX_TEMPFAIL of sysexits.h: batch systems know to try again
};

inline constexpr const char* kExitCodesText =
    "Exit codes: 0 ok, 1 some worlds did not finish, 2 usage or bad input, 3 a file cannot be "
    "read\n"
    "or written, 4 no device, 75 interrupted: the same command goes on where it stopped.";

}  // namespace servesweep
