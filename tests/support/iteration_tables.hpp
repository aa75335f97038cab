// Small made-up tables of the table iteration model: rising and falling, with times that no double
// of few bits holds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "sim/latency/iteration/table.hpp"
#include "tests/support/random_worlds.hpp"

namespace servesweep::testing {

class RandomTable {
 public:
  explicit RandomTable(Dice& dice) : numbers_(std::make_shared<std::vector<double>>()) {
    const double scale_ns = dice.pick({3.7, 1e4 / 3, 1e6 / 7});
    const auto time = [&] { return scale_ns * dice.roll(0, 1000) / 999.0; };
    for (Span& values : axes_) values = ascending(dice, 0);
    tokens_ = ascending(dice, 1);
    sequences_ = ascending(dice, 1);
    token_ns_ = add(tokens_.count, time);
    sequence_ns_ = add(sequences_.count, time);
    std::size_t size = 1;
    for (const Span& values : axes_) size *= values.count;
    attention_ns_ = add(size, time);
  }

  const std::vector<double>& numbers() const { return *numbers_; }
  TableIteration::Lowered lowered() const { return lowered(numbers_->data()); }
  // The table with pointers into a copy of the numbers.
  TableIteration::Lowered lowered(const double* copy) const {
    const auto at = [copy](const Span& span) { return copy + span.begin; };
    const auto curve = [&](const Span& values, const Span& times) {
      return TableCurve{at(values), at(times), static_cast<std::int32_t>(values.count)};
    };
    TableIteration::Lowered model;
    model.tokens = curve(tokens_, token_ns_);
    model.sequences = curve(sequences_, sequence_ns_);
    for (std::size_t a = 0; a < 4; ++a) {
      model.attention.values[a] = at(axes_[a]);
      model.attention.counts[a] = static_cast<std::int32_t>(axes_[a].count);
    }
    model.attention.time_ns = at(attention_ns_);
    return model;
  }

 private:
  struct Span {
    std::size_t begin = 0, count = 0;
  };
  template <class Next>
  Span add(std::size_t count, Next&& next) {
    const Span span{numbers_->size(), count};
    for (std::size_t i = 0; i < count; ++i) numbers_->push_back(next());
    return span;
  }
  Span ascending(Dice& dice, int first) {
    int value = first;
    return add(static_cast<std::size_t>(dice.roll(2, 5)), [&] {
      const int here = value;
      value += dice.pick({1, 2, 3, 7, 16});
      return static_cast<double>(here);
    });
  }

  std::shared_ptr<std::vector<double>> numbers_;  // lowered() points here, in copies too
  Span tokens_, token_ns_, sequences_, sequence_ns_, axes_[4], attention_ns_;
};

}  // namespace servesweep::testing
