// Conditions that a sweep puts on its points: "k_bins <= 4 * num_gpus and scheduler !=
// static_fifo".
//
//   condition := and-condition (or|"||" and-condition)*     and-condition := not (and|"&&" not)*
//   not := (not|"!") not | sum (== != < <= > >= sum)?       sum := + - * / ( ) and unary minus
// over numbers, names of parameters (keys, columns, or bare names that only one key has), true and
// false; choices and texts are compared by == and != with a quoted or (choices) bare name.
//
// A parser of our own, not muParser: names of choices are values whose meaning and check depend on
// the parameter on the other side, which muParser, made for numbers, cannot express.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "host/parameters/parameter.hpp"

namespace servesweep {

class Where {
 public:
  // texts: [text id] of the values that will come. Throws InputError without a place.
  Where(std::string_view condition, const ParameterSet& parameters,
        const std::vector<std::string>& texts);

  // values: [parameter], without NaN. What stands right of and / or is looked at only if it
  // decides. Throws InputError where a number is divided by zero.
  bool holds(const double* values) const { return evaluate(root_, values) != 0; }

 private:
  friend class WhereParser;
  // A constant, a parameter's value, or an operator on what stands left and right of it.
  struct Node {
    double value = 0;
    std::size_t parameter = kNone;
    double (*apply)(double left, double right) = nullptr;
    std::size_t left = kNone, right = kNone;  // kNone right of an operator with one operand
    enum class Rule { kNone, kAnd, kOr, kDivision } rule = Rule::kNone;
    std::size_t at = 0;  // of the operator in the condition
  };
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  double evaluate(std::size_t index, const double* values) const;

  std::string text_;
  std::vector<Node> nodes_;
  std::size_t root_ = 0;
};

}  // namespace servesweep
