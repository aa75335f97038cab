// servesweep export: a result file as CSV or JSON.
#include "io/tables/export.hpp"

#include <memory>

#include "host/cli/commands.hpp"
#include "host/cli/support/options.hpp"
#include "host/cli/support/output_stream.hpp"
#include "host/cli/support/reading.hpp"
#include "io/results/result_reader.hpp"

namespace servesweep {

namespace {

struct ExportArguments {
  std::string file, csv, json;
  ReadOptions read;
};

}  // namespace

void add_export(CLI::App& app, Program& program) {
  const auto arguments = std::make_shared<ExportArguments>();
  CLI::App* command =
      app.add_subcommand("export", "Writes every input and metric of every world as CSV or JSON.");
  add_value(*command, "file", arguments->file, "OUT.h5", "Result file")->required();
  CLI::Option_group* formats = command->add_option_group("format");
  add_value(*formats, "--csv", arguments->csv, "FILE",
            "CSV file to write, - for the standard output");
  add_value(*formats, "--json", arguments->json, "FILE",
            "JSON file to write, - for the standard output");
  formats->require_option(1);
  arguments->read.add_to(*command);
  command->footer(
      "Numbers have the digits that read back the same. What does not apply to a world is empty "
      "in\n"
      "CSV and null in JSON.\n\n"
      "Examples:\n"
      "  servesweep export out.h5 --csv out.csv\n"
      "  servesweep export out.h5 --csv - | head -3\n"
      "  servesweep export out.h5 --json out.json");
  command->callback([arguments, &program] {
    const bool csv = !arguments->csv.empty();
    const std::string& output = csv ? arguments->csv : arguments->json;
    const std::vector<std::string> inputs = {arguments->file};
    check_output(output, inputs);
    program.exit_code = read_results(inputs, arguments->read, [&] {
      const ResultFile file(arguments->file);
      write_output(output, inputs, [&](std::ostream& out) {
        csv ? export_csv(file, out) : export_json(file, out);
      });
      return kOk;
    });
  });
}

}  // namespace servesweep
