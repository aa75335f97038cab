// What the program says of itself in results, in --version and in `info`.
#pragma once

#include <string>
#include <vector>

#include "host/base/machine.hpp"
#include "host/base/provenance.hpp"

namespace servesweep {

// The code: version, commit, compiler.
Provenance program_provenance();

// The code and the device, which must run.
Provenance run_provenance(const Machine& machine);

// The arguments as a line that a shell reads back.
std::string shell_line(const std::vector<std::string>& arguments);

}  // namespace servesweep
