#include "host/results/study.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>
#include <set>
#include <stdexcept>
#include <tuple>

namespace servesweep {
namespace {

// A column of `rows` values that are not applicable.
ColumnData fill_of(ColumnType type, std::size_t rows) {
  switch (type) {
    case ColumnType::kInt32:
    case ColumnType::kCategory:
      return std::vector<std::int32_t>(rows, -1);
    case ColumnType::kInt64:
      return std::vector<std::int64_t>(rows, -1);
    case ColumnType::kFloat64:
      return std::vector<double>(rows, std::nan(""));
    case ColumnType::kText:
      break;
  }
  return std::vector<std::string>(rows);
}

ColumnData appended(ColumnData first, const ColumnData& second) {
  std::visit(
      [&]<class T>(std::vector<T>& values) {
        const auto& more = std::get<std::vector<T>>(second);
        values.insert(values.end(), more.begin(), more.end());
      },
      first);
  return first;
}

template <class T>
std::vector<T> column_of(const Frame& frame, const char* name) {
  return std::get<std::vector<T>>(frame.data(name));
}

// The columns of both, each in its own order: a column that only `b` has follows the column that
// precedes it in `b`.
std::vector<ResultColumn> all_columns(const Frame& a, const Frame& b) {
  std::vector<ResultColumn> all = a.columns();
  std::size_t at = 0;
  for (const ResultColumn& column : b.columns()) {
    const auto there = std::find_if(all.begin(), all.end(), [&](const ResultColumn& c) {
      return c.spec.name == column.spec.name;
    });
    if (there != all.end()) {
      at = static_cast<std::size_t>(there - all.begin()) + 1;
    } else {
      ResultColumn partial = column;
      partial.spec.has_fill = true;
      all.insert(all.begin() + static_cast<std::ptrdiff_t>(at++), std::move(partial));
    }
  }
  for (ResultColumn& column : all) {
    const bool in_both = a.has(column.spec.name) && b.has(column.spec.name);
    column.spec.has_fill |= !in_both || b.column(column.spec.name).spec.has_fill;
  }
  return all;
}

// The rows of a, then the rows of b.
Frame appended(const Frame& a, const Frame& b) {
  if (a.columns().empty()) return b;
  Frame both(a.name());
  for (const ResultColumn& column : all_columns(a, b)) {
    const std::string& name = column.spec.name;
    const auto part = [&](const Frame& f) {
      return f.has(name) ? f.data(name) : fill_of(column.spec.type, f.num_rows());
    };
    both.add(column, appended(part(a), part(b)));
  }
  return both;
}

// What a world of a step is known by: [row].
std::vector<std::string> keys_of(const Frame& worlds) {
  std::vector<std::string> keys(worlds.num_rows());
  const auto append = [&](const std::vector<std::string>& texts) {
    for (std::size_t row = 0; row < keys.size(); ++row) keys[row] += texts[row] + '\0';
  };
  append(worlds.texts(kStepColumn));
  append(worlds.texts("replication"));
  for (const ResultColumn& column : worlds.columns()) {
    if (column.role == ColumnRole::kInput) append(worlds.texts(column.spec.name));
  }
  return keys;
}

// The rows of a table's worlds, in this order. A table without entries for them (another sweep's)
// has empty worlds there.
RaggedData rows_of(const RaggedTable& table, const std::vector<std::size_t>& worlds) {
  std::vector<std::size_t> first(table.data.row_size.size() + 1);
  std::partial_sum(
      table.data.row_size.begin(), table.data.row_size.end(), first.begin() + 1,
      [](std::size_t sum, std::int32_t n) { return sum + static_cast<std::size_t>(n); });
  RaggedData data;
  std::vector<std::size_t> entries;
  for (const std::size_t world : worlds) {
    data.row_size.push_back(table.data.row_size[world]);
    for (std::size_t e = first[world]; e < first[world + 1]; ++e) entries.push_back(e);
  }
  for (const ColumnData& column : table.data.columns) {
    data.columns.push_back(servesweep::rows_of(column, entries));
  }
  return data;
}

std::vector<RaggedTable> appended(std::vector<RaggedTable> a, std::size_t worlds_a,
                                  const std::vector<RaggedTable>& b, std::size_t worlds_b) {
  for (const RaggedTable& table : b) {
    if (std::none_of(a.begin(), a.end(),
                     [&](const RaggedTable& t) { return t.spec.name == table.spec.name; })) {
      RaggedTable empty{table.spec, {std::vector<std::int32_t>(worlds_a), {}}};
      for (const ColumnSpec& column : table.spec.columns) {
        empty.data.columns.push_back(fill_of(column.type, 0));
      }
      a.push_back(std::move(empty));
    }
  }
  for (RaggedTable& table : a) {
    const auto other = std::find_if(
        b.begin(), b.end(), [&](const RaggedTable& t) { return t.spec.name == table.spec.name; });
    if (other == b.end()) {
      table.data.row_size.resize(worlds_a + worlds_b);
      continue;
    }
    auto& sizes = table.data.row_size;
    sizes.insert(sizes.end(), other->data.row_size.begin(), other->data.row_size.end());
    for (std::size_t c = 0; c < table.data.columns.size(); ++c) {
      table.data.columns[c] = appended(std::move(table.data.columns[c]), other->data.columns[c]);
    }
  }
  return a;
}

// The frame of a sweep as a part of the study.
Frame as_part(const Study& study, const SweepResult& result) {
  const auto step = std::find(study.steps.begin(), study.steps.end(), result.sweep.step);
  if (step == study.steps.end()) throw std::logic_error("no step " + result.sweep.step);
  const std::size_t rows = result.worlds.num_rows();
  Frame part(result.worlds.name());
  for (const ResultColumn& column : result.worlds.columns()) {
    part.add(column, result.worlds.data(column.spec.name));
    if (column.spec.name != "replication") continue;
    const std::vector<ColumnSpec> columns = study_columns(study.steps);
    part.add(
        {columns[0], ColumnRole::kIndex},
        std::vector<std::int32_t>(rows, static_cast<std::int32_t>(step - study.steps.begin())));
    part.add({columns[1], ColumnRole::kIndex},
             std::vector<std::int32_t>(rows, static_cast<std::int32_t>(study.sweeps.size())));
    part.add({columns[2], ColumnRole::kIndex}, result.worlds.data("world"));
    part.add({columns[3], ColumnRole::kInput},
             std::vector<std::int64_t>(rows, std::stoll(result.sweep.attribute("seed"))));
  }
  return part;
}

// Keeps these rows, in their order; sweeps without worlds go, and worlds and sweeps are numbered
// again.
void keep(Study& study, std::vector<std::size_t> rows) {
  const auto step = column_of<std::int32_t>(study.worlds, kStepColumn);
  auto sweep = column_of<std::int32_t>(study.worlds, kSweepColumn);
  const auto world = column_of<std::int64_t>(study.worlds, kSweepWorldColumn);
  const auto place = [&](std::size_t row) { return std::tuple(step[row], sweep[row], world[row]); };
  std::sort(rows.begin(), rows.end(),
            [&](std::size_t a, std::size_t b) { return place(a) < place(b); });

  std::set<std::int32_t> used;
  for (const std::size_t row : rows) used.insert(sweep[row]);
  std::vector<StudySweep> sweeps;
  std::vector<std::int32_t> numbers(study.sweeps.size());
  for (const std::int32_t old : used) {
    numbers[static_cast<std::size_t>(old)] = static_cast<std::int32_t>(sweeps.size());
    sweeps.push_back(std::move(study.sweeps[static_cast<std::size_t>(old)]));
  }
  for (std::int32_t& s : sweep) s = numbers[static_cast<std::size_t>(s)];
  std::vector<std::int64_t> ids(rows.size());
  std::iota(ids.begin(), ids.end(), std::int64_t{0});

  study.sweeps = std::move(sweeps);
  study.worlds.set(kSweepColumn, sweep);
  study.worlds = study.worlds.select(rows);
  study.worlds.set("world", ids);
  for (RaggedTable& table : study.tables) table.data = rows_of(table, rows);
}

}  // namespace

std::vector<ColumnSpec> study_columns(const std::vector<std::string>& steps) {
  return {
      {kStepColumn, ColumnType::kCategory, "1", "Step of the study.", steps},
      {kSweepColumn, ColumnType::kInt32, "1", "Sweep that the world was run in: row of /sweeps."},
      {kSweepWorldColumn, ColumnType::kInt64, "1", "World id in that sweep."},
      {"seed", ColumnType::kInt64, "1", "Seed of everything random in that sweep."}};
}

std::string StudySweep::attribute(const std::string& name) const {
  for (const auto& [key, text] : attributes) {
    if (key == name) return text;
  }
  return "";
}

void add_sweep(Study& study, const SweepResult& result) {
  const std::size_t old_rows = study.worlds.num_rows();
  const Frame part = as_part(study, result);
  study.sweeps.push_back(result.sweep);
  const Frame all = appended(study.worlds, part);
  study.tables = appended(std::move(study.tables), old_rows, result.tables, part.num_rows());

  const std::vector<std::string> keys = keys_of(all);
  const std::set<std::string> replaced(keys.begin() + static_cast<std::ptrdiff_t>(old_rows),
                                       keys.end());
  std::vector<std::size_t> rows;
  for (std::size_t row = 0; row < keys.size(); ++row) {
    if (row >= old_rows || replaced.count(keys[row]) == 0) rows.push_back(row);
  }
  study.worlds = all;
  keep(study, std::move(rows));
}

bool make_newest(Study& study, const std::string& step, const std::string& fingerprint) {
  const std::vector<std::size_t> rows = rows_of_sweep(study, step, fingerprint);
  if (rows.empty()) return false;
  auto sweeps = column_of<std::int32_t>(study.worlds, kSweepColumn);
  const auto later = study.sweeps.begin() + sweeps[rows[0]] + 1;
  if (std::none_of(later, study.sweeps.end(),
                   [&](const StudySweep& sweep) { return sweep.step == step; })) {
    return false;
  }
  const auto newest = static_cast<std::int32_t>(study.sweeps.size());
  study.sweeps.push_back(study.sweeps[static_cast<std::size_t>(sweeps[rows[0]])]);
  for (const std::size_t row : rows) sweeps[row] = newest;
  study.worlds.set(kSweepColumn, sweeps);
  std::vector<std::size_t> all(study.worlds.num_rows());
  std::iota(all.begin(), all.end(), std::size_t{0});
  keep(study, std::move(all));
  return true;
}

std::vector<std::size_t> rows_of_sweep(const Study& study, const std::string& step,
                                       const std::string& fingerprint) {
  std::vector<std::size_t> rows;
  if (study.sweeps.empty()) return rows;
  const auto sweeps = column_of<std::int32_t>(study.worlds, kSweepColumn);
  for (std::size_t row = 0; row < sweeps.size(); ++row) {
    const StudySweep& sweep = study.sweeps[static_cast<std::size_t>(sweeps[row])];
    if (sweep.step == step && sweep.attribute("sweep_fingerprint") == fingerprint) {
      rows.push_back(row);
    }
  }
  return rows;
}

}  // namespace servesweep
