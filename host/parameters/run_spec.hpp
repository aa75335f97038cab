// A sweep file as its author wrote it: every key with its value and its place, nothing checked.
// io/files/toml_reader.hpp makes one; build_sweep() makes a Sweep of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "host/base/error.hpp"

namespace servesweep {

struct SpecMember;

struct SpecValue {
  using Array = std::vector<SpecValue>;
  using Table = std::vector<SpecMember>;
  // std::monostate: something that no key takes (a date, a time).
  std::variant<std::monostate, bool, std::int64_t, double, std::string, Array, Table> data;
  int line = 0, column = 0;  // from 1; 0 = unknown

  // The value as the file has it, shortened: for messages.
  std::string written() const;
};

struct SpecMember {
  std::string key;
  SpecValue value;
};

struct SpecEntry {
  std::string key;  // dotted: "scheduler.k_bins"; an override's may be short
  SpecValue value;  // a Table is a range {from, to, ...}, or a table without keys
  std::string file;
  int line = 0, column = 0;  // of the key
  bool is_override = false;  // from -s: its file is "-s", its line counts the -s

  Diagnostic at_key(std::string message) const { return {file, line, column, std::move(message)}; }
  Diagnostic at(const SpecValue& part, std::string message) const {
    return part.line > 0 ? Diagnostic{file, part.line, part.column, std::move(message)}
                         : at_key(std::move(message));
  }
};

// A CSV file of points: cells as text, all rows as long as the header.
struct PointTable {
  struct Cell {
    std::string text;
    int line = 0, column = 0;
  };
  std::string file;
  std::vector<Cell> header;
  std::vector<Cell> cells;  // [row][column]
};

struct RunSpec {
  std::vector<SpecEntry> entries;  // the file's, then the overrides: of equal keys the last counts
  std::string file;                // as given; for messages
  // Where relative file names start: the folder of the sweep file, as seen from the current folder;
  // "" = the current folder. (Those of overrides start in the current folder; a Sweep spells them
  // from here too, so that nothing in it depends on the current folder.)
  std::string folder;
  std::optional<PointTable> points;  // the file named by sweep.csv, when the design wants it

  // The entry that counts for this very key, or nullptr.
  const SpecEntry* find(std::string_view key) const;
};

// The engine that a sweep file asks for ("batch" where it says nothing), to choose the ParameterSet
// with. Throws InputError where it is no string.
std::string engine_of(const RunSpec& spec);

}  // namespace servesweep
