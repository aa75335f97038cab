// servesweep report: a result file as a page to look at.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>

#include "host/base/error.hpp"
#include "host/base/units.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/program.hpp"
#include "host/cli/report.hpp"
#include "host/cli/report_assets.hpp"
#include "host/cli/support/options.hpp"
#include "host/cli/support/output_stream.hpp"
#include "host/cli/support/reading.hpp"
#include "host/engines/engines.hpp"
#include "io/report/report_data.hpp"
#include "io/report/report_page.hpp"
#include "io/results/result_reader.hpp"

namespace servesweep {
namespace {

// So large a page is opened at once and goes into an e-mail.
constexpr std::size_t kMostBytes = 4'000'000;

struct ReportArguments {
  std::string file, output;
  ReadOptions read;
};

// An older report may go, and what is no plain file is written to; nothing else is.
void check_replaceable(const std::string& output) {
  if (output == "-" || !std::filesystem::is_regular_file(output)) return;
  std::ifstream in(output, std::ios::binary);
  const std::string content{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (content.empty() || is_report(content)) return;
  throw InputError(output + " exists (and is no report) choose another file with -o, or remove it");
}

// Keys by the names of columns; none for an engine that this version does not know.
std::map<std::string, std::string> keys_of(const std::string& engine_name) {
  std::map<std::string, std::string> keys;
  try {
    const auto engine = make_engine(engine_name);
    for (const Parameter& parameter : engine->parameters()) keys[parameter.column] = parameter.key;
  } catch (const InputError&) {
    keys.clear();
  }
  return keys;
}

void report(const ReportArguments& arguments) {
  std::filesystem::path output = arguments.output;
  if (output.empty()) {
    output = std::filesystem::path(arguments.file).filename().replace_extension(".html");
  }
  write_report(arguments.file, output);
}

}  // namespace

void write_report(const std::string& result_file, const std::string& output) {
  const ReportAssets& assets = report_assets();
  check_output(output, {result_file});
  check_replaceable(output);
  const ResultFile file(result_file);
  ReportOptions options;
  options.generator = "servesweep " + program_provenance().code_version;
  const std::size_t overhead = report_overhead(assets);
  options.max_bytes = kMostBytes - std::min(kMostBytes, overhead);
  options.keys = keys_of(file.attribute("engine"));
  const std::string title = std::filesystem::path(result_file).filename();
  const std::string page = report_page(assets, title, report_data(file, options));
  write_output(output, {result_file}, [&](std::ostream& out) { out << page; });
  if (output != "-") {
    std::cout << output << ": " << format_count(file.num_worlds(), "world") << ", "
              << format_size(page.size()) << "; open it in a browser\n";
  }
}

void add_report(CLI::App& app, Program& program) {
  const auto arguments = std::make_shared<ReportArguments>();
  CLI::App* command = app.add_subcommand(
      "report", "Writes a result file as an HTML page of charts and tables, to look at offline.");
  add_value(*command, "file", arguments->file, "OUT.h5", "Result file")->required();
  add_value(*command, "-o,--output", arguments->output, "FILE.html",
            "HTML file to write, - for the standard output; default: the name of the result\n"
            "file with .html, in the current folder");
  arguments->read.add_to(*command);
  command->footer(
      "The page is one file that loads nothing else. Replications of a point are averaged. An "
      "older\n"
      "report of that name is replaced, any other file is not.\n\n"
      "Examples:\n"
      "  servesweep report out.h5\n"
      "  servesweep report out.h5 -o report.html");
  command->callback([arguments, &program] {
    program.exit_code = read_results({arguments->file}, arguments->read, [&] {
      report(*arguments);
      return kOk;
    });
  });
}

}  // namespace servesweep
