// SIGINT and SIGTERM as a wish to stop at the next good moment.
#pragma once

#include <atomic>

namespace servesweep {

// Until stop_on_signals() is called, the first SIGINT or SIGTERM ends the process with this exit
// code: nothing is lost, as nothing has been done.
void exit_on_signals(int code);

// From now on the first SIGINT or SIGTERM sets the flag, and says so on stderr; a second one ends
// the process at once.
const std::atomic<bool>& stop_on_signals();

}  // namespace servesweep
