// A result file, read a column at a time. IoError where it is unreadable or no result file;
// InputError, with a suggestion, for names that it does not have.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/results/frame.hpp"
#include "host/results/study.hpp"
#include "io/hdf5/hdf5.hpp"
#include "io/results/output_format.hpp"

namespace servesweep {

class ResultFile {
 public:
  explicit ResultFile(const std::string& path);

  const std::string& path() const { return path_; }
  std::int64_t num_worlds() const { return num_worlds_; }
  // Root attributes as text, in order; attribute() is "" for unknown names.
  const std::vector<std::pair<std::string, std::string>>& attributes() const { return attributes_; }
  std::string attribute(std::string_view name) const;

  // The sweeps of a study; empty for other files.
  std::vector<StudySweep> sweeps() const;
  // The sweep that a world was run in: what a result file of it says of itself, and the world's id
  // there.
  struct Origin {
    StudySweep sweep;
    std::int64_t world = 0;
  };
  Origin origin(std::int64_t world) const;
  // What a study found, and the methods that it compares. Else empty.
  std::vector<StudyFinding> findings() const;
  std::vector<MethodRow> methods() const;

  // The columns of /worlds in order of the file: index columns, inputs, metrics.
  const std::vector<ResultColumn>& columns() const { return columns_; }
  bool has_column(std::string_view name) const;
  const ResultColumn& column(std::string_view name) const;

  // The values of worlds first .. first + count - 1; count -1: to the last world.
  ColumnData data(std::string_view name, std::int64_t first = 0, std::int64_t count = -1) const;
  std::vector<double> numbers(std::string_view name) const;
  std::vector<std::string> texts(std::string_view name) const;
  // All columns. The values of a column are read whenever they are asked for: the file must outlive
  // the frame, and stay where it is.
  Frame frame() const;

  // The world's rows of a table: numbers [column][row], in order of table_columns().
  std::vector<std::string> tables() const;
  std::vector<ResultColumn> table_columns(const std::string& table) const;
  std::vector<std::vector<double>> table_rows(const std::string& table, std::int64_t world) const;
  // The values of several worlds, ascending, reading no others.
  void visit_table(
      const std::string& table, const std::vector<std::int64_t>& worlds,
      const std::function<void(std::int64_t world, const std::vector<std::vector<double>>& rows)>&
          visit) const;
  RaggedTable table(const std::string& name) const;  // of all worlds
  // What the values of an index column stand for: "bucket_upper_s" [bucket].
  std::vector<double> lookup(const std::string& table, const std::string& name) const;

 private:
  hdf5::Id open_table(const std::string& table) const;
  std::vector<std::pair<std::string, std::vector<std::string>>> text_columns(
      const std::string& group_name) const;

  std::string path_;
  hdf5::Id file_;
  hdf5::Id worlds_;
  std::int64_t num_worlds_ = 0;
  std::vector<std::pair<std::string, std::string>> attributes_;
  std::vector<ResultColumn> columns_;
};

}  // namespace servesweep
