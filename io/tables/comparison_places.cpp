#include "io/tables/comparison_places.hpp"

#include "io/results/output_format.hpp"
#include "io/tables/text_table.hpp"

namespace servesweep {
namespace {

std::vector<ComparisonPlaces::Input> inputs_of(const Pairing& pairing, const Frame& a,
                                               const Frame& b) {
  std::vector<ComparisonPlaces::Input> inputs;
  for (const PairedInput& paired : pairing.inputs) {
    const Frame& frame = a.has(paired.name) ? a : b;
    inputs.push_back({paired, frame.column(paired.name)});
  }
  return inputs;
}

}  // namespace

ComparisonPlaces::ComparisonPlaces(const Comparison& comparison, const Frame& a, const Frame& b)
    : comparison_(comparison),
      inputs_(inputs_of(comparison.pairing, a, b)),
      a_(side_of(a, comparison.pairing.points_a, inputs_, &PairedInput::a)),
      b_(side_of(b, comparison.pairing.points_b, inputs_, &PairedInput::b)) {}

ComparisonPlaces::Side ComparisonPlaces::side_of(const Frame& frame,
                                                 const PointReplications& points,
                                                 const std::vector<Input>& inputs,
                                                 InputSide PairedInput::*side_of_input) {
  const auto values_of = [&](const std::string& name) {
    return Values{frame.column(name).spec, frame.data(name)};
  };
  Side side{points, {}, {}};
  for (const auto& [paired, column] : inputs) {
    const InputSide& values = paired.*side_of_input;
    if (paired.use == InputUse::kEqual || (!values.varies && !values.partly)) {
      side.texts.emplace_back(values.value);
    } else {
      side.texts.emplace_back(values_of(paired.name));
    }
  }
  if (frame.has(world_column().name)) side.worlds = values_of(world_column().name);
  return side;
}

std::string ComparisonPlaces::text_of(const Side& side, std::size_t input,
                                      const std::optional<std::size_t>& point) {
  if (!point) return "";
  if (const auto* text = std::get_if<std::string>(&side.texts[input])) return *text;
  return std::get<Values>(side.texts[input]).text(side.points[*point].rows[0]);
}

std::string ComparisonPlaces::world_of(const Side& side, const std::optional<std::size_t>& point) {
  return point && side.worlds ? side.worlds->text(side.points[*point].rows[0]) : "";
}

std::string ComparisonPlaces::text_a(std::size_t input, const Place& place) const {
  return text_of(a_, input, place.a);
}

std::string ComparisonPlaces::text_b(std::size_t input, const Place& place) const {
  return text_of(b_, input, place.b);
}

std::string ComparisonPlaces::text(std::size_t input, const Place& place) const {
  std::string of_a = text_a(input, place);
  return of_a.empty() ? text_b(input, place) : of_a;
}

std::string ComparisonPlaces::cell(std::size_t input, const Place& place) const {
  const bool compared = inputs_[input].paired.use == InputUse::kCompared && place.a && place.b;
  if (!compared) return readable(inputs_[input].column, text(input, place));
  return arrow(input, text_a(input, place), text_b(input, place));
}

std::string ComparisonPlaces::values(std::size_t input) const {
  return arrow(input, inputs_[input].paired.a.value, inputs_[input].paired.b.value);
}

std::string ComparisonPlaces::arrow(std::size_t input, const std::string& of_a,
                                    const std::string& of_b) const {
  const std::string from = readable(inputs_[input].column, of_a);
  return of_a == of_b ? from : from + " -> " + readable(inputs_[input].column, of_b);
}

std::string ComparisonPlaces::label(const Place& place) const {
  std::string label;
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    if (!inputs_[i].paired.varies()) continue;
    if (text_a(i, place).empty() && text_b(i, place).empty()) continue;
    label += (label.empty() ? "" : ", ") + inputs_[i].paired.name + " " + cell(i, place);
  }
  return label.empty() ? "the only point" : label;
}

std::string ComparisonPlaces::world_a(const Place& place) const { return world_of(a_, place.a); }
std::string ComparisonPlaces::world_b(const Place& place) const { return world_of(b_, place.b); }

Place ComparisonPlaces::pair(std::size_t pair) const {
  const PointPair& points = comparison_.pairing.pairs[pair];
  return {points.a, points.b};
}

}  // namespace servesweep
