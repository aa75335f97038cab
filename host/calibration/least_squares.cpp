#include "host/calibration/least_squares.hpp"

// One order of operations on all machines.
#define EIGEN_DONT_VECTORIZE
#include <Eigen/Dense>

namespace servesweep {

// By Householder reflections, which do not square the condition of A as the normal equations do.
// Columns are scaled to length 1 first, so that their units do not decide what counts as dependent.
LeastSquares solve_least_squares(const std::vector<std::vector<double>>& columns,
                                 const std::vector<double>& y) {
  constexpr double kIndependent = 1e-9;  // of a column's length that is not along those before it
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

}  // namespace servesweep
