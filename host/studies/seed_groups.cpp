#include "host/studies/seed_groups.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

namespace servesweep {
namespace {

bool before(double a, double b) { return !std::isnan(a) && (std::isnan(b) || a < b); }

struct KeyOrder {
  bool operator()(const std::vector<double>& a, const std::vector<double>& b) const {
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), before);
  }
};

}  // namespace

std::vector<SeedGroup> seed_groups(const Frame& frame, const std::vector<std::size_t>& rows,
                                   const std::vector<std::string>& key_columns) {
  std::vector<std::vector<double>> keys;
  for (const std::string& column : key_columns) keys.push_back(numbers_if_any(frame, column));
  const std::vector<double> replication = frame.numbers("replication");
  std::map<std::vector<double>, std::vector<std::size_t>, KeyOrder> rows_by_key;
  for (const std::size_t row : rows) {
    std::vector<double> key;
    for (const std::vector<double>& column : keys) key.push_back(column[row]);
    rows_by_key[key].push_back(row);
  }
  std::vector<SeedGroup> groups;
  for (auto& [key, members] : rows_by_key) {
    std::stable_sort(members.begin(), members.end(),
                     [&](std::size_t a, std::size_t b) { return replication[a] < replication[b]; });
    groups.push_back({key, members});
  }
  return groups;
}

std::vector<SeedGroup> seed_groups(const Frame& frame,
                                   const std::vector<std::string>& key_columns) {
  std::vector<std::size_t> rows(frame.num_rows());
  std::iota(rows.begin(), rows.end(), 0);
  return seed_groups(frame, rows, key_columns);
}

std::vector<double> numbers_if_any(const Frame& frame, const std::string& column) {
  if (frame.has(column)) return frame.numbers(column);
  return std::vector<double>(frame.num_rows(), std::nan(""));
}

std::vector<bool> usable_rows(const Frame& frame, const std::vector<std::string>& metrics) {
  std::vector<bool> usable;
  for (const double status : frame.numbers(kStatusColumn)) usable.push_back(status == 0);
  for (const std::string& metric : metrics) {
    const std::vector<double> values = frame.numbers(metric);
    for (std::size_t row = 0; row < usable.size(); ++row) {
      if (std::isnan(values[row])) usable[row] = false;
    }
  }
  return usable;
}

}  // namespace servesweep
