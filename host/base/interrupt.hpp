// SIGINT and SIGTERM as a wish to stop at the next good moment.
#pragma once

#include <atomic>

namespace servesweep {

// From now on the first SIGINT or SIGTERM sets the flag, and says so on stderr; a second one ends
// the process at once.
const std::atomic<bool>& stop_on_signals();

}  // namespace servesweep
