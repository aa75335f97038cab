// The main function of tests that run kernels.
#include "kernels/device/device.hpp"
#include "tests/support/catch_session.hpp"

int main(int argc, char* argv[]) {
  return servesweep::testing::run_tests(argc, argv, [] { servesweep::start_device(); });
}
