#include "host/calibration/calibrate_iterations.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "host/base/error.hpp"
#include "host/base/names.hpp"
#include "host/base/units.hpp"
#include "host/calibration/least_squares.hpp"
#include "host/engines/continuous/continuous_params.hpp"

namespace servesweep {

namespace {

// A term of the model: its column of the rows and its coefficient.
struct IterationTerm {
  const char* column;
  double MeasuredIteration::*value;  // null: 1 in every row
  const char* key;
  double AffineRegimeParams::*coefficient;
  const char* unit;
};
constexpr std::size_t kNumTerms = 5;
constexpr std::array<IterationTerm, kNumTerms> kTermsOfIteration = {{
    {"1", nullptr, "base_ms", &AffineRegimeParams::base_ms, "ms"},
    {"prefill_tokens", &MeasuredIteration::prefill_tokens, "per_prompt_token_ms",
     &AffineRegimeParams::per_prompt_token_ms, "ms/token"},
    {"prefill_pair_tokens", &MeasuredIteration::prefill_pair_tokens, "per_prompt_token_pair_ms",
     &AffineRegimeParams::per_prompt_token_pair_ms, "ms"},
    {"sequences", &MeasuredIteration::sequences, "per_sequence_ms",
     &AffineRegimeParams::per_sequence_ms, "ms"},
    {"context_tokens", &MeasuredIteration::context_tokens, "per_context_token_ms",
     &AffineRegimeParams::per_context_token_ms, "ms/token"},
}};

using Terms = std::vector<std::size_t>;  // indices

double value_of(const IterationTerm& term, const MeasuredIteration& row) {
  return term.value == nullptr ? 1.0 : row.*term.value;
}

struct Range {
  double least, most;
};
Range range_of(const MeasuredIterations& measured, double MeasuredIteration::*value) {
  const auto [least, most] =
      std::minmax_element(measured.rows.begin(), measured.rows.end(),
                          [value](const auto& a, const auto& b) { return a.*value < b.*value; });
  return {*least.*value, *most.*value};
}

class IterationFitter {
 public:
  explicit IterationFitter(const MeasuredIterations& measured) : measured_(measured) {
    for (const MeasuredIteration& row : measured.rows) times_.push_back(row.time_ms);
  }

  IterationFit fit() {
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    fit_.coefficients = {0, 0, 0, 0, 0};
    fit_.errors = {nan, nan, nan, nan, nan};
    const Terms known = told_apart();
    if (measured_.rows.size() < known.size() || known.size() < 2) {
      throw InputError("cannot fit the iteration model to " +
                       format_count(static_cast<std::int64_t>(measured_.rows.size()), "row") +
                       " (no column but time tells them apart, or they are fewer than the "
                       "coefficients) measure more different iterations");
    }
    const auto [terms, solved] = best(known);
    for (const std::size_t t : known) {
      if (std::find(terms.begin(), terms.end(), t) != terms.end()) continue;
      warn("{} came out negative and is held at 0: the rows do not follow the model there",
           kTermsOfIteration[t].key);
    }
    static_cast<FitQuality&>(fit_) = quality(terms, solved);
    fit_.times_ms = times_;
    for (std::size_t i = 0; i < terms.size(); ++i) {
      const IterationTerm& term = kTermsOfIteration[terms[i]];
      fit_.coefficients.*term.coefficient = solved.x[i];
      fit_.errors.*term.coefficient = fit_.residual_error_ms * std::sqrt(solved.covariance[i][i]);
    }
    coverage();
    return std::move(fit_);
  }

 private:
  template <class... Args>
  void warn(fmt::format_string<Args...> format, Args&&... args) {
    fit_.warnings.push_back(fmt::format(format, std::forward<Args>(args)...));
  }

