// Sweep files (TOML 1.0, read by toml++) and -s overrides as a RunSpec: syntax only, no meaning.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/parameters/run_spec.hpp"

namespace servesweep {

// Reads `path` and, for design = "csv", the file that sweep.csv names. overrides: "key=value" with
// a TOML value in which words need no quotes: "num_gpus=[1, 2]", "scheduler.kind=
// [static_fifo, dynamic_no_bins]", "rps={from=1, to=9, num=3, scale=log}", "workload.trace=a.csv".
// Throws IoError (a file cannot be read) or InputError (syntax).
RunSpec read_toml(const std::string& path, const std::vector<std::string>& overrides = {});

// Reads a sweep from text in memory, and no file. `file` names it in messages, `folder` is where
// its relative file names start.
RunSpec parse_toml(std::string_view text, const std::string& file, const std::string& folder = "",
                   const std::vector<std::string>& overrides = {});

}  // namespace servesweep
