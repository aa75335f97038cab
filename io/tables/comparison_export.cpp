#include "io/tables/comparison_export.hpp"

#include <fmt/format.h>

#include <cmath>

#include "io/tables/comparison_places.hpp"
#include "io/tables/text_fields.hpp"

namespace servesweep {
namespace {

const char* name_of(IntervalKind kind) {
  switch (kind) {
    case IntervalKind::kPaired:
      return "paired";
    case IntervalKind::kIndependent:
      return "independent";
    case IntervalKind::kNone:
      break;
  }
  return "";
}

const char* name_of(InputUse use) {
  switch (use) {
    case InputUse::kKey:
      return "key";
    case InputUse::kCompared:
      return "compared";
    case InputUse::kOnlyInA:
      return "only_in_a";
    case InputUse::kOnlyInB:
      return "only_in_b";
    case InputUse::kEqual:
      break;
  }
  return "equal";
}

// Digits that read back the same; `missing` for NaN.
std::string number(double value, const char* missing) {
  return std::isfinite(value) ? fmt::format("{}", value) : missing;
}

std::string truth(const Change& change, const char* missing) {
  if (change.interval == IntervalKind::kNone) return missing;
  return change.excludes_zero() ? "true" : "false";
}

std::size_t replications(const PointReplications& points, const std::optional<std::size_t>& at) {
  return at ? points[*at].rows.size() : 0;
}

class CsvRow {
 public:
  explicit CsvRow(std::ostream& out) : out_(out) {}
  CsvRow& operator<<(const std::string& text) {
    out_ << (first_ ? "" : ",") << csv_field(text);
    first_ = false;
    return *this;
  }
  ~CsvRow() { out_ << '\n'; }

 private:
  std::ostream& out_;
  bool first_ = true;
};

class CsvTable {
 public:
  CsvTable(const Comparison& comparison, const ComparisonPlaces& places, std::ostream& out)
      : comparison_(comparison), places_(places), out_(out) {}

  void header() {
    CsvRow row(out_);
    row << "side"
        << "world_a"
        << "world_b";
    for (const ComparisonPlaces::Input& input : places_.inputs()) {
      const PairedInput& paired = input.paired;
      if (paired.use == InputUse::kEqual) continue;
      if (paired.use == InputUse::kCompared) {
        row << paired.name + "_a" << paired.name + "_b";
      } else {
        row << paired.name;
      }
    }
    for (const char* name :
         {"replications_a", "replications_b", "metric", "units", "value_a", "value_b",
          "change_percent", "low_percent", "high_percent", "interval", "excludes_0", "flag"}) {
      row << name;
    }
  }

  void rows(std::size_t pair) {
    for (std::size_t metric = 0; metric < comparison_.metrics.size(); ++metric) {
      const Change change = comparison_.change(pair, metric);
      const ColumnSpec& spec = comparison_.metrics[metric];
      CsvRow row(out_);
      start(row, places_.pair(pair), "both");
      row << spec.name << spec.unit << number(change.a, "") << number(change.b, "")
          << number(100 * change.change, "") << number(100 * change.low, "")
          << number(100 * change.high, "") << name_of(change.interval) << truth(change, "")
          << flag_of(change.change);
    }
  }

  void unpaired(const Place& place) {
    CsvRow row(out_);
    start(row, place, place.a ? "a" : "b");
    for (int i = 0; i < 10; ++i) row << "";
  }

 private:
  void start(CsvRow& row, const Place& place, const char* side) {
    row << side << places_.world_a(place) << places_.world_b(place);
    for (std::size_t i = 0; i < places_.inputs().size(); ++i) {
      const InputUse use = places_.inputs()[i].paired.use;
      if (use == InputUse::kEqual) continue;
      if (use == InputUse::kCompared) {
        row << places_.text_a(i, place) << places_.text_b(i, place);
      } else {
        row << places_.text(i, place);
      }
    }
    const Pairing& pairing = comparison_.pairing;
    row << std::to_string(replications(pairing.points_a, place.a))
        << std::to_string(replications(pairing.points_b, place.b));
  }

  const Comparison& comparison_;
  const ComparisonPlaces& places_;
  std::ostream& out_;
};

// Members of a JSON object or elements of an array, a comma between them.
class JsonList {
 public:
  JsonList(std::ostream& out, const char* between) : out_(out), between_(between) {}
  std::ostream& next() {
    if (!first_) out_ << "," << between_;
    first_ = false;
    return out_;
  }
  std::ostream& next(const std::string& key) { return next() << json_text(key) << ": "; }

 private:
  std::ostream& out_;
  const char* between_;
  bool first_ = true;
};

std::string json_or_null(const std::string& text) { return text.empty() ? "null" : text; }

class JsonDocument {
 public:
  JsonDocument(const Comparison& comparison, const ComparisonPlaces& places, std::ostream& out)
      : comparison_(comparison), places_(places), out_(out) {}

  void write(const ComparedSide& a, const ComparedSide& b) {
    const Pairing& pairing = comparison_.pairing;
    out_ << "{\n\"a\": ";
    side(a, pairing.points_a);
    out_ << ",\n\"b\": ";
    side(b, pairing.points_b);
    out_ << ",\n\"inputs\": [\n";
    inputs();
    out_ << "],\n\"metrics\": [\n";
    summaries();
    out_ << "],\n\"pairs\": [\n";
    JsonList pairs(out_, "\n");
    for (std::size_t pair = 0; pair < comparison_.num_pairs(); ++pair) {
      pairs.next() << "{";
      place(places_.pair(pair));
      out_ << ", \"metrics\": {";
      changes(pair);
      out_ << "}}";
    }
    out_ << "],\n\"only_in_a\": [\n";
    unpaired(pairing.only_in_a, true);
    out_ << "],\n\"only_in_b\": [\n";
    unpaired(pairing.only_in_b, false);
    out_ << "]\n}\n";
  }

