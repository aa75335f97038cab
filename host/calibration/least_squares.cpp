#include "host/calibration/least_squares.hpp"

#include <cmath>
#include <numeric>

namespace servesweep {

namespace {

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

}  // namespace

// By modified Gram-Schmidt, each column orthogonalised twice: as accurate as Householder, and the
// condition of A is not squared as it is by the normal equations.
LeastSquares solve_least_squares(std::vector<std::vector<double>> columns, std::vector<double> y) {
  const std::size_t terms = columns.size();
  const std::vector<std::vector<double>> zeros(terms, std::vector<double>(terms, 0.0));
  LeastSquares result;
  auto r = zeros;
  for (std::size_t j = 0; j < terms; ++j) {
    const double before = std::sqrt(dot(columns[j], columns[j]));
    for (int pass = 0; pass < 2; ++pass) {
      for (std::size_t k = 0; k < j; ++k) {
        const double s = dot(columns[k], columns[j]);
        r[k][j] += s;
        for (std::size_t i = 0; i < y.size(); ++i) columns[j][i] -= s * columns[k][i];
      }
    }
    r[j][j] = std::sqrt(dot(columns[j], columns[j]));
    if (!(r[j][j] > 1e-9 * before)) return result;
    for (double& value : columns[j]) value /= r[j][j];
  }

  result.determined = true;
  auto inverse = zeros;  // of r
  std::vector<double> q(terms, 0.0);
  for (std::size_t j = 0; j < terms; ++j) {
    q[j] = dot(columns[j], y);
    for (std::size_t i = 0; i < y.size(); ++i) y[i] -= q[j] * columns[j][i];
    inverse[j][j] = 1 / r[j][j];
    for (std::size_t i = j; i-- > 0;) {
      for (std::size_t k = i + 1; k <= j; ++k) inverse[i][j] -= r[i][k] * inverse[k][j];
      inverse[i][j] /= r[i][i];
    }
  }
  result.x.assign(terms, 0.0);
  result.covariance = zeros;
  for (std::size_t i = 0; i < terms; ++i) {
    for (std::size_t j = 0; j < terms; ++j) {
      result.x[i] += inverse[i][j] * q[j];
      for (std::size_t k = 0; k < terms; ++k)
        result.covariance[i][j] += inverse[i][k] * inverse[j][k];
    }
  }
  return result;
}

}  // namespace servesweep
