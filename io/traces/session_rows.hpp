// The sessions of a trace's rows: which rows are turns of one conversation, and when a turn comes
// that has only a delay after the answer before it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "io/traces/trace_format.hpp"

namespace servesweep {

class SessionRows {
 public:
  explicit SessionRows(const TraceFormat& format) : format_(format) {}

  // The session of the next row by its id and its parent's, as written (a null view, an empty text
  // or JSON's null where there is none); -1: it is of none.
  std::int32_t next(std::string_view id, std::string_view parent);
  // Whether a row of the session had a time.
  bool has_time(std::int32_t session) const;
  // The time of the session's last row.
  std::int64_t& time_ns(std::int32_t session);
  std::size_t bytes() const;  // about what is kept

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  const TraceFormat& format_;
  std::unordered_map<std::string, std::int32_t, Hash, std::equal_to<>> numbers_;  // by id
  std::vector<std::int64_t> time_ns_;                                             // [session]
};

}  // namespace servesweep
