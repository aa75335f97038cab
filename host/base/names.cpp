#include "host/base/names.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>
#include <cstddef>

namespace servesweep {
namespace {

constexpr std::size_t kLongestName = 100;  // what is longer is no misspelt key

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

template <class Distance>
std::string nearest_by(std::string_view name, const std::vector<std::string>& candidates,
                       Distance distance) {
  if (name.empty() || name.size() > kLongestName) return "";
  std::size_t least = std::max<std::size_t>(1, name.size() / 3) + 1;
  std::string found;
  for (const std::string& candidate : candidates) {
    const std::size_t d = distance(candidate);
    if (d < least) {
      least = d;
      found = candidate;
    }
  }
  return found;
}

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), above(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::swap(before, above);
    std::swap(above, row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = lower(a[i - 1]) == lower(b[j - 1]);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (same ? 0 : 1)});
      if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
          lower(a[i - 2]) == lower(b[j - 1])) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
  }
  return row[b.size()];
}

std::string shortened(std::string_view name) {
  if (name.size() <= kLongestName) return std::string(name);
  std::size_t end = kLongestName;
  while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0) == 0x80) --end;  // inside UTF-8
  return std::string(name.substr(0, end)) + "...";
}

std::string joined(const std::vector<std::string>& names, std::string_view between) {
  return fmt::format("{}", fmt::join(names, between));
}

std::string_view bare_name(std::string_view key) {
  const std::size_t dot = key.rfind('.');
  return dot == std::string_view::npos ? key : key.substr(dot + 1);
}

std::string_view table_name(std::string_view key) {
  const std::size_t bare = bare_name(key).size();
  return bare == key.size() ? std::string_view() : key.substr(0, key.size() - bare - 1);
}

std::string nearest(std::string_view name, const std::vector<std::string>& candidates) {
  constexpr std::size_t kLeastPart = 3;  // letters
  std::string found = nearest_by(name, candidates, [&](const std::string& candidate) {
    return edit_distance(name, candidate);
  });
  for (const std::string& candidate : candidates) {
    if (!found.empty() || name.size() < kLeastPart) break;
    if (candidate.starts_with(name) || candidate.ends_with(name)) found = candidate;
  }
  return found;
}

std::string nearest_key(std::string_view key, const std::vector<std::string>& candidates) {
  const std::string_view bare = bare_name(key);
  // The bare name decides; the table breaks ties, so that scheduler.kid is scheduler.kind.
  const std::string found = nearest_by(bare, candidates, [&](const std::string& candidate) {
    return edit_distance(bare, bare_name(candidate));
  });
  if (found.empty()) return nearest(key, candidates);
  std::vector<std::string> equally_near;
  const std::size_t least = edit_distance(bare, bare_name(found));
  for (const std::string& candidate : candidates) {
    if (edit_distance(bare, bare_name(candidate)) == least) equally_near.push_back(candidate);
  }
  const auto distance = [&](const std::string& candidate) {
    return edit_distance(table_name(key), table_name(candidate));
  };
  return *std::min_element(
      equally_near.begin(), equally_near.end(),
      [&](const std::string& a, const std::string& b) { return distance(a) < distance(b); });
}

std::string did_you_mean(const std::string& name, const std::string& otherwise) {
  if (!name.empty()) return " did you mean " + name + "?";
  return otherwise.empty() ? "" : " " + otherwise;
}

}  // namespace servesweep
