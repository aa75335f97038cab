#include "io/tables/comparison_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "host/base/names.hpp"
#include "host/base/units.hpp"
#include "io/tables/comparison_places.hpp"
#include "io/tables/text_table.hpp"

namespace servesweep {
namespace {

constexpr const char* kNotAvailable = "n/a";
constexpr std::size_t kMostFailures = 20;

std::string value_cell(double value) {
  return std::isnan(value) ? kNotAvailable : four_digits(value);
}

// Without its unit. No change at all looks different from a small one.
std::string change_cell(double change) {
  if (std::isnan(change)) return kNotAvailable;
  return change == 0 ? "0" : fmt::format("{:+.2f}", 100 * change);
}

std::string interval_cell(const Change& change) {
  if (change.interval == IntervalKind::kNone) return "-";
  if (change.low == change.high) return change_cell(change.low);
  return fmt::format("{:+.2f} to {:+.2f}", 100 * change.low, 100 * change.high);
}

std::string flag_cell(const Change& change) {
  const std::string flag = flag_of(change.change);
  const bool unsure = change.interval != IntervalKind::kNone && !change.excludes_zero();
  return unsure && !flag.empty() ? "(" + flag + ")" : flag;
}

std::string unit_of(const ColumnSpec& spec) {
  return spec.unit.empty() || spec.unit == "1" ? "" : spec.unit;
}

std::string bracketed(const std::string& unit) { return unit.empty() ? "" : "[" + unit + "]"; }

std::string side_line(const char* name, const ComparedSide& side, const PointReplications& points) {
  std::string line =
      fmt::format("{}: {}, {} in {}, {}", name, side.frame.name(),
                  format_count(static_cast<std::int64_t>(points.size()), "point"),
                  format_count(static_cast<std::int64_t>(side.frame.num_rows()), "world"),
                  side.seed.empty() ? "several seeds" : "seed " + side.seed);
  if (!side.condition.empty()) line += ", where " + side.condition;
  if (side.frame.has(kStatusColumn)) {
    const std::vector<double> status = side.frame.numbers(kStatusColumn);
    const auto unfinished =
        std::count_if(status.begin(), status.end(), [](double code) { return code != 0; });
    if (unfinished > 0)
      line += "; " + format_count(unfinished, "world") + " did not run to their end";
  }
  return line + "\n";
}

bool differs_in_a_pair(const Comparison& comparison, const ComparisonPlaces& places,
                       std::size_t input) {
  for (std::size_t pair = 0; pair < comparison.num_pairs(); ++pair) {
    const Place place = places.pair(pair);
    if (places.text_a(input, place) != places.text_b(input, place)) return true;
  }
  return false;
}

std::string inputs_lines(const Comparison& comparison, const ComparisonPlaces& places) {
  std::vector<std::string> compared, key, only_a, only_b;
  std::int64_t equal = 0;
  for (std::size_t i = 0; i < places.inputs().size(); ++i) {
    const ComparisonPlaces::Input& input = places.inputs()[i];
    const std::string& name = input.paired.name;
    switch (input.paired.use) {
      case InputUse::kKey:
        key.push_back(name);
        break;
      case InputUse::kOnlyInA:
        only_a.push_back(name);
        break;
      case InputUse::kOnlyInB:
        only_b.push_back(name);
        break;
      case InputUse::kEqual:
        ++equal;
        break;
      case InputUse::kCompared:
        if (!input.paired.varies()) {
          compared.push_back(name + " " + places.values(i));
        } else {
          compared.push_back(
              name + (differs_in_a_pair(comparison, places, i) ? "" : " (partners have the same)"));
        }
        break;
    }
  }
  const auto line = [](const char* what, const std::vector<std::string>& names) {
    return names.empty() ? "" : what + joined(names) + "\n";
  };
  return "compared: " +
         (compared.empty() ? "the files (their inputs are the same)" : joined(compared)) + "\n" +
         "paired by: " + (key.empty() ? "nothing, there is one point" : joined(key)) +
         (equal > 0 ? " (" + format_count(equal, "other input") + " equal)" : "") + "\n" +
         line("read only in A: ", only_a) + line("read only in B: ", only_b);
}

std::string pairs_line(const Comparison& comparison) {
  const bool paired = comparison.intervals.count(IntervalKind::kPaired) > 0;
  const bool independent = comparison.intervals.count(IntervalKind::kIndependent) > 0;
  std::string line = format_count(static_cast<std::int64_t>(comparison.num_pairs()), "pair") + "; ";
  if (!paired && !independent) return line + "no confidence intervals (they take replications)\n";
  line += "95 % confidence intervals of the change, ";
  if (paired) line += "paired by replication";
  if (paired && independent) line += " or, where replications differ, ";
  if (independent) line += "of independent samples";
  return line + "\n";
}

std::string summary_table(const Comparison& comparison, const ComparisonPlaces& places) {
  std::vector<TableColumn> table = {
      {{"metric"}, false},        {{"pairs"}, true},          {{"n/a"}, true},
      {{"median", "[%]"}, true},  {{"largest", "[%]"}, true}, {{"beyond", "5 %"}, true},
      {{"beyond", "10 %"}, true}, {{"largest at"}, false}};
  for (std::size_t metric = 0; metric < comparison.metrics.size(); ++metric) {
    const MetricSummary& summary = comparison.summaries[metric];
    const std::vector<std::string> cells = {comparison.metrics[metric].name,
                                            std::to_string(summary.compared),
                                            std::to_string(summary.not_available),
                                            change_cell(summary.median),
                                            change_cell(summary.largest),
                                            std::to_string(summary.notable),
                                            std::to_string(summary.large),
                                            summary.compared == 0 || summary.largest == 0
                                                ? "-"
                                                : places.label(places.pair(summary.largest_pair))};
    for (std::size_t c = 0; c < cells.size(); ++c) table[c].cells.push_back(cells[c]);
  }
  return aligned(std::move(table));
}

// A line for each metric of each pair; the pair's inputs stand on its first one.
std::string pairs_table(const Comparison& comparison, const ComparisonPlaces& places,
                        const std::vector<std::size_t>& pairs) {
  std::vector<std::size_t> shown;
  std::vector<TableColumn> table;
  for (std::size_t i = 0; i < places.inputs().size(); ++i) {
    const ComparisonPlaces::Input& input = places.inputs()[i];
    if (!input.paired.varies()) continue;
    const ColumnType type = input.column.spec.type;
    shown.push_back(i);
    table.push_back({header_lines(input.paired.name),
                     type != ColumnType::kText && type != ColumnType::kCategory});
    table.back().cells.push_back(bracketed(unit_of(input.column.spec)));
  }
  const std::size_t first = table.size();
  for (const auto& [head, right] :
       std::vector<std::pair<std::vector<std::string>, bool>>{{{"metric", ""}, false},
                                                              {{"", ""}, false},
                                                              {{"A", ""}, true},
                                                              {{"B", ""}, true},
                                                              {{"change", "[%]"}, true},
                                                              {{"95 % interval", "[%]"}, true},
                                                              {{"", ""}, false}}) {
    table.push_back({head, right});
  }
  for (const std::size_t pair : pairs) {
    for (std::size_t metric = 0; metric < comparison.metrics.size(); ++metric) {
      for (std::size_t i = 0; i < shown.size(); ++i) {
        table[i].cells.push_back(metric == 0 ? places.cell(shown[i], places.pair(pair)) : "");
      }
      const Change change = comparison.change(pair, metric);
      const ColumnSpec& spec = comparison.metrics[metric];
      const std::vector<std::string> cells = {spec.name,
                                              bracketed(unit_of(spec)),
                                              value_cell(change.a),
                                              value_cell(change.b),
                                              change_cell(change.change),
                                              interval_cell(change),
                                              flag_cell(change)};
      for (std::size_t c = 0; c < cells.size(); ++c) table[first + c].cells.push_back(cells[c]);
    }
  }
  return aligned(std::move(table));
}

std::size_t limited(std::size_t count, std::size_t top) {
  return top == 0 ? count : std::min(count, top);
}

std::string unpaired_lines(const ComparisonPlaces& places, const ComparedSide& side,
                           const std::vector<std::size_t>& points, bool is_a, std::size_t top) {
  if (points.empty()) return "";
  std::string text = "\n" + format_count(static_cast<std::int64_t>(points.size()), "point") +
                     " without a partner, only in " + (is_a ? "A" : "B") + " (" +
                     side.frame.name() + "):\n";
  for (std::size_t i = 0; i < limited(points.size(), top); ++i) {
    const Place place = is_a ? Place{points[i], {}} : Place{{}, points[i]};
    const std::string world = is_a ? places.world_a(place) : places.world_b(place);
    text += "  " + places.label(place) + (world.empty() ? "" : " (world " + world + ")") + "\n";
  }
  if (const std::size_t listed = limited(points.size(), top); listed < points.size()) {
    text += "  and " + format_count(static_cast<std::int64_t>(points.size() - listed)) +
            " more (--top 0 lists all)\n";
  }
  return text;
}

}  // namespace

std::string render_comparison(const Comparison& comparison, const ComparedSide& a,
                              const ComparedSide& b, std::size_t top) {
  const ComparisonPlaces places(comparison, a.frame, b.frame);
  const Pairing& pairing = comparison.pairing;
  std::vector<std::size_t> pairs = pairs_by_change(comparison);
  const std::size_t all = pairs.size();
  pairs.resize(limited(all, top));
  std::string text = side_line("A", a, pairing.points_a) + side_line("B", b, pairing.points_b) +
                     inputs_lines(comparison, places) + pairs_line(comparison) + "\n" +
                     summary_table(comparison, places) + "\n";
  if (pairs.size() < all) {
    text += fmt::format("The largest changes, {} of {} (--top 0 lists all):\n", pairs.size(),
                        format_count(static_cast<std::int64_t>(all), "pair"));
  }
  text += pairs_table(comparison, places, pairs);
  text += "* beyond 5 %, ** beyond 10 %, in brackets where the interval holds 0\n";
  text += unpaired_lines(places, a, pairing.only_in_a, true, top);
  text += unpaired_lines(places, b, pairing.only_in_b, false, top);
  return text;
}

std::string render_verdict(const Comparison& comparison, const Frame& a, const Frame& b,
                           const ChangeLimit& limit, const LimitVerdict& verdict) {
  const std::size_t metric = metric_position(comparison, limit.metric);
  const std::string unit = unit_of(comparison.metrics[metric]);
  const std::string with_unit = unit.empty() ? "" : " " + unit;
  const ComparisonPlaces places(comparison, a, b);
  const std::size_t all = comparison.num_pairs();
  std::string text;
  const auto list = [&](const std::vector<std::size_t>& pairs, const std::string& what) {
    if (pairs.empty()) return;
    text += fmt::format("failed: {} {} {} of {}\n", limit.text, what, pairs.size(),
                        format_count(static_cast<std::int64_t>(all), "pair"));
    for (std::size_t i = 0; i < limited(pairs.size(), kMostFailures); ++i) {
      const Change change = comparison.change(pairs[i], metric);
      text += fmt::format("  {}: {} -> {}{}", places.label(places.pair(pairs[i])),
                          value_cell(change.a), value_cell(change.b), with_unit);
      if (!std::isnan(change.change)) text += ", " + change_cell(change.change) + " %";
      if (change.interval != IntervalKind::kNone) text += " (" + interval_cell(change) + " %)";
      text += "\n";
    }
    if (pairs.size() > kMostFailures) {
      text += fmt::format("  and {} more\n", pairs.size() - kMostFailures);
    }
  };
  list(verdict.beyond, "in");
  list(verdict.not_available, "cannot be judged (n/a) in");
  if (verdict.applies == 0) text += "failed: " + limit.text + " applies to no pair\n";
  if (verdict.may_be_chance > 0) {
    text += fmt::format("note: {} does not count in {}, where the interval of the change holds 0\n",
                        limit.text,
                        format_count(static_cast<std::int64_t>(verdict.may_be_chance), "pair"));
  }
  return text;
}

}  // namespace servesweep
