// Parameters made of parts, each a struct with a field list (sim/core/field.hpp). One function in
// the namespace of the parameters lists the parts in registered order, with the table of each and
// the conditions under which it is read; registration and reading follow from it:
//   template <class Visitor>
//   void visit_params(ServerParams& p, Visitor&& visit) {
//     visit(p.scheduler, "scheduler", always);
//     visit(p.chunks, "scheduler", when("scheduler.mode", "mixed"));
//   }
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "host/parameters/parameter.hpp"

namespace servesweep {

using Conditions = std::vector<Condition>;

inline Conditions always() { return {}; }

// The parameter of this key has one of the values.
template <class... Values>
auto when(const char* key, Values... values) {
  return [=] { return Conditions{{key, {values...}}}; };
}

template <class Params>
void add_params(ParameterSet& set) {
  Params params;
  visit_params(params, [&set]<class Part>(Part&, const char* table, auto&& read_when) {
    set.add<Part>(table, read_when());
  });
}

// values: one per parameter of `set`, in which the parts are neighbours.
template <class Params>
void read_params(Params& params, const ParameterSet& set, const double* values) {
  std::optional<std::size_t> next;
  visit_params(params, [&]<class Part>(Part& part, const char* table, auto&&) {
    if (!next) {
      std::string key;
      Part::fields([&](auto, FieldName name, auto&&...) {
        if (key.empty()) key = std::string(table) + "." + name.key;
      });
      next = set.find(key).value();
    }
    next = ParameterSet::assign(part, values, *next);
  });
}

}  // namespace servesweep
