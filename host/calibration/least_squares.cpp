#include "host/calibration/least_squares.hpp"

// Not vectorised, sums have one order of operations on all machines.
#define EIGEN_DONT_VECTORIZE
#include <Eigen/Dense>

#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace servesweep {

// Solves by Householder reflections, which do not square the condition of A as the normal equations
// do. Columns are scaled to length 1 first, so that their units do not decide what counts as
// dependent.
LeastSquares solve_least_squares(const std::vector<std::vector<double>>& columns,
                                 const std::vector<double>& y) {
  constexpr double kIndependent =
      1e-9;  // share of a column's length that no earlier column explains
  const auto rows = static_cast<Eigen::Index>(y.size());
  const auto terms = static_cast<Eigen::Index>(columns.size());
  LeastSquares result;
  if (rows < terms) return result;
  Eigen::MatrixXd a(rows, terms);
  for (Eigen::Index j = 0; j < terms; ++j) {
    a.col(j) = Eigen::Map<const Eigen::VectorXd>(columns[static_cast<std::size_t>(j)].data(), rows);
  }
  const Eigen::VectorXd lengths = a.colwise().norm();
  if (!(lengths.array() > 0).all()) return result;
  const Eigen::HouseholderQR<Eigen::MatrixXd> qr(a * lengths.cwiseInverse().asDiagonal());
  const auto r = qr.matrixQR().topRows(terms).triangularView<Eigen::Upper>();
  if (!(qr.matrixQR().diagonal().array().abs() > kIndependent).all()) return result;

  result.determined = true;
  const Eigen::VectorXd x =
      qr.solve(Eigen::Map<const Eigen::VectorXd>(y.data(), rows)).cwiseQuotient(lengths);
  const Eigen::MatrixXd inverse =
      lengths.cwiseInverse().asDiagonal() * r.solve(Eigen::MatrixXd::Identity(terms, terms)).eval();
  const Eigen::MatrixXd covariance = inverse * inverse.transpose();
  result.x.assign(x.begin(), x.end());
  for (Eigen::Index i = 0; i < terms; ++i) {
    result.covariance.emplace_back(covariance.row(i).begin(), covariance.row(i).end());
  }
  return result;
}

FitQuality quality_of(const std::vector<double>& measured_ms, const std::vector<double>& fitted_ms,
                      std::size_t coefficients) {
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  const auto n = static_cast<double>(measured_ms.size());
  const double mean = std::accumulate(measured_ms.begin(), measured_ms.end(), 0.0) / n;
  FitQuality quality;
  double total = 0;
  for (std::size_t i = 0; i < measured_ms.size(); ++i) {
    const double residual = measured_ms[i] - fitted_ms[i];
    quality.residuals_ms.push_back(residual);
    quality.residual_squares += residual * residual;
    total += (measured_ms[i] - mean) * (measured_ms[i] - mean);
    quality.max_relative_error =
        std::max(quality.max_relative_error, std::fabs(residual) / measured_ms[i]);
  }
  const double freedom = n - static_cast<double>(coefficients);
  quality.r_squared = total > 0 ? 1 - quality.residual_squares / total : kNone;
  quality.residual_variance = freedom > 0 ? quality.residual_squares / freedom : kNone;
  quality.residual_error_ms = std::sqrt(quality.residual_variance);
  return quality;
}

std::string quality_text(const FitQuality& quality) {
  return fmt::format(
      "R^2 {:.6f}, residual standard error {:.4g} ms, largest relative error {:.3g} %\n",
      quality.r_squared, quality.residual_error_ms, 100 * quality.max_relative_error);
}

std::vector<std::size_t> worst_rows(const FitQuality& quality,
                                    const std::vector<double>& measured_ms, std::size_t most) {
  std::vector<std::size_t> order(measured_ms.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto relative = [&](std::size_t i) {
    return std::fabs(quality.residuals_ms[i]) / measured_ms[i];
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return relative(a) > relative(b); });
  order.resize(std::min(most, order.size()));
  return order;
}

}  // namespace servesweep
