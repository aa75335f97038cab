// Time of an iteration from measured kernel times: layers whose time depends on the tokens of the
// iteration, layers whose time depends on its sequences, and attention, which depends on four
// things: the tokens that are prefilled, those cached before them, the number of sequences that
// decode and the mean of their contexts. Between measured values it is linear in each axis.
// (Profiles and method: LLMServingSim, Cho et al. 2024, arXiv:2408.05499.) Ignores how contexts
// spread around their mean, and all that the server does beside its kernels.
#pragma once

#include "sim/latency/iteration/iteration.hpp"

namespace servesweep {

// Where x lies among ascending values, of which there are two at least: at a share of the way from
// value `cell` to the next one, or beyond the last value by that share of the last cell.
struct TablePlace {
  std::int32_t cell = 0;
  bool is_beyond = false;
  double share = 0.0;

  SERVESWEEP_FUNCTION static TablePlace of(const double* values, std::int32_t count, double x) {
    std::int32_t low = 0;
    std::int32_t high = count - 1;
    while (high - low > 1) {
      const std::int32_t middle = (low + high) / 2;
      (values[middle] <= x ? low : high) = middle;
    }
    TablePlace place;
    place.cell = low;
    place.is_beyond = x >= values[high];
    place.share = (x - values[place.is_beyond ? high : low]) / (values[high] - values[low]);
    return place;
  }

  // Times do not fall beyond the last value.
  SERVESWEEP_FUNCTION double rise(double low, double high) const {
    return is_beyond ? max_of(0.0, high - low) : high - low;
  }
  SERVESWEEP_FUNCTION double between(double low, double high) const {
    return (is_beyond ? high : low) + share * rise(low, high);
  }
};

// A piecewise linear function of tokens or sequences.
struct TableCurve {
  const double* values = nullptr;   // [point], ascending
  const double* time_ns = nullptr;  // [point]
  std::int32_t count = 0;           // at least 2

  SERVESWEEP_FUNCTION double at(std::int64_t x) const {
    const TablePlace place = TablePlace::of(values, count, static_cast<double>(x));
    return place.between(time_ns[place.cell], time_ns[place.cell + 1]);
  }
};

// Attention in all layers of the model, a complete table. Each axis begins with 0.
struct AttentionTable {
  static constexpr int kAxes = 4;
  enum Axis { kPrefillTokens, kPrefillContext, kDecodes, kDecodeContext };

  const double* values[kAxes] = {};  // [point of the axis], ascending
  std::int32_t counts[kAxes] = {};   // at least 2
  const double* time_ns = nullptr;   // [prefill tokens][their context][decodes][their context]
};

struct TableIteration : IterationDefaults {
  static constexpr const char* kName = "table";
  static constexpr bool kReadsProfile = true;
  // What keeps the clock in range whatever a table says.
  static constexpr double kMost_ns_per_token = 2e9;

  struct Lowered {
    TableCurve tokens;     // all layers whose time depends on tokens, of the whole model
    TableCurve sequences;  // those whose time depends on sequences
    AttentionTable attention;
  };

  SERVESWEEP_FUNCTION static Ticks time(const Lowered& model, const IterationShape& shape) {
    if (shape.chunks == 0) return line(model, shape.decodes, shape.context_sum).first;
    const double x[AttentionTable::kAxes] = {
        static_cast<double>(shape.prefill_tokens), static_cast<double>(shape.prefill_context),
        static_cast<double>(shape.decodes),
        static_cast<double>(shape.decodes > 0 ? shape.context_sum / shape.decodes : 0)};
    const double ns = model.tokens.at(shape.prefill_tokens + shape.decodes) +
                      model.sequences.at(std::int64_t{shape.chunks} + shape.decodes) +
                      attention(model.attention, x);
    return max_of(at_most(ns, kLongestIteration_ns), kShortestIteration);
  }

  // n > 0 sequences decode. Their mean context, rounded down, grows by 1 an iteration, and between
  // two measured contexts k, k' the time at m is A + B * (m - k): A the time at k, B the slope,
  // each rounded once.
  SERVESWEEP_FUNCTION static IterationLine line(const Lowered& model, std::int32_t decodes,
                                                std::int64_t context_sum) {
    const AttentionTable& table = model.attention;
    constexpr int kN = AttentionTable::kDecodes;
    constexpr int kM = AttentionTable::kDecodeContext;
    const std::int64_t mean = context_sum / decodes;
    const double* contexts = table.values[kM];
    const TablePlace n = TablePlace::of(table.values[kN], table.counts[kN], decodes);
    const TablePlace m = TablePlace::of(contexts, table.counts[kM], static_cast<double>(mean));
    const double* row = table.time_ns + std::int64_t{n.cell} * table.counts[kM] + m.cell;
    const double* next_row = row + table.counts[kM];
    const double low = n.between(row[0], next_row[0]);
    const double high = n.between(row[1], next_row[1]);
    const double others = model.tokens.at(decodes) + model.sequences.at(decodes);
    const Ticks start = at_most(others + (m.is_beyond ? high : low), kLongestIteration_ns);
    const Ticks slope =
        at_most(m.rise(low, high) / (contexts[m.cell + 1] - contexts[m.cell]), kMost_ns_per_token);
    const auto from = static_cast<std::int64_t>(contexts[m.is_beyond ? m.cell + 1 : m.cell]);

    IterationLine line;
    line.first = start + slope * (mean - from);
    line.step = slope;
    if (!m.is_beyond) line.count = static_cast<std::int64_t>(contexts[m.cell + 1]) - mean;
    const Ticks next = slope < 0 ? line.first + slope * line.count : line.first;  // at its end
    if (min_of(line.first, next) < kShortestIteration) {
      return {max_of(line.first, kShortestIteration), 0, 1};
    }
    return line;
  }

 private:
  SERVESWEEP_FUNCTION static Ticks at_most(double ns, double most_ns) {
    return ticks_of(clamp_to(ns, -most_ns, most_ns));
  }

  // Linear in the last axis first.
  SERVESWEEP_FUNCTION static double attention(const AttentionTable& table,
                                              const double (&x)[AttentionTable::kAxes]) {
    constexpr int kCorners = 1 << AttentionTable::kAxes;
    TablePlace places[AttentionTable::kAxes];
    std::int64_t offsets[kCorners] = {0};  // [corner]: bit 0 is the last axis' upper end
    std::int64_t stride = 1;
    for (int a = AttentionTable::kAxes - 1, corners = 1; a >= 0; --a, corners *= 2) {
      places[a] = TablePlace::of(table.values[a], table.counts[a], x[a]);
      for (int c = 0; c < corners; ++c) {
        offsets[c] += stride * places[a].cell;
        offsets[c + corners] = offsets[c] + stride;
      }
      stride *= table.counts[a];
    }
    double times[kCorners];
    for (int c = 0; c < kCorners; ++c) times[c] = table.time_ns[offsets[c]];
    for (int a = AttentionTable::kAxes - 1, corners = kCorners / 2; a >= 0; --a, corners /= 2) {
      for (int c = 0; c < corners; ++c) {
        times[c] = places[a].between(times[2 * c], times[2 * c + 1]);
      }
    }
    return times[0];
  }
};

static_assert(kIsIterationModel<TableIteration>,
              "an iteration model has kName, Lowered, time(Lowered, IterationShape) and "
              "line(Lowered, decodes, context_sum)");

}  // namespace servesweep
