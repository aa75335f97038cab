#include "host/workload/workload_builder.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "host/base/error.hpp"
#include "host/base/units.hpp"
#include "host/workload/burstgpt_like.hpp"
#include "host/workload/production_mix.hpp"
#include "sim/core/clock.hpp"

namespace servesweep {

namespace {

constexpr std::size_t kDefaultGenerated = 10000;

template <class Process>
void fill_arrivals(Workload& workload, Process process) {
  constexpr double last_s = 9e9;  // of int64 nanoseconds: 292 years
  for (std::size_t i = 1; i < workload.size(); ++i) {
    const double time_s = process.next_s(i);
    if (!(time_s < last_s)) {
      throw InputError("request " + std::to_string(i) +
                       " of the workload arrives after 285 years " +
                       "(the clock ends there) raise workload.arrivals.rate_per_s or lower " +
                       "workload.requests");
    }
    workload.arrival_ns[i] = std::llround(time_s * 1e9);
  }
}

void generate_arrivals(const WorkloadSpec& spec, const RandomSource& random, Workload& workload) {
  const double rate = spec.mean_rate.rate_per_s;
  switch (spec.arrivals.kind) {
    case ArrivalKind::kPoisson:
      return fill_arrivals(workload, PoissonArrivals(rate, random));
    case ArrivalKind::kDeterministic:
      return fill_arrivals(workload, DeterministicArrivals{rate});
    case ArrivalKind::kGamma:
      return fill_arrivals(workload, GammaArrivals(spec.gamma, rate, random));
    case ArrivalKind::kMmpp:
      return fill_arrivals(workload, MmppArrivals(spec.mmpp, rate, random));
    case ArrivalKind::kDiurnal:
      return fill_arrivals(workload, DiurnalArrivals(spec.diurnal, rate, random));
    case ArrivalKind::kBurst:
      return fill_arrivals(workload, BurstArrivals{});
  }
}

template <class Model>
void fill_lengths(std::vector<std::int32_t>& tokens, const Model& model,
                  const LengthBounds& bounds) {
  for (std::size_t i = 0; i < tokens.size(); ++i) tokens[i] = bounds.clamp(model.draw(i));
}

// trace_tokens: a column of the trace of an empirical model, else null.
void generate_lengths(const LengthSpec& spec, const std::vector<std::int32_t>* trace_tokens,
                      RandomStream stream, std::vector<std::int32_t>& tokens) {
  switch (spec.choice.kind) {
    case LengthKind::kLognormal:
      return fill_lengths(tokens, LognormalLengths{spec.lognormal, stream}, spec.bounds);
    case LengthKind::kZipf:
      return fill_lengths(tokens, ZipfLengths(spec.zipf, spec.bounds, stream), spec.bounds);
    case LengthKind::kUniform:
      return fill_lengths(tokens, UniformLengths{spec.bounds, stream}, spec.bounds);
    case LengthKind::kFixed:
      tokens.assign(tokens.size(), spec.fixed.tokens);
      return;
    case LengthKind::kEmpirical:
      return fill_lengths(tokens, EmpiricalLengths{*trace_tokens, stream}, spec.bounds);
  }
}

std::shared_ptr<const Trace> load(const TraceProvider& traces, const std::string& path,
                                  const TraceOptions& options) {
  auto trace = traces(path, options);
  if (trace->size() == 0) {
    throw InputError("trace " + path + " holds no requests (" + std::to_string(trace->rows_read) +
                     " rows read) choose another, or look at keep_failed and on_bad_row");
  }
  return trace;
}

void generate_lengths(const WorkloadSpec& spec, const TraceProvider& traces,
                      const RandomSource& random, Workload& workload) {
  const bool prompt_empirical = spec.prompt.choice.kind == LengthKind::kEmpirical;
  const bool output_empirical = spec.output.choice.kind == LengthKind::kEmpirical;
  std::shared_ptr<const Trace> prompt_trace, output_trace;
  if (prompt_empirical) prompt_trace = load(traces, spec.prompt.trace, kLengthsOnly);
  if (output_empirical) output_trace = load(traces, spec.output.trace, kLengthsOnly);
  const bool pairs = prompt_empirical && output_empirical && spec.prompt.trace == spec.output.trace;

  generate_lengths(spec.prompt, prompt_trace ? &prompt_trace->prompt_tokens : nullptr,
                   random.stream(StreamId::kPromptLength), workload.prompt_tokens);
  generate_lengths(spec.output, output_trace ? &output_trace->output_tokens : nullptr,
                   random.stream(pairs ? StreamId::kPromptLength : StreamId::kOutputLength),
                   workload.output_tokens);
}

template <class Lengths>
void fill_pairs(Workload& workload, const Lengths& lengths) {
  for (std::size_t i = 0; i < workload.size(); ++i)
    lengths.draw(i, workload.prompt_tokens[i], workload.output_tokens[i]);
}

void generate(const WorkloadSpec& spec, const TraceProvider& traces, const RandomSource& random,
              Workload& workload) {
  switch (spec.source.preset) {
    case WorkloadPreset::kNone:
      generate_arrivals(spec, random, workload);
      return generate_lengths(spec, traces, random, workload);
    case WorkloadPreset::kBurstGptLike:
      fill_arrivals(workload, burstgpt_like::Arrivals(random));
      return fill_pairs(workload, burstgpt_like::Lengths(random));
    case WorkloadPreset::kProductionMix:
      generate_arrivals(spec, random, workload);
      return fill_pairs(workload, production_mix::Lengths(random));
  }
}

std::size_t request_count(const WorkloadSpec& spec, const Trace* trace) {
  const auto wanted = static_cast<std::size_t>(spec.source.requests);
  if (trace == nullptr) return wanted == 0 ? kDefaultGenerated : wanted;
  if (wanted > trace->size()) {
    throw InputError("invalid workload.requests=" + std::to_string(wanted) + " (trace " +
                     spec.trace + " has " + std::to_string(trace->size()) +
                     " requests) lower it, or use 0 for all of them");
  }
  return wanted == 0 ? trace->size() : wanted;
}

// The advice where a trace says when its requests come, but not in a way that can be simulated.
std::string as_lengths(const Trace& trace) {
  return "use it for lengths only: workload.lengths.prompt and .output with kind = \"empirical\" "
         "and trace = \"" +
         trace.path + "\", and arrivals by workload.arrivals";
}

void check_arrivals(const Trace& trace, std::size_t num_requests) {
  if (!trace.has_times()) {
    throw InputError("trace " + trace.path + " has no arrival times (the format " + trace.format +
                     " without its column of times) " + as_lengths(trace));
  }
  const auto begin = trace.delay_ns.begin();
  const auto end =
      trace.delay_ns.empty() ? begin : begin + static_cast<std::ptrdiff_t>(num_requests);
  const auto waiting =
      std::count_if(begin, end, [](std::int64_t delay_ns) { return delay_ns >= 0; });
  if (waiting > 0) {
    throw InputError("trace " + trace.path + " has sessions (" + format_count(waiting, "request") +
                     " with a delay after the answer before, which is not simulated yet) " +
                     as_lengths(trace));
  }
}

// The first of a trace's requests, as many as the workload has.
void copy_requests(const Trace& trace, Workload& workload) {
  const std::size_t n = workload.size();
  check_arrivals(trace, n);
  for (std::size_t i = 0; i < n; ++i)
    workload.arrival_ns[i] = trace.arrival_ns[i] - trace.arrival_ns[0];
  const auto copy = [](const auto& from, std::size_t count, auto& to) {
    to.assign(from.begin(), from.begin() + static_cast<std::ptrdiff_t>(count));
  };
  copy(trace.prompt_tokens, n, workload.prompt_tokens);
  copy(trace.output_tokens, n, workload.output_tokens);
  if (!trace.priority.empty()) copy(trace.priority, n, workload.priority);
  if (trace.prefix_block_tokens == 0) return;
  copy(trace.prefix_begin, n + 1, workload.prefix_begin);
  copy(trace.prefix_hashes, static_cast<std::size_t>(workload.prefix_begin.back()),
       workload.prefix_hashes);
  workload.prefix_block_tokens = trace.prefix_block_tokens;
  // Hashes are numbered as they appear, so the first requests have the lowest numbers.
  for (const std::int32_t hash : workload.prefix_hashes) {
    workload.num_prefix_hashes = std::max(workload.num_prefix_hashes, hash + 1);
  }
}

template <class Predictor>
void fill_predictions(Workload& workload, const Predictor& predictor) {
  for (std::size_t i = 0; i < workload.size(); ++i)
    workload.predicted_tokens[i] =
        predictor.predict(i, workload.prompt_tokens[i], workload.output_tokens[i]);
}

void predict(const WorkloadSpec& spec, const Trace* trace, const RandomSource& random,
             Workload& workload) {
  const bool trace_predicts = trace != nullptr && !trace->predicted_tokens.empty();
  PredictorKind kind = spec.predictor.predictor;
  if (kind == PredictorKind::kAuto)
    kind = trace_predicts ? PredictorKind::kTrace : PredictorKind::kPowerLaw;
  const RandomStream stream = random.stream(StreamId::kPredictor);
  switch (kind) {
    case PredictorKind::kAuto:
    case PredictorKind::kTrace:
      if (!trace_predicts) {
        throw InputError("invalid workload.predictor=trace (" +
                         (trace ? "trace " + spec.trace + " has no predicted lengths"
                                : std::string("there is no workload.trace")) +
                         ") choose another predictor");
      }
      std::copy_n(trace->predicted_tokens.begin(), workload.size(),
                  workload.predicted_tokens.begin());
      return;
    case PredictorKind::kPowerLaw:
      return fill_predictions(workload, PowerLawPredictor{spec.power_law, spec.noise, stream});
    case PredictorKind::kOracle:
      return fill_predictions(workload, OraclePredictor{});
    case PredictorKind::kNoisyOracle:
      return fill_predictions(workload, NoisyOraclePredictor{spec.noise, stream});
    case PredictorKind::kConstant:
      return fill_predictions(workload, ConstantPredictor{spec.constant});
  }
}

// Gives each request a class, unless they have one or there is one class only. A higher share takes
// requests from class 1 to class 0, never back.
void draw_classes(const RequestClassParams& params, const RandomSource& random,
                  Workload& workload) {
  if (!workload.priority.empty() || params.one_class()) return;
  const RandomStream stream = random.stream(StreamId::kPriority);
  for (std::size_t i = 0; i < workload.size(); ++i) {
    workload.priority.push_back(stream.uniform(i) < params.high_share ? 0 : 1);
  }
}

}  // namespace

Workload build_workload(const WorkloadSpec& spec, const TraceProvider& traces, std::uint64_t seed,
                        std::uint32_t replication) {
  std::shared_ptr<const Trace> trace;
  if (!spec.trace.empty()) {
    trace = load(traces, spec.trace, trace_options(spec.trace_options));
  }
  const std::size_t n = request_count(spec, trace.get());
  Workload workload;
  workload.arrival_ns.resize(n);
  workload.prompt_tokens.resize(n);
  workload.output_tokens.resize(n);
  workload.predicted_tokens.resize(n);

  const RandomSource random{seed, replication};
  if (trace) {
    copy_requests(*trace, workload);
  } else {
    generate(spec, traces, random, workload);
  }
  predict(spec, trace.get(), random, workload);
  draw_classes(spec.classes, random, workload);
  return workload;
}

double natural_rate_per_s(const Workload& workload) {
  if (workload.size() < 2) return 0;
  return static_cast<double>(workload.size() - 1) /
         (static_cast<double>(workload.arrival_ns.back()) * 1e-9);
}

std::size_t bytes_of(const Workload& workload) {
  const auto bytes = [](const auto& column) { return column.size() * sizeof column[0]; };
  return bytes(workload.arrival_ns) + bytes(workload.prompt_tokens) +
         bytes(workload.output_tokens) + bytes(workload.predicted_tokens) +
         bytes(workload.priority) + bytes(workload.prefix_begin) + bytes(workload.prefix_hashes);
}

namespace {

double scaling_of(const WorkloadSpec& spec, const Workload& workload) {
  if (spec.clock.real_timestamps) return 1;
  if (spec.load.rps == 0) return spec.load.rps_scaling;
  if (workload.size() < 2) return 1;  // the only request arrives at time 0 at any rate
  const double natural = natural_rate_per_s(workload);
  if (std::isinf(natural)) {
    throw InputError("invalid workload.rps=" + std::to_string(spec.load.rps) + " (all " +
                     std::to_string(workload.size()) + " requests arrive at the same moment) use " +
                     "workload.rps_scaling or real_timestamps");
  }
  return spec.load.rps / natural;
}

}  // namespace

double load_scaling(const WorkloadSpec& spec, const Workload& workload) {
  const double scaling = scaling_of(spec, workload);
  const auto scaled_ns = [scaling](std::int64_t ns) { return static_cast<double>(ns) / scaling; };
  const auto is_exact = [&](std::int64_t ns) {
    return scaled_ns(ns) <= static_cast<double>(kMaxArrival_ns);
  };
  const std::vector<std::int64_t>& arrival_ns = workload.arrival_ns;
  if (is_exact(arrival_ns.back())) return scaling;
  const auto first_late = std::partition_point(arrival_ns.begin(), arrival_ns.end(), is_exact);
  const std::string num_before = std::to_string(first_late - arrival_ns.begin());
  throw InputError("arrivals span " +
                   std::to_string(static_cast<std::int64_t>(scaled_ns(arrival_ns.back()) * 1e-9)) +
                   " s (at " + "most 9007199 s, 104 days, keep the clock exact; the first " +
                   num_before + " of " + std::to_string(arrival_ns.size()) +
                   " requests do) set workload.requests = " + num_before +
                   " or less, or raise workload.rps_scaling");
}

}  // namespace servesweep
