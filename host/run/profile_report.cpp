#include "host/run/profile_report.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <algorithm>

#include "host/base/error.hpp"
#include "host/base/units.hpp"

namespace servesweep {
namespace {

// Names of counts, in the order of ProfileCount.
constexpr const char* kCountNames[] = {"worlds",          "requests",        "allocations",
                                       "allocated_bytes", "inputs_prepared", "inputs_reused"};
static_assert(std::size(kCountNames) == kNumProfileCounts, "every count has a name");

double per_second(std::int64_t count, const ProfileReport& report) {
  return report.seconds > 0 ? static_cast<double>(count) / report.seconds : 0;
}

struct Row {
  std::string label;
  std::string note;
  double seconds = 0;
  std::int64_t calls = 0;
  std::int64_t bytes = 0;
};

void add_rows(const ProfileReport& report, int inside, const std::string& indent,
              std::vector<Row>& rows) {
  for (std::size_t i = 0; i < report.entries.size(); ++i) {
    const ProfileEntry& e = report.entries[i];
    if (e.inside != inside) continue;
    const char* note = e.is_kernel ? "kernel" : e.is_beside ? "beside the others" : "";
    rows.push_back({indent + e.label, note, e.seconds, e.calls, e.bytes});
    add_rows(report, static_cast<int>(i), indent + "  ", rows);
  }
}

}  // namespace

std::string profile_table(const ProfileReport& report) {
  std::vector<Row> rows;
  add_rows(report, -1, "", rows);
  double other_s = report.seconds;
  for (const ProfileEntry& e : report.entries) {
    if (e.inside < 0 && !e.is_beside) other_s -= e.seconds;
  }
  rows.push_back({"other", "", other_s, 0, 0});
  rows.push_back({"total", "", report.seconds, 0, 0});

  std::size_t width = 0;
  for (const Row& row : rows) width = std::max(width, row.label.size());
  std::string text = fmt::format("{:<{}}  {:>9}  {:>7}  {:>7}  {:>9}  {:>6}\n", "profile", width,
                                 "seconds", "share", "calls", "bytes", "GB/s");
  for (const Row& row : rows) {
    const double share = report.seconds > 0 ? 100 * row.seconds / report.seconds : 0;
    std::string line =
        fmt::format("{:<{}}  {:>9.3f}  {:>5.1f} %  {:>7}  {:>9}  {:>6}  {}", row.label, width,
                    row.seconds, share, row.calls > 0 ? format_count(row.calls) : "",
                    row.bytes > 0 ? format_size(static_cast<std::size_t>(row.bytes)) : "",
                    row.bytes > 0 && row.seconds > 0
                        ? fmt::format("{:.2f}", static_cast<double>(row.bytes) / row.seconds * 1e-9)
                        : "",
                    row.note);
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  const std::int64_t worlds = report.count(ProfileCount::kWorlds);
  const std::int64_t requests = report.count(ProfileCount::kRequests);
  text +=
      fmt::format("{}, {} worlds/s; {}, {} requests/s\n", format_count(worlds, "world"),
                  format_quantity(per_second(worlds, report)), format_count(requests, "request"),
                  format_quantity(per_second(requests, report)));
  text += fmt::format(
      "{}, {}; inputs: {} prepared, {} reused\n",
      format_count(report.count(ProfileCount::kAllocations), "allocation"),
      format_size(static_cast<std::size_t>(report.count(ProfileCount::kAllocatedBytes))),
      format_count(report.count(ProfileCount::kInputsPrepared)),
      format_count(report.count(ProfileCount::kInputsReused)));
  return text;
}

std::string profile_json(const ProfileReport& report) {
  nlohmann::ordered_json json{{"seconds", report.seconds}};
  for (std::size_t i = 0; i < kNumProfileCounts; ++i) json[kCountNames[i]] = report.counts[i];
  json["worlds_per_s"] = per_second(report.count(ProfileCount::kWorlds), report);
  json["requests_per_s"] = per_second(report.count(ProfileCount::kRequests), report);
  json["regions"] = nlohmann::ordered_json::array();
  for (const ProfileEntry& e : report.entries) {
    json["regions"].push_back({{"label", e.label},
                               {"inside", e.inside},
                               {"kernel", e.is_kernel},
                               {"beside", e.is_beside},
                               {"calls", e.calls},
                               {"seconds", e.seconds},
                               {"bytes", e.bytes}});
  }
  return json.dump(1);
}

ProfileReport read_profile(const std::string& text, const std::string& where) {
  try {
    const nlohmann::json json = nlohmann::json::parse(text);
    ProfileReport report;
    report.seconds = json.at("seconds");
    for (std::size_t i = 0; i < kNumProfileCounts; ++i) {
      report.counts[i] = json.at(kCountNames[i]);
    }
    for (const nlohmann::json& region : json.at("regions")) {
      const int inside = region.at("inside");
      if (inside < -1 || inside >= static_cast<int>(report.entries.size())) {
        throw InputError(fmt::format(
            "{}: region {} is inside {}, which is not before it (it is no profile of servesweep's) "
            "make the file again",
            where, report.entries.size(), inside));
      }
      report.entries.push_back({region.at("label"), inside, region.at("kernel"),
                                region.at("beside"), region.at("calls"), region.at("seconds"),
                                region.at("bytes")});
    }
    return report;
  } catch (const nlohmann::json::exception& error) {
    throw InputError(where + " cannot be read (" + error.what() + ") make the file again");
  }
}

}  // namespace servesweep
