// A small set of parameters of every type, for tests of sweep files: no engine is behind it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/sweep/sweep_builder.hpp"
#include "io/files/toml_reader.hpp"

namespace servesweep::small {

enum class Kind { kStaticFifo, kDynamicNoBins, kMultiBinDynamic };
enum class Predictor { kOracle, kNoisy };

}  // namespace servesweep::small

namespace servesweep {

template <>
struct EnumNames<small::Kind> {
  static constexpr const char* values[] = {"static_fifo", "dynamic_no_bins", "multi_bin_dynamic"};
};
template <>
struct EnumNames<small::Predictor> {
  static constexpr const char* values[] = {"oracle", "noisy"};
};

namespace small {

struct Workload {
  InputFile trace;
  std::int64_t requests = 1000;
  double rps_scaling = 1.0;
  bool real_timestamps = false;
  Predictor predictor = Predictor::kOracle;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    visit(&Workload::trace, FieldName{"trace", "workload_trace"},
          "Trace file; none: a generated one.");
    visit(&Workload::requests, FieldName{"requests", "workload_requests"}, "", 1.0, 1e9,
          "Number of requests.");
    visit(&Workload::rps_scaling, "rps_scaling", "", 0.0, 1e6, "Load factor.");
    visit(&Workload::real_timestamps, "real_timestamps", "Keep the times of the trace.");
    visit(&Workload::predictor, FieldName{"predictor", "workload_predictor"},
          "How lengths are predicted.");
  }
};

struct Noise {
  double sigma = 0.1;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    visit(&Noise::sigma, in_table("sigma"), "", 0.0, 10.0, "Spread of the prediction.");
  }
};

struct Scheduler {
  Kind kind = Kind::kMultiBinDynamic;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    visit(&Scheduler::kind, in_table("kind"), "Which scheduler.");
  }
};

struct Fixed {
  std::int32_t batch_size = 8;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    visit(&Fixed::batch_size, "batch_size", "", 1.0, 1024.0, "Requests per batch.");
  }
};

struct Edges {
  IntegerList bin_edges;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    visit(&Edges::bin_edges, "bin_edges", "Edges of the bins; none: equal mass.");
  }
};

struct Bins {
  std::int32_t k_bins = 4;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    visit(&Bins::k_bins, "k_bins", "", 1.0, 1024.0, "Number of bins.");
  }
};

struct Cluster {
  std::int32_t num_gpus = 1;
  double gpu_memory_gb = 12.0;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    visit(&Cluster::num_gpus, "num_gpus", "", 1.0, 1000.0, "GPUs.");
    visit(&Cluster::gpu_memory_gb, "gpu_memory_gb", "GB", 0.0, 1e6, "Memory of a GPU.");
  }
};

inline const ParameterSet& parameters() {
  static const ParameterSet set = [] {
    ParameterSet s;
    s.add<Workload>("workload");
    s.add<Noise>("workload", {{"workload.predictor", {"noisy"}}});
    s.add<Scheduler>("scheduler");
    s.add<Fixed>("scheduler", {{"scheduler.kind", {"static_fifo"}}});
    s.add<Edges>("scheduler", {{"scheduler.kind", {"multi_bin_dynamic"}}});
    s.add<Bins>("scheduler",
                {{"scheduler.kind", {"multi_bin_dynamic"}}, {"scheduler.bin_edges", {""}}});
    s.add<Cluster>("cluster");
    return s;
  }();
  return set;
}

// What an engine could have against a point.
inline std::vector<Finding> check(const double* values, const std::vector<std::string>&) {
  const ParameterSet& set = parameters();
  const double bins = values[*set.find("k_bins")], gpus = values[*set.find("num_gpus")];
  if (!(bins > 100 * gpus)) return {};
  return {
      {"scheduler.k_bins", "invalid scheduler.k_bins=" + std::to_string(static_cast<int>(bins)) +
                               " (must be at "
                               "most 100 per GPU)"}};
}

inline Sweep sweep(const std::string& toml, const std::vector<std::string>& overrides = {}) {
  return build_sweep(parse_toml(toml, "sweep.toml", "", overrides), parameters(), check);
}

// Every error, a line each; "" when there is none.
inline std::string errors(const std::string& toml, const std::vector<std::string>& overrides = {}) {
  try {
    sweep(toml, overrides);
    return "";
  } catch (const InputError& error) {
    return error.what();
  }
}

// One line per point: "column=value" of all that it reads and that is not at its default.
inline std::vector<std::string> points(const Sweep& sweep) {
  std::vector<std::string> lines;
  std::vector<double> values(sweep.parameters().size());
  for (std::int64_t p = 0; p < sweep.num_points(); ++p) {
    sweep.values(p * sweep.settings().replications, values.data());
    std::string line;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const Parameter& parameter = sweep.parameters()[i];
      const double value = values[i];
      if (value != value || value == parameter.default_value) continue;
      std::string text = std::to_string(value);
      text.erase(text.find_last_not_of('0') + 1);
      if (text.back() == '.') text.pop_back();
      if (parameter.type == ParameterType::kChoice) {
        text = parameter.choices[static_cast<std::size_t>(value)];
      }
      if (parameter.is_text()) {
        text = sweep.texts()[static_cast<std::size_t>(value)];
      }
      line += (line.empty() ? "" : " ") + parameter.column + "=" + text;
    }
    lines.push_back(line);
  }
  return lines;
}

}  // namespace small
}  // namespace servesweep
