#include "io/report/report_data.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <utility>

#include "host/base/units.hpp"
#include "io/report/latency_cdf.hpp"
#include "io/report/packed_array.hpp"
#include "io/report/points.hpp"
#include "io/report/script_json.hpp"
#include "io/report/selection.hpp"
#include "io/tables/show.hpp"

namespace servesweep {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostRows = 100'000;
constexpr std::size_t kMostCdfs = 400;
// More rows than kMostExactRows: numbers keep so few bits behind the leading one.
constexpr std::size_t kMostExactRows = 5'000;
constexpr int kMantissaBits = 12, kHalfWidthBits = 7;
// More different numbers than this in an input: they are rounded like metrics.
constexpr std::size_t kMostExactValues = 2'000;

// Never left out, in this order.
constexpr const char* kMainMetrics[] = {"throughput_requests_per_s",
                                        "mean_latency_s",
                                        "p50_latency_s",
                                        "p95_latency_s",
                                        "p99_latency_s",
                                        "p999_latency_s",
                                        "mean_queue_time_s",
                                        "request_sla_violation_rate",
                                        "goodput_share",
                                        "token_sla_violation_rate",
                                        "mean_gpu_utilization",
                                        "mean_batch_size",
                                        "throughput_tokens_per_s",
                                        "capacity_under_sla_per_s"};

std::string readable(double value) {
  if (std::isnan(value)) return "n/a";
  if (value == std::floor(value) && std::abs(value) < 1e15) return fmt::format("{:.0f}", value);
  return fmt::format("{:.6g}", value);
}

bool is_number(const ColumnSpec& spec) {
  return spec.type != ColumnType::kCategory && spec.type != ColumnType::kText;
}

class Packer {
 public:
  Packer(const ResultFile& file, const ReportOptions& options)
      : file_(file), options_(options), points_(find_points(file)) {}

  std::string run() {
    const std::size_t all = points_.size();
    best_ = best_points(file_, points_);
    if (all > kMostRows) {
      points_ = select_points(points_, even_sample(all, kMostRows, best_));
      best_ = best_points(file_, points_);
      warn(fmt::format("The report shows {} of {}: the best ones and an even sample of the others.",
                       format_count(static_cast<std::int64_t>(kMostRows)),
                       format_count(static_cast<std::int64_t>(all), "point")));
    }
    rounded_ = points_.size() > kMostExactRows;
    add_head();
    add_inputs();
    out_["first_world"] = pack(first_worlds());
    add_cdf();
    add_study();
    add_metrics();
    if (rounded_) {
      warn(fmt::format(
          "Metrics are rounded to {} significant bits (a relative error of at most {:.1e}), half "
          "widths to {}; the result file has all digits.",
          kMantissaBits + 1, std::ldexp(1, -kMantissaBits - 1), kHalfWidthBits + 1));
    }
    out_["constants"] = constants_;
    out_["columns"] = columns_;
    out_["left_out"] = left_out_;
    out_["warnings"] = warnings_;
    return script_json(out_);
  }

 private:
  void warn(const std::string& text) { warnings_.push_back(text); }

  std::vector<std::int32_t> first_worlds() const {
    std::vector<std::int32_t> worlds;
    for (const auto& of_point : points_.worlds) {
      worlds.push_back(static_cast<std::int32_t>(of_point.front()));
    }
    return worlds;
  }

  void add_head() {
    out_["version"] = 1;
    out_["title"] = std::filesystem::path(file_.path()).filename().string();
    out_["generator"] = options_.generator;
    out_["worlds"] = file_.num_worlds();
    out_["replications"] = points_.replications();
    out_["rows"] = points_.size();
    add_provenance();
    std::string toml = file_.attribute("resolved_toml");
    for (const StudySweep& sweep : file_.sweeps()) {
      toml += (toml.empty() ? "# " : "\n# ") + sweep.step + "\n" + sweep.attribute("resolved_toml");
    }
    out_["resolved_toml"] = with_short_lines(toml);
    if (const std::int64_t unfinished = unfinished_worlds(file_); unfinished > 0) {
      warn(fmt::format("{} of {} did not run to their end: see `status`.", format_count(unfinished),
                       format_count(file_.num_worlds(), "world")));
    }
    for (const std::string& caution : cautions(file_)) warn(caution);
    if (const std::string note = estimate_note(file_); !note.empty()) warn(note);
  }

  void add_provenance() {
    Json pairs = Json::array();
    const auto add = [&](const char* label, const std::string& text) {
      if (!text.empty()) pairs.push_back({label, text});
    };
    const auto attribute = [&](const char* name) { return file_.attribute(name); };
    add("Command", attribute("command_line"));
    add("Sweep file", attribute("sweep_file"));
    add("Traces", attribute("traces"));
    add("Study", attribute(kStudyAttribute));
    add("Engine", attribute("engine"));
    add("Design", attribute("design"));
    add("Replications", attribute("replications"));
    add("Seed", attribute("seed"));
    add("Made by", "servesweep " + attribute("code_version") + ", commit " +
                       attribute("git_commit") +
                       (attribute("git_dirty") == "1" ? " (modified)" : ""));
    add("Compiler", attribute("compiler") + ", " + attribute("compiler_flags"));
    add("Device", attribute("device"));
    add("Kokkos", attribute("kokkos_version") + ", backend " + attribute("kokkos_backend"));
    add("Started", attribute("time_started_utc"));
    add("Finished", attribute("time_finished_utc"));
    add("Fingerprint", attribute("sweep_fingerprint"));
    out_["provenance"] = pairs;
  }

