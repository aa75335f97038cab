#include "host/calibration/calibrate_iterations.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <limits>
#include <numeric>
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
constexpr std::size_t kNumPrefillTerms = 3;  // the first ones: those of the prefill regime
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
using RowIndices = std::vector<std::size_t>;

double value_of(const IterationTerm& term, const MeasuredIteration& row) {
  return term.value == nullptr ? 1.0 : row.*term.value;
}

struct Range {
  double least, most;
};
Range range_of(const MeasuredIterations& measured, const RowIndices& rows,
               double MeasuredIteration::*value) {
  const auto [least, most] = std::minmax_element(rows.begin(), rows.end(), [&](auto a, auto b) {
    return measured.rows[a].*value < measured.rows[b].*value;
  });
  return {measured.rows[*least].*value, measured.rows[*most].*value};
}

// The iterations of a kind. Rows without prefills and decodes count as prefills.
struct RowKind {
  const char* name;
  bool prefills, decodes;
};
constexpr RowKind kRowKinds[] = {{"decodes alone", false, true},
                                 {"prefills alone", true, false},
                                 {"prefills and decodes", true, true}};
bool is_of(const RowKind& kind, const MeasuredIteration& row) {
  const bool decodes = row.sequences > 0;
  return decodes == kind.decodes && (row.prefill_tokens > 0 || !decodes) == kind.prefills;
}

RowIndices rows_of(const MeasuredIterations& measured, const RowKind& kind) {
  RowIndices rows;
  for (std::size_t i = 0; i < measured.rows.size(); ++i) {
    if (is_of(kind, measured.rows[i])) rows.push_back(i);
  }
  return rows;
}

class IterationFitter {
 public:
  explicit IterationFitter(const MeasuredIterations& measured) : measured_(measured) {}

