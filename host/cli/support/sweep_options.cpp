#include "host/cli/support/sweep_options.hpp"

#include <iostream>
#include <set>

#include "host/base/controls.hpp"
#include "host/base/error.hpp"
#include "host/base/machine.hpp"
#include "host/base/units.hpp"
#include "host/cli/support/options.hpp"
#include "host/engines/engines.hpp"
#include "host/sweep/sweep_builder.hpp"
#include "host/workload/workload_params.hpp"
#include "io/files/text_source.hpp"
#include "io/measured/grid_reader.hpp"
#include "io/measured/preset_profile.hpp"
#include "io/measured/profile_reader.hpp"
#include "io/traces/trace_reader.hpp"
#include "kernels/device/device.hpp"
#include "kernels/device/profile.hpp"

namespace servesweep {
namespace {

template <class Source>  // RunSpec or SweepPoints
LoadedSweep loaded(std::unique_ptr<Engine> engine, const Source& source) {
  const ProfileRegion region("servesweep::expand");
  Sweep sweep = build_sweep(source, engine->parameters(),
                            [&](const double* values, const std::vector<std::string>& texts) {
                              return engine->check(values, texts);
                            });
  return {std::move(engine), std::move(sweep)};
}

}  // namespace

void add_override_option(CLI::App& command, std::vector<std::string>& overrides) {
  add_value(command, "-s,--set", overrides, "KEY=VALUE", kOverrideText)->allow_extra_args(false);
}

std::size_t memory_limit(const std::string& max_memory) {
  return max_memory.empty() ? this_machine().memory_bytes / 2
                            : parse_size(max_memory, "--max-memory");
}

void DeviceOptions::add_to(CLI::App& command) {
  add_number(command, "--threads", threads, "CPU threads; default: one per core", 1, kMostThreads);
  add_value(command, "--max-memory", max_memory, "SIZE",
            "Memory for the workloads, worlds and results of a chunk, and for a trace, such as\n"
            "512M or 8G (powers of 1024); default: half of this machine's");
  add_value(command, "--max-device-memory", max_device_memory, "SIZE",
            "The same of a GPU's memory; default: nine tenths of what is free");
  add_number(command, "--lanes", lanes,
             "Lanes of a GPU that run a world together: 1, 2, 4, 8, 16 or 32; default: chosen\n"
             "for each wave of worlds. Results do not depend on it",
             1, 32);
}

RunLimits DeviceOptions::start() const {
  RunLimits limits;
  limits.max_memory_bytes = memory_limit(max_memory);
  const std::size_t wanted =
      max_device_memory.empty() ? 0 : parse_size(max_device_memory, "--max-device-memory");
  start_device(threads);
  const DeviceInfo device = device_info();
  if (wanted > 0 && device.free_bytes == 0) {
    throw InputError("invalid --max-device-memory=" + max_device_memory + " (the " +
                     device.backend + " backend has no memory of its own) use --max-memory");
  }
  if (wanted > device.free_bytes) {
    throw InputError("invalid --max-device-memory=" + max_device_memory + " (" +
                     format_size(device.free_bytes) + " of the device are free) ask for less");
  }
  limits.max_device_memory_bytes = wanted > 0 ? wanted : device.free_bytes / 10 * 9;
  limits.lanes = lanes;
  return limits;
}

LoadedSweep load_sweep(const RunSpec& spec) { return loaded(make_engine(spec), spec); }
LoadedSweep load_sweep(const SweepPoints& points) {
  return loaded(make_engine(points.settings.engine), points);
}

void print_warnings(const std::vector<std::string>& warnings) {
  for (const std::string& warning : warnings) {
    std::cerr << "warning: " << escaped_controls(warning) << std::endl;
  }
}

// Points are looked through until every text of the sweep was met: as a rule, the first is enough.
SweepInputs::SweepInputs(const Sweep& sweep, std::size_t most_trace_bytes)
    : sweep_(sweep), most_trace_bytes_(most_trace_bytes) {
  const ProfileRegion region("servesweep::read_inputs");
  const ParameterSet& parameters = sweep.parameters();
  std::vector<double> values(parameters.size());
  std::set<std::size_t> met = {0};
  std::map<std::string, std::string> sha256;  // by file
  for (std::int64_t point = 0; point < sweep.num_points() && met.size() < sweep.texts().size();
       ++point) {
    sweep.values(point * sweep.settings().replications, values.data());
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      const Parameter& parameter = parameters[i];
      if (!parameter.is_text() || values[i] != values[i]) continue;
      if (!met.insert(static_cast<std::size_t>(values[i])).second || !parameter.is_file()) continue;
      const std::string& text = sweep.texts()[static_cast<std::size_t>(values[i])];
      if (parameter.type == ParameterType::kTraceFile) {
        sha256[text] = trace(text, read_trace_options(parameters, values.data()))->sha256;
      } else {
        const std::vector<std::string> files = parameter.type == ParameterType::kProfileFolder
                                                   ? kernel_profile_files(text)
                                                   : std::vector<std::string>{text};
        for (const std::string& file : files) {
          sha256[file] = TextSource(sweep.path(file)).sha256();
        }
      }
    }
  }
  for (const auto& [text, digits] : sha256) {
    checksums_ += digits + "  " + text + "\n";
    paths_.push_back(sweep.path(text));
  }
}

std::shared_ptr<const Trace> SweepInputs::trace(const std::string& text,
                                                const TraceOptions& options) {
  auto& known = traces_[{text, options}];
  if (known == nullptr) {
    known =
        std::make_shared<const Trace>(read_trace(sweep_.path(text), options, most_trace_bytes_));
    for (const std::string& warning : known->warnings) print_warnings({text + ": " + warning});
  }
  return known;
}

InputFiles SweepInputs::files() {
  return {
      [this](const std::string& text, const TraceOptions& options) { return trace(text, options); },
      [this](const std::string& text) {
        const std::string path = sweep_.path(text);
        try {
          return to_grid(read_service_grid(path));
        } catch (const InputError& error) {
          throw InputError(path + ": " + error.what());
        }
      },
      [this](const std::string& text) { return read_kernel_profile(sweep_.path(text)); },
      preset_profile};
}

}  // namespace servesweep