  Json head(const ResultColumn& column, const char* kind) const {
    const ColumnSpec& spec = column.spec;
    Json json = {{"name", spec.name},
                 {"long_name", spec.long_name},
                 {"unit", spec.unit == "1" ? "" : spec.unit},
                 {"role", column.role == ColumnRole::kMetric ? "metric" : "input"},
                 {"kind", kind}};
    const auto key = options_.keys.find(spec.name);
    if (key != options_.keys.end()) json["key"] = key->second;
    return json;
  }

  void add_constant(const ResultColumn& column, const std::string& value) {
    Json json = head(column, "");
    json.erase("kind");
    json["value"] = value.empty() ? "n/a" : value;
    constants_.push_back(std::move(json));
  }

  void add_coded(const ResultColumn& column, const char* kind, const Json& values,
                 const std::vector<std::int32_t>& codes) {
    Json json = head(column, kind);
    json["values"] = values;
    json["codec"] = "i32";
    json["data"] = pack(codes);
    columns_.push_back(std::move(json));
  }

  // Codes of values: their places among the sorted distinct values; -1 where is_missing().
  template <class T, class Missing>
  static std::pair<std::vector<T>, std::vector<std::int32_t>> encode(const std::vector<T>& values,
                                                                     Missing is_missing) {
    std::vector<T> distinct;
    for (const T& value : values) {
      if (!is_missing(value)) distinct.push_back(value);
    }
    std::sort(distinct.begin(), distinct.end());
    distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
    std::vector<std::int32_t> codes;
    for (const T& value : values) {
      const auto place = std::lower_bound(distinct.begin(), distinct.end(), value);
      codes.push_back(is_missing(value) ? -1 : static_cast<std::int32_t>(place - distinct.begin()));
    }
    return {std::move(distinct), std::move(codes)};
  }

  static bool all_equal(const std::vector<std::int32_t>& codes) {
    return std::adjacent_find(codes.begin(), codes.end(), std::not_equal_to<>()) == codes.end();
  }

  void add_inputs() {
    std::vector<std::size_t> worlds;
    for (const auto& of_point : points_.worlds) worlds.push_back(of_point.front());
    for (const ResultColumn& column : point_inputs(file_)) {
      const ColumnData data = rows_of(file_.data(column.spec.name), worlds);
      if (is_number(column.spec)) {
        add_number_input(column, column_numbers(column.spec, data));
      } else if (const auto* codes = std::get_if<std::vector<std::int32_t>>(&data)) {
        add_category(column, *codes);
      } else {
        const auto [values, places] = encode(std::get<std::vector<std::string>>(data),
                                             [](const std::string& t) { return t.empty(); });
        if (all_equal(places)) {  // an empty text may be a value too
          add_constant(column, values.empty() ? "" : values[0]);
        } else {
          add_coded(column, "text", values, places);
        }
      }
    }
  }

  void add_number_input(const ResultColumn& column, std::vector<double> numbers) {
    const auto is_missing = [](double number) { return std::isnan(number); };
    auto [values, codes] = encode(numbers, is_missing);
    if (values.size() <= 1) return add_constant(column, values.empty() ? "" : readable(values[0]));
    if (rounded_ && values.size() > kMostExactValues) {
      for (double& number : numbers) {
        number = round_mantissa(static_cast<float>(number), kMantissaBits);
      }
      std::tie(values, codes) = encode(numbers, is_missing);
      warn(fmt::format("{} is rounded to {} significant bits.", column.spec.name,
                       kMantissaBits + 1));
    }
    Json json = Json::array();
    for (const double value : values) json.push_back(shortest(value));
    add_coded(column, "number", json, codes);
  }

  // Writes as few digits as tell a number from others of its precision.
  Json shortest(double value) const {
    if (value == std::floor(value) && std::abs(value) < 0x1p53) {
      return static_cast<std::int64_t>(value);
    }
    if (static_cast<double>(static_cast<float>(value)) != value) return value;
    return std::stod(fmt::format("{}", static_cast<float>(value)));
  }

  void add_category(const ResultColumn& column, const std::vector<std::int32_t>& categories) {
    const auto [values, codes] = encode(categories, [](std::int32_t code) { return code < 0; });
    std::vector<std::string> names;
    for (const std::int32_t code : values) {
      const auto i = static_cast<std::size_t>(code);
      names.push_back(i < column.spec.categories.size() ? column.spec.categories[i]
                                                        : std::to_string(code));
    }
    if (names.size() <= 1) {
      add_constant(column, names.empty() ? "" : names[0]);
    } else {
      add_coded(column, "category", names, codes);
    }
  }

