// A shard: the results of one range of worlds in a file of its own, kept until the result file is
// made. Uncompressed, with checksums over all numbers; made whole or not at all.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/results/result.hpp"

namespace servesweep {

struct Shard {
  std::string path;
  WorldRange worlds;
  std::vector<std::int64_t> num_entries;  // [table]
};

// Durable when it returns.
Shard write_shard(const std::string& folder, const ResultSchema& schema, const ResultChunk& chunk);

// Reads the whole shard; an IoError says what is wrong with it.
Shard open_shard(const std::string& path, const ResultSchema& schema);

std::vector<ColumnData> read_shard_metrics(const Shard& shard, const ResultSchema& schema);
RaggedData read_shard_table(const Shard& shard, const ResultSchema& schema, std::size_t table);

}  // namespace servesweep
