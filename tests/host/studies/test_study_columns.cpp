// The frames that tests of studies make by hand have the columns that engines write: a column that
// is called something else by now would be asked for in vain, unseen by those tests.
#include <set>
#include <string>

#include "io/results/format_names.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/study_frame.hpp"
#include "tests/support/tuning_frame.hpp"

namespace servesweep {
namespace {

// The frame's columns that no file of this engine has.
std::set<std::string> unknown_columns(const Frame& frame, const std::string& engine) {
  std::set<std::string> unknown;
  for (const ResultColumn& column : frame.columns()) unknown.insert(column.spec.name);
  for (const NamedDataset& dataset : all_datasets()) {
    const std::string folder = "/worlds/";
    if (dataset.engine == engine && dataset.path.rfind(folder, 0) == 0) {
      unknown.erase(dataset.path.substr(folder.size()));
    }
  }
  return unknown;
}

}  // namespace

TEST_CASE("Frames made by hand have the names of the engines' columns") {
  CHECK(unknown_columns(testing::study_frame({}), "batch") == std::set<std::string>{});
  CHECK(unknown_columns(testing::tuning_frame({}), "continuous") == std::set<std::string>{});
}

}  // namespace servesweep
