#include "host/results/pairing.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

#include "host/base/error.hpp"
#include "host/base/names.hpp"

namespace servesweep {
namespace {

constexpr std::uint32_t kNoValueCode = 0;  // the code of what is not applicable

bool is_number(const Frame& frame, const std::string& name) {
  if (!frame.has(name)) return true;
  const ColumnType type = frame.column(name).spec.type;
  return type != ColumnType::kText && type != ColumnType::kCategory;
}

// The codes of an input, rows of A before rows of B.
Codes codes_in_both(const std::string& name, const Frame& a, const Frame& b) {
  const auto both = [&]<class T>(std::vector<T> (Frame::*values)(std::string_view) const,
                                 const T& not_read) {
    std::vector<T> all;
    for (const Frame* frame : {&a, &b}) {
      const std::vector<T> part =
          frame->has(name) ? (frame->*values)(name) : std::vector<T>(frame->num_rows(), not_read);
      all.insert(all.end(), part.begin(), part.end());
    }
    return codes_of(all);
  };
  return is_number(a, name) && is_number(b, name) ? both(&Frame::numbers, std::nan(""))
                                                  : both(&Frame::texts, std::string());
}

struct Input {
  PairedInput paired;
  Codes codes;
};

// What rows first .. last - 1 of an input read.
struct InputRange {
  bool is_read = false, varies = false, partly = false;
  std::uint32_t value = kNoValueCode;  // the first that is read
};

InputRange range_of(const Codes& codes, std::size_t first, std::size_t last) {
  InputRange range;
  bool all = true;
  for (std::size_t row = first; row < last; ++row) {
    if (codes[row] == kNoValueCode) {
      all = false;
    } else if (!range.is_read) {
      range.is_read = true;
      range.value = codes[row];
    } else if (codes[row] != range.value) {
      range.varies = true;
    }
  }
  range.partly = range.is_read && !all;
  return range;
}

// How an input is used in pairs; nothing for an input that no row reads.
std::optional<Input> classified(const std::string& name, const Frame& a, const Frame& b,
                                const std::vector<std::string>& by) {
  Input input;
  input.paired.name = name;
  input.codes = codes_in_both(name, a, b);
  const InputRange of_a = range_of(input.codes, 0, a.num_rows());
  const InputRange of_b = range_of(input.codes, a.num_rows(), input.codes.size());
  if (!of_a.is_read && !of_b.is_read) return std::nullopt;
  PairedInput& paired = input.paired;
  paired.varies_in_a = of_a.varies;
  paired.varies_in_b = of_b.varies;
  paired.partly_in_a = of_a.partly;
  paired.partly_in_b = of_b.partly;
  if (std::find(by.begin(), by.end(), name) != by.end()) {
    paired.use = InputUse::kCompared;
  } else if (!of_a.is_read || !of_b.is_read) {
    paired.use = of_a.is_read ? InputUse::kOnlyInA : InputUse::kOnlyInB;
  } else if (!of_a.varies && !of_b.varies) {
    paired.use = of_a.value == of_b.value ? InputUse::kEqual
                 : by.empty()             ? InputUse::kCompared
                                          : InputUse::kKey;
  }
  return input;
}

std::vector<Input> inputs_of(const Frame& a, const Frame& b, const std::vector<std::string>& by) {
  for (const std::string& name : by) {
    const Frame& frame = a.has(name) ? a : b;
    if (!is_point_input(frame.column(name))) {
      throw InputError("cannot compare by " + name + " (it is no input of " + frame.name() + ")");
    }
  }
  std::vector<Input> inputs;
  const auto add = [&](const std::string& name) {
    if (auto input = classified(name, a, b, by)) inputs.push_back(std::move(*input));
  };
  for (const ResultColumn& column : a.columns()) {
    if (is_point_input(column)) add(column.spec.name);
  }
  for (const ResultColumn& column : b.columns()) {
    if (is_point_input(column) && !a.has(column.spec.name)) add(column.spec.name);
  }
  return inputs;
}

std::vector<std::string> names_with(const std::vector<Input>& inputs, InputUse use, bool varying) {
  std::vector<std::string> names;
  for (const Input& input : inputs) {
    const PairedInput& p = input.paired;
    if (p.use == use && (!varying || p.varies_in_a || p.varies_in_b)) names.push_back(p.name);
  }
  return names;
}

std::string world_of(const Frame& frame, std::size_t row) {
  return frame.has("world") ? frame.texts("world").at(row) : std::to_string(row);
}

// Groups of all rows: by the key, by that and what one side reads, by all inputs.
struct Groups {
  Codes by_key, by_cell, by_point;
};

Groups groups_of(const std::vector<Input>& inputs, std::size_t rows) {
  Groups groups{Codes(rows), {}, {}};
  const auto refine = [&](Codes groups_so_far, auto... uses) {
    for (const Input& input : inputs) {
      if (((input.paired.use == uses) || ...)) {
        groups_so_far = refined(groups_so_far, input.codes);
      }
    }
    return groups_so_far;
  };
  groups.by_key = refine(std::move(groups.by_key), InputUse::kKey);
  groups.by_cell = refine(groups.by_key, InputUse::kOnlyInA, InputUse::kOnlyInB);
  groups.by_point = refine(groups.by_cell, InputUse::kCompared, InputUse::kEqual);
  return groups;
}

// The points of a frame whose rows are offset .. offset + frame.num_rows() - 1 of the groups.
std::vector<Replications> points_of(const Frame& frame, const Codes& by_point, std::size_t offset) {
  const auto first = by_point.begin() + static_cast<std::ptrdiff_t>(offset);
  const auto last = first + static_cast<std::ptrdiff_t>(frame.num_rows());
  std::vector<Replications> points = replications_of(frame, Codes(first, last));
  for (const Replications& point : points) {
    const auto& numbers = point.replications;
    const auto twice = std::adjacent_find(numbers.begin(), numbers.end());
    if (twice == numbers.end()) continue;
    const auto at = static_cast<std::size_t>(twice - numbers.begin());
    throw InputError("worlds " + world_of(frame, point.rows[at]) + " and " +
                     world_of(frame, point.rows[at + 1]) + " of " + frame.name() +
                     " are the same (equal inputs and replication " + std::to_string(*twice) + ")");
  }
  return points;
}

// Throws where points of one side have the same place: what is compared must be chosen.
void check_cells(const Frame& frame, const std::vector<Replications>& points, const Groups& groups,
                 std::size_t offset, const std::vector<Input>& inputs, const char* option) {
  std::unordered_map<std::uint32_t, std::size_t> first_rows;
  for (const Replications& point : points) {
    const std::size_t row = offset + point.rows.front();
    const auto [at, added] = first_rows.emplace(groups.by_cell[row], row);
    if (added) continue;
    std::vector<std::string> names;
    for (const Input& input : inputs) {
      if (input.codes[row] != input.codes[at->second]) names.push_back(input.paired.name);
    }
    throw InputError("several points of " + frame.name() + " have the same key (worlds " +
                     world_of(frame, at->second - offset) + " and " +
                     world_of(frame, row - offset) + " differ only in " + joined(names) +
                     ") choose by " + option + ", or compare by less");
  }
}

[[noreturn]] void no_pairs(const Frame& a, const Frame& b, const std::vector<Input>& inputs) {
  std::vector<std::string> names;
  for (const Input& input : inputs) {
    if (input.paired.use != InputUse::kKey) continue;
    const auto middle = input.codes.begin() + static_cast<std::ptrdiff_t>(a.num_rows());
    const std::set<std::uint32_t> in_a(input.codes.begin(), middle);
    if (std::none_of(middle, input.codes.end(), [&](auto code) { return in_a.count(code) > 0; })) {
      names.push_back(input.paired.name);
    }
  }
  const std::string key = joined(names_with(inputs, InputUse::kKey, false));
  throw InputError("no point of " + a.name() + " has a partner in " + b.name() +
                   (names.empty() ? " (none agrees in all of " + key + ")"
                                  : " (they have no value of " + joined(names) + " in common)") +
                   " name what may differ with --by");
}

}  // namespace

Pairing pair_points(const Frame& a, const Frame& b, const std::vector<std::string>& by) {
  for (const Frame* frame : {&a, &b}) {
    if (frame->num_rows() == 0) throw InputError("no worlds of " + frame->name() + " to compare");
  }
  const std::vector<Input> inputs = inputs_of(a, b, by);
  const std::size_t rows_a = a.num_rows();
  const Groups groups = groups_of(inputs, rows_a + b.num_rows());
  Pairing pairing;
  for (const Input& input : inputs) pairing.inputs.push_back(input.paired);
  pairing.points_a = points_of(a, groups.by_point, 0);
  pairing.points_b = points_of(b, groups.by_point, rows_a);
  check_cells(a, pairing.points_a, groups, 0, inputs, "--where-a");
  check_cells(b, pairing.points_b, groups, rows_a, inputs, "--where-b");

  std::unordered_map<std::uint32_t, std::vector<std::size_t>> partners_of_a;  // by key
  for (std::size_t p = 0; p < pairing.points_b.size(); ++p) {
    partners_of_a[groups.by_key[rows_a + pairing.points_b[p].rows.front()]].push_back(p);
  }
  std::unordered_map<std::uint32_t, std::size_t> first_of_a;  // by key
  std::vector<bool> paired_b(pairing.points_b.size(), false);
  for (std::size_t p = 0; p < pairing.points_a.size(); ++p) {
    const std::uint32_t key = groups.by_key[pairing.points_a[p].rows.front()];
    const auto partners = partners_of_a.find(key);
    if (partners == partners_of_a.end()) {
      pairing.only_in_a.push_back(p);
      continue;
    }
    if (!first_of_a.emplace(key, p).second && partners->second.size() > 1) {
      throw InputError("points pair many to many (those of " + a.name() + " differ in " +
                       joined(names_with(inputs, InputUse::kOnlyInA, true)) + ", those of " +
                       b.name() + " in " + joined(names_with(inputs, InputUse::kOnlyInB, true)) +
                       ", which the other side does not read) choose by --where-a or --where-b");
    }
    for (const std::size_t partner : partners->second) {
      pairing.pairs.push_back({p, partner});
      paired_b[partner] = true;
    }
  }
  for (std::size_t p = 0; p < paired_b.size(); ++p) {
    if (!paired_b[p]) pairing.only_in_b.push_back(p);
  }
  if (pairing.pairs.empty()) no_pairs(a, b, inputs);
  return pairing;
}

}  // namespace servesweep
