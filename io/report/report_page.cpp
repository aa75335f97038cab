#include "io/report/report_page.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>
#include <vector>

#include "host/base/sha256.hpp"
#include "io/report/packed_array.hpp"

namespace servesweep {
namespace {

// A browser reads \r\n and \r as \n, also before it hashes.
std::string without_returns(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c != '\r') out += c;
  }
  return out;
}

std::string html_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string csp_hash(std::string_view content) {
  const std::string hex = sha256_hex(content);
  std::string digest;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    digest += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  return "'sha256-" + base64(digest) + "'";
}

using Part = std::pair<std::string_view, std::string>;  // name, text

// Each {{name}} of the page becomes the text of that name; texts are not looked into.
std::string fill(std::string_view page, const std::vector<Part>& parts) {
  std::string out;
  while (!page.empty()) {
    const std::size_t open = page.find("{{");
    out += page.substr(0, open);
    if (open == std::string_view::npos) break;
    page.remove_prefix(open + 2);
    const std::size_t close = page.find("}}");
    const std::string_view name = page.substr(0, close);
    const auto part =
        std::find_if(parts.begin(), parts.end(), [&](const Part& p) { return p.first == name; });
    if (part == parts.end()) throw std::logic_error("unknown part {{" + std::string(name) + "}}");
    out += part->second;
    page.remove_prefix(close + 2);
  }
  return out;
}

}  // namespace

std::size_t report_overhead(const ReportAssets& assets) {
  return report_page(assets, "", "").size();
}

std::string report_page(const ReportAssets& assets, std::string_view title, std::string_view data) {
  const std::string style = without_returns(assets.style);
  const std::string script = without_returns(assets.script);
  const std::string policy = "default-src 'none'; script-src " + csp_hash(script) + "; style-src " +
                             csp_hash(style) +
                             "; img-src data:; base-uri 'none'; form-action 'none'";
  return fill(assets.page, {{"csp", policy},
                            {"title", html_text(title)},
                            {"style", style},
                            {"data", std::string(data)},
                            {"script", script},
                            {"licence", html_text(assets.licence)}});
}

bool is_report(std::string_view html) {
  return html.find("<script type=\"application/json\" id=\"report-data\">") !=
         std::string_view::npos;
}

}  // namespace servesweep
