// Service models: the affine formula, bilinear interpolation and extrapolation in a grid, drawn
// times.
#include <cmath>
#include <vector>

#include "sim/latency/service/registry.hpp"
#include "tests/support/catch.hpp"

namespace servesweep {
namespace {

BatchShape shape(std::int32_t size, std::int32_t longest, std::int32_t longest_output = 1,
                 double draw = 0) {
  return {size, longest, longest_output, draw};
}

// time_ms[batch][length]; not a plane.
struct Grid {
  std::vector<double> sizes = {1, 4, 16};
  std::vector<double> lengths = {100, 200, 600, 1000};
  std::vector<double> times = {50, 80, 200, 400, 60, 100, 300, 500, 90, 200, 700, 1300};

  ServiceModel model() const& {
    ServiceModel m;
    m.choose<GridService>() = {sizes.data(), lengths.data(), times.data(), 3, 4};
    return m;
  }
  ServiceModel model() const&& = delete;  // it points into the grid
};

}  // namespace

TEST_CASE("affine service") {
  ServiceModel m;
  m.choose<AffineService>() = {60, 5, 0.5, 1};
  const ServiceTime one = m.time(shape(1, 100));
  CHECK(one.total_ms == 560);
  CHECK(one.prefill_ms == 60);
  CHECK(one.decode_ms == 5);
  CHECK_FALSE(one.extrapolated);
  const ServiceTime four = m.time(shape(4, 100));
  CHECK(four.total_ms == Approx(60 + 5 * 100 * 1.375));  // 1 + 0.5 * 3 / 4
  CHECK(four.decode_ms == Approx(5 * 1.375));
  m.choose<AffineService>() = {0, 0.001, 0, 2};
  CHECK(m.time(shape(3, 10)).total_ms == 2);
}

TEST_CASE("a grid gives its own values back") {
  const Grid grid;
  const ServiceModel m = grid.model();
  for (std::size_t i = 0; i < grid.sizes.size(); ++i) {
    for (std::size_t j = 0; j < grid.lengths.size(); ++j) {
      const ServiceTime t = m.time(shape(static_cast<std::int32_t>(grid.sizes[i]),
                                         static_cast<std::int32_t>(grid.lengths[j])));
      CHECK(t.total_ms == Approx(grid.times[i * 4 + j]).epsilon(1e-14));
      CHECK_FALSE(t.extrapolated);
    }
  }
}

TEST_CASE("a grid is bilinear inside its cells") {
  const Grid grid;
  const ServiceModel m = grid.model();
  // Cell [4, 16] x [200, 600] at (7, 300), a quarter of the way each: 125 at 200, 400 at 600.
  const ServiceTime t = m.time(shape(7, 300));
  CHECK(t.total_ms == Approx(193.75));
  CHECK(t.decode_ms == Approx(0.6875));  // (400 - 125) / 400
  CHECK(t.prefill_ms == Approx(0.0).margin(1e-12));
  const ServiceTime first = m.time(shape(1, 150));
  CHECK(first.total_ms == Approx(65));
  CHECK(first.decode_ms == Approx(0.3));
  CHECK(first.prefill_ms == Approx(20));  // 65 - 0.3 * 150
}

TEST_CASE("a grid goes on as its outermost cells do, and says so") {
  const Grid grid;
  const ServiceModel m = grid.model();
  const struct {
    std::int32_t size, length;
    double time_ms;
  } outside[] = {{1, 1200, 500}, {1, 50, 35}, {28, 200, 300}, {28, 100, 120}, {16, 1400, 1900}};
  for (const auto& point : outside) {
    INFO(point.size << " x " << point.length);
    const ServiceTime t = m.time(shape(point.size, point.length));
    CHECK(t.total_ms == Approx(point.time_ms));
    CHECK(t.extrapolated);
  }
  for (const auto& inside : {shape(1, 100), shape(16, 1000), shape(1, 1000), shape(16, 100)}) {
    CHECK_FALSE(m.time(inside).extrapolated);
  }
  // Never to nothing, nor below.
  ServiceModel steep = m;
  const double times[] = {50, 100, 110, 120, 50, 100, 110, 120, 50, 100, 110, 120};
  steep.as<GridService>().time_ms = times;
  CHECK(steep.time(shape(1, 0)).total_ms == GridService::kMinService_ms);
}

TEST_CASE("drawn service takes as long as the largest draw") {
  ServiceModel m;
  m.choose<ExponentialService>().mean_ms = 2000;
  const ServiceTime t = m.time(shape(3, 50, 40, 1.5));
  CHECK(t.total_ms == 3000);
  CHECK(t.prefill_ms == 0);
  CHECK(t.decode_ms == 75);
  CHECK_FALSE(t.extrapolated);
  CHECK(m.time(shape(1, 0, 0, 1.0)).decode_ms == 2000);  // no output counts as one token
  CHECK(m.time(shape(1, 0, 1, 0.0)).total_ms == kMinDrawnService_ms);

  m.choose<DeterministicService>().time_ms = 700;
  CHECK(m.time(shape(9, 50, 7, 123)).total_ms == 700);
  CHECK(m.time(shape(9, 50, 7, 123)).decode_ms == 100);

  m.choose<UniformService>() = {500, 2500};
  CHECK(m.time(shape(1, 1, 1, 0.0)).total_ms == 500);
  CHECK(m.time(shape(1, 1, 1, 0.25)).total_ms == 1000);
  // Whole nanoseconds.
  const double exact_ms = 500 + 2000 / 3.0;
  CHECK(m.time(shape(1, 1, 1, 1 / 3.0)).total_ms == std::round(exact_ms * 1e6) / 1e6);
}

TEST_CASE("only the models that draw need draws") {
  CHECK(draws_of(ServiceModels::code_of<AffineService>()) == ServiceDraw::kNone);
  CHECK(draws_of(ServiceModels::code_of<GridService>()) == ServiceDraw::kNone);
  CHECK(draws_of(ServiceModels::code_of<DeterministicService>()) == ServiceDraw::kNone);
  CHECK(draws_of(ServiceModels::code_of<ExponentialService>()) == ServiceDraw::kExponential);
  CHECK(draws_of(ServiceModels::code_of<UniformService>()) == ServiceDraw::kUniform);
}

}  // namespace servesweep
