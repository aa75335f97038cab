// The main function of tests that use Kokkos directly: Kokkos lives as long as the session.
#define CATCH_CONFIG_RUNNER
#include <Kokkos_Core.hpp>
#include <catch2/catch.hpp>

int main(int argc, char* argv[]) {
  Catch::Session session;
  // Before Kokkos starts: --list-tests must work on a machine without the device.
  const int refused = session.applyCommandLine(argc, argv);
  if (refused != 0) return refused;
  const auto& config = session.configData();
  if (config.listTests || config.listTestNamesOnly || config.showHelp) return session.run();
  int no_arguments = 0;
  Kokkos::ScopeGuard kokkos(no_arguments, nullptr);
  return session.run();
}
