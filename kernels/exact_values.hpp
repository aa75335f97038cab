// Exact percentiles: worlds keep the values of some quantities (latencies, token times), which are
// sorted at the end of the wave (kernels/exact_quantiles.hpp). Quantities of which a world has the
// same number of values at most share a room: a value per request, say, or one per token.
#pragma once

#include <cstddef>
#include <cstdint>

#include "sim/core/portability.hpp"

namespace servesweep {

// Worlds that may have more values in a room keep the percentiles of their histograms.
constexpr std::int64_t kMostExactValues = std::int64_t{1} << 24;

template <class Engine>
SERVESWEEP_FUNCTION bool has_exact_percentiles(const typename Engine::World& world) {
  for (int room = 0; room < Engine::kExactRooms; ++room) {
    if (Engine::num_exact_values(world, room) > kMostExactValues) return false;
  }
  return true;
}

// An array has at least one element.
template <class Engine>
constexpr int kExactRoomsOf = Engine::kExactRooms > 0 ? Engine::kExactRooms : 1;

struct ExactRoom {
  std::int64_t* values;  // [quantity of the room][stride]: integers that sort as the values do
  std::size_t stride;    // values of all worlds together
  std::uint32_t* begin;  // [world]: where its values begin
  std::uint32_t* end;    // [quantity of the room][world]: where the ones that it has kept end
  std::int32_t worlds;

  SERVESWEEP_FUNCTION std::uint32_t& end_of(int quantity, std::int32_t world) const {
    return end[quantity * worlds + world];
  }
};

// A world's rooms before it runs: none of its values is there.
template <class Engine>
SERVESWEEP_FUNCTION void open_rooms(const ExactRoom* rooms, std::int32_t world) {
  for (int r = 0; r < Engine::kExactRooms; ++r) {
    for (int quantity = 0; quantity < Engine::num_quantities(r); ++quantity) {
      rooms[r].end_of(quantity, world) = rooms[r].begin[world];
    }
  }
}

// NumPy's default: linear between order statistics. value_of(sorted[i]) is the i-th of `count` > 0
// values.
template <class ValueOf>
SERVESWEEP_FUNCTION void interpolate_quantiles(const std::int64_t* sorted, std::int64_t count,
                                               const double* wanted, int num_wanted, double unit,
                                               const ValueOf& value_of, double* out) {
  for (int i = 0; i < num_wanted; ++i) {
    const double position = wanted[i] * static_cast<double>(count - 1);
    const auto below = static_cast<std::int64_t>(position);
    const double fraction = position - static_cast<double>(below);
    const double low = value_of(sorted[below]);
    const double high = value_of(sorted[below + 1 < count ? below + 1 : below]);
    out[i] = (low + (high - low) * fraction) * unit;
  }
}

}  // namespace servesweep
