// The main function of tests that do not start Kokkos themselves.
#include "tests/support/catch_session.hpp"

int main(int argc, char* argv[]) {
  return servesweep::testing::run_tests(argc, argv, [] {});
}
