#include "io/traces/session_rows.hpp"

#include <cstddef>
#include <limits>

namespace servesweep {
namespace {

constexpr std::int64_t kNoTime_ns = std::numeric_limits<std::int64_t>::min();

bool is_given(std::string_view id) { return !id.empty() && id != "null" && id != "\"\""; }

}  // namespace

std::int32_t SessionRows::next(std::string_view id, std::string_view parent) {
  if (!is_given(id)) return -1;
  if (const auto known = numbers_.find(id); known != numbers_.end()) return known->second;
  if (!format_.parent.empty() && is_given(parent)) {
    if (const auto before = numbers_.find(parent); before != numbers_.end()) {
      return numbers_.emplace(id, before->second).first->second;
    }
  }
  time_ns_.push_back(kNoTime_ns);
  return numbers_.emplace(id, static_cast<std::int32_t>(time_ns_.size() - 1)).first->second;
}

bool SessionRows::has_time(std::int32_t session) const {
  return time_ns_[static_cast<std::size_t>(session)] != kNoTime_ns;
}

std::int64_t& SessionRows::time_ns(std::int32_t session) {
  return time_ns_[static_cast<std::size_t>(session)];
}

std::size_t SessionRows::bytes() const {
  constexpr std::size_t kNode = 96;  // of the map, with its text and its share of the table
  return numbers_.size() * kNode + time_ns_.capacity() * sizeof(std::int64_t);
}

}  // namespace servesweep
