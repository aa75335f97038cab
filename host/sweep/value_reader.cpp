#include "host/sweep/value_reader.hpp"

#include <boost/locale/utf.hpp>
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>
#include <system_error>

#include "host/base/names.hpp"
#include "host/parameters/toml_text.hpp"

namespace servesweep {
namespace {

std::optional<double> number(const SpecValue& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value.data)) {
    return static_cast<double>(*integer);
  }
  if (const auto* real = std::get_if<double>(&value.data)) return *real + 0.0;  // no -0.0
  return std::nullopt;
}

// An integer that no double is, or a real number that may have been one, would be rounded silently.
bool is_exact_integer(const SpecValue& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value.data)) {
    constexpr auto kLargest = static_cast<std::int64_t>(kLargestInteger);
    return *integer >= -kLargest && *integer <= kLargest;
  }
  const auto* real = std::get_if<double>(&value.data);
  return real != nullptr && std::abs(*real) < kLargestInteger && *real == std::floor(*real);
}

bool is_number(const Parameter& p) {
  return p.type == ParameterType::kReal || p.type == ParameterType::kInteger;
}

double smallest(const Parameter& p) {
  return p.type == ParameterType::kInteger ? std::max(p.min, -kLargestInteger) : p.min;
}
double largest(const Parameter& p) {
  return p.type == ParameterType::kInteger ? std::min(p.max, kLargestInteger) : p.max;
}

std::string expected(const Parameter& p) {
  if (is_number(p)) {
    return std::string(p.type == ParameterType::kReal ? "a number" : "an integer") + " in [" +
           plain_number(smallest(p)) + ", " + plain_number(largest(p)) + "]";
  }
  if (p.type == ParameterType::kBool) return "true or false";
  if (p.type == ParameterType::kChoice) return "one of " + joined(p.choices);
  if (p.type == ParameterType::kIntegerList) return "an array of integers";
  return "a string, in UTF-8 and without control characters";
}

// UTF-8 without control characters: what TOML, HDF5 and a terminal can show as it is.
bool is_plain(const std::string& text) {
  namespace utf = boost::locale::utf;
  for (auto at = text.begin(); at != text.end();) {
    const utf::code_point point = utf::utf_traits<char>::decode(at, text.end());
    if (!utf::is_valid_codepoint(point) || point < 0x20 || point == 0x7F) return false;
  }
  return true;
}

// A file name that starts in the current folder, as one that starts in `folder`. Links on the way
// are followed (".." behind one leads elsewhere), a link at the end is not: it is a file's name.
std::string seen_from(const std::string& folder, const std::string& file) {
  namespace fs = std::filesystem;
  const fs::path path(file);
  if (folder.empty() || file.empty() || path.is_absolute()) return file;
  std::error_code error;
  const fs::path parent =
      fs::proximate(path.has_parent_path() ? path.parent_path() : ".", folder, error);
  return error ? file : (parent / path.filename()).lexically_normal().generic_string();
}

}  // namespace

void ValueReader::invalid(const Parameter& p, const SpecEntry& entry, const SpecValue& value) {
  std::string advice;
  if (const auto* name = std::get_if<std::string>(&value.data)) {
    advice = did_you_mean(nearest(*name, p.choices));
  }
  errors_.push_back(entry.at(value, "invalid " + p.key + "=" + value.written() + " (must be " +
                                        expected(p) + ")" + advice));
}

// Joined by spaces: how a list is stored.
std::optional<std::string> ValueReader::integers(const SpecValue::Array& array) {
  std::string joined;
  for (const SpecValue& element : array) {
    const auto v = number(element);
    if (!is_exact_integer(element)) return std::nullopt;
    joined += (joined.empty() ? "" : " ") + std::to_string(static_cast<std::int64_t>(*v));
  }
  return joined;
}

std::optional<double> ValueReader::scalar(const Parameter& p, const SpecEntry& entry,
                                          const SpecValue& value) {
  std::optional<double> stored;
  switch (p.type) {
    case ParameterType::kReal:
    case ParameterType::kInteger:
      stored = number(value);
      if (stored && !(*stored >= smallest(p) && *stored <= largest(p))) stored.reset();
      if (p.type == ParameterType::kInteger && !is_exact_integer(value)) stored.reset();
      break;
    case ParameterType::kBool:
      if (const auto* truth = std::get_if<bool>(&value.data)) stored = *truth;
      break;
    case ParameterType::kChoice: {
      const auto* truth = std::get_if<bool>(&value.data);  // of choices "auto", "true", "false"
      const auto* name = std::get_if<std::string>(&value.data);
      const std::string wanted = truth ? (*truth ? "true" : "false") : name ? *name : "";
      const auto at = std::find(p.choices.begin(), p.choices.end(), wanted);
      if (at != p.choices.end()) stored = static_cast<double>(at - p.choices.begin());
      break;
    }
    case ParameterType::kIntegerList:
      if (const auto* array = std::get_if<SpecValue::Array>(&value.data)) {
        if (const auto joined = integers(*array)) stored = texts_.add(*joined);
      }
      break;
    default:  // the other texts
      if (const auto* text = std::get_if<std::string>(&value.data); text && is_plain(*text)) {
        const bool is_path = entry.is_override && p.is_file();
        stored = texts_.add(is_path ? seen_from(spec_.folder, *text) : *text);
      }
  }
  if (!stored) invalid(p, entry, value);
  return stored;
}

