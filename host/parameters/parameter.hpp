// The registered parameters of a sweep: one flat, ordered list made from the field lists of the
// models. Its order is the order of world ids, of input columns and of docs/parameters.md.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "sim/core/field.hpp"

namespace servesweep {

// 2^53: integers up to it are doubles, as which values are kept.
inline constexpr double kLargestInteger = 9007199254740992.0;

enum class ParameterType {
  kReal,
  kInteger,
  kBool,
  kChoice,
  kInputFile,  // this and the next three: sim/core/field.hpp
  kTraceFile,
  kGridFile,
  kProfileFolder,
  kWords,
  kIntegerList
};

// The parameter `key` has one of `values` (names of choices, "true"/"false"; for a text "" = not
// given, "*" = given, anything else a word of it). A parameter is read by a world when all its
// conditions hold; where the parameter of a condition is not read, the condition does not hold.
struct Condition {
  std::string key;
  std::vector<std::string> values;
};

struct Parameter {
  std::string key;     // "scheduler.k_bins": table and name in the sweep file
  std::string column;  // in /worlds, as its field list says
  ParameterType type = ParameterType::kReal;
  std::string unit;                  // "" for pure numbers
  double min = 0, max = 0;           // inclusive; numbers only
  double default_value = 0;          // as stored: number, 0/1, index of a choice, id of a text
  std::vector<std::string> choices;  // kChoice only
  std::string text;                  // one or two sentences for people
  std::vector<Condition> read_when;

  // Its stored value is the id of a text.
  bool is_text() const { return type >= ParameterType::kInputFile; }
  // The text names a file or a folder.
  bool is_file() const { return is_text() && type <= ParameterType::kProfileFolder; }
};

// What a model has against a point that no single range can say: bin edges that do not ascend,
// memory too small for the model. `key` is the parameter to look at, `message` the whole sentence.
struct Finding {
  std::string key;
  std::string message;
  bool is_warning = false;     // the point can be run
  bool only_if_given = false;  // of no interest where the key has its default, or a program's value
};

// A world's value of every parameter, in registered order, is a double: numbers and 0/1 as they
// are, choices by index, texts by id in the sweep's pool, NaN where the world does not read it.
class ParameterSet {
 public:
  // Appends the fields of P below `table`. Fields keep their order and stay neighbours, so that
  // assign() can walk them. Returns the index of the first one.
  template <class P>
  std::size_t add(const std::string& table, const std::vector<Condition>& read_when = {});

  // A choice that no struct has, such as the step of a study: key and column are its name.
  void add_choice(const char* name, std::vector<std::string> choices);

  std::size_t size() const { return parameters_.size(); }
  const Parameter& operator[](std::size_t i) const { return parameters_[i]; }
  auto begin() const { return parameters_.begin(); }
  auto end() const { return parameters_.end(); }

  // Finds by full key ("scheduler.k_bins"), column name, or a bare name that only one key ends in.
  std::optional<std::size_t> find(std::string_view name) const;
  // Every key that ends in this bare name.
  std::vector<std::string> keys_named(std::string_view bare_name) const;
  // The registered key nearest to a misspelt one, or "".
  std::string suggestion(std::string_view name) const;

  // Reads P's fields from values[first..]; unread (NaN) fields keep P's defaults. Returns the index
  // after the last one.
  template <class P>
  static std::size_t assign(P& params, const double* values, std::size_t first);

 private:
  struct Adder;
  template <class P>
  struct Assigner;
  void append(const std::string& table, FieldName name, Parameter parameter);
  std::vector<Parameter> parameters_;
};

// ---------------------------------------------------------------------------------------------

// The type of a member that is stored as the id of a text; kReal for other members.
template <class T>
constexpr ParameterType kTextType =
    std::is_same_v<T, InputFile>       ? ParameterType::kInputFile
    : std::is_same_v<T, TraceFile>     ? ParameterType::kTraceFile
    : std::is_same_v<T, GridFile>      ? ParameterType::kGridFile
    : std::is_same_v<T, ProfileFolder> ? ParameterType::kProfileFolder
    : std::is_same_v<T, Words>         ? ParameterType::kWords
    : std::is_same_v<T, IntegerList>   ? ParameterType::kIntegerList
                                       : ParameterType::kReal;
template <class T>
constexpr bool kIsTextField = kTextType<T> != ParameterType::kReal;

struct ParameterSet::Adder {
  ParameterSet& set;
  const std::string& table;
  const std::vector<Condition>& read_when;

  template <class P, class T>
  void operator()(T P::*member, FieldName name, const char* unit, double min, double max,
                  const char* text) {
    static_assert(std::is_arithmetic_v<T> && !std::is_same_v<T, bool>, "a number");
    Parameter p;
    p.type = std::is_integral_v<T> ? ParameterType::kInteger : ParameterType::kReal;
    p.unit = unit;
    p.min = min;
    p.max = max;
    if constexpr (std::is_integral_v<T>) {  // what is read must fit the member
      p.min = std::max(min, static_cast<double>(std::numeric_limits<T>::min()));
      p.max = std::min(max, static_cast<double>(std::numeric_limits<T>::max()));
    }
    p.default_value = static_cast<double>(P{}.*member);
    append(std::move(p), name, text);
  }

  template <class P, class T>
  void operator()(T P::*member, FieldName name, const char* text) {
    Parameter p;
    if constexpr (kIsTextField<T>) {
      p.type = kTextType<T>;
      p.default_value = (P{}.*member).id;
    } else if constexpr (std::is_same_v<T, bool>) {
      p.type = ParameterType::kBool;
      p.default_value = P{}.*member;
    } else {
      static_assert(std::is_enum_v<T>, "a bool, a text or an enum");
      p.type = ParameterType::kChoice;
      p.default_value = static_cast<double>(P{}.*member);
      for (const char* choice : EnumNames<T>::values) p.choices.emplace_back(choice);
    }
    append(std::move(p), name, text);
  }

 private:
  void append(Parameter p, FieldName name, const char* text) {
    p.text = text;
    p.read_when = read_when;
    set.append(table, name, std::move(p));
  }
};

template <class P>
struct ParameterSet::Assigner {
  P& params;
  const double* value;

  template <class T, class... Rest>
  void operator()(T P::*member, Rest...) {
    const double v = *value++;
    if (v != v) return;
    if constexpr (kIsTextField<T>) {
      (params.*member).id = static_cast<std::int32_t>(v);
    } else if constexpr (std::is_enum_v<T>) {
      params.*member = static_cast<T>(static_cast<int>(v));
    } else {
      params.*member = static_cast<T>(v);
    }
  }
};

template <class P>
std::size_t ParameterSet::add(const std::string& table, const std::vector<Condition>& read_when) {
  const std::size_t first = size();
  P::fields(Adder{*this, table, read_when});
  return first;
}

template <class P>
std::size_t ParameterSet::assign(P& params, const double* values, std::size_t first) {
  Assigner<P> assigner{params, values + first};
  P::fields(assigner);
  return static_cast<std::size_t>(assigner.value - values);
}

}  // namespace servesweep
