// The prefix hashes of a trace's rows: reads their lists and numbers the hashes as they appear.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "host/workload/trace.hpp"
#include "io/traces/trace_format.hpp"

namespace servesweep {

// Is this the member that holds the hashes of a row?
bool names_prefixes(const TraceFormat& format, std::string_view name);

class PrefixRows {
 public:
  explicit PrefixRows(const TraceFormat& format) : format_(format) {}

  struct Problem {
    const char* where;  // in the text of the row
    std::string message;
  };
  // The hashes of the next row, as views into the file's text; a row without them has an empty
  // (null) list. Takes the hashes of the full blocks of hashed_tokens tokens and does not look at
  // what follows. False: not a list of hashes.
  bool read(std::string_view name, std::string_view list, std::int32_t hashed_tokens,
            Problem& problem);
  // Appends the row that was read last.
  void keep();

  // order: [row], the rows as they are to be.
  void reorder(const std::vector<std::size_t>& order);
  // Leaves the trace as it is if no row had a list.
  void finish(Trace& trace);

 private:
  // Files may give equal blocks equal hashes whatever is before them; only with what is before
  // them do they stand for a prefix.
  struct Prefix {
    std::int32_t before;  // its number, -1: nothing
    std::uint64_t hash;
    bool operator==(const Prefix&) const = default;
  };
  struct HashOfPrefix {
    std::size_t operator()(const Prefix& prefix) const;
  };

  bool read_block_tokens(std::string_view name, Problem& problem);
  bool read_hashes(std::string_view list, std::size_t most, Problem& problem);

  const TraceFormat& format_;
  // The row that was read last.
  std::string_view row_name_;
  std::int32_t row_tokens_ = 0;  // of a block; 0: it has no list
  std::vector<std::uint64_t> row_;

  // The rows that are kept.
  std::string_view block_name_;    // the member of their lists
  std::int32_t block_tokens_ = 0;  // 0: none has a list
  std::unordered_map<Prefix, std::int32_t, HashOfPrefix> numbers_;
  std::vector<std::int32_t> begin_{0};
  std::vector<std::int32_t> hashes_;
};

}  // namespace servesweep
