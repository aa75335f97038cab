// The names that others' programs read result files by.
#include "io/results/format_names.hpp"

#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "io/results/output_format.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/source_folder.hpp"

using namespace servesweep;

namespace {

std::string listed(const std::string& text, const std::string& other) {
  std::string missing;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (("\n" + other).find("\n" + line + "\n") == std::string::npos) missing += line + "\n";
  }
  return missing;
}

NamedDataset dataset(const std::string& engine, const std::string& path, const std::string& text,
                     const std::string& unit = "s") {
  return {engine, path, {path, ColumnType::kFloat64, unit, text, {}}};
}

}  // namespace

TEST_CASE("the names of this format version are frozen") {
  const std::string file = "tests/io/names_of_format_" + std::to_string(kFormatVersion) + ".txt";
  std::ifstream in(testing::in_source_folder(file));
  const std::string frozen{std::istreambuf_iterator<char>(in), {}};
  const std::string names = format_names(all_datasets());
  INFO(
      "Programs of others read result files by these names. One that is not there any more, or "
      "that is called otherwise, needs a new kFormatVersion (io/results/output_format.hpp), with "
      "a file of its own and a line in CHANGELOG.md. New names are added to "
      << file << ": servesweep docs names > " << file);
  CHECK(listed(frozen, names) == "");  // names that are gone
  CHECK(listed(names, frozen) == "");  // new names
  CHECK(names == frozen);
}

TEST_CASE("a name has one definition in all engines, and one dataset in each") {
  CHECK(name_clashes(all_datasets()) == std::vector<std::string>{});
}

TEST_CASE("clashes of names are found") {
  const std::vector<NamedDataset> good = {dataset("a", "/worlds/x_s", "X"),
                                          dataset("b", "/worlds/x_s", "X"),
                                          dataset("a", "/gpus/x_s", "Another")};
  CHECK(name_clashes(good).empty());
  const auto clashes_with = [&](const NamedDataset& one_more) {
    std::vector<NamedDataset> all = good;
    all.push_back(one_more);
    return name_clashes(all);
  };
  CHECK(clashes_with(dataset("b", "/gpus/x_s", "Another")).empty());
  const auto twice = clashes_with(dataset("a", "/gpus/x_s", "Third"));
  REQUIRE(twice.size() == 1);
  CHECK(twice[0].find("engine a has two datasets /gpus/x_s (\"Another\" and \"Third\")") == 0);
  CHECK(clashes_with(dataset("b", "/gpus/x_s", "Third")).size() == 1);
  CHECK(clashes_with(dataset("b", "/gpus/x_s", "Another", "ms")).size() == 1);
}
