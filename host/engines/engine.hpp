// What an engine is to the rest of the program: parameters, checks, a result schema, and a way to
// run ranges of a sweep's worlds. Sweeps, workloads, chunks, results and reports know no more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

#include "host/engines/workload_source.hpp"
#include "host/parameters/parameter.hpp"
#include "host/results/result.hpp"
#include "host/sweep/sweep.hpp"

namespace servesweep {

// Memory that one chunk needs, in bytes.
struct MemoryNeeds {
  std::size_t host = 0;
  std::size_t device = 0;  // on a CPU backend it is taken from the host's
};

struct RunLimits {
  std::size_t max_memory_bytes = 0;  // for workloads, worlds and results; of a chunk at a time
  std::size_t max_device_memory_bytes = 0;  // on a GPU; 0: the device is the host
  int lanes = 0;                            // of a world's lane group; 0: chosen for each wave

  // What device memory is limited to, with or without the host's share.
  std::size_t max_device_bytes() const {
    return max_device_memory_bytes > 0 ? max_device_memory_bytes : max_memory_bytes;
  }
  std::size_t device_share(std::size_t host_bytes) const {
    return max_device_memory_bytes > 0 ? max_device_memory_bytes : max_memory_bytes - host_bytes;
  }
  // "1.2 GB of memory, --max-memory is 1 GB", or empty where the needs are within the limits.
  std::string shortage(const MemoryNeeds& needs) const;
};

// Limits of a chunk, so that a kill loses only seconds of work: its worlds; and the threads for
// which an engine's limit of requests per thread counts (a GPU has many and slow threads).
constexpr std::int64_t kMostChunkWorlds = 16'384;
constexpr int kMostCountedThreads = 64;

// What the next chunk of a run is, before it runs.
struct ChunkPlan {
  WorldRange worlds;
  std::int64_t requests = 0;   // summed over its worlds: the unit of work
  std::int64_t workloads = 0;  // distinct prepared workloads that its worlds share
  MemoryNeeds memory;
};

// Gives the results of a chunk that was started, once it has run: once, in any thread.
using PendingChunk = std::function<ResultChunk()>;

// A sweep on its way through an engine.
class EngineRun {
 public:
  virtual ~EngineRun() = default;
  // The longest chunk that starts at world `first`, ends before or at `end`, fits the memory and
  // is done in seconds. Throws InputError where not even one world fits.
  virtual ChunkPlan plan(std::int64_t first, std::int64_t end) = 0;
  // Starts the chunk that plan() returned last. A GPU runs it in the background. Of the chunks
  // before, all but the last must have given their results.
  virtual PendingChunk start(const ChunkPlan& plan) = 0;
  // Runs one world again and writes every event on a line, as CSV with a header.
  virtual void replay(std::int64_t world, std::ostream& out) = 0;
};

class Engine {
 public:
  virtual ~Engine() = default;
  virtual const std::string& name() const = 0;
  virtual const ParameterSet& parameters() const = 0;
  // What is wrong with a point beyond the ranges of its parameters.
  virtual std::vector<Finding> check(const double* values,
                                     const std::vector<std::string>& texts) const = 0;
  virtual ResultSchema schema(const Sweep& sweep) const = 0;
  // What one thread of a CPU simulates, for the estimate of `plan`: worlds differ by an order of
  // magnitude (docs/performance.md).
  virtual double typical_requests_per_s() const = 0;
  // The sweep and the source must outlive the run. Needs a started device.
  virtual std::unique_ptr<EngineRun> start(const Sweep& sweep, WorkloadSource& workloads,
                                           const RunLimits& limits) const = 0;
};

// Whether a sweep's histograms and other ragged tables are saved.
inline bool saves_details(const Sweep& sweep) {
  constexpr std::int64_t kMostByDefault = 100'000;
  const SaveDetails wish = sweep.settings().save_histograms;
  return wish == SaveDetails::kAlways ||
         (wish == SaveDetails::kAuto && sweep.num_worlds() <= kMostByDefault);
}

}  // namespace servesweep
