#include "io/measured/profile_reader.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <set>
#include <utility>

#include "io/files/text_source.hpp"
#include "io/measured/measured_csv.hpp"

namespace servesweep {

namespace {

constexpr double kMostTime_us = 1e8;
constexpr double kMostTokens = 1e9;

// The rows of one file, with its columns found by name.
class ProfileFile {
 public:
  ProfileFile(std::string_view text, const std::string& name, std::vector<const char*> columns)
      : csv_(text, name), names_(std::move(columns)) {
    for (const char* column : names_) {
      std::size_t i = 0;
      while (i < csv_.num_fields() && csv_.field(i) != column) ++i;
      if (i < csv_.num_fields()) {
        places_.push_back(i);
      } else if (csv_.num_fields() > 0) {
        csv_.complain_of_row(std::string("no column ") + column +
                             " (a profile's file has it) name it so in the header");
      } else {
        csv_.complain("no measurements (the file is empty) add some");
        break;
      }
    }
    csv_.check();
  }

  // Calls read(*this) for each row; what it returns must differ from row to row.
  template <class Read>
  void for_each_row(Read&& read) {
    std::set<decltype(read(*this))> seen;
    while (csv_.next_row()) {
      const std::size_t before = csv_.num_complaints();
      const bool is_new = seen.insert(read(*this)).second;
      if (!is_new && csv_.num_complaints() == before) {
        csv_.complain_of_row("measured twice (another row has the same values) remove one");
      }
    }
    csv_.check();
  }

  std::string text(std::size_t column) const { return std::string(csv_.field(places_[column])); }
  double count(std::size_t column, double min) {
    const double value = csv_.number(places_[column], names_[column], min);
    if (value != std::floor(value) || value > kMostTokens) {
      complain(column, " (must be a whole number up to 1e9)");
    }
    return value;
  }
  double time_us(std::size_t column) {
    const double value = csv_.number(places_[column], names_[column], 0);
    if (value > kMostTime_us) complain(column, " (must be at most 1e8, 100 s)");
    return value;
  }
  void complain(std::size_t column, const std::string& why) {
    csv_.complain(places_[column],
                  std::string("invalid ") + names_[column] + "=" + text(column) + why);
  }

 private:
  MeasuredCsv csv_;
  std::vector<const char*> names_;
  std::vector<std::size_t> places_;
};

template <std::size_t kCount>
std::vector<KernelProfile::Layer> parse_layers(ProfileFile file,
                                               const ProfiledLayer (&known)[kCount]) {
  std::vector<KernelProfile::Layer> rows;
  file.for_each_row([&](ProfileFile& row) {
    const KernelProfile::Layer layer{row.text(0), row.count(1, 1), row.time_us(2)};
    const bool is_known = std::any_of(std::begin(known), std::end(known),
                                      [&](const auto& each) { return layer.layer == each.name; });
    if (!is_known) {
      std::string names;
      for (const ProfiledLayer& each : known)
        names += (names.empty() ? "" : ", ") + std::string(each.name);
      row.complain(0, " (the layers of this file are " + names + ") remove it");
    }
    rows.push_back(layer);
    return std::pair(layer.layer, layer.at);
  });
  return rows;
}

}  // namespace

std::vector<std::string> kernel_profile_files(const std::string& folder) {
  return {folder + "/dense.csv", folder + "/per_sequence.csv", folder + "/attention.csv"};
}

KernelProfile parse_kernel_profile(const std::vector<std::string_view>& texts,
                                   const std::vector<std::string>& names) {
  KernelProfile profile;
  profile.dense = parse_layers({texts[0], names[0], {"layer", "tokens", "time_us"}}, kDenseLayers);
  profile.per_sequence =
      parse_layers({texts[1], names[1], {"layer", "sequences", "time_us"}}, kSequenceLayers);
  ProfileFile attention(texts[2], names[2],
                        {"prefill_chunk", "kv_prefill", "n_decode", "kv_decode", "time_us"});
  attention.for_each_row([&](ProfileFile& row) {
    const KernelProfile::Attention point{
        {row.count(0, 0), row.count(1, 0), row.count(2, 0), row.count(3, 0)}, row.time_us(4)};
    profile.attention.push_back(point);
    return point.at;
  });
  return profile;
}

KernelProfile read_kernel_profile(const std::string& folder) {
  const std::vector<std::string> files = kernel_profile_files(folder);
  std::vector<TextSource> sources;
  std::vector<std::string_view> texts;
  for (const std::string& file : files) sources.emplace_back(file);
  for (const TextSource& source : sources) texts.push_back(source.text());
  return parse_kernel_profile(texts, files);
}

}  // namespace servesweep
