// Results as columns, whatever engine made them, and the store that keeps them.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace servesweep {

enum class ColumnType { kInt32, kInt64, kFloat64, kCategory, kText };

// One row of a schema table: drives the writer, its tests and docs/output_format.md.
struct ColumnSpec {
  std::string name;  // "p99_latency_s": the unit is part of the name where there is one
  ColumnType type = ColumnType::kFloat64;
  std::string unit;       // UDUNITS: "s", "ms", "GB", "1/s"; "1" for pure numbers
  std::string long_name;  // one sentence
  std::vector<std::string> categories = {};  // kCategory: the meaning of code 0, 1, ...
  bool has_fill = false;  // integers and codes: -1, floats: NaN mean "not applicable"
  bool headline = false;  // among the columns that `show` and the summary print by default
};

// kInt32 and kCategory: int32; kInt64: int64; kFloat64: double; kText: std::string.
using ColumnData = std::variant<std::vector<std::int32_t>, std::vector<std::int64_t>,
                                std::vector<double>, std::vector<std::string>>;

// What the values of an index column stand for, the same for all worlds: a bucket's edges.
struct LookupSpec {
  ColumnSpec column;           // kFloat64
  std::vector<double> values;  // [index]
};

// A table in which a world has any number of rows: a histogram's buckets, GPUs, bins. On disk
// a contiguous ragged array: row_size [world] and columns over the entries of all worlds.
struct RaggedSpec {
  std::string name;  // "latency_histogram"
  std::string long_name;
  std::vector<ColumnSpec> columns;
  std::vector<LookupSpec> lookups = {};  // all of equal length, over lookup_dimension
  std::string lookup_dimension = {};     // "bucket_id"; not the name of a column
};

struct RaggedData {
  std::vector<std::int32_t> row_size;  // [world]
  std::vector<ColumnData> columns;     // [column][entry]
};

// A table of all worlds of a file.
struct RaggedTable {
  RaggedSpec spec;
  RaggedData data;
};

// A category metric of this name, if there is one, says how a world ended; code 0 is a world that
// ran to its end.
inline constexpr const char* kStatusColumn = "status";

struct ResultSchema {
  std::string engine;
  std::vector<ColumnSpec> metrics;
  std::vector<RaggedSpec> tables;
};

// The results of the worlds first_world .. first_world + num_worlds - 1, in order of their ids.
struct ResultChunk {
  std::int64_t first_world = 0;
  std::int64_t num_worlds = 0;
  std::vector<ColumnData> metrics;  // [metric][world]
  std::vector<RaggedData> tables;   // [table]
};

// A range of world ids, end exclusive.
using WorldRange = std::pair<std::int64_t, std::int64_t>;

// What becomes of a run's chunks. Threads call it, one at a time.
class ResultStore {
 public:
  virtual ~ResultStore() = default;
  // Ranges that an earlier, interrupted run of the same sweep left finished; sorted, disjoint.
  virtual std::vector<WorldRange> finished() const = 0;
  // Durable when it returns: a kill at any later moment does not lose the chunk.
  virtual void append(const ResultChunk& chunk) = 0;
  // All worlds are there: makes the result file, atomically, and removes what it was made from.
  virtual void finish() = 0;
};

}  // namespace servesweep
