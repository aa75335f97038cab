// The prefix hashes of a trace's rows: reads their lists and numbers the hashes as they appear.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
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
  // hash_block_tokens: of the blocks that hashes stand for; 0: as the format says.
  PrefixRows(const TraceFormat& format, std::int32_t hash_block_tokens)
      : format_(format), given_block_tokens_(hash_block_tokens) {}

  struct Problem {
    const char* where;  // in the text of the row
    std::string message;
  };
  // kTooMany: more than hashed_tokens tokens have blocks, which are of another size then; the
  // message waits for its end.
  enum class Found { kGood, kBad, kTooMany };
  // The hashes of the next row, as views into the file's text; a row without them has an empty
  // (null) list. Takes the hashes of the full blocks of hashed_tokens tokens.
  Found read(std::string_view name, std::string_view list, std::int32_t hashed_tokens,
             Problem& problem);
  // Appends the row that was read last.
  void keep();

  // order: [row], the rows as they are to be.
  void reorder(const std::vector<std::size_t>& order);
  std::size_t bytes() const;  // about what is kept
  // " (16 fits them all)", or nothing where no block size does.
  std::string likely_block() const;
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

  void look_at_length(std::int64_t num_hashes, std::int64_t hashed_tokens);

  const TraceFormat& format_;
  const std::int32_t given_block_tokens_;
  // Block sizes for which no list is longer than its blocks, and for which each has all full ones.
  std::int64_t largest_block_ = std::numeric_limits<std::int32_t>::max();
  std::int64_t smallest_block_ = 1;
  bool has_full_list_ = false;  // a list with all full blocks of its row
  // The row that was read last.
  std::string_view row_name_;
  std::int32_t row_tokens_ = 0;  // of a block; 0: it has no list
  std::vector<std::uint64_t> row_;

  // The rows that are kept.
  std::string block_name_;         // the member of their lists
  std::int32_t block_tokens_ = 0;  // 0: none has a list
  std::unordered_map<Prefix, std::int32_t, HashOfPrefix> numbers_;
  std::vector<std::int32_t> begin_{0};
  std::vector<std::int32_t> hashes_;
};

}  // namespace servesweep
