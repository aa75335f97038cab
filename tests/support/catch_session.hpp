// Catch2's run of the tests that are linked in. Catch2 itself is compiled once, in
// catch_session.cpp.
#pragma once

namespace servesweep::testing {

// Returns the exit code. Calls `start` before the first test, and not where tests are only listed:
// that must work on a machine without a device.
int run_tests(int argc, char* argv[], void (*start)());

}  // namespace servesweep::testing
