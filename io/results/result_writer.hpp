// Makes the result file from the shards of a finished run. Memory: a block of rows per column and
// one shard, however many worlds there are.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "host/base/provenance.hpp"
#include "host/results/result.hpp"
#include "host/sweep/sweep.hpp"
#include "io/results/shard.hpp"

namespace servesweep {

// The shards cover the worlds of the sweep exactly and in order. How worlds are spread over shards
// leaves no trace in the file. `may_replace` is called last and may throw: then `path` is as it
// was.
void write_result_file(
    const std::string& path, const ResultSchema& schema, const Sweep& sweep,
    const Provenance& provenance, const std::vector<Shard>& shards,
    const std::function<void()>& may_replace = [] {});

}  // namespace servesweep
