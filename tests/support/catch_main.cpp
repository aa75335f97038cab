// The main function of tests that do not start Kokkos themselves.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
