// servesweep verify: whether result files are as they were written.
#include "io/results/verify.hpp"

#include <iostream>
#include <memory>

#include "host/base/error.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/support/reading.hpp"

namespace servesweep {
namespace {

// Reads all of a file, too: also one with the right checksum may have been made by another program.
ExitCode verify_file(const std::string& path) {
  const Checksum checksum = verify_checksum(path);
  if (checksum == Checksum::kDiffers) {
    std::cout << path << ": damaged (its checksum differs)" << std::endl;
    return kIoFailure;
  }
  const int code = read_results({path}, {.no_verify = true}, [&] {
    read_all(path);
    return kOk;
  });
  if (code != kOk) return kIoFailure;
  std::cout
      << path
      << (checksum == Checksum::kSame
              ? ": as it was written"
              : ": readable, but without a checksum (another program has written to it, or an "
                "older version made it)")
      << std::endl;
  return checksum == Checksum::kSame ? kOk : kSomeUnfinished;
}

}  // namespace

void add_verify(CLI::App& app, Program& program) {
  const auto files = std::make_shared<std::vector<std::string>>();
  CLI::App* command = app.add_subcommand(
      "verify", "Says whether result files are as they were written, and reads all of them.");
  command->add_option("files", *files, "Result files")->type_name("OUT.h5")->required();
  command->footer(
      "A result file ends with the SHA-256 of all before it. A program that opens the file to "
      "write\n"
      "cuts it off. The commands that read result files check it, too, unless they are given\n"
      "--no-verify.\n\n"
      "Exit codes: 0 all are as they were written, 1 a file has no checksum, 3 a file is damaged "
      "or\n"
      "cannot be read.\n\n"
      "Examples:\n"
      "  servesweep verify out.h5\n"
      "  servesweep verify results/*.h5");
  command->callback([files, &program] {
    for (const std::string& file : *files) {
      int code = kIoFailure;
      exit_code_of([&] { code = verify_file(file); }, print_error);
      program.exit_code = std::max<int>(program.exit_code, code);
    }
  });
}

}  // namespace servesweep
