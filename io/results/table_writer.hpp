// Writes columns of equal length to compressed 1-D datasets, a block of rows at a time, so that
// memory does not grow with the number of rows. All cores compress; one thread writes, in an order
// that depends on the number of rows only, so that equal columns are equal bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "io/hdf5/dimension_scale.hpp"
#include "io/hdf5/hdf5.hpp"
#include "io/results/output_format.hpp"

namespace servesweep {

class TableWriter {
 public:
  // Over the dimension `dimension` of `group`, which is one of the columns or made elsewhere.
  TableWriter(hid_t group, std::string dimension, std::int64_t num_rows);

  void add_column(const ColumnSpec& spec, ColumnRole role,
                  const std::vector<Attribute>& more_attributes = {});

  // Appends equally many rows to every column: the columns of all parts, in order of add_column.
  void append(std::initializer_list<const std::vector<ColumnData>*> parts);
  // Writes what is left; every row must have been appended.
  void finish();

  // For link_dimension_scales().
  std::vector<hdf5::Dimensioned> dimensioned() const;

 private:
  struct Column {
    std::string name;
    hdf5::Id dataset;
    std::size_t element_bytes;     // 0: texts
    std::vector<std::byte> bytes;  // of the rows of this block
    std::vector<std::string> texts;
  };
  void flush();

  hid_t group_;
  std::string dimension_;
  std::size_t num_rows_;
  std::size_t chunk_rows_;
  std::size_t block_rows_ = 0;  // a multiple of chunk_rows_
  std::size_t written_ = 0;     // rows in the file
  std::size_t buffered_ = 0;    // rows in this block
  std::vector<Column> columns_;
  std::vector<std::vector<unsigned char>> compressed_;  // [chunk of the block x column]
};

}  // namespace servesweep
