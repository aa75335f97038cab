#include "host/results/pairing.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <set>
#include <span>
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

// The values of an input in the rows of one side.
struct SideValues {
  InputSide side;
  std::uint32_t first = kNoValueCode;  // the code of side.value
  Codes codes;                         // [row], or one code where all rows have the same

  std::uint32_t code(std::size_t row) const { return codes.size() == 1 ? codes[0] : codes[row]; }
};

// values_of: the numbers or the texts of a column. known: the codes of both sides, so that equal
// values have equal codes there.
template <class T>
SideValues side_values(const Frame& frame, const std::string& name, ValueCodes<T>& known,
                       std::vector<T> (*values_of)(const ColumnSpec&, const ColumnData&)) {
  SideValues values;
  values.codes = {kNoValueCode};
  if (!frame.has(name)) return values;
  const ColumnSpec& spec = frame.column(name).spec;
  const ColumnData data = frame.data(name);
  values.codes = codes_of(data);
  // One row of each value is enough to make the values of a column comparable with another one's.
  std::vector<std::size_t> rows(num_groups(values.codes));  // [code of the column]
  for (std::size_t row = 0; row < values.codes.size(); ++row) rows[values.codes[row]] = row;
  const Codes in_both = known.codes(values_of(spec, rows_of(data, rows)));
  bool is_constant = true;
  for (std::size_t row = 0; row < values.codes.size(); ++row) {
    std::uint32_t& code = values.codes[row];
    code = in_both[code];
    is_constant = is_constant && code == values.codes[0];
    if (code == kNoValueCode) {
      values.side.partly = true;
    } else if (values.first == kNoValueCode) {
      values.first = code;
      values.side.value = column_text(spec, data, row);
    } else if (code != values.first) {
      values.side.varies = true;
    }
  }
  values.side.partly = values.side.partly && values.first != kNoValueCode;
  if (is_constant) values.codes = Codes{values.codes[0]};  // gives the memory back
  return values;
}

struct Input {
  PairedInput paired;
  SideValues a, b;

  // Whether it splits a group of rows that agree in all else. One value on each side splits no
  // side, which is all that matters where it is not in the key.
  bool splits() const {
    const bool one_each = a.codes.size() == 1 && b.codes.size() == 1;
    return !one_each || (paired.use == InputUse::kKey && a.codes[0] != b.codes[0]);
  }
};

// How an input is used in pairs; nothing for an input that no row reads.
std::optional<Input> classified(const std::string& name, const Frame& a, const Frame& b,
                                const std::vector<std::string>& by) {
  Input input;
  const auto read = [&]<class T>(std::vector<T> (*values)(const ColumnSpec&, const ColumnData&)) {
    ValueCodes<T> known;
    input.a = side_values(a, name, known, values);
    input.b = side_values(b, name, known, values);
  };
  is_number(a, name) && is_number(b, name) ? read(column_numbers) : read(column_texts);
  PairedInput& paired = input.paired;
  paired = {name, InputUse::kKey, input.a.side, input.b.side};
  if (!paired.a.is_read() && !paired.b.is_read()) return std::nullopt;
  if (std::find(by.begin(), by.end(), name) != by.end()) {
    paired.use = InputUse::kCompared;
  } else if (!paired.a.is_read() || !paired.b.is_read()) {
    paired.use = paired.a.is_read() ? InputUse::kOnlyInA : InputUse::kOnlyInB;
  } else if (!paired.varies()) {
    paired.use = input.a.first == input.b.first ? InputUse::kEqual
                 : by.empty()                   ? InputUse::kCompared
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
    if (p.use == use && (!varying || p.varies())) names.push_back(p.name);
  }
  return names;
}

std::string world_of(const Frame& frame, std::size_t row) {
  return frame.has("world") ? frame.text("world", row) : std::to_string(row);
}

// Groups of all rows, those of A before those of B: by the key, by that and what one side reads, by
// all inputs. Rows of different sides may be in one group; only by_key says that they agree.
struct Groups {
  Codes by_key, by_cell, by_point;
};

Groups groups_of(const std::vector<Input>& inputs, std::size_t rows_a, std::size_t rows_b) {
  Groups groups{Codes(rows_a + rows_b), {}, {}};
  const auto refine = [&](Codes groups_so_far, auto... uses) {
    for (const Input& input : inputs) {
      if (!((input.paired.use == uses) || ...) || !input.splits()) continue;
      Codes codes;
      codes.reserve(rows_a + rows_b);
      for (std::size_t row = 0; row < rows_a; ++row) codes.push_back(input.a.code(row));
      for (std::size_t row = 0; row < rows_b; ++row) codes.push_back(input.b.code(row));
      groups_so_far = refined(groups_so_far, codes);
    }
    return groups_so_far;
  };
  groups.by_key = refine(std::move(groups.by_key), InputUse::kKey);
  groups.by_cell = refine(groups.by_key, InputUse::kOnlyInA, InputUse::kOnlyInB);
  groups.by_point = refine(groups.by_cell, InputUse::kCompared, InputUse::kEqual);
  return groups;
}

