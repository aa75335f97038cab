#define CATCH_CONFIG_RUNNER
#include "tests/support/catch_session.hpp"

#include "tests/support/catch.hpp"

namespace servesweep::testing {

int run_tests(int argc, char* argv[], void (*start)()) {
  Catch::Session session;
  const int refused = session.applyCommandLine(argc, argv);
  if (refused != 0) return refused;
  const auto& config = session.configData();
  if (!config.listTests && !config.showHelp) start();
  return session.run();
}

}  // namespace servesweep::testing
