// Any bytes as a sweep file: an InputError, or a sweep that reads back from its own text. What
// follows a line "%%%" is one override per line.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "tests/support/small_parameters.hpp"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace servesweep;
  constexpr std::int64_t kMostPoints = 10'000;
  std::string text(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> overrides;
  if (const std::size_t mark = text.find("%%%\n"); mark != std::string::npos) {
    for (std::size_t at = mark + 4; at < text.size();) {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      overrides.push_back(text.substr(at, end - at));
      at = end + 1;
    }
    text.resize(mark);
  }
  try {
    const RunSpec spec = parse_toml(text, "sweep.toml", "", overrides);
    const Sweep sweep = build_sweep(spec, small::parameters(), small::check, kMostPoints);
    require(sweep.num_points() >= 1 && sweep.num_points() <= kMostPoints);
    std::vector<double> values(small::parameters().size());
    sweep.values(sweep.num_worlds() - 1, values.data());
    const RunSpec resolved = parse_toml(sweep.resolved_toml(), "resolved.toml");
    const Sweep again = build_sweep(resolved, small::parameters(), small::check, kMostPoints);
    require(again.num_worlds() == sweep.num_worlds());
    require(again.resolved_toml() == sweep.resolved_toml());
  } catch (const InputError&) {
  }
  return 0;
}
