// Files that several tests read: texts, tables, and the golden results that are too large to ship.
#pragma once

#include <zlib.h>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/catch.hpp"

namespace servesweep::testing {

// The folder of a shared golden file, with a / at the end; empty, and said so, where there is none.
inline std::string shared_golden(const std::string& name) {
  const char* shared = std::getenv("SERVESWEEP_SHARED");
  const std::string folder = (shared == nullptr ? "" : shared) + ("/golden/" + name + "/");
  if (std::filesystem::is_directory(folder)) return folder;
  std::cout << "skipped: SERVESWEEP_SHARED names no folder with golden/" << name << "\n";
  return "";
}

// All of a file, unpacked where it is packed.
inline std::string read_text(const std::string& path) {
  INFO(path);
  gzFile file = gzopen(path.c_str(), "rb");
  REQUIRE(file != nullptr);
  std::string text;
  char part[1 << 14];
  for (int n = 0; (n = gzread(file, part, sizeof part)) > 0;) {
    text.append(part, static_cast<std::size_t>(n));
  }
  gzclose(file);
  return text;
}

// The rows after the first, in cells; a cell may be quoted.
inline std::vector<std::vector<std::string>> read_rows(const std::string& path) {
  std::istringstream lines(read_text(path));
  std::vector<std::vector<std::string>> rows;
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    rows.push_back({""});
    bool quoted = false;
    for (const char c : line) {
      if (c == '"') quoted = !quoted;
      if (c == ',' && !quoted) rows.back().emplace_back();
      if (c != '"' && c != '\r' && (c != ',' || quoted)) rows.back().back() += c;
    }
  }
  return rows;
}

}  // namespace servesweep::testing
