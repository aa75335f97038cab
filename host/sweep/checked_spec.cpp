#include "host/sweep/checked_spec.hpp"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "host/base/names.hpp"
#include "host/parameters/toml_text.hpp"
#include "host/sweep/csv_points.hpp"

namespace servesweep {
namespace {

class SpecChecker {
 public:
  SpecChecker(const RunSpec& spec, const ParameterSet& parameters)
      : spec_(spec),
        parameters_(parameters),
        reader_(spec, checked_.texts, errors_),
        setting_entries_(setting_parameters().size()),
        entries_(parameters.size()) {
    checked_.places.resize(parameters.size());
    checked_.axes.resize(parameters.size());
  }

  CheckedSpec check() {
    read_engine();
    resolve_keys();
    read_settings();
    read_axes();
    read_conditions();
    check_zip();
    checked_.design_place = setting_place("sweep.design", "");
    checked_.where_place = where_ ? where_->at_key("") : checked_.design_place;
    if (!errors_.empty()) {
      std::vector<Diagnostic>& kept = errors_.kept();
      std::stable_sort(kept.begin(), kept.end(),
                       [&](const auto& a, const auto& b) { return position(a) < position(b); });
      errors_.throw_first();
    }
    return std::move(checked_);
  }

 private:
  void fail(Diagnostic error) { errors_.push_back(std::move(error)); }
  // The sweep file from top to bottom, then the file of points, then the overrides.
  std::tuple<int, int, int> position(const Diagnostic& error) const {
    const int file = error.file == spec_.file ? 0 : error.file == "-s" ? 2 : 1;
    return {file, error.line, error.column};
  }
  void warn(const Diagnostic& warning) { checked_.warnings.push_back(warning.text()); }

  // --- keys -----------------------------------------------------------------------------------
  std::vector<std::string> known_keys() const {
    std::vector<std::string> keys{"engine", "sweep.where"};
    for (const Parameter& p : setting_parameters()) keys.push_back(p.key);
    for (const Parameter& p : parameters_) keys.push_back(p.key);
    return keys;
  }

  void resolve_keys() {
    const std::vector<std::string> known = known_keys();
    for (const SpecEntry& entry : spec_.entries) {
      const auto& settings = setting_parameters();
      // Short names serve a command line; a file has one name for everything.
      const auto parameter = parameters_.find(entry.key);
      const auto setting = settings.find(entry.key);
      if (entry.key == "engine") {
        continue;  // read_engine() has it
      } else if (entry.key == "sweep.where") {
        where_ = &entry;
      } else if (setting && settings[*setting].key == entry.key) {
        setting_entries_[*setting] = &entry;
      } else if (parameter && (entry.is_override || parameters_[*parameter].key == entry.key)) {
        entries_[*parameter] = &entry;
        checked_.places[*parameter] = entry.at_key("");
      } else {
        unknown(entry, known);
      }
    }
  }

  void unknown(const SpecEntry& entry, const std::vector<std::string>& known) {
    const auto* table = std::get_if<SpecValue::Table>(&entry.value.data);
    const bool is_empty_table = table && table->empty();
    constexpr std::size_t kMostSuggestions = 100;  // they are searched for among all keys
    const std::string shown = shortened(entry.key);
    if (errors_.size() >= kMostSuggestions) return fail(entry.at_key("unknown key " + shown));
    std::vector<std::string> tables;
    for (const std::string& key : known) {
      for (std::string_view t = table_name(key); !t.empty(); t = table_name(t))
        tables.emplace_back(t);
    }
    if (std::find(tables.begin(), tables.end(), entry.key) != tables.end()) {
      if (is_empty_table) return;  // says nothing where it could say something
      const bool has_kind = parameters_.find(entry.key + ".kind").has_value();
      return fail(entry.at_key("invalid " + entry.key + "=" + entry.value.written() +
                               " (it is a table)" +
                               (has_kind ? did_you_mean(entry.key + ".kind")
                                         : " write [" + entry.key + "] and its keys below")));
    }
    if (const auto keys = parameters_.keys_named(entry.key); entry.is_override && keys.size() > 1) {
      return fail(entry.at_key("ambiguous key " + shown + " (several keys end so) write one of " +
                               joined(keys)));
    }
    const std::string parent(table_name(entry.key));
    if (std::find(known.begin(), known.end(), parent) != known.end()) {
      return fail(entry.at_key("unknown key " + shown + " (" + parent +
                               " is no table) write a range as { from = 1, to = 8, num = 4 }"));
    }
    std::string meant = is_empty_table ? nearest(entry.key, tables) : nearest_key(entry.key, known);
    if (meant.empty() && std::find(tables.begin(), tables.end(), parent) == tables.end()) {
      meant = nearest(parent, tables);
      if (!meant.empty()) meant = "[" + meant + "]";
    }
    fail(entry.at_key((is_empty_table ? "unknown table " : "unknown key ") + shown +
                      " (not a parameter of engine " + toml_string(checked_.settings.engine) + ")" +
                      did_you_mean(meant, "see the list that --dump-default prints")));
  }

