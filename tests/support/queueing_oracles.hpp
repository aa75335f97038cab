// The queueing models of tests/data/golden/queueing/ that a test asks for.
#pragma once

#include <nlohmann/json.hpp>
#include <fstream>
#include <string>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/source_folder.hpp"

namespace servesweep::testing {

// Every entry whose model's name starts with `model`.
inline std::vector<nlohmann::json> queueing_oracles(const std::string& model) {
  std::ifstream file(in_source_folder("tests/data/golden/queueing/oracles.json"));
  REQUIRE(file.good());
  std::vector<nlohmann::json> found;
  for (const nlohmann::json& entry : nlohmann::json::parse(file)) {
    if (entry["model"].get<std::string>().rfind(model, 0) == 0) found.push_back(entry);
  }
  REQUIRE(!found.empty());
  return found;
}

}  // namespace servesweep::testing
