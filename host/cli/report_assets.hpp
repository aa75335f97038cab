// The page of `servesweep report`, which the build makes (cmake/ServesweepReport.cmake).
#pragma once

#include "io/report/report_page.hpp"

namespace servesweep {

const ReportAssets& report_assets();

}  // namespace servesweep
