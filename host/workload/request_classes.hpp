// Priority classes of requests, table [workload.priority]: drawn where a trace has none. Only
// engines with a policy that looks at them register these parameters; to all others, the results
// of such a table would be a column that says nothing.
#pragma once

#include <vector>

#include "host/base/random.hpp"
#include "host/parameters/parameter.hpp"
#include "host/workload/workload.hpp"

namespace servesweep {

struct RequestClassParams {
  double high_share = 1.0;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    visit(&RequestClassParams::high_share, "high_share", "", 0.0, 1.0,
          "Share of requests of class 0, which goes first; the others are of class 1. Not for "
          "traces with priorities of their own.");
  }

  bool one_class() const { return high_share >= 1; }
};

void add_request_class_parameters(ParameterSet& set, const std::vector<Condition>& read_when = {});

// values: one per parameter of `set`.
RequestClassParams read_request_class_params(const ParameterSet& set, const double* values);

// Gives each request a class, unless they have one or there is one class only. A higher share takes
// requests from class 1 to class 0, never back.
void draw_request_classes(const RequestClassParams& params, const RandomSource& random,
                          Workload& workload);

}  // namespace servesweep