  void add_cdf() {
    out_["cdf"] = nullptr;
    const auto tables = file_.tables();
    if (std::find(tables.begin(), tables.end(), kHistogramTable) == tables.end()) return;
    const std::size_t count = std::min(points_.size(), kMostCdfs);
    const auto rows = even_sample(points_.size(), count, best_);
    std::string note;
    if (rows.size() < points_.size()) {
      note = fmt::format(
          "Distributions are here for {} of {}: those with the lowest p99 latency, the fewest SLA "
          "violations or the highest throughput for their number of GPUs, and an even sample of "
          "the others.",
          rows.size(), format_count(static_cast<std::int64_t>(points_.size()), "point"));
    }
    out_["cdf"] = {{"rows", rows},
                   {"levels", cdf_levels()},
                   {"data", pack(latency_cdf(file_, points_, rows))},
                   {"note", note}};
  }

  void add_study() {
    out_["study"] = nullptr;
    const std::string name = file_.attribute(kStudyAttribute);
    if (name.empty()) return;
    Json findings = Json::array(), methods = Json::array();
    for (const StudyFinding& finding : file_.findings()) {
      findings.push_back({{"topic", finding.topic}, {"text", finding.text}});
    }
    for (const MethodRow& method : file_.methods()) {
      if (method.row >= points_.of_world.size() || points_.of_world[method.row] < 0) continue;
      methods.push_back({{"rps_scaling", method.rps_scaling},
                         {"method", method.method},
                         {"row", points_.of_world[method.row]}});
    }
    out_["study"] = {{"name", name}, {"findings", findings}, {"methods", methods}};
  }

  // Main metrics, then headlines, then all other metrics.
  std::vector<ResultColumn> metrics_by_importance() const {
    std::vector<ResultColumn> metrics;
    for (const ResultColumn& column : file_.columns()) {
      if (column.role == ColumnRole::kMetric) metrics.push_back(column);
    }
    const auto rank = [](const ResultColumn& column) {
      const auto main =
          std::find(std::begin(kMainMetrics), std::end(kMainMetrics), column.spec.name);
      if (main != std::end(kMainMetrics)) return main - std::begin(kMainMetrics);
      return std::ssize(kMainMetrics) + (column.spec.headline ? 0 : 1);
    };
    std::stable_sort(metrics.begin(), metrics.end(),
                     [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
    return metrics;
  }

  void add_metrics() {
    constexpr std::size_t kTexts = 20'000;  // constants, names and warnings to come
    const std::size_t taken = script_json(out_).size() + script_json(columns_).size() + kTexts;
    room_ = options_.max_bytes > taken ? options_.max_bytes - taken : 0;
    for (const ResultColumn& column : metrics_by_importance()) {
      if (column.spec.type == ColumnType::kText) {
        left_out_.push_back(column.spec.name);
      } else if (column.spec.type == ColumnType::kCategory) {
        add_category(column, worst_codes(column));
      } else {
        add_number_metric(column);
      }
    }
  }

  std::vector<std::int32_t> worst_codes(const ResultColumn& column) const {
    const auto codes = std::get<std::vector<std::int32_t>>(file_.data(column.spec.name));
    std::vector<std::int32_t> worst(points_.size(), -1);
    for (std::size_t p = 0; p < points_.size(); ++p) {
      for (const std::size_t world : points_.worlds[p]) worst[p] = std::max(worst[p], codes[world]);
    }
    return worst;
  }

  void add_number_metric(const ResultColumn& column) {
    const PointMeans means = point_means(points_, file_.numbers(column.spec.name));
    const auto [values, codes] = encode(means.mean, [](double mean) { return std::isnan(mean); });
    if (all_equal(codes)) return add_constant(column, values.empty() ? "" : readable(values[0]));
    Json json = head(column, "number");
    json["headline"] = column.spec.headline;
    json["codec"] = "f32";
    json["data"] = pack(rounded(means.mean, kMantissaBits));
    if (points_.replications() > 1) {
      json["half_width"] = pack(rounded(means.half_width, kHalfWidthBits));
    }
    const bool is_main = std::find(std::begin(kMainMetrics), std::end(kMainMetrics),
                                   column.spec.name) != std::end(kMainMetrics);
    const std::size_t size = script_json(json).size();
    if (!is_main && size > room_) {
      left_out_.push_back(column.spec.name);
      return;
    }
    room_ -= std::min(room_, size);
    columns_.push_back(std::move(json));
  }

  std::vector<float> rounded(const std::vector<double>& values, int bits) const {
    std::vector<float> out(values.begin(), values.end());
    if (rounded_) {
      for (float& value : out) value = round_mantissa(value, bits);
    }
    return out;
  }

  const ResultFile& file_;
  const ReportOptions& options_;
  Points points_;
  std::vector<std::size_t> best_;
  bool rounded_ = false;
  std::size_t room_ = 0;  // bytes for further metrics
  Json out_ = Json::object();
  Json columns_ = Json::array(), constants_ = Json::array(), left_out_ = Json::array(),
       warnings_ = Json::array();
};

}  // namespace

std::string report_data(const ResultFile& file, const ReportOptions& options) {
  return Packer(file, options).run();
}

}  // namespace servesweep
