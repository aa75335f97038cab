#include "host/calibration/least_squares.hpp"

// Not vectorised, sums have one order of operations on all machines.
#define EIGEN_DONT_VECTORIZE
#include <Eigen/Dense>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "host/base/error.hpp"

namespace servesweep {
namespace {

constexpr double kNotKnown = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kFolds = 10;

using Subset = std::vector<std::size_t>;  // of columns

struct Solution {
  bool determined = false;
  Eigen::VectorXd x;           // [column of the subset]
  Eigen::MatrixXd covariance;  // (A^T A)^-1
  double squares = 0;          // of the residuals
};

// Solves by Householder reflections, which do not square the condition of A as the normal equations
// do. Columns are scaled to length 1 first, so that their units do not decide what counts as
// dependent.
Solution solve(const Eigen::MatrixXd& all, const Eigen::VectorXd& y, const Subset& subset) {
  constexpr double kIndependent =
      1e-9;  // share of a column's length that no earlier column explains
  const auto terms = static_cast<Eigen::Index>(subset.size());
  Solution result;
  if (all.rows() < terms) return result;
  Eigen::MatrixXd a(all.rows(), terms);
  for (Eigen::Index j = 0; j < terms; ++j) {
    a.col(j) = all.col(static_cast<Eigen::Index>(subset[static_cast<std::size_t>(j)]));
  }
  const Eigen::VectorXd lengths = a.colwise().stableNorm();
  if (!(lengths.array() > 0).all() || !lengths.allFinite()) return result;
  const Eigen::HouseholderQR<Eigen::MatrixXd> qr(a * lengths.cwiseInverse().asDiagonal());
  const auto r = qr.matrixQR().topRows(terms).triangularView<Eigen::Upper>();
  if (!(qr.matrixQR().diagonal().array().abs() > kIndependent).all()) return result;

  result.determined = true;
  result.x = qr.solve(y).cwiseQuotient(lengths);
  const Eigen::MatrixXd inverse =
      lengths.cwiseInverse().asDiagonal() * r.solve(Eigen::MatrixXd::Identity(terms, terms)).eval();
  result.covariance = inverse * inverse.transpose();
  result.squares = (y - a * result.x).squaredNorm();
  return result;
}

double fitted_ms(const FitColumns& columns, const RelativeFit& fit, std::size_t row) {
  double time_ms = 0;
  for (std::size_t j = 0; j < columns.size(); ++j) time_ms += fit.x[j] * columns[j][row];
  return time_ms;
}

// |measured - fitted| / measured of rows that the fit has not seen.
std::vector<double> cross_validated(const FitColumns& columns,
                                    const std::vector<double>& measured_ms) {
  std::vector<double> errors(measured_ms.size(), kNotKnown);
  for (std::size_t fold = 0; fold < kFolds; ++fold) {
    FitColumns seen(columns.size());
    std::vector<double> seen_ms;
    for (std::size_t row = 0; row < measured_ms.size(); ++row) {
      if (row % kFolds == fold) continue;
      for (std::size_t j = 0; j < columns.size(); ++j) seen[j].push_back(columns[j][row]);
      seen_ms.push_back(measured_ms[row]);
    }
    const RelativeFit fit = fit_relative(seen, seen_ms);
    for (std::size_t row = fold; fit.determined && row < measured_ms.size(); row += kFolds) {
      errors[row] = std::fabs(measured_ms[row] - fitted_ms(columns, fit, row)) / measured_ms[row];
    }
  }
  return errors;
}

}  // namespace

bool RelativeFit::is_held(std::size_t column) const {
  return std::isnan(covariance[column][column]);
}

// Of all sets of columns whose own least squares has no negative coefficient, one has the least
// squares of all coefficients that are not negative.
RelativeFit fit_relative(const FitColumns& columns, const std::vector<double>& measured_ms) {
  const auto rows = static_cast<Eigen::Index>(measured_ms.size());
  Eigen::MatrixXd a(rows, static_cast<Eigen::Index>(columns.size()));
  for (std::size_t j = 0; j < columns.size(); ++j) {
    for (std::size_t i = 0; i < measured_ms.size(); ++i) {
      a(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j)) =
          columns[j][i] / measured_ms[i];
    }
  }
  const Eigen::VectorXd ones = Eigen::VectorXd::Ones(rows);
  Subset best(columns.size());
  std::iota(best.begin(), best.end(), std::size_t{0});
  Solution least = solve(a, ones, best);
  RelativeFit fit;
  fit.determined = least.determined;
  if (!fit.determined) return fit;
  if ((least.x.array() < 0).any()) {
    least.squares = std::numeric_limits<double>::infinity();
    for (unsigned bits = 0; bits + 1 < 1U << columns.size(); ++bits) {
      Subset subset;
      for (std::size_t j = 0; j < columns.size(); ++j) {
        if ((bits >> j & 1U) != 0) subset.push_back(j);
      }
      Solution solution = solve(a, ones, subset);
      if (!solution.determined || (solution.x.array() < 0).any()) continue;
      if (solution.squares >= least.squares) continue;
      least = std::move(solution);
      best = std::move(subset);
    }
  }
  fit.x.assign(columns.size(), 0);
  fit.covariance.assign(columns.size(), std::vector<double>(columns.size(), kNotKnown));
  for (std::size_t i = 0; i < best.size(); ++i) {
    fit.x[best[i]] = least.x[static_cast<Eigen::Index>(i)];
    for (std::size_t j = 0; j < best.size(); ++j) {
      fit.covariance[best[i]][best[j]] =
          least.covariance(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j));
    }
  }
  return fit;
}