  std::vector<std::vector<double>> columns_of(const Terms& terms) const {
    std::vector<std::vector<double>> columns;
    for (const std::size_t t : terms) {
      columns.emplace_back();
      for (const MeasuredIteration& row : measured_.rows) {
        columns.back().push_back(value_of(kTermsOfIteration[t], row));
      }
    }
    return columns;
  }

  // Terms whose coefficients the rows can tell; of each other term a warning says what is wrong.
  Terms told_apart() {
    Terms terms = {0};
    for (std::size_t t = 1; t < kNumTerms; ++t) {
      const IterationTerm& term = kTermsOfIteration[t];
      if (term.value == &MeasuredIteration::prefill_pair_tokens && !measured_.has_pairs) continue;
      const Range range = range_of(measured_, term.value);
      if (range.least == range.most) {
        warn("{} is {} in every row: {} cannot be told from base_ms, and is 0", term.column,
             range.least, term.key);
        continue;
      }
      terms.push_back(t);
      if (solve_least_squares(columns_of(terms), times_).determined) continue;
      terms.pop_back();
      std::vector<std::string> others;
      for (const std::size_t other : terms) others.emplace_back(kTermsOfIteration[other].column);
      warn("{} is a fixed combination of {} in these rows: {} cannot be told apart, and is 0",
           term.column, joined(others), term.key);
    }
    return terms;
  }

  // The least squares of all subsets of the terms without a negative coefficient.
  std::pair<Terms, LeastSquares> best(const Terms& known) const {
    std::optional<std::pair<Terms, LeastSquares>> found;
    double least = 0;
    for (unsigned subset = 1; subset < 1U << known.size(); ++subset) {
      Terms terms;
      for (std::size_t i = 0; i < known.size(); ++i) {
        if ((subset >> i & 1U) != 0) terms.push_back(known[i]);
      }
      LeastSquares solved = solve_least_squares(columns_of(terms), times_);
      bool allowed = solved.determined;
      for (std::size_t i = 0; allowed && i < terms.size(); ++i) {
        allowed = solved.x[i] >= 0;
      }
      if (!allowed) continue;
      const double squares = quality(terms, solved).residual_squares;
      if (found && squares >= least) continue;
      least = squares;
      found.emplace(std::move(terms), std::move(solved));
    }
    return *found;  // the mean of the times, at least
  }

  FitQuality quality(const Terms& terms, const LeastSquares& solved) const {
    std::vector<double> fitted_ms;
    for (const MeasuredIteration& row : measured_.rows) {
      fitted_ms.push_back(0);
      for (std::size_t i = 0; i < terms.size(); ++i) {
        fitted_ms.back() += solved.x[i] * value_of(kTermsOfIteration[terms[i]], row);
      }
    }
    return quality_of(times_, fitted_ms, terms.size());
  }

  // What a run with the default scheduler and KV cache meets, and no row has.
  void coverage() {
    bool prefills = false, decodes = false, both = false;
    for (const MeasuredIteration& row : measured_.rows) {
      const bool p = row.prefill_tokens > 0, d = row.sequences > 0;
      prefills = prefills || (p && !d);
      decodes = decodes || (d && !p);
      both = both || (p && d);
    }
    if (!prefills) warn("no row is of prefills alone: their time is extrapolated");
    if (!decodes) warn("no row is of decodes alone: their time is extrapolated");
    if (!both) {
      warn("no row has prefills and decodes together: mode \"mixed\" is extrapolated");
    }
    const auto reaches = [this](double MeasuredIteration::*value, const char* column, double most,
                                const char* key) {
      const double seen = range_of(measured_, value).most;
      if (seen >= most) return;
      warn("{} reach {}: iterations with more, up to the default {} ({}), are extrapolated", column,
           seen, key, most);
    };
    const IterationSchedulerParams scheduler;
    reaches(&MeasuredIteration::prefill_tokens, "prefill_tokens", scheduler.max_num_batched_tokens,
            "max_num_batched_tokens");
    reaches(&MeasuredIteration::sequences, "sequences", scheduler.max_num_seqs, "max_num_seqs");
    reaches(&MeasuredIteration::context_tokens, "context_tokens",
            static_cast<double>(ContinuousParams{}.kv_tokens()), "KV cache's tokens");
  }

