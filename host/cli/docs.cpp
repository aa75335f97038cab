// servesweep docs: the generated pages of docs/, from the tables that the program itself follows.
#include <iostream>
#include <memory>
#include <stdexcept>

#include "host/base/names.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/support/options.hpp"
#include "host/engines/engines.hpp"
#include "host/latency/preset_docs.hpp"
#include "host/sweep/parameter_docs.hpp"
#include "host/sweep/sweep_builder.hpp"
#include "io/measured/preset_profile.hpp"
#include "io/results/format_names.hpp"
#include "io/results/output_format.hpp"

namespace servesweep {

void add_docs(CLI::App& app, Program&) {
  CLI::App* docs = app.add_subcommand("docs", "Prints generated pages of docs/ as Markdown.");
  docs->group("");  // for those who change the program
  docs->require_subcommand(1);
  const auto name = std::make_shared<std::string>("batch");
  CLI::App* parameters = docs->add_subcommand("parameters", "docs/parameters.md");
  add_value(*parameters, "--engine", *name, "NAME", "Engine; default: batch");
  parameters->callback(
      [name] { std::cout << parameters_markdown(*name, make_engine(*name)->parameters()); });
  CLI::App* format = docs->add_subcommand("output-format", "docs/output_format.md");
  add_value(*format, "--engine", *name, "NAME", "Engine; default: batch");
  format->callback([name] {
    const auto engine = make_engine(*name);
    const Sweep sweep = build_sweep(RunSpec{}, engine->parameters());
    std::cout << output_format_markdown(engine->schema(sweep));
  });
  docs->add_subcommand("names", "tests/io/names_of_format_2.txt; fails where names clash")
      ->callback([] {
        const std::vector<NamedDataset> datasets = all_datasets();
        if (const auto clashes = name_clashes(datasets); !clashes.empty()) {
          throw std::logic_error(joined(clashes, "\n"));
        }
        std::cout << format_names(datasets);
      });
  docs->add_subcommand("service-presets", "docs/service_presets.md")->callback([] {
    std::cout << service_presets_markdown() << preset_licences_markdown();
  });
}

}  // namespace servesweep
