// A report: one HTML file that needs nothing else, made of a page (io/report/web) and the data that
// it shows (report_data.hpp).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace servesweep {

// The page in parts, as the build makes them.
struct ReportAssets {
  std::string_view page;  // HTML with {{csp}} {{title}} {{style}} {{data}} {{script}} {{licence}}
  std::string_view style, script;
  std::string_view licence;  // of what `script` is bundled with
};

// Bytes that a report has beside its data.
std::size_t report_overhead(const ReportAssets& assets);
// `title` and `licence` become HTML; the content-security policy lets `script` and `style` run, and
// nothing else.
std::string report_page(const ReportAssets& assets, std::string_view title, std::string_view data);

// Whether an HTML text is a report, of any version.
bool is_report(std::string_view html);

}  // namespace servesweep