  IterationFit fit() {
    RowIndices all(measured_.rows.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    const RowIndices prefills = rows_of(measured_, kRowKinds[1]);
    RowIndices others;
    std::set_difference(all.begin(), all.end(), prefills.begin(), prefills.end(),
                        std::back_inserter(others));
    if (std::min(prefills.size(), others.size()) < kLeastRows) {
      fit_.regime = fit_rows(all, "");
    } else {
      fit_.prefill = fit_rows(prefills, "prefill.");
      lacks_prefills_ = rows_of(measured_, kRowKinds[2]).empty();
      fit_.regime = fit_rows(others, "");
      if (lacks_prefills_) take_prefill_tokens();
    }
    coverage(all);
    return std::move(fit_);
  }

 private:
  // Of each regime: its most coefficients, where nothing decodes, and one to spare.
  static constexpr std::size_t kLeastRows = 4;

  template <class... Args>
  void warn(fmt::format_string<Args...> format, Args&&... args) {
    fit_.warnings.push_back(fmt::format(format, std::forward<Args>(args)...));
  }

  FitColumns columns_of(const RowIndices& rows, const Terms& terms) const {
    FitColumns columns;
    for (const std::size_t t : terms) {
      columns.emplace_back();
      for (const std::size_t row : rows) {
        columns.back().push_back(value_of(kTermsOfIteration[t], measured_.rows[row]));
      }
    }
    return columns;
  }

  // table: before the keys that warnings name.
  RegimeFit fit_rows(const RowIndices& rows, const std::string& table) {
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    std::vector<double> times_ms;
    for (const std::size_t row : rows) times_ms.push_back(measured_.rows[row].time_ms);
    const Terms terms = told_apart(rows, times_ms, table);
    if (rows.size() < terms.size() || terms.size() < 2) {
      throw InputError("cannot fit the iteration model to " +
                       format_count(static_cast<std::int64_t>(rows.size()), "row") +
                       " (no column but time tells them apart, or they are fewer than the "
                       "coefficients) measure more different iterations");
    }
    const FitColumns columns = columns_of(rows, terms);
    const RelativeFit solved = fit_relative(columns, times_ms);
    RegimeFit fit{
        {0, 0, 0, 0, 0}, {nan, nan, nan, nan, nan}, rows, quality_of(columns, times_ms, solved)};
    for (std::size_t i = 0; i < terms.size(); ++i) {
      const IterationTerm& term = kTermsOfIteration[terms[i]];
      fit.coefficients.*term.coefficient = solved.x[i];
      fit.errors.*term.coefficient =
          fit.quality.relative_error * std::sqrt(solved.covariance[i][i]);
      if (solved.is_held(i)) {
        warn("{}{} came out negative and is held at 0: the rows do not follow the model there",
             table, term.key);
      }
    }
    return fit;
  }

  // Terms whose coefficients the rows can tell; of each other term a warning says what is wrong.
  Terms told_apart(const RowIndices& rows, const std::vector<double>& times_ms,
                   const std::string& table) {
    Terms terms = {0};
    for (std::size_t t = 1; t < (table.empty() ? kNumTerms : kNumPrefillTerms); ++t) {
      const IterationTerm& term = kTermsOfIteration[t];
      if (term.value == &MeasuredIteration::prefill_pair_tokens && !measured_.has_pairs) continue;
      if (t < kNumPrefillTerms && lacks_prefills_) continue;
      const Range range = range_of(measured_, rows, term.value);
      if (range.least == range.most) {
        warn("{} is {} in every row: {}{} cannot be told from {}base_ms, and is 0", term.column,
             range.least, table, term.key, table);
        continue;
      }
      terms.push_back(t);
      if (fit_relative(columns_of(rows, terms), times_ms).determined) continue;
      terms.pop_back();
      std::vector<std::string> others;
      for (const std::size_t other : terms) others.emplace_back(kTermsOfIteration[other].column);
      warn("{} is a fixed combination of {} in these rows: {}{} cannot be told apart, and is 0",
           term.column, joined(others), table, term.key);
    }
    return terms;
  }

  // No row tells what prompt tokens cost beside decodes: what they cost alone is the best guess.
  void take_prefill_tokens() {
    for (std::size_t t = 1; t < kNumPrefillTerms; ++t) {
      const IterationTerm& term = kTermsOfIteration[t];
      fit_.regime.coefficients.*term.coefficient = fit_.prefill->coefficients.*term.coefficient;
    }
    warn(
        "per_prompt_token_ms and per_prompt_token_pair_ms are those of prefills alone: no row has "
        "prefills and decodes together");
  }

  // What a run with the default scheduler and KV cache meets, and no row has.
  void coverage(const RowIndices& all) {
    for (const RowKind& kind : kRowKinds) {
      if (rows_of(measured_, kind).empty()) {
        warn("no row is of {}: their time is extrapolated", kind.name);
      }
    }
    const auto reaches = [&](double MeasuredIteration::*value, const char* column, double most,
                             const char* key) {
      const double seen = range_of(measured_, all, value).most;
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
  IterationFit fit_;
  bool lacks_prefills_ = false;  // the rows that are fitted, and others tell what prefills take
};

// What a sweep file takes: no iteration without any time.
double written(const IterationTerm& term, const AffineRegimeParams& coefficients) {
  const double value = coefficients.*term.coefficient;
  return term.value == nullptr ? std::max(value, 1e-6) : value;
}

// The regimes with their tables.
struct NamedRegime {
  const char* table;
  const RegimeFit& fit;
  std::size_t num_terms;
};
std::vector<NamedRegime> regimes_of(const IterationFit& fit) {
  std::vector<NamedRegime> regimes = {{"service", fit.regime, kNumTerms}};
  if (fit.prefill) regimes.push_back({"service.prefill", *fit.prefill, kNumPrefillTerms});
  return regimes;
}

void check_regimes(const IterationFit& fit) {
  ParameterSet parameters;
  parameters.add<AffineRegimeParams>("service");
  parameters.add<AffinePrefillParams>("service.prefill");
  for (const NamedRegime& regime : regimes_of(fit)) {
    std::vector<std::pair<std::string, double>> coefficients;
    for (std::size_t t = 0; t < regime.num_terms; ++t) {
      const IterationTerm& term = kTermsOfIteration[t];
      coefficients.emplace_back(std::string(regime.table) + "." + term.key,
                                written(term, regime.fit.coefficients));
    }
    check_usable(coefficients, parameters);
  }
}

// Of each kind of iteration that there is: how far the fit is off.
template <class Show>
void for_each_kind(const MeasuredIterations& measured, const IterationFit& fit, const Show& show) {
  for (const RowKind& kind : kRowKinds) {
    std::vector<double> errors, held_out;
    for (const NamedRegime& regime : regimes_of(fit)) {
      for (std::size_t i = 0; i < regime.fit.rows.size(); ++i) {
        if (!is_of(kind, measured.rows[regime.fit.rows[i]])) continue;
        errors.push_back(regime.fit.quality.errors[i]);
        held_out.push_back(regime.fit.quality.held_out_errors[i]);
      }
    }
    if (!errors.empty()) show(kind, distribution_of(errors), distribution_of(held_out));
  }
}

// [measured row]
std::vector<double> residuals_of(const MeasuredIterations& measured, const IterationFit& fit) {
  std::vector<double> residuals_ms(measured.rows.size());
  for (const NamedRegime& regime : regimes_of(fit)) {
    for (std::size_t i = 0; i < regime.fit.rows.size(); ++i) {
      residuals_ms[regime.fit.rows[i]] = regime.fit.quality.residuals_ms[i];
    }
  }
  return residuals_ms;
}

}  // namespace

IterationFit calibrate_iterations(const MeasuredIterations& measured) {
  IterationFit fit = IterationFitter(measured).fit();
  check_regimes(fit);
  return fit;
}

std::string iteration_fit_text(const MeasuredIterations& measured, const IterationFit& fit,
                               std::size_t worst) {
  std::string text = fmt::format(
      "{} iterations\nt = base + per_prompt_token * P + per_prompt_token_pair * P2 + per_sequence "
      "* n + per_context_token * S\n",
      measured.rows.size());
  for (const NamedRegime& regime : regimes_of(fit)) {
    text += fmt::format("{}, from {}\n", regime.table,
                        format_count(static_cast<std::int64_t>(regime.fit.rows.size()), "row"));
    for (std::size_t t = 0; t < regime.num_terms; ++t) {
      const IterationTerm& term = kTermsOfIteration[t];
      text += fmt::format("  {:<26} {:>12.6g} {:<9}", term.key,
                          regime.fit.coefficients.*term.coefficient, term.unit);
      text += standard_error_text(regime.fit.errors.*term.coefficient);
      if (term.value != nullptr) {
        const Range range = range_of(measured, regime.fit.rows, term.value);
        text += fmt::format("   ({} {:g} to {:g})", term.column, range.least, range.most);
      }
      text += '\n';
    }
  }
  text += "Errors, |measured - fitted| / measured; held out: 10-fold cross-validation\n";
  for_each_kind(measured, fit, [&](const auto& kind, const auto& errors, const auto& held_out) {
    text += fmt::format("  {:<21} of the fit  {}\n  {:<21} held out    {}\n", kind.name,
                        distribution_text(errors), "", distribution_text(held_out));
  });
  for (const std::string& warning : fit.warnings) text += "warning: " + warning + "\n";

  const std::vector<double> residuals_ms = residuals_of(measured, fit);
  std::vector<double> errors;
  for (std::size_t i = 0; i < residuals_ms.size(); ++i) {
    errors.push_back(std::fabs(residuals_ms[i]) / measured.rows[i].time_ms);
  }
  const std::vector<std::size_t> rows = worst_rows(errors, worst);
  if (!rows.empty()) text += "Largest residuals (measured - fitted):\n";
  for (const std::size_t i : rows) {
    const MeasuredIteration& row = measured.rows[i];
    text += fmt::format(
        "  P {:>7g}  n {:>5g}  S {:>8g}  measured {:>10.6g} ms  residual {:>+9.4g} ms {:>+7.2f} "
        "%\n",
        row.prefill_tokens, row.sequences, row.context_tokens, row.time_ms, residuals_ms[i],
        100 * residuals_ms[i] / row.time_ms);
  }
  text += "\n# for engine = \"continuous\"\n";
  for (const NamedRegime& regime : regimes_of(fit)) {
    text += fmt::format("[{}]\n", regime.table);
    if (&regime.fit == &fit.regime) {
      text += "model = \"affine\"\n";
      if (fit.prefill) text += "prefill_regime = true\n";
    }
    for (std::size_t t = 0; t < regime.num_terms; ++t) {
      const IterationTerm& term = kTermsOfIteration[t];
      text += fmt::format("{} = {:.17g}\n", term.key, written(term, regime.fit.coefficients));
    }
  }
  return text;
}

std::string iteration_fit_json(const MeasuredIterations& measured, const IterationFit& fit) {
  using nlohmann::ordered_json;  // writes what is no number as null
  ordered_json json, rows = ordered_json::array();
  for (const NamedRegime& regime : regimes_of(fit)) {
    ordered_json coefficients, errors;
    for (std::size_t t = 0; t < regime.num_terms; ++t) {
      const IterationTerm& term = kTermsOfIteration[t];
      coefficients[term.key] = written(term, regime.fit.coefficients);
      errors[term.key] = regime.fit.errors.*term.coefficient;
    }
    coefficients["standard_errors"] = errors;
    coefficients["rows"] = regime.fit.rows.size();
    coefficients["r_squared"] = regime.fit.quality.r_squared;
    coefficients["relative_error"] = regime.fit.quality.relative_error;
    json[regime.table] = std::move(coefficients);
  }
  for_each_kind(measured, fit, [&](const auto& kind, const auto& errors, const auto& held_out) {
    json["errors"][kind.name] = {{"fit", distribution_json(errors)},
                                 {"held_out", distribution_json(held_out)}};
  });
  json["warnings"] = fit.warnings;
  const std::vector<double> residuals_ms = residuals_of(measured, fit);
  for (std::size_t i = 0; i < measured.rows.size(); ++i) {
    ordered_json row;
    for (const IterationTerm& term : kTermsOfIteration) {
      if (term.value != nullptr) row[term.column] = measured.rows[i].*term.value;
    }
    row["time_ms"] = measured.rows[i].time_ms;
    row["residual_ms"] = residuals_ms[i];
    rows.push_back(std::move(row));
  }
  json["rows"] = std::move(rows);
  return json.dump(2) + "\n";
}

}  // namespace servesweep
