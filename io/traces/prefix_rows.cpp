#include "io/traces/prefix_rows.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <system_error>
#include <utility>

#include "io/traces/json_line.hpp"
#include "io/traces/trace_rows.hpp"

namespace servesweep {
namespace {

constexpr std::int32_t kMost = std::numeric_limits<std::int32_t>::max();

template <class T>
bool read_whole(std::string_view text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

bool names_prefixes(const TraceFormat& format, std::string_view name) {
  if (format.prefix_hashes.empty()) return false;
  if (format.prefix_block_tokens > 0) return json_equal(name, format.prefix_hashes);
  if (!name.starts_with(format.prefix_hashes)) return false;
  const std::string_view number = name.substr(format.prefix_hashes.size());
  return !number.empty() && number.find_first_not_of("0123456789") == std::string_view::npos;
}

PrefixRows::Found PrefixRows::read(std::string_view name, std::string_view list,
                                   std::int32_t hashed_tokens, Problem& problem) {
  row_.clear();
  row_tokens_ = 0;
  if (list.data() == nullptr) return Found::kGood;
  if (!read_block_tokens(name, problem)) return Found::kBad;
  if (list.front() != '[') {
    problem = {list.data(), "invalid " + std::string(name) + "=" + excerpt(list) +
                                " (must be a list of whole numbers)"};
    return Found::kBad;
  }
  const bool is_empty = list.find_first_not_of(" \t\r", 1) == list.size() - 1;
  const std::int64_t num_hashes = is_empty ? 0 : 1 + std::count(list.begin(), list.end(), ',');
  look_at_length(num_hashes, hashed_tokens);
  const std::int64_t most = (std::int64_t{hashed_tokens} + row_tokens_ - 1) / row_tokens_;
  if (num_hashes > most) {
    problem = {list.data(), "too many hashes: " + std::to_string(num_hashes) + " for " +
                                std::to_string(hashed_tokens) + " tokens (blocks of " +
                                std::to_string(row_tokens_) + " tokens make at most " +
                                std::to_string(most)};
    return Found::kTooMany;
  }
  const bool good =
      read_hashes(list, static_cast<std::size_t>(hashed_tokens / row_tokens_), problem);
  return good ? Found::kGood : Found::kBad;
}

void PrefixRows::look_at_length(std::int64_t num_hashes, std::int64_t hashed_tokens) {
  if (num_hashes > 1) {
    largest_block_ = std::min(largest_block_, (hashed_tokens - 1) / (num_hashes - 1));
  }
  if (num_hashes > 0) {
    smallest_block_ = std::max(smallest_block_, hashed_tokens / (num_hashes + 1) + 1);
    // One block is the first of blocks of any larger size, too.
    const std::int64_t full = hashed_tokens / row_tokens_;
    has_full_list_ |= full > 1 && num_hashes >= full;
  }
}

std::string PrefixRows::likely_block() const {
  if (largest_block_ < 1) return "";
  std::int64_t block = 1;
  while (2 * block <= largest_block_) block *= 2;  // as blocks usually are
  if (block < smallest_block_ && smallest_block_ <= largest_block_) block = largest_block_;
  return " (" + std::to_string(block) + " fits all lists)";
}

bool PrefixRows::read_block_tokens(std::string_view name, Problem& problem) {
  row_name_ = name;
  row_tokens_ = format_.prefix_block_tokens;
  if (row_tokens_ == 0) {
    const std::string_view number = name.substr(format_.prefix_hashes.size());
    if (!read_whole(number, row_tokens_) || row_tokens_ == 0) {
      problem = {name.data(), "invalid name " + excerpt(name) + " (its number, the tokens of a " +
                                  "block, must be in [1, " + std::to_string(kMost) + "])"};
      return false;
    }
    if (given_block_tokens_ > 0 && given_block_tokens_ != row_tokens_) {
      problem = {name.data(), excerpt(name) + " says another size of blocks than hash_block=" +
                                  std::to_string(given_block_tokens_) +
                                  " (they must agree) leave hash_block out"};
      return false;
    }
  } else if (given_block_tokens_ > 0) {
    row_tokens_ = given_block_tokens_;
  }
  if (block_tokens_ == 0 || row_tokens_ == block_tokens_) return true;
  problem = {name.data(), excerpt(name) + " after " + excerpt(block_name_) +
                              " (the blocks of a trace must have one size) keep one of them"};
  return false;
}

bool PrefixRows::read_hashes(std::string_view list, std::size_t most, Problem& problem) {
  constexpr std::string_view kSpace = " \t\r";
  for (std::size_t at = 1; row_.size() < most;) {
    at = std::min(list.find_first_not_of(kSpace, at), list.size() - 1);
    if (row_.empty() && list[at] == ']') return true;
    const std::string_view value = list.substr(at, list.find_first_of(", \t\r]}", at) - at);
    std::uint64_t hash = 0;
    if (!read_whole(value, hash)) {
      problem = {value.data(), "invalid hash " + excerpt(value) + " (must be a whole number in [0" +
                                   ", " + std::to_string(~std::uint64_t{0}) + "])"};
      return false;
    }
    row_.push_back(hash);
    at = std::min(list.find_first_not_of(kSpace, at + value.size()), list.size() - 1);
    if (list[at] == ']') break;
    if (list[at++] != ',') {
      problem = {&list[at - 1], "broken list of hashes (',' or ']' expected)"};
      return false;
    }
  }
  if (hashes_.size() + row_.size() <= static_cast<std::size_t>(kMost)) return true;
  problem = {list.data(),
             "too many hashes (a trace has at most " + std::to_string(kMost) + ") cut the trace"};
  return false;
}

std::size_t PrefixRows::HashOfPrefix::operator()(const Prefix& prefix) const {
  const auto before = static_cast<std::uint64_t>(static_cast<std::uint32_t>(prefix.before));
  std::uint64_t x = (prefix.hash ^ before * 0x9e3779b97f4a7c15U) * 0xbf58476d1ce4e5b9U;
  x ^= x >> 32;
  return static_cast<std::size_t>(x);
}

void PrefixRows::keep() {
  if (format_.prefix_hashes.empty()) return;
  if (block_tokens_ == 0 && row_tokens_ > 0) {
    block_tokens_ = row_tokens_;
    block_name_ = row_name_;
  }
  std::int32_t before = -1;
  for (const std::uint64_t hash : row_) {
    const auto next = static_cast<std::int32_t>(numbers_.size());
    before = numbers_.try_emplace(Prefix{before, hash}, next).first->second;
    hashes_.push_back(before);
  }
  begin_.push_back(static_cast<std::int32_t>(hashes_.size()));
}

std::size_t PrefixRows::bytes() const {
  constexpr std::size_t kNode = 56;  // of the map, with its share of the table
  return (begin_.capacity() + hashes_.capacity()) * sizeof(std::int32_t) + numbers_.size() * kNode;
}

void PrefixRows::reorder(const std::vector<std::size_t>& order) {
  if (format_.prefix_hashes.empty()) return;
  std::vector<std::int32_t> begin{0}, hashes;
  begin.reserve(begin_.size());
  hashes.reserve(hashes_.size());
  std::vector<std::int32_t> number(numbers_.size(), -1);
  std::int32_t next = 0;
  for (const std::size_t row : order) {
    for (std::int32_t i = begin_[row]; i < begin_[row + 1]; ++i) {
      std::int32_t& here = number[static_cast<std::size_t>(hashes_[static_cast<std::size_t>(i)])];
      if (here < 0) here = next++;
      hashes.push_back(here);
    }
    begin.push_back(static_cast<std::int32_t>(hashes.size()));
  }
  begin_ = std::move(begin);
  hashes_ = std::move(hashes);
}

void PrefixRows::finish(Trace& trace) {
  if (block_tokens_ == 0) {
    if (given_block_tokens_ > 0) {
      trace.warnings.emplace_back("hash_block is not used (no row has hashes)");
    }
    return;
  }
  if (!has_full_list_ && smallest_block_ > block_tokens_ && smallest_block_ <= largest_block_) {
    trace.warnings.push_back(
        "hashes are read as those of blocks of " + std::to_string(block_tokens_) +
        " tokens, but all lists are shorter than that" + likely_block() + " set hash_block");
  }
  trace.prefix_begin = std::move(begin_);
  trace.prefix_hashes = std::move(hashes_);
  trace.prefix_block_tokens = block_tokens_;
  trace.num_prefix_hashes = static_cast<std::int32_t>(numbers_.size());
}

}  // namespace servesweep