using GroupsOfSide = std::span<const std::uint32_t>;  // [row of the side]

PointReplications points_of(const Frame& frame, GroupsOfSide by_point) {
  PointReplications points = replications_of(frame, by_point);
  for (std::size_t p = 0; p < points.size(); ++p) {
    const auto [rows, numbers] = points[p];
    const auto twice = std::adjacent_find(numbers.begin(), numbers.end());
    if (twice == numbers.end()) continue;
    const auto at = static_cast<std::size_t>(twice - numbers.begin());
    throw InputError("worlds " + world_of(frame, rows[at]) + " and " +
                     world_of(frame, rows[at + 1]) + " of " + frame.name() +
                     " are the same (equal inputs and replication " + std::to_string(*twice) + ")");
  }
  return points;
}

// [point] the group of its rows.
Codes groups_of_points(const PointReplications& points, GroupsOfSide groups) {
  Codes of_points;
  of_points.reserve(points.size());
  for (std::size_t p = 0; p < points.size(); ++p) of_points.push_back(groups[points[p].rows[0]]);
  return of_points;
}

// Throws where points of one side have the same place: what is compared must be chosen.
void check_cells(const Frame& frame, const PointReplications& points, GroupsOfSide by_cell,
                 const std::vector<Input>& inputs, SideValues Input::*side, const char* option) {
  constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();
  std::vector<std::size_t> first_rows(num_groups(by_cell), kNone);  // [cell]
  for (std::size_t p = 0; p < points.size(); ++p) {
    const std::size_t row = points[p].rows[0];
    std::size_t& first = first_rows[by_cell[row]];
    if (first == kNone) {
      first = row;
      continue;
    }
    std::vector<std::string> names;
    for (const Input& input : inputs) {
      const SideValues& values = input.*side;
      if (values.code(row) != values.code(first)) names.push_back(input.paired.name);
    }
    throw InputError("several points of " + frame.name() + " have the same key (worlds " +
                     world_of(frame, first) + " and " + world_of(frame, row) + " differ only in " +
                     joined(names) + ") choose by " + option + ", or compare by less");
  }
}

[[noreturn]] void no_pairs(const Frame& a, const Frame& b, const std::vector<Input>& inputs) {
  std::vector<std::string> names;
  for (const Input& input : inputs) {
    if (input.paired.use != InputUse::kKey) continue;
    const std::set<std::uint32_t> in_a(input.a.codes.begin(), input.a.codes.end());
    if (std::none_of(input.b.codes.begin(), input.b.codes.end(),
                     [&](auto code) { return in_a.count(code) > 0; })) {
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
  const Groups groups = groups_of(inputs, a.num_rows(), b.num_rows());
  const auto in_a = [&](GroupsOfSide all) { return all.first(a.num_rows()); };
  const auto in_b = [&](GroupsOfSide all) { return all.last(b.num_rows()); };
  Pairing pairing;
  for (const Input& input : inputs) pairing.inputs.push_back(input.paired);
  pairing.points_a = points_of(a, in_a(groups.by_point));
  pairing.points_b = points_of(b, in_b(groups.by_point));
  check_cells(a, pairing.points_a, in_a(groups.by_cell), inputs, &Input::a, "--where-a");
  check_cells(b, pairing.points_b, in_b(groups.by_cell), inputs, &Input::b, "--where-b");

  const Codes keys_a = groups_of_points(pairing.points_a, in_a(groups.by_key));
  const Codes keys_b = groups_of_points(pairing.points_b, in_b(groups.by_key));
  const GroupedRows partners_of_a = grouped(keys_b);  // [key] points of B
  std::vector<bool> met(num_groups(keys_a), false);   // [key] by a point of A
  std::vector<bool> paired_b(pairing.points_b.size(), false);
  for (std::size_t p = 0; p < pairing.points_a.size(); ++p) {
    const std::uint32_t key = keys_a[p];
    if (key >= partners_of_a.size() || partners_of_a[key].empty()) {
      pairing.only_in_a.push_back(p);
      continue;
    }
    if (met[key] && partners_of_a[key].size() > 1) {
      throw InputError("points pair many to many (those of " + a.name() + " differ in " +
                       joined(names_with(inputs, InputUse::kOnlyInA, true)) + ", those of " +
                       b.name() + " in " + joined(names_with(inputs, InputUse::kOnlyInB, true)) +
                       ", which the other side does not read) choose by --where-a or --where-b");
    }
    met[key] = true;
    for (const std::size_t partner : partners_of_a[key]) {
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
