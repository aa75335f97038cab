// The main function of tests that run kernels.
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>

#include "kernels/device.hpp"

int main(int argc, char* argv[]) {
  Catch::Session session;
  // Before the device starts: --list-tests must work on a machine without one.
  const int refused = session.applyCommandLine(argc, argv);
  if (refused != 0) return refused;
  const auto& config = session.configData();
  if (!config.listTests && !config.listTestNamesOnly && !config.showHelp) {
    servesweep::start_device();
  }
  return session.run();
}
