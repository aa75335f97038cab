// Writes a ragged table as a group of its own: row_size [world], the columns [entry], and what the
// values of its index columns stand for.
#pragma once

#include <cstdint>

#include "host/results/result.hpp"
#include "io/hdf5/hdf5.hpp"
#include "io/results/table_writer.hpp"

namespace servesweep {

class RaggedWriter {
 public:
  // The spec must outlive it.
  RaggedWriter(hid_t file, const RaggedSpec& spec, std::int64_t num_worlds,
               std::int64_t num_entries);

  void append(const RaggedData& data);  // of the next worlds
  void finish();

 private:
  const RaggedSpec& spec_;
  hdf5::Id group_;
  TableWriter rows_;
  TableWriter entries_;
  std::int64_t worlds_ = 0;  // appended
};

}  // namespace servesweep
