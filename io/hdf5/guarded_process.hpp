// Reading in a process of its own. The HDF5 library crashes on some damaged or hostile files, and
// runs for ever on others; the process that does so is not the one that says so.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace servesweep {

// What one call of the HDF5 library may take on files of this size: far more than any disk does.
std::chrono::milliseconds time_limit_for(const std::vector<std::string>& files);

// Runs `action` in a process of its own and returns its exit code. To be called before threads are
// started. `what`: names what is read. IoError where the process crashes or one call of the library
// takes longer than the limit; ends with the signal that a user ended the process with.
int run_guarded(const std::string& what, std::chrono::milliseconds limit,
                const std::function<int()>& action);

}  // namespace servesweep
