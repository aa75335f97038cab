// servesweep compare: two result files, or two parts of one, point by point.
#include "host/results/compare.hpp"

#include <algorithm>
#include <iostream>
#include <memory>
#include <set>

#include "host/base/error.hpp"
#include "host/base/names.hpp"
#include "host/base/units.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/support/options.hpp"
#include "host/cli/support/output_stream.hpp"
#include "host/cli/support/reading.hpp"
#include "host/engines/engines.hpp"
#include "host/results/change_limit.hpp"
#include "host/results/frame_where.hpp"
#include "io/results/result_reader.hpp"
#include "io/tables/comparison_export.hpp"
#include "io/tables/comparison_table.hpp"

namespace servesweep {
namespace {

struct CompareArguments {
  std::string file_a, file_b, where_a, where_b, csv, json;
  std::vector<std::string> by, metrics, fail_on;
  std::int64_t top = 10;
  bool allow_unpaired = false;
  ReadOptions read;
};

// The column that a name means: of a parameter the name may be short, else it is a column's.
std::string column_of(const std::string& name, const ParameterSet& parameters) {
  if (const auto parameter = parameters.find(name)) return parameters[*parameter].column;
  if (const auto keys = parameters.keys_named(name); keys.size() > 1) {
    throw InputError("invalid --by " + name + " (several keys end so) write one of " +
                     joined(keys));
  }
  return name;
}

// "" for a study whose sweeps have several seeds.
std::string seed_of(const ResultFile& file) {
  std::set<std::string> seeds;
  for (const StudySweep& sweep : file.sweeps()) seeds.insert(sweep.attribute("seed"));
  if (seeds.empty()) return file.attribute("seed");
  return seeds.size() == 1 ? *seeds.begin() : "";
}

Frame chosen_worlds(const ResultFile& file, const std::string& condition,
                    const ParameterSet& parameters, const char* option) {
  Frame frame = file.frame();
  if (condition.empty()) return frame;
  frame = frame.select(rows_where(frame, condition, parameters));
  if (frame.num_rows() == 0) {
    throw InputError("no world of " + file.path() + " meets " + option + " '" + condition + "'");
  }
  return frame;
}

std::vector<std::string> chosen_metrics(const std::vector<std::string>& wish,
                                        const std::vector<ChangeLimit>& limits, const Frame& a,
                                        const Frame& b) {
  std::vector<std::string> metrics = wish;
  if (wish.empty()) metrics = headline_metrics(a, b);
  if (wish == std::vector<std::string>{"all"}) metrics = all_metrics(a, b);
  for (const ChangeLimit& limit : limits) {
    if (std::find(metrics.begin(), metrics.end(), limit.metric) == metrics.end()) {
      metrics.push_back(limit.metric);
    }
  }
  return metrics;
}

// Prints why not, where not all limits hold.
bool all_hold(const CompareArguments& arguments, const std::vector<ChangeLimit>& limits,
              const Comparison& comparison, const Frame& a, const Frame& b) {
  bool hold = true;
  for (const ChangeLimit& limit : limits) {
    const LimitVerdict verdict = judge(comparison, limit);
    std::cerr << render_verdict(comparison, a, b, limit, verdict);
    hold = hold && verdict.holds();
  }
  const std::size_t unpaired =
      comparison.pairing.only_in_a.size() + comparison.pairing.only_in_b.size();
  if (!limits.empty() && unpaired > 0 && !arguments.allow_unpaired) {
    std::cerr << "failed: " << format_count(static_cast<std::int64_t>(unpaired), "point")
              << " without a partner cannot be judged (--allow-unpaired leaves them out)\n";
    hold = false;
  }
  return hold;
}

ExitCode run_compare(const CompareArguments& arguments) {
  std::vector<ChangeLimit> limits;
  for (const std::string& text : arguments.fail_on) limits.push_back(parse_change_limit(text));
  const std::vector<std::string> inputs = {arguments.file_a, arguments.file_b};
  for (const std::string& output : {arguments.csv, arguments.json}) check_output(output, inputs);
  const ResultFile file_a(arguments.file_a), file_b(arguments.file_b);
  const std::string name = file_a.attribute("engine");
  if (file_b.attribute("engine") != name) {
    throw InputError("cannot compare " + file_a.path() + " with " + file_b.path() +
                     " (their engines are " + name + " and " + file_b.attribute("engine") + ")");
  }
  const auto engine = make_engine(name);
  const ParameterSet& parameters = engine->parameters();
  const Frame a = chosen_worlds(file_a, arguments.where_a, parameters, "--where-a");
  const Frame b = chosen_worlds(file_b, arguments.where_b, parameters, "--where-b");

  CompareSettings settings;
  for (const std::string& input : arguments.by) {
    settings.by.push_back(column_of(input, parameters));
  }
  settings.metrics = chosen_metrics(arguments.metrics, limits, a, b);
  const ComparedSide side_a{a, seed_of(file_a), arguments.where_a};
  const ComparedSide side_b{b, seed_of(file_b), arguments.where_b};
  settings.same_seed = !side_a.seed.empty() && side_a.seed == side_b.seed;
  const Comparison comparison = compare(a, b, settings);

  if (!arguments.csv.empty()) {
    write_output(arguments.csv, inputs, [&](std::ostream& out) {
      export_comparison_csv(comparison, side_a, side_b, out);
    });
  }
  if (!arguments.json.empty()) {
    write_output(arguments.json, inputs, [&](std::ostream& out) {
      export_comparison_json(comparison, side_a, side_b, out);
    });
  }
  if (arguments.csv != "-" && arguments.json != "-") {
    std::cout << render_comparison(comparison, side_a, side_b,
                                   static_cast<std::size_t>(arguments.top))
              << std::flush;
  }
  return all_hold(arguments, limits, comparison, a, b) ? kOk : kLimitFailed;
}

}  // namespace

void add_compare(CLI::App& app, Program& program) {
  const auto arguments = std::make_shared<CompareArguments>();
  CLI::App* command = app.add_subcommand(
      "compare", "Pairs the points of two result files and says how the metrics change.");
  add_value(*command, "a", arguments->file_a, "A.h5", "Result file to start from")->required();
  add_value(*command, "b", arguments->file_b, "B.h5",
            "Result file to compare with it; may be the same")
      ->required();
  add_value(*command, "--where-a", arguments->where_a, "CONDITION",
            "Takes only the worlds of A that meet this, written as sweep.where is");
  add_value(*command, "--where-b", arguments->where_b, "CONDITION", "The same for B");
  add_list(*command, "--by", arguments->by, "NAME,...",
           "Inputs that may differ in a pair; default: those that have one value in A\n"
           "and another one in B");
  add_list(*command, "--metrics", arguments->metrics, "NAME,...",
           "Metrics to compare, or `all`; default: those that `show` prints");
  add_number(*command, "--top", arguments->top,
             "Pairs to print, by their largest change, 0 for all; default: 10", 0);
  add_value(*command, "--csv", arguments->csv, "FILE",
            "CSV file to write, - for the standard output");
  add_value(*command, "--json", arguments->json, "FILE",
            "JSON file to write, - for the standard output");
  CLI::Option* fail_on =
      add_value(*command, "--fail-on", arguments->fail_on, "'METRIC > +5%'",
                "Exit code 1 if the metric changes by more in any pair, and its interval,\n"
                "where there is one, excludes 0; may be given several times")
          ->allow_extra_args(false);
  command
      ->add_flag("--allow-unpaired", arguments->allow_unpaired,
                 "Points without a partner do not fail --fail-on")
      ->needs(fail_on);
  arguments->read.add_to(*command);
  command->footer(
      "Examples:\n"
      "  servesweep compare out.h5 results/out.h5\n"
      "  servesweep compare out.h5 results/out.h5 --fail-on 'p99_latency_s > +5%'\n"
      "  servesweep compare out.h5 out.h5 --where-a 'scheduler_kind == static_fifo' \\\n"
      "    --where-b 'scheduler_kind == multi_bin_dynamic and k_bins == 4'\n"
      "  servesweep compare vllm.h5 vllm.h5 --where-a 'max_num_seqs == 64' \\\n"
      "    --where-b 'max_num_seqs == 256' --metrics p99_ttft_s,p99_tpot_s,goodput_share\n"
      "  servesweep compare out.h5 results/out.h5 --metrics all --json comparison.json");
  command->callback([arguments, &program] {
    if (!arguments->csv.empty() && arguments->csv == arguments->json) {
      throw InputError("cannot write both --csv and --json to " +
                       (arguments->csv == "-" ? "the standard output" : arguments->csv));
    }
    program.exit_code = read_results({arguments->file_a, arguments->file_b}, arguments->read,
                                     [&] { return run_compare(*arguments); });
  });
}

}  // namespace servesweep
