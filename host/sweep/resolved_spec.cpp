#include "host/sweep/resolved_spec.hpp"

#include <algorithm>

#include "host/base/names.hpp"
#include "host/parameters/toml_text.hpp"
#include "host/sweep/sweep_settings.hpp"

namespace servesweep {
namespace {

void append_key(std::string& out, const Parameter& p, const std::vector<std::string>& texts,
                const std::vector<double>& values, bool is_axis) {
  out += bare_name(p.key);
  out += is_axis ? " = [" : " = ";
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) out += ", ";
    out += toml_value(p, values[i], texts);
  }
  out += is_axis ? "]\n" : "\n";
}

}  // namespace

std::string resolved_spec(const SweepSettings& settings, DesignKind design,
                          const ParameterSet& parameters, const std::vector<std::string>& texts,
                          const std::vector<std::vector<double>>& values,
                          const std::vector<bool>& is_axis) {
  std::string out = "engine = " + toml_string(settings.engine) +
                    "\nseed = " + std::to_string(settings.seed) +
                    "\nreplications = " + std::to_string(settings.replications) + "\n";
  const auto append_table = [&](std::string_view table) {
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      if (table_name(parameters[i].key) != table || values[i].empty()) continue;
      append_key(out, parameters[i], texts, values[i], is_axis[i]);
    }
  };
  append_table("");  // what has no table must come before all tables
  const char* const save = name_of(settings.save_histograms);
  out += "\n[sweep]\ndesign = " + toml_string(name_of(design)) +
         "\n\n[output]\nsave_histograms = " +
         (settings.save_histograms == SaveDetails::kAuto ? toml_string(save) : save) +
         "\nexact_percentiles = " + (settings.exact_percentiles ? "true" : "false") + "\n";
  std::vector<std::string_view> done{""};
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const std::string_view table = table_name(parameters[i].key);
    if (values[i].empty() || std::find(done.begin(), done.end(), table) != done.end()) continue;
    done.push_back(table);
    out += "\n[" + std::string(table) + "]\n";
    append_table(table);
  }
  return out;
}

}  // namespace servesweep
