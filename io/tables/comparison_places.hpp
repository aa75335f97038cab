// The inputs of a comparison as text: where a pair, or a point without a partner, is in the sweeps.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "host/results/compare.hpp"

namespace servesweep {

// A pair; with one point: one that has no partner.
struct Place {
  std::optional<std::size_t> a, b;  // points
};

class ComparisonPlaces {
 public:
  struct Input {
    PairedInput paired;
    ResultColumn column;
  };
  // The comparison must outlive it.
  ComparisonPlaces(const Comparison& comparison, const Frame& a, const Frame& b);

  const std::vector<Input>& inputs() const { return inputs_; }
  // Texts of column_texts(), "" where it is not read or the place has no such point. An equal input
  // (InputUse::kEqual) has its one value everywhere.
  std::string text_a(std::size_t input, const Place& place) const;
  std::string text_b(std::size_t input, const Place& place) const;
  // The value of an input that is equal on both sides, or that one side alone reads.
  std::string text(std::size_t input, const Place& place) const;
  // For people: "4", or "10 -> 20" for one that differs between partners.
  std::string cell(std::size_t input, const Place& place) const;
  // "static_fifo -> multi_bin_dynamic", of an input that has one value on each side.
  std::string values(std::size_t input) const;
  // "scheduler_kind static_fifo, num_gpus 4": the inputs that vary.
  std::string label(const Place& place) const;
  // The first world of the point, "" without one.
  std::string world_a(const Place& place) const;
  std::string world_b(const Place& place) const;

  Place pair(std::size_t pair) const;

 private:
  // Values are kept as columns and made into texts one by one: texts take several times the memory.
  struct Values {
    ColumnSpec spec;
    ColumnData data;  // [row]

    std::string text(std::size_t row) const { return column_text(spec, data, row); }
  };
  struct Side {
    const PointReplications& points;
    std::vector<std::variant<std::string, Values>> texts;  // [input] one where all rows are equal
    std::optional<Values> worlds;                          // where the frame has their ids
  };
  static Side side_of(const Frame& frame, const PointReplications& points,
                      const std::vector<Input>& inputs, InputSide PairedInput::*side);
  std::string arrow(std::size_t input, const std::string& of_a, const std::string& of_b) const;
  static std::string text_of(const Side& side, std::size_t input,
                             const std::optional<std::size_t>& point);
  static std::string world_of(const Side& side, const std::optional<std::size_t>& point);

  const Comparison& comparison_;
  std::vector<Input> inputs_;
  Side a_, b_;
};

}  // namespace servesweep