  // --- values ---------------------------------------------------------------------------------
  double setting(const char* key) {
    const std::size_t i = *setting_parameters().find(key);
    const Parameter& p = setting_parameters()[i];
    const SpecEntry* entry = setting_entries_[i];
    if (!entry) return p.default_value;
    return reader_.scalar(p, *entry, entry->value).value_or(p.default_value);
  }

  void read_settings() {
    SweepSettings& s = checked_.settings;
    s.seed = static_cast<std::uint64_t>(setting("seed"));
    s.replications = static_cast<std::int32_t>(setting("replications"));
    checked_.design = static_cast<DesignKind>(static_cast<int>(setting("sweep.design")));
    s.design = name_of(checked_.design);
    checked_.samples = static_cast<std::int64_t>(setting("sweep.samples"));
    const bool csv_given = setting("sweep.csv") != 0;
    s.save_histograms =
        static_cast<SaveDetails>(static_cast<int>(setting("output.save_histograms")));
    s.exact_percentiles = setting("output.exact_percentiles") != 0;

    const bool sampling =
        checked_.design == DesignKind::kRandom || checked_.design == DesignKind::kLhs;
    const std::string because = " (design is \"" + s.design + "\")";
    if (sampling && checked_.samples == 0) {
      fail(setting_place("sweep.samples",
                         "missing sweep.samples" + because + " set it to the number of points"));
    }
    if (checked_.design == DesignKind::kCsv && !spec_.points) {
      fail(setting_place("sweep.csv",
                         "missing sweep.csv" + because + " set it to a file of points"));
    }
    if (!sampling && checked_.samples > 0) {
      warn(setting_place("sweep.samples", "sweep.samples is not used" + because));
    }
    if (checked_.design != DesignKind::kCsv && csv_given) {
      warn(setting_place("sweep.csv", "sweep.csv is not used" + because));
    }
  }

  void read_engine() {
    try {
      checked_.settings.engine = engine_of(spec_);
    } catch (const InputError& error) {
      for (const Diagnostic& d : error.diagnostics()) errors_.push_back(d);
    }
  }

  // The message, placed at the setting, or at the design that asks for it.
  Diagnostic setting_place(const char* key, const std::string& message) const {
    const auto& settings = setting_parameters();
    for (const char* k : {key, "sweep.design"}) {
      if (const SpecEntry* entry = setting_entries_[*settings.find(k)])
        return entry->at_key(message);
    }
    return {spec_.file, 0, 0, message};
  }

  void read_axes() {
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      if (entries_[i]) {
        checked_.axes[i] = reader_.axis(parameters_[i], *entries_[i], checked_.design);
      } else {
        checked_.axes[i].values = {parameters_[i].default_value};
      }
    }
    if (checked_.design != DesignKind::kCsv || !spec_.points) return;
    CsvPoints csv = read_csv_points(*spec_.points, parameters_, reader_, errors_);
    for (std::size_t c = 0; c < csv.parameters.size(); ++c) {
      const std::size_t i = csv.parameters[c];
      if (entries_[i]) {
        fail(entries_[i]->at_key(parameters_[i].key + " is given twice (it is a column of " +
                                 spec_.points->file + ") remove one"));
      }
      checked_.places[i] = csv.places[c];
      checked_.axes[i].values = std::move(csv.columns[c]);
      checked_.axes[i].is_axis = true;
    }
  }

