#include "host/cli/support/reading.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "host/cli/support/exit_code.hpp"
#include "io/hdf5/guarded_process.hpp"
#include "io/results/verify.hpp"

namespace servesweep {

void ReadOptions::add_to(CLI::App& command) {
  command.add_flag("--no-verify", no_verify,
                   "Reads a result file also if its checksum differs, or to save that time");
}

int read_results(const std::vector<std::string>& files, const ReadOptions& options,
                 const std::function<int()>& action) {
  if (!options.no_verify) verify_results(files);
  return run_guarded(fmt::format("{}", fmt::join(files, " or ")), time_limit_for(files), [&] {
    int code = kOk;
    const int failure = exit_code_of([&] { code = action(); }, print_error);
    if (failure != kOk) return failure;
    return flush_output() ? code : static_cast<int>(kIoFailure);
  });
}

}  // namespace servesweep
