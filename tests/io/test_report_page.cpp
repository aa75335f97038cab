// The page of a report: its policy is of what is in it, and texts stay texts.
#include <string>

#include "host/base/sha256.hpp"
#include "io/report/report_page.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/packed_arrays.hpp"

using namespace servesweep;

namespace {

ReportAssets assets() {
  ReportAssets a;
  a.page =
      "<meta content=\"{{csp}}\"><title>{{title}}</title><style>{{style}}</style><pre>{{licence}}"
      "</pre><script type=\"application/json\" id=\"report-data\">{{data}}</script>"
      "<script>{{script}}</script>";
  a.style = "p { color: red }\r\n";
  a.script = "say(\"{{data}}\");\r\n";
  a.licence = "Copyright <someone> & others";
  return a;
}

std::string between(const std::string& text, const std::string& begin, const std::string& end) {
  const std::size_t from = text.find(begin);
  REQUIRE(from != std::string::npos);
  const std::size_t to = text.find(end, from + begin.size());
  REQUIRE(to != std::string::npos);
  return text.substr(from + begin.size(), to - from - begin.size());
}

// The hash of what a policy allows, as hex.
std::string allowed_sha256(const std::string& page, const std::string& directive) {
  std::string hex;
  for (const char c : testing::unbase64(between(page, directive + " 'sha256-", "'"))) {
    constexpr char kHex[] = "0123456789abcdef";
    hex += kHex[static_cast<unsigned char>(c) >> 4];
    hex += kHex[static_cast<unsigned char>(c) & 15];
  }
  return hex;
}

}  // namespace

TEST_CASE("the policy allows the script and the style of the page alone") {
  const std::string page = report_page(assets(), "a.h5", "{}");
  CHECK(page.find('\r') == std::string::npos);
  const std::string script = between(page, "<script>", "</script>");
  const std::string style = between(page, "<style>", "</style>");
  CHECK(script == "say(\"{{data}}\");\n");
  CHECK(allowed_sha256(page, "script-src") == sha256_hex(script));
  CHECK(allowed_sha256(page, "style-src") == sha256_hex(style));
  const std::string policy = between(page, "content=\"", "\"");
  CHECK(policy.starts_with("default-src 'none'; script-src 'sha256-"));
  CHECK(policy.ends_with("; img-src data:; base-uri 'none'; form-action 'none'"));
  CHECK(policy.find("unsafe") == std::string::npos);
  CHECK(policy.find("http") == std::string::npos);
}

TEST_CASE("texts of a report cannot become markup") {
  const std::string page =
      report_page(assets(), "</title><script>alert('{{data}}')</script>&\".h5", "{{script}}");
  CHECK(between(page, "<title>", "</title>") ==
        "&lt;/title&gt;&lt;script&gt;alert('{{data}}')&lt;/script&gt;&amp;&quot;.h5");
  CHECK(between(page, "<pre>", "</pre>") == "Copyright &lt;someone&gt; &amp; others");
  CHECK(between(page, "id=\"report-data\">", "</script>") == "{{script}}");
}

TEST_CASE("a page knows what it weighs without data, and that it is a report") {
  const std::string page = report_page(assets(), "a.h5", "12345");
  CHECK(page.size() == report_overhead(assets()) + 9);
  CHECK(is_report(page));
  CHECK_FALSE(is_report("<!doctype html><script>report-data</script>"));
  CHECK_FALSE(is_report(""));
}
