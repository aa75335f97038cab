// What the page of a report is drawn from, as JSON. The page (io/report/web) is the only reader.
//
//   version 1; title, generator; worlds, replications (the most of a row), rows
//   provenance    [[label, text], ...]
//   resolved_toml text; of a study all its sweeps'; long lines (axes of many values) are cut
//   warnings      [text, ...]
//   constants     [{name, long_name, unit, value}]: what is equal in all rows, or all to which it
//                 applies; value as text
//   left_out      names of metrics that did not fit
//   columns       [{name, long_name, unit, role, kind, codec, data, ...}]
//                   key   of inputs, where it is known: "workload.rps"
//                   role  "input" or "metric"
//                   kind  "number", "category" or "text"
//                   codec "i32": codes [row] into `values`, which are distinct and sorted
//                   (categories:
//                         in the order of the file); -1: not applicable
//                         "f32": numbers [row], NaN: not applicable; the mean of the replications.
//                         half_width [row], where there are replications: of the mean's 95 %
//                         interval, NaN: unknown
//                 Inputs are "i32". Metrics are "f32", but for categories (how a world ended): the
//                 highest code of a row's worlds.
//   first_world   i32 [row]: the id in the file of a row's first world
//   cdf           null or {rows, levels, data f32 [row of `rows`][level]: latency in s, note}
//   study         null or {name, findings [{topic, text}], methods [{rps_scaling, method, row}]}
//
// A row is a point: worlds with equal inputs, averaged. Arrays are packed (packed_array.hpp).
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "io/results/result_reader.hpp"

namespace servesweep {

struct ReportOptions {
  std::string generator;  // "servesweep 0.1.0"
  std::size_t max_bytes;  // metrics beyond it are left out, but never the main metrics
  // Keys of a sweep file by the columns that hold their values: by them the page tells the given
  // load from what can be chosen.
  std::map<std::string, std::string> keys = {};
};

// May stand inside a <script> element: there is no `<` in it.
std::string report_data(const ResultFile& file, const ReportOptions& options);

}  // namespace servesweep
