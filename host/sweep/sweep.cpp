#include "host/sweep/sweep.hpp"

#include <algorithm>
#include <filesystem>
#include <limits>

namespace servesweep {

std::string Sweep::path(const std::string& text) const {
  return folder_.empty() ? text : (std::filesystem::path(folder_) / text).string();
}

void Sweep::values(std::int64_t world, double* out) const {
  std::copy(base_.begin(), base_.end(), out);
  const auto point = static_cast<std::size_t>(world / settings_.replications);
  const std::uint32_t* codes = points_.data() + point * axes_.size();
  for (std::size_t a = 0; a < axes_.size(); ++a) {
    out[axes_[a]] =
        codes[a] > 0 ? axis_values_[a][codes[a] - 1] : std::numeric_limits<double>::quiet_NaN();
  }
  rules_.canonicalise(out);
}

}  // namespace servesweep