Axis ValueReader::axis(const Parameter& p, const SpecEntry& entry, DesignKind design) {
  Axis axis;
  const auto* array = std::get_if<SpecValue::Array>(&entry.value.data);
  const bool is_range = std::holds_alternative<SpecValue::Table>(entry.value.data);
  // A list's array is one value; an array of arrays is its axis.
  axis.is_axis = is_range || (array && (p.type != ParameterType::kIntegerList ||
                                        std::any_of(array->begin(), array->end(), [](auto& v) {
                                          return std::holds_alternative<SpecValue::Array>(v.data);
                                        })));
  if (!axis.is_axis) {
    if (const auto value = scalar(p, entry, entry.value)) axis.values = {*value};
  } else if (design == DesignKind::kCsv) {
    errors_.push_back(entry.at(entry.value, "invalid axis " + p.key +
                                                " (design \"csv\" takes its points from the file "
                                                "alone) give one value or make it a column there"));
  } else if (is_range) {
    range(p, entry, design, axis);
  } else {
    list(p, entry, design, axis);
  }
  return axis;
}

void ValueReader::list(const Parameter& p, const SpecEntry& entry, DesignKind design, Axis& axis) {
  const auto& array = std::get<SpecValue::Array>(entry.value.data);
  if (array.empty()) {
    errors_.push_back(entry.at(entry.value, "invalid " + p.key +
                                                "=[] (an axis needs a value) add one or remove "
                                                "the key"));
  }
  std::set<double> known;
  for (const SpecValue& element : array) {
    const auto value = scalar(p, entry, element);
    if (!value) continue;
    axis.values.push_back(*value);
    // A zipped column may repeat a value.
    if (!known.insert(*value).second && design != DesignKind::kZip) {
      errors_.push_back(entry.at(element, "duplicate " + element.written() + " in " + p.key +
                                              " (an axis has each value once) remove it"));
    }
  }
}

void ValueReader::range(const Parameter& p, const SpecEntry& entry, DesignKind design, Axis& axis) {
  const std::string of = " in the range of " + p.key;
  const auto fail = [&](const SpecValue& part, const std::string& message) {
    errors_.push_back(entry.at(part, message));
  };
  if (!is_number(p)) {
    return fail(entry.value, "invalid range of " + p.key + " (must be " + expected(p) +
                                 ") list the values: [...]");
  }
  const std::size_t errors_before = errors_.size();
  const SpecValue *from = nullptr, *to = nullptr, *num = nullptr, *scale = nullptr;
  for (const auto& [name, part] : std::get<SpecValue::Table>(entry.value.data)) {
    const SpecValue** known = name == "from"    ? &from
                              : name == "to"    ? &to
                              : name == "num"   ? &num
                              : name == "scale" ? &scale
                                                : nullptr;
    if (known) {
      *known = &part;
    } else {
      fail(part, "unknown key " + name + of + " (a range has from, to, num and scale)" +
                     did_you_mean(nearest(name, {"from", "to", "num", "scale"})));
    }
  }
  Interval interval;
  std::int64_t count = 0;
  for (const auto& [name, part, bound] :
       {std::tuple{"from", from, &interval.from}, std::tuple{"to", to, &interval.to}}) {
    if (!part)
      fail(entry.value, std::string("missing ") + name + of + " (it has two ends) add it");
    else if (const auto value = scalar(p, entry, *part))
      *bound = *value;
  }
  if (num) {
    const auto value = number(*num);
    if (value && *value == std::floor(*value) && *value >= 1 && *value <= kMostRangeValues) {
      count = static_cast<std::int64_t>(*value);
    } else {
      fail(*num, "invalid num=" + num->written() + of + " (must be an integer in [1, " +
                     std::to_string(kMostRangeValues) + "])");
    }
  } else if (design != DesignKind::kRandom && design != DesignKind::kLhs) {
    fail(entry.value, "missing num" + of +
                          " (only the designs random and lhs draw from a whole range) add num = 8");
  }
  if (scale) {
    const auto* name = std::get_if<std::string>(&scale->data);
    if (!name || (*name != "lin" && *name != "log")) {
      fail(*scale, "invalid scale=" + scale->written() + of + " (must be \"lin\" or \"log\")");
    } else {
      interval.log = *name == "log";
    }
  }
  if (errors_.size() > errors_before) return;
  if (!std::isfinite(interval.from) || !std::isfinite(interval.to) ||
      !std::isfinite(interval.to - interval.from)) {
    return fail(entry.value, "invalid range of " + p.key + " (its ends must be finite numbers)");
  }
  if (interval.from > interval.to) {
    return fail(entry.value, "invalid range of " + p.key + " (from=" + from->written() +
                                 " is above to=" + to->written() + ") swap them");
  }
  if (interval.log && interval.from <= 0) {
    return fail(*from,
                "invalid from=" + from->written() + of + " (must be above 0 with scale \"log\")");
  }
  if (!num) {
    axis.interval = interval;
    return;
  }
  for (std::int64_t i = 0; i < count; ++i) {
    const double part = count > 1 ? static_cast<double>(i) / static_cast<double>(count - 1) : 0.0;
    double value = interval.log ? interval.from * std::pow(interval.to / interval.from, part)
                                : interval.from + (interval.to - interval.from) * part;
    if (p.type == ParameterType::kInteger) value = std::round(value);
    if (i > 0 && i == count - 1) value = interval.to;
    axis.values.push_back(std::clamp(value, interval.from, interval.to));
  }
  // Rounded integers, ends that coincide; a zipped column needs all its elements.
  if (design != DesignKind::kZip) {
    axis.values.erase(std::unique(axis.values.begin(), axis.values.end()), axis.values.end());
  }
}

}  // namespace servesweep
