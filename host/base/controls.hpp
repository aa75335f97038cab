// Control characters in texts of files: a terminal would obey them.
#pragma once

#include <string>
#include <string_view>

namespace servesweep {

// "\\x1b" for an escape character. New lines, tabs and UTF-8 stay.
std::string escaped_controls(std::string_view text);

// From now on what is written to std::cout is escaped, if that is a terminal.
void escape_controls_on_terminals();

}  // namespace servesweep