ErrorDistribution distribution_of(std::vector<double> errors) {
  std::erase_if(errors, [](double error) { return std::isnan(error); });
  std::sort(errors.begin(), errors.end());
  if (errors.empty()) return {0, kNotKnown, kNotKnown, kNotKnown};
  const auto quantile = [&](double share) {
    const double position = share * static_cast<double>(errors.size() - 1);
    const auto below = static_cast<std::size_t>(position);
    const std::size_t above = std::min(below + 1, errors.size() - 1);
    return errors[below] +
           (errors[above] - errors[below]) * (position - static_cast<double>(below));
  };
  return {errors.size(), quantile(0.5), quantile(0.9), errors.back()};
}

nlohmann::ordered_json distribution_json(const ErrorDistribution& errors) {
  return {{"median", errors.median}, {"p90", errors.p90}, {"largest", errors.largest}};
}

std::string distribution_text(const ErrorDistribution& errors) {
  return fmt::format("median {:.3g} %, 90th percentile {:.3g} %, largest {:.3g} %",
                     100 * errors.median, 100 * errors.p90, 100 * errors.largest);
}

std::string standard_error_text(double error) {
  return std::isnan(error) ? "" : fmt::format(" +- {:.3g}", error);
}

FitQuality quality_of(const FitColumns& columns, const std::vector<double>& measured_ms,
                      const RelativeFit& fit) {
  const auto n = static_cast<double>(measured_ms.size());
  const double mean = std::accumulate(measured_ms.begin(), measured_ms.end(), 0.0) / n;
  FitQuality quality;
  double squares = 0, total = 0, relative_squares = 0;
  for (std::size_t i = 0; i < measured_ms.size(); ++i) {
    const double residual = measured_ms[i] - fitted_ms(columns, fit, i);
    quality.residuals_ms.push_back(residual);
    quality.errors.push_back(std::fabs(residual) / measured_ms[i]);
    squares += residual * residual;
    relative_squares += quality.errors.back() * quality.errors.back();
    total += (measured_ms[i] - mean) * (measured_ms[i] - mean);
  }
  double freedom = n;
  for (std::size_t j = 0; j < columns.size(); ++j) freedom -= fit.is_held(j) ? 0 : 1;
  quality.r_squared = total > 0 ? 1 - squares / total : kNotKnown;
  quality.relative_error = freedom > 0 ? std::sqrt(relative_squares / freedom) : kNotKnown;
  quality.held_out_errors = cross_validated(columns, measured_ms);
  return quality;
}

std::vector<std::size_t> worst_rows(const std::vector<double>& errors, std::size_t most) {
  std::vector<std::size_t> order(errors.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return errors[a] > errors[b]; });
  order.resize(std::min(most, order.size()));
  return order;
}

void check_usable(const std::vector<std::pair<std::string, double>>& coefficients,
                  const ParameterSet& parameters) {
  for (const auto& [key, value] : coefficients) {
    const Parameter& parameter = parameters[parameters.find(key).value()];
    if (value >= parameter.min && value <= parameter.max) continue;
    throw InputError(fmt::format(
        "cannot use what was fitted ({}={:.6g} {}, which a run takes in [{:g}, {:g}]) check the "
        "times and their unit",
        key, value, parameter.unit, parameter.min, parameter.max));
  }
}

}  // namespace servesweep
