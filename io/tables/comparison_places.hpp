// The inputs of a comparison as text: where a pair, or a point without a partner, is in the sweeps.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
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
    bool varies() const { return paired.varies_in_a || paired.varies_in_b; }
  };
  // The frames must outlive it.
  ComparisonPlaces(const Comparison& comparison, const Frame& a, const Frame& b);

  const std::vector<Input>& inputs() const { return inputs_; }
  // Texts of column_texts(), "" where it is not read or the place has no such point.
  std::string text_a(std::size_t input, const Place& place) const;
  std::string text_b(std::size_t input, const Place& place) const;
  // The value of an input that is equal on both sides, or that one side alone reads.
  std::string text(std::size_t input, const Place& place) const;
  // The first value that a point reads.
  std::string value_a(std::size_t input) const;
  std::string value_b(std::size_t input) const;
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
  struct Side {
    const std::vector<Replications>& points;
    std::vector<std::vector<std::string>> texts;  // [input][row]; one text where all are equal
    std::vector<std::string> worlds;              // [row]
  };
  static Side side_of(const Frame& frame, const std::vector<Replications>& points,
                      const std::vector<Input>& inputs);
  std::string arrow(std::size_t input, const std::string& of_a, const std::string& of_b) const;
  static std::string value_of(const Side& side, std::size_t input);
  static std::string text_of(const Side& side, std::size_t input,
                             const std::optional<std::size_t>& point);

  const Comparison& comparison_;
  std::vector<Input> inputs_;
  Side a_, b_;
};

}  // namespace servesweep
