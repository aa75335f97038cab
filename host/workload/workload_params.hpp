// The parameters of a workload, tables [workload], [workload.prediction], [workload.arrivals] and
// [workload.lengths.prompt / .output]: where the requests come from, how many, how fast they are
// replayed, and how their output lengths are predicted.
//
// The source is a trace, else a preset, else (neither given) the arrivals and lengths tables.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/parameters/parameter.hpp"
#include "host/workload/arrivals.hpp"
#include "host/workload/lengths.hpp"
#include "host/workload/predictors.hpp"
#include "host/workload/trace.hpp"
#include "sim/core/field.hpp"

namespace servesweep {

enum class WorkloadPreset { kNone, kBurstGptLike, kProductionMix };

template <>
struct EnumNames<WorkloadPreset> {
  static constexpr const char* values[] = {"none", "burstgpt-like", "production-mix"};
};

template <>
struct EnumNames<OnBadRow> {
  static constexpr const char* values[] = {"error", "skip"};
};

template <>
struct EnumNames<TimeUnit> {
  static constexpr const char* values[] = {"auto", "s", "ms", "us", "ns", "date"};
};

struct SourceParams {
  TraceFile trace;
  WorkloadPreset preset = WorkloadPreset::kNone;
  std::int64_t requests = 0;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    visit(&SourceParams::trace, FieldName{"trace", "workload_trace"},
          "Trace file; its format is found from its header.");
    visit(&SourceParams::preset, FieldName{"preset", "workload_preset"},
          "Generator with fixed constants, instead of a trace.");
    visit(&SourceParams::requests, FieldName{"requests", "workload_requests"}, "requests", 0, 2e9,
          "Number of requests, from the first on; 0: all of a trace, 10000 of a generator.");
  }
};

struct TraceParams {
  bool keep_failed = false;
  OnBadRow on_bad_row = OnBadRow::kError;
  TimeUnit time_unit = TimeUnit::kAuto;
  std::int32_t hash_block = 0;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    visit(&TraceParams::keep_failed, "keep_failed",
          "Keeps requests with 0 output tokens (failed ones in BurstGPT).");
    visit(&TraceParams::on_bad_row, "on_bad_row",
          "A row that cannot be read is an error, or skipped and counted.");
    visit(&TraceParams::time_unit, FieldName{"time_unit", "workload_time_unit"},
          "Unit of the trace's times, or dates; auto: as its format says.");
    visit(&TraceParams::hash_block, FieldName{"hash_block", "workload_hash_block"}, "tokens", 0,
          1e9,
          "Tokens of the blocks that the trace's prefix hashes stand for; 0: as its format "
          "says.");
  }
};

struct ClockParams {
  bool real_timestamps = false;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    visit(&ClockParams::real_timestamps, "real_timestamps",
          "Replays at the workload's own clock: neither rps_scaling nor rps is read.");
  }
};

struct LoadParams {
  double rps_scaling = 1.0;
  double rps = 0.0;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    visit(&LoadParams::rps_scaling, "rps_scaling", "", 1e-9, 1e9,
          "Factor by which requests arrive faster than by the workload's own clock.");
    visit(&LoadParams::rps, FieldName{"rps", "workload_rps"}, "1/s", 0.0, 1e9,
          "Replays at this mean arrival rate instead; 0: by rps_scaling.");
  }
};

struct PredictorChoice {
  PredictorKind predictor = PredictorKind::kAuto;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    visit(&PredictorChoice::predictor, FieldName{"predictor", "workload_predictor"},
          "Predicts output lengths; auto: the trace's own predictions, else power_law.");
  }
};

struct ArrivalChoice {
  ArrivalKind kind = ArrivalKind::kPoisson;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    visit(&ArrivalChoice::kind, FieldName{"kind", "workload_arrivals_kind"}, "Arrival process.");
  }
};

struct MeanArrivalRate {
  double rate_per_s = 1.0;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    visit(&MeanArrivalRate::rate_per_s, "rate_per_s", "1/s", 1e-6, 1e9, "Mean arrival rate.");
  }
};

// Priority classes of requests, table [workload.priority]: drawn where a trace has none. Only
// engines with a policy that looks at them register these parameters; to all others, the results
// of such a table would be a column that says nothing.
struct RequestClassParams {
  double high_share = 1.0;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    visit(&RequestClassParams::high_share, "high_share", "", 0.0, 1.0,
          "Share of requests of class 0, which goes first; the others are of class 1. Not for "
          "traces with priorities of their own.");
  }

  bool one_class() const { return high_share >= 1; }
};

struct LengthChoice {
  LengthKind kind = LengthKind::kLognormal;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    visit(&LengthChoice::kind, in_table("kind"), "Distribution of the lengths.");
  }
};

struct LengthSpec {
  LengthChoice choice;
  LognormalLengths::Params lognormal;
  ZipfLengths::Params zipf;
  FixedLengths::Params fixed;
  EmpiricalLengths::Params empirical;
  LengthBounds bounds;
  std::string trace;  // the path behind `empirical`
};

struct WorkloadSpec {
  SourceParams source;
  TraceParams trace_options;
  ClockParams clock;
  LoadParams load;
  PredictorChoice predictor;
  PowerLawPredictor::Params power_law;
  PredictionNoise noise;
  ConstantPredictor::Params constant;
  ArrivalChoice arrivals;
  MeanArrivalRate mean_rate;
  GammaArrivals::Params gamma;
  MmppArrivals::Params mmpp;
  DiurnalArrivals::Params diurnal;
  LengthSpec prompt, output;
  RequestClassParams classes;
  std::string trace;  // the path behind `source`, "" if none
};

// Registers everything above but the classes, each with the conditions under which it is read.
void add_workload_parameters(ParameterSet& set);
void add_request_class_parameters(ParameterSet& set, const std::vector<Condition>& read_when = {});

// A world's specification, with classes where the set has them. values: one per parameter of `set`;
// texts: by id.
WorkloadSpec read_workload_spec(const ParameterSet& set, const double* values,
                                const std::vector<std::string>& texts);

// Whether the set has the parameters of workloads. All below needs them, but for
// read_trace_options(), which gives the defaults without them.
bool has_workload_parameters(const ParameterSet& set);
// How the trace of a world is read, and its traces of lengths.
TraceOptions trace_options(const TraceParams& params);
inline constexpr TraceOptions kLengthsOnly{.lengths_only = true};
// How a world's traces are read.
TraceOptions read_trace_options(const ParameterSet& set, const double* values);

// What is wrong between parameters that are each in range.
std::vector<Finding> check_workload(const WorkloadSpec& spec);

// Equal for specifications that give the same requests (everything but rps_scaling, rps and
// real_timestamps counts) at the same seed and replication. Bytes, not for people.
std::string workload_key(const WorkloadSpec& spec, std::uint64_t seed, std::uint32_t replication);

}  // namespace servesweep
