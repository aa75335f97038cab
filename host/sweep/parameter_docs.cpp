#include "host/sweep/parameter_docs.hpp"

#include <algorithm>
#include <vector>

#include "host/base/names.hpp"
#include "host/parameters/toml_text.hpp"
#include "host/sweep/read_rules.hpp"
#include "host/sweep/sweep_settings.hpp"

namespace servesweep {
namespace {

constexpr std::size_t kWidth = 96;  // of the text in comments

std::string default_text(const Parameter& p) { return toml_value(p, p.default_value, {""}); }

// "integer in [1, 1024]", "one of a, b", ...; choices as they are written in a sweep file.
std::string domain(const Parameter& p) {
  if (p.type == ParameterType::kReal || p.type == ParameterType::kInteger) {
    return std::string(p.type == ParameterType::kReal ? "number" : "integer") + " in [" +
           plain_number(p.min) + ", " + plain_number(p.max) + "]" +
           (p.unit.empty() || p.unit == "1" ? "" : " " + p.unit);
  }
  if (p.type == ParameterType::kChoice) {
    std::vector<std::string> all;
    for (std::size_t i = 0; i < p.choices.size(); ++i) {
      all.push_back(toml_value(p, static_cast<double>(i), {}));
    }
    return "one of " + joined(all);
  }
  if (p.is_file()) return "file name";
  return p.type == ParameterType::kBool    ? "true or false"
         : p.type == ParameterType::kWords ? "string"
                                           : "array of integers";
}

// "scheduler.kind = a | b and ...", "" for what every world reads.
std::string condition_text(const Parameter& p) {
  std::vector<std::string> all;
  for (const Condition& c : p.read_when) {
    const auto has = [&c](const char* value) {
      return std::find(c.values.begin(), c.values.end(), value) != c.values.end();
    };
    if (!has("") && !has("*")) {
      all.push_back(c.key + " = " + joined(c.values, " | "));
      continue;
    }
    std::vector<std::string> ways;  // of a text
    for (const std::string& value : c.values) {
      ways.push_back(value.empty() ? "is not given" : value == "*" ? "is given" : "names " + value);
    }
    all.push_back(c.key + " " + joined(ways, " or "));
  }
  return joined(all, " and ");
}

std::vector<std::string_view> tables(const ParameterSet& parameters) {
  std::vector<std::string_view> all;
  for (const Parameter& p : parameters) {
    const std::string_view table = table_name(p.key);
    if (std::find(all.begin(), all.end(), table) == all.end()) all.push_back(table);
  }
  return all;
}

std::string comment(const std::string& text) {
  std::string out, line;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t space = std::min(text.find(' ', at), text.size());
    const std::string word = text.substr(at, space - at);
    if (!line.empty() && line.size() + 1 + word.size() > kWidth) {
      out += "# " + line + "\n";
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
    at = space + 1;
  }
  return out + "# " + line + "\n";
}

std::string key_lines(const Parameter& p, bool active) {
  const std::string only = condition_text(p);
  return comment(p.text + " (" + domain(p) + ")" + (only.empty() ? "" : " Only if " + only + ".")) +
         (active ? "" : "# ") + std::string(bare_name(p.key)) + " = " + default_text(p) + "\n";
}

std::string cell(std::string text) {
  for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) {
    text.insert(at, "\\");
  }
  return text;
}

std::string markdown_tables(const ParameterSet& parameters, bool with_columns) {
  std::string out;
  for (const std::string_view table : tables(parameters)) {
    out += table.empty() ? "\n### Top of the file\n\n" : "\n### [" + std::string(table) + "]\n\n";
    const std::string column = with_columns ? " column |" : "";
    out += "| key |" + column + " values | default | meaning |\n|---|" +
           (with_columns ? "---|" : "") + "---|---|---|\n";
    for (const Parameter& p : parameters) {
      if (table_name(p.key) != table) continue;
      const std::string only = condition_text(p);
      out += "| `" + std::string(bare_name(p.key)) + "` |" +
             (with_columns ? " `" + p.column + "` |" : "") + " " + cell(domain(p)) + " | `" +
             cell(default_text(p)) + "` | " + cell(p.text) +
             (only.empty() ? "" : " Only if " + cell(only) + ".") + " |\n";
    }
  }
  return out;
}

}  // namespace

std::string dump_default(const std::string& engine, const ParameterSet& parameters) {
  const ParameterSet& settings = setting_parameters();
  std::vector<double> values;
  for (const Parameter& p : parameters) values.push_back(p.default_value);
  ReadRules(parameters).canonicalise(values.data());

  std::string out =
      "# Every key of a sweep file for the engine \"" + engine + "\" with its default.\n" +
      comment(
          "Where a key takes a value it also takes an axis: an array of values, or for numbers "
          "{ from = 1, to = 64, num = 4, scale = \"log\" }.") +
      "\n" + comment(kEngineText) + "engine = " + toml_string(engine) + "\n";
  const auto append_keys = [&](const ParameterSet& set, std::string_view table, auto is_active) {
    for (std::size_t i = 0; i < set.size(); ++i) {
      if (table_name(set[i].key) == table) out += "\n" + key_lines(set[i], is_active(i));
    }
  };
  // What has no useful default (a file, a number of samples) is off until it is set.
  const auto setting_active = [&](std::size_t i) {
    return settings[i].key != "sweep.samples" && settings[i].key != "sweep.csv";
  };
  const auto parameter_active = [&](std::size_t i) { return values[i] == values[i]; };
  append_keys(settings, "", setting_active);
  append_keys(parameters, "", parameter_active);
  for (const std::string_view table : tables(settings)) {
    if (table.empty()) continue;
    out += "\n[" + std::string(table) + "]";
    append_keys(settings, table, setting_active);
    if (table == "sweep") {
      out += "\n" + comment(kWhereText) +
             "# where = [\"rps_scaling <= 10\", \"requests < 1000 or predictor == 'oracle'\"]\n";
    }
  }
  for (const std::string_view table : tables(parameters)) {
    if (table.empty()) continue;
    out += "\n[" + std::string(table) + "]";
    append_keys(parameters, table, parameter_active);
  }
  return out;
}

std::string parameters_markdown(const std::string& engine, const ParameterSet& parameters) {
  return "# Keys of a sweep file\n\n"
         "Generated from the field lists of the models; sweep_file.md says how a file is written.\n"
         "\n## Every engine\n\n- `engine`: " +
         std::string(kEngineText) + " Default `\"batch\"`.\n- `[sweep]` `where`: " + kWhereText +
         "\n" + markdown_tables(setting_parameters(), false) + "\n## Engine `" + engine +
         "`\n\nThe column of a parameter is its name in `/worlds` of the result file.\n" +
         markdown_tables(parameters, true);
}

}  // namespace servesweep
