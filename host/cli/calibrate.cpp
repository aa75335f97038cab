// servesweep calibrate: the coefficients of the affine service models from measured batch times, or
// from measured iterations.
#include "host/calibration/calibrate.hpp"

#include <nlohmann/json.hpp>
#include <iostream>
#include <memory>

#include "host/base/error.hpp"
#include "host/calibration/calibrate_iterations.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/support/options.hpp"
#include "io/measured/grid_reader.hpp"
#include "io/measured/iteration_reader.hpp"

namespace servesweep {

namespace {

struct CalibrateArguments {
  std::string file;
  bool json = false;
};

std::string to_json(const Calibration& c) {
  // What is no number is written as null.
  const nlohmann::ordered_json json{
      {"alpha_ms", c.alpha_ms},
      {"beta_ms_per_token", c.beta_ms_per_token},
      {"gamma", c.gamma},
      {"standard_errors",
       {{"alpha_ms", c.alpha_error_ms},
        {"beta_ms_per_token", c.beta_error_ms_per_token},
        {"gamma", c.gamma_error}}},
      {"r_squared", c.r_squared},
      {"relative_error", c.relative_error},
      {"errors",
       {{"fit", distribution_json(distribution_of(c.errors))},
        {"held_out", distribution_json(distribution_of(c.held_out_errors))}}},
      {"points", c.points.size()}};
  return json.dump(2) + "\n";
}

IterationFit fit_of(const std::string& file, const MeasuredIterations& measured) {
  try {
    return calibrate_iterations(measured);
  } catch (const InputError& error) {
    throw InputError(file + ": " + error.what());
  }
}

void calibrate_file(const CalibrateArguments& arguments) {
  if (has_iterations(arguments.file)) {
    const MeasuredIterations measured = read_iterations(arguments.file);
    const IterationFit fit = fit_of(arguments.file, measured);
    std::cout << (arguments.json ? iteration_fit_json(measured, fit)
                                 : iteration_fit_text(measured, fit));
    return;
  }
  const Calibration calibration = calibrate(read_service_grid(arguments.file));
  std::cout << (arguments.json ? to_json(calibration) : calibration_text(calibration));
}

}  // namespace

void add_calibrate(CLI::App& app, Program&) {
  const auto arguments = std::make_shared<CalibrateArguments>();
  CLI::App* command = app.add_subcommand(
      "calibrate",
      "Fits the affine service model to measured batch times or iterations; prints TOML to paste.");
  add_value(*command, "file", arguments->file, "FILE.csv", "Measured grid, or iterations")
      ->required();
  command->add_flag("--json", arguments->json, "As a JSON object");
  command->footer(
      "Of batches: T = alpha + beta * L * (1 + gamma * (b - 1) / b)   [ms; b = batch size, L = "
      "tokens].\n"
      "The file is CSV with the columns batch_size, length [tokens] and latency_ms (or _us, "
      "_s).\n\n"
      "Of iterations of the continuous engine: t = base + per_prompt_token * P + "
      "per_prompt_token_pair * P2\n+ per_sequence * n + per_context_token * S, none below 0.\n"
      "The file is CSV with the columns prefill_tokens (P: prompt tokens in the iteration), "
      "sequences "
      "(n:\nthat decode), context_tokens (S: sum of the contexts that these decode on), time_ms "
      "(or "
      "_us, _s), and\nperhaps prefill_pair_tokens (P2: sum of chunk * (tokens before + chunk)).\n"
      "Iterations in which nothing decodes are fitted apart ([service.prefill]).\n\n"
      "Both fits have the least relative errors, and say how large these are for rows that a fit\n"
      "has not seen. Exit code 2 where a run would not take what is fitted.\n\n"
      "Examples:\n"
      "  servesweep calibrate examples/service_grid.csv\n"
      "  servesweep calibrate examples/iterations.csv --json\n"
      "The grid can also be simulated as it is: -s service.model=grid -s service.grid=GRID.csv");
  command->callback([arguments] { calibrate_file(*arguments); });
}

}  // namespace servesweep