  const MeasuredIterations& measured_;
  std::vector<double> times_;
  IterationFit fit_;
};

// What a sweep file takes: no iteration without any time.
double written(const IterationTerm& term, const AffineRegimeParams& coefficients) {
  const double value = coefficients.*term.coefficient;
  return term.value == nullptr ? std::max(value, 1e-6) : value;
}

}  // namespace

IterationFit calibrate_iterations(const MeasuredIterations& measured) {
  return IterationFitter(measured).fit();
}

std::string iteration_fit_text(const MeasuredIterations& measured, const IterationFit& fit,
                               std::size_t worst) {
  std::string text = fmt::format(
      "{} iterations\nt = base + per_prompt_token * P + per_prompt_token_pair * P2 + per_sequence "
      "* n + per_context_token * S\n",
      measured.rows.size());
  for (const IterationTerm& term : kTermsOfIteration) {
    text += fmt::format("  {:<26} {:>12.6g} {:<9}", term.key, fit.coefficients.*term.coefficient,
                        term.unit);
    const double error = fit.errors.*term.coefficient;
    text += std::isnan(error) ? "" : fmt::format(" +- {:.3g}", error);
    if (term.value != nullptr) {
      const Range range = range_of(measured, term.value);
      text += fmt::format("   ({} {:g} to {:g})", term.column, range.least, range.most);
    }
    text += '\n';
  }
  text += quality_text(fit);
  for (const std::string& warning : fit.warnings) text += "warning: " + warning + "\n";

  const std::vector<std::size_t> rows = worst_rows(fit, fit.times_ms, worst);
  if (!rows.empty()) text += "Largest residuals (measured - fitted):\n";
  for (const std::size_t i : rows) {
    const MeasuredIteration& row = measured.rows[i];
    text += fmt::format(
        "  P {:>7g}  n {:>5g}  S {:>8g}  measured {:>10.6g} ms  residual {:>+9.4g} ms {:>+7.2f} "
        "%\n",
        row.prefill_tokens, row.sequences, row.context_tokens, row.time_ms, fit.residuals_ms[i],
        100 * fit.residuals_ms[i] / row.time_ms);
  }
  text += "\n# for engine = \"continuous\"\n[service]\nmodel = \"affine\"\n";
  for (const IterationTerm& term : kTermsOfIteration) {
    text += fmt::format("{} = {:.17g}\n", term.key, written(term, fit.coefficients));
  }
  return text;
}

std::string iteration_fit_json(const MeasuredIterations& measured, const IterationFit& fit) {
  using nlohmann::ordered_json;  // writes what is no number as null
  ordered_json json, errors, rows = ordered_json::array();
  for (const IterationTerm& term : kTermsOfIteration) {
    json[term.key] = written(term, fit.coefficients);
    errors[term.key] = fit.errors.*term.coefficient;
  }
  json["standard_errors"] = errors;
  json["r_squared"] = fit.r_squared;
  json["residual_error_ms"] = fit.residual_error_ms;
  json["max_relative_error"] = fit.max_relative_error;
  json["warnings"] = fit.warnings;
  for (std::size_t i = 0; i < measured.rows.size(); ++i) {
    ordered_json row;
    for (const IterationTerm& term : kTermsOfIteration) {
      if (term.value != nullptr) row[term.column] = measured.rows[i].*term.value;
    }
    row["time_ms"] = measured.rows[i].time_ms;
    row["residual_ms"] = fit.residuals_ms[i];
    rows.push_back(std::move(row));
  }
  json["rows"] = std::move(rows);
  return json.dump(2) + "\n";
}

}  // namespace servesweep