  void read_conditions() {
    if (!where_) return;
    const auto read = [&](const SpecValue& value) {
      const auto* text = std::get_if<std::string>(&value.data);
      if (!text) {
        return fail(where_->at(value, "invalid sweep.where=" + value.written() +
                                          " (must be a string or an array of strings)"));
      }
      try {
        checked_.conditions.emplace_back(*text, parameters_, checked_.texts.texts());
      } catch (const InputError& error) {
        for (const Diagnostic& d : error.diagnostics()) fail(where_->at(value, d.message));
      }
    };
    if (const auto* array = std::get_if<SpecValue::Array>(&where_->value.data)) {
      for (const SpecValue& element : *array) read(element);
    } else {
      read(where_->value);
    }
  }

  void check_zip() {
    if (checked_.design != DesignKind::kZip) return;
    const SpecEntry* first = nullptr;
    std::size_t length = 0;
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      if (!checked_.axes[i].is_axis || checked_.axes[i].values.empty()) continue;
      if (!first) {
        first = entries_[i];
        length = checked_.axes[i].values.size();
      } else if (checked_.axes[i].values.size() != length) {
        fail(entries_[i]->at(entries_[i]->value,
                             "axis " + parameters_[i].key + " has " +
                                 std::to_string(checked_.axes[i].values.size()) + " values (" +
                                 first->key + " has " + std::to_string(length) +
                                 "; design \"zip\" advances all axes together) make them equally "
                                 "long"));
      }
    }
  }

  const RunSpec& spec_;
  const ParameterSet& parameters_;
  CheckedSpec checked_;
  ErrorList errors_;
  ValueReader reader_;
  const SpecEntry* where_ = nullptr;
  std::vector<const SpecEntry*> setting_entries_;
  std::vector<const SpecEntry*> entries_;  // [parameter]
};

}  // namespace

CheckedSpec check_spec(const RunSpec& spec, const ParameterSet& parameters) {
  return SpecChecker(spec, parameters).check();
}

CheckedSpec check_points(const SweepPoints& sweep, const ParameterSet& parameters) {
  CheckedSpec checked;
  ErrorList errors;
  const RunSpec no_file;
  ValueReader reader(no_file, checked.texts, errors);
  const auto read = [&](const std::string& place, const Parameter& p, const PointValue& value) {
    const SpecEntry entry{
        p.key, {std::visit([](const auto& v) { return SpecValue{v}; }, value)}, place};
    return reader.scalar(p, entry, entry.value).value_or(p.default_value);
  };
  const ParameterSet& settings = setting_parameters();
  const auto check_setting = [&](const char* key, std::int64_t value) {
    read("", settings[*settings.find(key)], value);
  };
  check_setting("seed", static_cast<std::int64_t>(sweep.settings.seed));
  check_setting("replications", sweep.settings.replications);

  std::vector<std::vector<double>> points;  // [point][parameter]
  std::set<std::vector<double>> seen;
  std::vector<std::string> keys;
  checked.places.resize(parameters.size());
  checked.axes.resize(parameters.size());
  std::vector<double> defaults;
  for (const Parameter& p : parameters) {
    defaults.push_back(p.default_value);
    keys.push_back(p.key);
  }
  for (std::size_t number = 0; number < sweep.points.size(); ++number) {
    const std::string place = "point " + std::to_string(number + 1);
    std::vector<double> values = defaults;
    for (const auto& [key, value] : sweep.points[number]) {
      const auto i = parameters.find(key);
      if (!i || parameters[*i].key != key) {
        errors.push_back(
            {place, 0, 0, "unknown key " + key + did_you_mean(nearest_key(key, keys))});
        continue;
      }
      values[*i] = read(place, parameters[*i], value);
      checked.places[*i] = Diagnostic{place, 0, 0, ""};
    }
    if (seen.insert(values).second) points.push_back(std::move(values));
  }
  if (points.empty()) errors.push_back({"", 0, 0, "no points (a sweep needs one)"});
  if (!errors.empty()) errors.throw_first();

  for (std::size_t i = 0; i < parameters.size(); ++i) {
    Axis& axis = checked.axes[i];
    for (const std::vector<double>& values : points) {
      axis.values.push_back(values[i]);
      axis.is_axis |= values[i] != points[0][i];
    }
    if (axis.is_axis) {
      checked.design = DesignKind::kZip;
    } else {
      axis.values.resize(1);
    }
  }
  checked.settings = sweep.settings;
  checked.settings.design = name_of(checked.design);
  return checked;
}

}  // namespace servesweep
