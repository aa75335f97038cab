// Values as fields of CSV and JSON.
#pragma once

#include <string>

#include "host/results/result.hpp"

namespace servesweep {

// RFC 4180: quoted where it must be.
std::string csv_field(const std::string& text);
// A string; what is no UTF-8 is replaced.
std::string json_text(const std::string& text);
// A text of column_texts(); null where it is not applicable or not finite.
std::string json_value(ColumnType type, const std::string& text);

}  // namespace servesweep
