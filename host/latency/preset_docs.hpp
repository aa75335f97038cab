// docs/service_presets.md, from the tables that the program itself follows.
#pragma once

#include <string>

namespace servesweep {

std::string service_presets_markdown();

}  // namespace servesweep
