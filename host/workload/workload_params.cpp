#include "host/workload/workload_params.hpp"

#include <cstddef>
#include <cstring>
#include <type_traits>
#include <utility>

#include "host/parameters/parts.hpp"
#include "host/parameters/toml_text.hpp"

namespace servesweep {

namespace {

template <class Lengths, class ReadWhen, class Visitor>
void visit_lengths(Lengths& lengths, const char* table, const ReadWhen& generated,
                   Visitor&& visit) {
  const auto kind = [table](auto... names) {
    return [=] { return Conditions{{std::string(table) + ".kind", {names...}}}; };
  };
  visit(lengths.choice, table, generated);
  visit(lengths.lognormal, table, kind("lognormal"));
  visit(lengths.zipf, table, kind("zipf"));
  visit(lengths.fixed, table, kind("fixed"));
  visit(lengths.empirical, table, kind("empirical"));
  visit(lengths.bounds, table, kind("lognormal", "zipf", "uniform", "empirical"));
}

}  // namespace

template <class Visitor>
void visit_params(WorkloadSpec& spec, Visitor&& visit) {
  const auto generated = [] {
    return Conditions{{"workload.trace", {""}}, {"workload.preset", {"none"}}};
  };
  const auto arriving = [] {  // the preset production-mix has lengths only
    return Conditions{{"workload.trace", {""}}, {"workload.preset", {"none", "production-mix"}}};
  };
  visit(spec.source, "workload", always);
  visit(spec.trace_options, "workload", when("workload.trace", "*"));
  visit(spec.clock, "workload", always);
  visit(spec.load, "workload", when("workload.real_timestamps", "false"));
  visit(spec.predictor, "workload", always);
  visit(spec.power_law, "workload.prediction", when("workload.predictor", "auto", "power_law"));
  visit(spec.noise, "workload.prediction",
        when("workload.predictor", "auto", "power_law", "noisy_oracle"));
  visit(spec.constant, "workload.prediction", when("workload.predictor", "constant"));
  visit(spec.arrivals, "workload.arrivals", arriving);
  visit(spec.mean_rate, "workload.arrivals",
        when("workload.arrivals.kind", "poisson", "deterministic", "gamma", "mmpp", "diurnal"));
  visit(spec.gamma, "workload.arrivals", when("workload.arrivals.kind", "gamma"));
  visit(spec.mmpp, "workload.arrivals", when("workload.arrivals.kind", "mmpp"));
  visit(spec.diurnal, "workload.arrivals", when("workload.arrivals.kind", "diurnal"));
  visit_lengths(spec.prompt, "workload.lengths.prompt", generated, visit);
  visit_lengths(spec.output, "workload.lengths.output", generated, visit);
}

namespace {

template <class Params>
void append_bytes(std::string& key, const Params& params) {
  Params::fields([&]<class T>(T Params::*member, auto&&...) {
    if constexpr (!kIsTextField<T>) {  // ids differ between sweeps; spellings are in
      const auto value = static_cast<double>(params.*member);
      char bytes[sizeof value];
      std::memcpy(bytes, &value, sizeof value);
      key.append(bytes, sizeof value);
    }
  });
}

void check_lengths(const LengthSpec& lengths, const std::string& table,
                   std::vector<Finding>& findings) {
  const auto& b = lengths.bounds;
  if (b.min_tokens > b.max_tokens) {
    findings.push_back(
        {table + ".min_tokens", "invalid min_tokens=" + std::to_string(b.min_tokens) +
                                    " (above max_tokens=" + std::to_string(b.max_tokens) + ")"});
  }
  if (lengths.choice.kind == LengthKind::kEmpirical && lengths.trace.empty()) {
    findings.push_back({table + ".trace", "missing " + table +
                                              ".trace (kind = \"empirical\" resamples a trace) " +
                                              "name a trace file"});
  }
}

}  // namespace

void add_workload_parameters(ParameterSet& set) { add_params<WorkloadSpec>(set); }

WorkloadSpec read_workload_spec(const ParameterSet& set, const double* values,
                                const std::vector<std::string>& texts) {
  WorkloadSpec spec;
  read_params(spec, set, values);
  if (const auto classes = set.find("workload.priority.high_share")) {
    ParameterSet::assign(spec.classes, values, *classes);
  }
  const auto text = [&texts](TraceFile t) { return texts.at(static_cast<std::size_t>(t.id)); };
  spec.trace = text(spec.source.trace);
  spec.prompt.trace = text(spec.prompt.empirical.trace);
  spec.output.trace = text(spec.output.empirical.trace);
  return spec;
}

void add_request_class_parameters(ParameterSet& set, const std::vector<Condition>& read_when) {
  set.add<RequestClassParams>("workload.priority", read_when);
}

bool has_workload_parameters(const ParameterSet& set) {
  return set.find("workload.trace").has_value();
}

TraceOptions trace_options(const TraceParams& params) {
  return {params.keep_failed, params.on_bad_row, params.time_unit, params.hash_block};
}

TraceOptions read_trace_options(const ParameterSet& set, const double* values) {
  if (!has_workload_parameters(set)) return {};
  if (values[set.find("workload.trace").value()] == 0) return kLengthsOnly;
  TraceParams params;
  ParameterSet::assign(params, values, set.find("workload.keep_failed").value());
  return trace_options(params);
}

std::vector<Finding> check_workload(const WorkloadSpec& spec) {
  std::vector<Finding> findings;
  const bool has_trace = !spec.trace.empty();
  const bool has_preset = spec.source.preset != WorkloadPreset::kNone;
  if (has_trace && has_preset) {
    findings.push_back(
        {"workload.preset", std::string("invalid preset=") + name_of(spec.source.preset) +
                                " (workload.trace is given too) keep one of the two"});
  }
  if (!has_trace && spec.predictor.predictor == PredictorKind::kTrace) {
    findings.push_back({"workload.predictor",
                        "invalid predictor=trace (there is no workload.trace) choose another "
                        "predictor"});
  }
  if (!spec.clock.real_timestamps && spec.load.rps > 0 && spec.load.rps_scaling != 1) {
    findings.push_back(
        {"workload.rps_scaling", "invalid rps_scaling=" + plain_number(spec.load.rps_scaling) +
                                     " (workload.rps=" + plain_number(spec.load.rps) +
                                     " sets the rate) keep one of the two"});
  }
  if (spec.power_law.min_tokens > spec.power_law.max_tokens) {
    findings.push_back({"workload.prediction.min_tokens",
                        "invalid min_tokens=" + std::to_string(spec.power_law.min_tokens) +
                            " (above max_tokens=" + std::to_string(spec.power_law.max_tokens) +
                            ")"});
  }
  if (!has_trace && !has_preset) {
    check_lengths(spec.prompt, "workload.lengths.prompt", findings);
    check_lengths(spec.output, "workload.lengths.output", findings);
  }
  return findings;
}

std::string workload_key(const WorkloadSpec& spec, std::uint64_t seed, std::uint32_t replication) {
  std::string key = std::to_string(seed) + ' ' + std::to_string(replication) + ' ';
  for (const std::string& path : {spec.trace, spec.prompt.trace, spec.output.trace}) {
    key += path;
    key += '\0';
  }
  WorkloadSpec requests = spec;
  requests.clock = {};
  requests.load = {};
  visit_params(requests,
               [&key](const auto& params, const char*, auto&&) { append_bytes(key, params); });
  if (!spec.classes.one_class()) append_bytes(key, spec.classes);
  return key;
}

}  // namespace servesweep
