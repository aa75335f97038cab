#include "io/tables/comparison_places.hpp"

#include <algorithm>

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

std::vector<std::string> texts_of(const Frame& frame, const std::string& name, bool all_rows) {
  if (!frame.has(name)) return {};
  if (all_rows) return frame.texts(name);
  return column_texts(frame.column(name).spec, rows_of(frame.data(name), {0}));
}

}  // namespace

ComparisonPlaces::ComparisonPlaces(const Comparison& comparison, const Frame& a, const Frame& b)
    : comparison_(comparison),
      inputs_(inputs_of(comparison.pairing, a, b)),
      a_(side_of(a, comparison.pairing.points_a, inputs_)),
      b_(side_of(b, comparison.pairing.points_b, inputs_)) {}

ComparisonPlaces::Side ComparisonPlaces::side_of(const Frame& frame,
                                                 const std::vector<Replications>& points,
                                                 const std::vector<Input>& inputs) {
  Side side{points, {}, texts_of(frame, world_column().name, true)};
  for (const Input& input : inputs) {
    const PairedInput& p = input.paired;
    side.texts.push_back(texts_of(frame, p.name, input.varies() || p.partly_in_a || p.partly_in_b));
  }
  return side;
}

std::string ComparisonPlaces::value_of(const Side& side, std::size_t input) {
  const std::vector<std::string>& texts = side.texts[input];
  const auto read = std::find_if(texts.begin(), texts.end(),
                                 [](const std::string& text) { return !text.empty(); });
  return read == texts.end() ? "" : *read;
}

std::string ComparisonPlaces::value_a(std::size_t input) const { return value_of(a_, input); }
std::string ComparisonPlaces::value_b(std::size_t input) const { return value_of(b_, input); }

std::string ComparisonPlaces::text_of(const Side& side, std::size_t input,
                                      const std::optional<std::size_t>& point) {
  const std::vector<std::string>& texts = side.texts[input];
  if (!point || texts.empty()) return "";
  return texts.size() == 1 ? texts[0] : texts[side.points[*point].rows.front()];
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
  return arrow(input, value_a(input), value_b(input));
}

std::string ComparisonPlaces::arrow(std::size_t input, const std::string& of_a,
                                    const std::string& of_b) const {
  const std::string from = readable(inputs_[input].column, of_a);
  return of_a == of_b ? from : from + " -> " + readable(inputs_[input].column, of_b);
}

std::string ComparisonPlaces::label(const Place& place) const {
  std::string label;
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    if (!inputs_[i].varies() || (text_a(i, place).empty() && text_b(i, place).empty())) continue;
    label += (label.empty() ? "" : ", ") + inputs_[i].paired.name + " " + cell(i, place);
  }
  return label.empty() ? "the only point" : label;
}

std::string ComparisonPlaces::world_a(const Place& place) const {
  if (!place.a || a_.worlds.empty()) return "";
  return a_.worlds[a_.points[*place.a].rows.front()];
}

std::string ComparisonPlaces::world_b(const Place& place) const {
  if (!place.b || b_.worlds.empty()) return "";
  return b_.worlds[b_.points[*place.b].rows.front()];
}

Place ComparisonPlaces::pair(std::size_t pair) const {
  const PointPair& points = comparison_.pairing.pairs[pair];
  return {points.a, points.b};
}

}  // namespace servesweep
