// What the commands that start from a sweep file share: its options, the sweep, its input files.
#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "host/engines/engine.hpp"
#include "host/engines/workload_source.hpp"
#include "host/parameters/run_spec.hpp"
#include "host/sweep/sweep_points.hpp"

namespace servesweep {

inline constexpr const char* kOverrideText =
    "Sets a key of the sweep file to a TOML value: num_gpus=[1, 2], scheduler.kind=static_fifo.\n"
    "The last part of a key is enough where no other key ends so. Repeatable.";

void add_override_option(CLI::App& command, std::vector<std::string>& overrides);

// What --max-memory says, or without it half of this machine's. Throws InputError.
std::size_t memory_limit(const std::string& max_memory);

struct DeviceOptions {
  int threads = 0;
  int lanes = 0;
  std::string max_memory;
  std::string max_device_memory;

  void add_to(CLI::App& command);
  RunLimits start() const;  // starts the device
};

// An engine and a sweep of its worlds.
struct LoadedSweep {
  std::unique_ptr<Engine> engine;
  Sweep sweep;
};

LoadedSweep load_sweep(const RunSpec& spec);
LoadedSweep load_sweep(const SweepPoints& points);
void print_warnings(const std::vector<std::string>& warnings);

// The files that a sweep reads, each trace once. The sweep must outlive it.
class SweepInputs {
 public:
  // Loads the traces: a bad one fails before anything runs, also one whose rows take more memory.
  SweepInputs(const Sweep& sweep, std::size_t most_trace_bytes);
  SweepInputs(const SweepInputs&) = delete;
  SweepInputs& operator=(const SweepInputs&) = delete;

  InputFiles files();  // refer to this
  // A line per file as sha256sum prints them, by path as the sweep file spells it.
  const std::string& checksums() const { return checksums_; }
  // Where these files are.
  const std::vector<std::string>& paths() const { return paths_; }

 private:
  std::shared_ptr<const Trace> trace(const std::string& text, const TraceOptions& options);

  const Sweep& sweep_;
  const std::size_t most_trace_bytes_;
  std::map<std::pair<std::string, TraceOptions>, std::shared_ptr<const Trace>> traces_;
  std::string checksums_;
  std::vector<std::string> paths_;
};

}  // namespace servesweep
