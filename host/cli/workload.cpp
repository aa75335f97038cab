// servesweep workload: what is in a trace, and traces from generators.
#include <fmt/format.h>

#include <iostream>
#include <memory>
#include <set>

#include "host/base/error.hpp"
#include "host/base/names.hpp"
#include "host/base/units.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/support/options.hpp"
#include "host/cli/support/output_stream.hpp"
#include "host/cli/support/sweep_options.hpp"
#include "host/workload/trace_summary.hpp"
#include "host/workload/workload_params.hpp"
#include "io/files/toml_reader.hpp"
#include "io/traces/trace_format.hpp"
#include "io/traces/trace_reader.hpp"
#include "io/traces/trace_writer.hpp"

namespace servesweep {
namespace {

struct InfoArguments {
  std::string file;
  TraceOptions options;
  std::string max_memory;
  bool json = false;
};

std::string format_names() {
  std::vector<std::string> names;
  for (const TraceFormat& format : trace_formats()) names.emplace_back(format.name);
  return joined(names);
}

void add_workload_info(CLI::App& workload) {
  const auto arguments = std::make_shared<InfoArguments>();
  CLI::App* command = workload.add_subcommand(
      "info",
      "Says what is in a request trace: rows, failures, rate, burstiness, lengths, prefixes.");
  add_value(*command, "file", arguments->file, "FILE", "Trace file")->required();
  command->add_flag("--json", arguments->json, "As a JSON object");
  command->add_flag("--keep-failed", arguments->options.keep_failed,
                    "Counts failed requests (0 output tokens) like others");
  add_value(*command, "--on-bad-row", arguments->options.on_bad_row, "error|skip",
            "What to do with rows that cannot be read: error (default) or skip")
      ->transform(
          CLI::CheckedTransformer(std::map<std::string, OnBadRow>{{"error", OnBadRow::kError},
                                                                  {"skip", OnBadRow::kSkip}})
              .description(""));
  std::map<std::string, TimeUnit> units;
  for (const TimeUnit unit : {TimeUnit::kSeconds, TimeUnit::kMilliseconds, TimeUnit::kMicroseconds,
                              TimeUnit::kNanoseconds, TimeUnit::kDate}) {
    units[name_of(unit)] = unit;
  }
  add_value(*command, "--time-unit", arguments->options.time_unit, "s|ms|us|ns|date",
            "Unit of its times (workload.time_unit of a sweep); default: as its format says")
      ->transform(CLI::CheckedTransformer(units).description(""));
  add_value(*command, "--hash-block", arguments->options.hash_block_tokens, "N",
            "Tokens of the blocks that its prefix hashes stand for (workload.hash_block);\n"
            "default: as its format says")
      ->check(whole_number(1, 1'000'000'000));
  add_value(*command, "--max-memory", arguments->max_memory, "SIZE",
            "Memory that its requests may take; default: half of this machine's");
  command->footer(
      "The format (" + format_names() +
      ") is\n"
      "found from the first line; gzip is fine. Times are in seconds, lengths in tokens.\n\n"
      "Examples:\n"
      "  servesweep workload info BurstGPT_1.csv\n"
      "  servesweep workload info azure_conv.csv.gz --json");
  command->callback([arguments] {
    const Trace trace =
        read_trace(arguments->file, arguments->options, memory_limit(arguments->max_memory));
    if (trace.size() == 0) {
      throw InputError(arguments->file + " holds no requests (" + format_count(trace.rows_read) +
                       " rows, " + format_count(trace.rows_failed) + " failed, " +
                       format_count(trace.rows_skipped) + " skipped) look at --keep-failed");
    }
    for (const std::string& warning : trace.warnings) {
      print_warnings({arguments->file + ": " + warning});
    }
    const TraceSummary summary = summarize(trace);
    std::cout << (arguments->json ? to_json(trace, summary) : to_text(trace, summary));
  });
}

struct GenerateArguments {
  std::string sweep_file, output, preset;
  std::vector<std::string> overrides;
  std::int64_t requests = 0, seed = -1;
  std::int32_t replication = 0;
};

RunSpec spec_of(const GenerateArguments& arguments) {
  std::vector<std::string> settings;
  if (!arguments.preset.empty()) settings.push_back("workload.preset=" + arguments.preset);
  settings.insert(settings.end(), arguments.overrides.begin(), arguments.overrides.end());
  if (arguments.requests > 0) {
    settings.push_back("workload.requests=" + std::to_string(arguments.requests));
  }
  if (arguments.seed >= 0) settings.push_back("seed=" + std::to_string(arguments.seed));
  return arguments.sweep_file.empty() ? parse_toml("", "the command line", "", settings)
                                      : read_toml(arguments.sweep_file, settings);
}

// The one workload that all points of the sweep share.
WorkloadSpec only_workload(const Sweep& sweep, std::uint32_t replication) {
  std::set<std::string> keys;
  WorkloadSpec spec;
  if (!has_workload_parameters(sweep.parameters())) {
    throw InputError("invalid engine=" + sweep.settings().engine +
                     " (it has no [workload]) choose an engine that has requests");
  }
  std::vector<double> values(sweep.parameters().size());
  for (std::int64_t point = 0; point < sweep.num_points(); ++point) {
    sweep.values(point * sweep.settings().replications, values.data());
    spec = read_workload_spec(sweep.parameters(), values.data(), sweep.texts());
    keys.insert(workload_key(spec, sweep.settings().seed, replication));
  }
  if (keys.size() > 1) {
    throw InputError("the sweep has " + std::to_string(keys.size()) +
                     " workloads (a trace holds one) fix the parameters that vary, for example "
                     "with -s workload.requests=1000");
  }
  return spec;
}

void generate(const GenerateArguments& arguments) {
  check_output(arguments.output, {arguments.sweep_file});
  const auto [engine, sweep] = load_sweep(spec_of(arguments));
  print_warnings(sweep.warnings());
  const WorkloadSpec spec = only_workload(sweep, static_cast<std::uint32_t>(arguments.replication));
  SweepInputs inputs(sweep, memory_limit(""));
  check_output(arguments.output, inputs.paths());
  WorkloadSource source(sweep, inputs.files());
  const auto workload = source.get(spec, arguments.replication);
  if (workload->prefix_block_tokens > 0) {
    print_warnings({"the prefix hashes of " + spec.trace +
                    " are left out (the format that is written has none)"});
  }
  if (arguments.output == "-") {
    std::cout << trace_csv(*workload);
    return;
  }
  write_trace(arguments.output, *workload);
  std::cerr << fmt::format(
      "{}: {} requests, {:.4g} per second, over {}\n", arguments.output,
      format_count(static_cast<std::int64_t>(workload->size())), natural_rate_per_s(*workload),
      format_duration(static_cast<double>(workload->arrival_ns.back()) * 1e-9));
}

void add_workload_generate(CLI::App& workload) {
  const auto arguments = std::make_shared<GenerateArguments>();
  CLI::App* command = workload.add_subcommand(
      "generate", "Writes the workload of a sweep as a trace: generated, or from another trace.");
  add_value(*command, "sweep", arguments->sweep_file, "SWEEP.toml",
            "Sweep file whose [workload] to write");
  add_value(*command, "-o,--output", arguments->output, "FILE",
            "Trace to write, compressed if it ends in .gz; - for the standard output")
      ->required();
  add_value(*command, "--preset", arguments->preset, "NAME", "Short for -s workload.preset=NAME");
  add_number(*command, "--requests", arguments->requests, "Short for -s workload.requests=N", 1);
  add_number(*command, "--seed", arguments->seed, "Short for -s seed=N", 0);
  add_value(*command, "--replication", arguments->replication, "R",
            "Which replication's draws; default: 0, the first")
      ->check(whole_number(0, std::numeric_limits<std::int32_t>::max()));
  add_override_option(*command, arguments->overrides);
  command->footer(
      "The keys are those of the [workload] table of a sweep file. A sweep over the new trace "
      "sees\n"
      "the same requests, and the same predicted lengths, as one over its source. Times are the\n"
      "workload's own clock: neither rps nor rps_scaling is applied.\n\n"
      "Examples:\n"
      "  servesweep workload generate --preset burstgpt-like --requests 100000 -o burst.csv.gz\n"
      "  servesweep workload generate -s workload.arrivals.kind=gamma -s workload.arrivals.cv=3\\\n"
      "      -s workload.lengths.output.kind=uniform --requests 5000 -o gamma.csv\n"
      "  servesweep workload generate sweep.toml --replication 3 -o third.csv");
  command->callback([arguments] { generate(*arguments); });
}

}  // namespace

void add_workload(CLI::App& app, Program&) {
  CLI::App* command = app.add_subcommand("workload", "Looks at request traces, or makes them.");
  command->require_subcommand(0, 1);
  add_workload_info(*command);
  add_workload_generate(*command);
  command->callback([command] {
    if (command->get_subcommands().empty()) throw CLI::RequiredError("A subcommand");
  });
}

}  // namespace servesweep
