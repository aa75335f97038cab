// A result file as a page, for the commands that write one.
#pragma once

#include <string>

namespace servesweep {

// InputError where `output` is there and no report, or where the program has no page. "-": standard
// output; else a line there says what was written.
void write_report(const std::string& result_file, const std::string& output);

}  // namespace servesweep
