#include "io/results/table_writer.hpp"

#include <zlib.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdint>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <thread>
#include <utility>

#include "host/base/error.hpp"

namespace servesweep {
namespace {

static_assert(std::endian::native == std::endian::little, "chunks are written as they are");

constexpr std::size_t kChunkRows = 32768;  // 256 KB of doubles
constexpr std::size_t kJobsPerBlock = 64;  // enough to keep many cores busy with two columns

void for_each_in_parallel(std::size_t count, const std::function<void(std::size_t)>& job) {
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < count; i = next++) job(i);
  };
  const std::size_t cores = std::max(1u, std::thread::hardware_concurrency());
  std::vector<std::jthread> helpers;
  for (std::size_t i = 1; i < std::min(cores, count); ++i) helpers.emplace_back(work);
  work();
}

// What HDF5's shuffle filter does: all first bytes, all second bytes, ... Word: an unsigned integer
// as wide as a value, so that the compiler narrows whole vectors.
template <class Word>
void shuffle(const std::byte* __restrict in, std::size_t rows, std::size_t chunk_rows,
             unsigned char* __restrict out) {
  for (std::size_t b = 0; b < sizeof(Word); ++b) {
    for (std::size_t i = 0; i < rows; ++i) {
      Word word;
      std::memcpy(&word, in + i * sizeof word, sizeof word);
      out[b * chunk_rows + i] = static_cast<unsigned char>(word >> (8 * b));
    }
  }
}

void compress_chunk(const std::byte* in, std::size_t rows, std::size_t width,
                    std::size_t chunk_rows, std::vector<unsigned char>& out) {
  thread_local std::vector<unsigned char> shuffled;
  shuffled.assign(chunk_rows * width, 0);  // the last chunk is filled up
  if (width == 4) {
    shuffle<std::uint32_t>(in, rows, chunk_rows, shuffled.data());
  } else {
    shuffle<std::uint64_t>(in, rows, chunk_rows, shuffled.data());
  }
  uLongf size = compressBound(shuffled.size());
  out.resize(size);
  if (compress2(out.data(), &size, shuffled.data(), shuffled.size(), 1) != Z_OK) {
    throw std::bad_alloc();  // its only reason here
  }
  out.resize(size);
}

std::size_t width_of(ColumnType type) {
  switch (type) {
    case ColumnType::kInt64:
    case ColumnType::kFloat64:
      return 8;
    case ColumnType::kText:
      return 0;
    case ColumnType::kInt32:
    case ColumnType::kCategory:
      break;
  }
  return 4;
}

}  // namespace

TableWriter::TableWriter(hid_t group, std::string dimension, std::int64_t num_rows)
    : group_(group),
      dimension_(std::move(dimension)),
      num_rows_(static_cast<std::size_t>(num_rows)),
      chunk_rows_(std::clamp<std::size_t>(num_rows_, 1, kChunkRows)) {}

void TableWriter::add_column(const ColumnSpec& spec, ColumnRole role,
                             const std::vector<Attribute>& more_attributes) {
  Column column{spec.name,
                hdf5::create_dataset(group_, spec.name, spec.type, {num_rows_}, chunk_rows_),
                width_of(spec.type),
                {},
                {}};
  write_attributes(column.dataset, column_attributes(spec, role));
  write_attributes(column.dataset, more_attributes);
  if (spec.name == dimension_) hdf5::make_dimension_scale(column.dataset, dimension_);
  columns_.push_back(std::move(column));
  const std::size_t chunks = (kJobsPerBlock + columns_.size() - 1) / columns_.size();
  block_rows_ =
      std::min(chunks * chunk_rows_, (num_rows_ + chunk_rows_ - 1) / chunk_rows_ * chunk_rows_);
}

void TableWriter::append(std::initializer_list<const std::vector<ColumnData>*> parts) {
  std::vector<const ColumnData*> rows;
  for (const auto* part : parts) {
    for (const ColumnData& column : *part) rows.push_back(&column);
  }
  const auto size = [](const ColumnData* data) {
    return std::visit([](const auto& v) { return v.size(); }, *data);
  };
  if (rows.size() != columns_.size()) throw std::logic_error("a table's columns");
  const std::size_t count = rows.empty() ? 0 : size(rows[0]);
  for (std::size_t done = 0; done < count;) {
    const std::size_t n = std::min(count - done, block_rows_ - buffered_);
    for (std::size_t c = 0; c < rows.size(); ++c) {
      Column& column = columns_[c];
      std::visit(
          [&]<class T>(const std::vector<T>& values) {
            if (values.size() != count) throw std::logic_error("rows of column " + column.name);
            const auto* first = values.data() + done;
            if constexpr (std::is_same_v<T, std::string>) {
              column.texts.insert(column.texts.end(), first, first + n);
            } else {
              if (sizeof(T) != column.element_bytes) {
                throw std::logic_error("type of column " + column.name);
              }
              const auto* bytes = reinterpret_cast<const std::byte*>(first);
              column.bytes.insert(column.bytes.end(), bytes, bytes + n * sizeof(T));
            }
          },
          *rows[c]);
    }
    done += n;
    buffered_ += n;
    if (buffered_ == block_rows_) flush();
  }
}

void TableWriter::flush() {
  const std::size_t chunks = (buffered_ + chunk_rows_ - 1) / chunk_rows_;
  compressed_.resize(chunks * columns_.size());
  for_each_in_parallel(compressed_.size(), [&](std::size_t job) {
    const Column& column = columns_[job % columns_.size()];
    if (column.element_bytes == 0) return;
    const std::size_t first = job / columns_.size() * chunk_rows_;
    compress_chunk(column.bytes.data() + first * column.element_bytes,
                   std::min(chunk_rows_, buffered_ - first), column.element_bytes, chunk_rows_,
                   compressed_[job]);
  });
  for (std::size_t job = 0; job < compressed_.size(); ++job) {
    const Column& column = columns_[job % columns_.size()];
    if (column.element_bytes == 0) continue;
    hdf5::write_chunk(column.dataset, written_ + job / columns_.size() * chunk_rows_,
                      compressed_[job].data(), compressed_[job].size());
  }
  for (Column& column : columns_) {
    if (column.element_bytes == 0) {
      hdf5::write_rows(column.dataset, written_, ColumnData(std::move(column.texts)));
    }
    column.bytes.clear();
    column.texts.clear();
  }
  written_ += buffered_;
  buffered_ = 0;
}

void TableWriter::finish() {
  if (buffered_ > 0) flush();
  if (written_ != num_rows_) throw std::logic_error("a table's rows");
  for (Column& column : columns_) column.dataset = {};
}

std::vector<hdf5::Dimensioned> TableWriter::dimensioned() const {
  std::vector<hdf5::Dimensioned> all;
  for (const Column& column : columns_) {
    if (column.name != dimension_) all.push_back({column.name, {dimension_}});
  }
  return all;
}

}  // namespace servesweep