 private:
  void side(const ComparedSide& side, const PointReplications& points) {
    out_ << "{\"file\": " << json_text(side.frame.name())
         << ", \"seed\": " << (side.seed.empty() ? "null" : json_text(side.seed))
         << ", \"where\": " << (side.condition.empty() ? "null" : json_text(side.condition))
         << ", \"points\": " << points.size() << ", \"worlds\": " << side.frame.num_rows() << "}";
  }

  std::string value(std::size_t input, const std::string& text) {
    const ColumnType type = places_.inputs()[input].column.spec.type;
    return text.empty() ? "null" : json_value(type, text);
  }

  void inputs() {
    JsonList list(out_, "\n");
    for (std::size_t i = 0; i < places_.inputs().size(); ++i) {
      const ComparisonPlaces::Input& input = places_.inputs()[i];
      list.next() << "{\"name\": " << json_text(input.paired.name)
                  << ", \"use\": " << json_text(name_of(input.paired.use))
                  << ", \"units\": " << json_text(input.column.spec.unit);
      if (input.paired.use == InputUse::kEqual) {
        out_ << ", \"value\": " << value(i, input.paired.a.value);
      }
      out_ << "}";
    }
  }

  void summaries() {
    JsonList list(out_, "\n");
    for (std::size_t metric = 0; metric < comparison_.metrics.size(); ++metric) {
      const ColumnSpec& spec = comparison_.metrics[metric];
      const MetricSummary& s = comparison_.summaries[metric];
      list.next() << "{\"name\": " << json_text(spec.name)
                  << ", \"units\": " << json_text(spec.unit) << ", \"pairs\": " << s.compared
                  << ", \"not_available\": " << s.not_available
                  << ", \"median_change_percent\": " << number(100 * s.median, "null")
                  << ", \"largest_change_percent\": " << number(100 * s.largest, "null")
                  << ", \"largest_at\": ";
      if (s.compared == 0) {
        out_ << "null";
      } else {
        out_ << "{";
        place(places_.pair(s.largest_pair));
        out_ << "}";
      }
      out_ << ", \"beyond_5_percent\": " << s.notable << ", \"beyond_10_percent\": " << s.large
           << "}";
    }
  }

  void place(const Place& place) {
    const Pairing& pairing = comparison_.pairing;
    out_ << "\"world_a\": " << json_or_null(places_.world_a(place))
         << ", \"world_b\": " << json_or_null(places_.world_b(place))
         << ", \"replications_a\": " << replications(pairing.points_a, place.a)
         << ", \"replications_b\": " << replications(pairing.points_b, place.b)
         << ", \"inputs\": {";
    JsonList list(out_, " ");
    for (std::size_t i = 0; i < places_.inputs().size(); ++i) {
      const PairedInput& input = places_.inputs()[i].paired;
      if (input.use == InputUse::kEqual) continue;
      if (input.use == InputUse::kCompared) {
        list.next(input.name) << "{\"a\": " << value(i, places_.text_a(i, place))
                              << ", \"b\": " << value(i, places_.text_b(i, place)) << "}";
      } else {
        list.next(input.name) << value(i, places_.text(i, place));
      }
    }
    out_ << "}";
  }

  void changes(std::size_t pair) {
    JsonList list(out_, " ");
    for (std::size_t metric = 0; metric < comparison_.metrics.size(); ++metric) {
      const Change c = comparison_.change(pair, metric);
      const std::string interval = name_of(c.interval);
      list.next(comparison_.metrics[metric].name)
          << "{\"a\": " << number(c.a, "null") << ", \"b\": " << number(c.b, "null")
          << ", \"change_percent\": " << number(100 * c.change, "null")
          << ", \"low_percent\": " << number(100 * c.low, "null")
          << ", \"high_percent\": " << number(100 * c.high, "null")
          << ", \"interval\": " << (interval.empty() ? "null" : json_text(interval))
          << ", \"excludes_0\": " << truth(c, "null")
          << ", \"flag\": " << json_text(flag_of(c.change)) << "}";
    }
  }

  void unpaired(const std::vector<std::size_t>& points, bool is_a) {
    JsonList list(out_, "\n");
    for (const std::size_t point : points) {
      list.next() << "{";
      place(is_a ? Place{point, {}} : Place{{}, point});
      out_ << "}";
    }
  }

  const Comparison& comparison_;
  const ComparisonPlaces& places_;
  std::ostream& out_;
};

}  // namespace

void export_comparison_csv(const Comparison& comparison, const ComparedSide& a,
                           const ComparedSide& b, std::ostream& out) {
  const ComparisonPlaces places(comparison, a.frame, b.frame);
  CsvTable table(comparison, places, out);
  table.header();
  for (std::size_t pair = 0; pair < comparison.num_pairs(); ++pair) table.rows(pair);
  for (const std::size_t point : comparison.pairing.only_in_a) table.unpaired({point, {}});
  for (const std::size_t point : comparison.pairing.only_in_b) table.unpaired({{}, point});
}

void export_comparison_json(const Comparison& comparison, const ComparedSide& a,
                            const ComparedSide& b, std::ostream& out) {
  const ComparisonPlaces places(comparison, a.frame, b.frame);
  JsonDocument(comparison, places, out).write(a, b);
}

}  // namespace servesweep
