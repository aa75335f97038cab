// What the commands that read result files share: the checksum first, then all else in a process of
// its own, which damaged files may end.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

namespace servesweep {

struct ReadOptions {
  bool no_verify = false;

  void add_to(CLI::App& command);
};

// The exit code of `action`, whose messages are printed, as those of the program are.
int read_results(const std::vector<std::string>& files, const ReadOptions& options,
                 const std::function<int()>& action);

}  // namespace servesweep
