// servesweep plan: what `run` would do, without doing it.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <vector>

#include "host/base/error.hpp"
#include "host/base/units.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/program.hpp"
#include "host/cli/support/options.hpp"
#include "host/cli/support/sweep_options.hpp"
#include "host/parameters/toml_text.hpp"
#include "host/run/runner.hpp"
#include "io/files/toml_reader.hpp"
#include "io/results/result_store.hpp"
#include "io/results/verify.hpp"
#include "kernels/device/device.hpp"

namespace servesweep {
namespace {

struct PlanOptions {
  std::string sweep_file, output;
  std::vector<std::string> overrides;
  DeviceOptions device;
};

// "1, 2, 4, ..., 64"
std::string axis_text(const Sweep& sweep, std::size_t axis) {
  constexpr std::size_t kMostShown = 8;
  const std::vector<double>& values = sweep.axis_values()[axis];
  const Parameter& parameter = sweep.parameters()[sweep.axes()[axis]];
  std::string text;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values.size() > kMostShown && i + 2 == kMostShown) {
      text += ", ...";
      i = values.size() - 1;
    }
    text += (i == 0 ? "" : ", ") + toml_value(parameter, values[i], sweep.texts());
  }
  return text;
}

void line(const std::string& name, const std::string& value) {
  std::cout << fmt::format("{:<14}{}\n", name, value);
}

void print_sweep(const PlanOptions& options, const Sweep& sweep) {
  const SweepSettings& settings = sweep.settings();
  line("sweep", fmt::format("{} (engine {}, design {}, seed {})", options.sweep_file,
                            settings.engine, settings.design, settings.seed));
  line("worlds", fmt::format("{} = {} x {}", format_count(sweep.num_worlds()),
                             format_count(sweep.num_points(), "point"),
                             format_count(settings.replications, "replication")));
  std::size_t width = 0;
  for (const std::size_t axis : sweep.axes()) {
    width = std::max(width, sweep.parameters()[axis].key.size());
  }
  for (std::size_t a = 0; a < sweep.axes().size(); ++a) {
    line(a == 0 ? "axes" : "",
         fmt::format("{:<{}}  {:>4}: {}", sweep.parameters()[sweep.axes()[a]].key, width,
                     sweep.axis_values()[a].size(), axis_text(sweep, a)));
  }
}

// What a run into `output` would still have to do. Looks only at what exists: makes no files.
std::vector<WorldRange> missing_worlds(const std::string& output, const ResultSchema& schema,
                                       const Sweep& sweep, Provenance provenance) {
  if (!std::filesystem::exists(output) && !std::filesystem::exists(output + ".parts/run.json")) {
    line("output", output + " (does not exist)");
    return {{0, sweep.num_worlds()}};
  }
  const Hdf5ResultStore store(output, schema, sweep, std::move(provenance));
  print_warnings(store.warnings());
  auto missing = missing_ranges(store.finished(), sweep.num_worlds());
  line("output", fmt::format("{} ({} of {} worlds are done)", output,
                             format_count(sweep.num_worlds() - count_worlds(missing)),
                             format_count(sweep.num_worlds())));
  return missing;
}

void plan(const PlanOptions& options) {
  if (!options.output.empty()) check_existing_result(options.output);
  const RunLimits limits = options.device.start();
  const RunSpec spec = read_toml(options.sweep_file, options.overrides);
  const auto [engine, sweep] = load_sweep(spec);
  print_warnings(sweep.warnings());
  print_sweep(options, sweep);

  SweepInputs inputs(sweep, limits.max_memory_bytes);
  std::vector<WorldRange> missing = {{0, sweep.num_worlds()}};
  const ResultSchema schema = engine->schema(sweep);
  if (!options.output.empty()) {
    Provenance provenance = run_provenance(this_machine());
    provenance.traces = inputs.checksums();
    missing = missing_worlds(options.output, schema, sweep, std::move(provenance));
  }

  WorkloadSource workloads(sweep, inputs.files());
  const auto engine_run = engine->start(sweep, workloads, limits);
  std::vector<ChunkPlan> chunks;
  for (const WorldRange& range : missing) {
    for (std::int64_t first = range.first; first < range.second;) {
      chunks.push_back(engine_run->plan(first, range.second));
      first = chunks.back().worlds.second;
    }
  }
  std::int64_t requests = 0, most_worlds = 0, most_workloads = 0;
  MemoryNeeds most;
  for (const ChunkPlan& chunk : chunks) {
    requests += chunk.requests;
    most_worlds = std::max(most_worlds, chunk.worlds.second - chunk.worlds.first);
    most_workloads = std::max(most_workloads, chunk.workloads);
    most.host = std::max(most.host, chunk.memory.host);
    most.device = std::max(most.device, chunk.memory.device);
  }
  line("requests", format_count(requests) + " to simulate, in all worlds together");
  line("chunks",
       fmt::format("{} of up to {} and {}", chunks.size(), format_count(most_worlds, "world"),
                   format_count(most_workloads, "prepared workload")));
  const bool has_own_memory = limits.max_device_memory_bytes > 0;
  line("memory", fmt::format("{} of the {} allowed (--max-memory), in the largest chunk",
                             format_size(most.host + (has_own_memory ? 0 : most.device)),
                             format_size(limits.max_memory_bytes)));
  if (has_own_memory) {
    line("", fmt::format("{} of the {} allowed on the device (--max-device-memory)",
                         format_size(most.device), format_size(limits.max_device_memory_bytes)));
  }
  const int threads = device_info().concurrency;
  const double per_thread = engine->typical_requests_per_s();
  line("time", fmt::format("about {} on {} of {}, at a typical {} requests/s each",
                           format_duration(static_cast<double>(requests) / (per_thread * threads)),
                           format_count(threads, "thread"), device_info().backend,
                           format_quantity(per_thread)));
}

}  // namespace

void add_plan(CLI::App& app, Program&) {
  const auto options = std::make_shared<PlanOptions>();
  CLI::App* command = app.add_subcommand(
      "plan", "Says what `run` would do: worlds, axes, memory, time. Runs and writes nothing.");
  add_value(*command, "sweep", options->sweep_file, "SWEEP.toml", "Sweep file")->required();
  add_value(*command, "-o,--output", options->output, "OUT.h5",
            "Result file of the run: what it has already is left out");
  add_override_option(*command, options->overrides);
  options->device.add_to(*command);
  command->footer(
      "Checks the whole sweep file and loads its traces. A chunk is what runs, and is saved, at "
      "a\n"
      "time; a prepared workload is one that is sorted into bins, which many worlds share.\n\n"
      "Examples:\n"
      "  servesweep plan examples/default.toml\n"
      "  servesweep plan sweep.toml -s replications=10 --max-memory 4G");
  command->callback([options] { plan(*options); });
}

}  // namespace servesweep
