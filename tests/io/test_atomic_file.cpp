#include "io/files/atomic_file.hpp"

#include <filesystem>
#include <stdexcept>

#include "host/base/error.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_folder.hpp"

namespace fs = std::filesystem;
using namespace servesweep;

TEST_CASE("a file appears whole or not at all") {
  const TempFolder folder;
  write_file_atomically(folder / "a", "old");
  write_file_atomically(folder / "a", [](std::ostream& out) { out << "new"; });
  CHECK(read_bytes(folder / "a") == "new");

  const auto dies = [&](std::ostream& out) {
    out << "half" << std::flush;
    CHECK(read_bytes(folder / "a") == "new");
    throw std::runtime_error("killed");
  };
  CHECK_THROWS_WITH(write_file_atomically(folder / "a", dies), "killed");
  CHECK(read_bytes(folder / "a") == "new");
  CHECK_FALSE(fs::exists(folder / "a.tmp"));
}

TEST_CASE("what cannot be written says why") {
  const TempFolder folder;
  fs::create_directory(folder / "d");
  CHECK_THROWS_WITH(write_file_atomically(folder / "no/a", ""),
                    Catch::Matchers::EndsWith("no/a (No such file or directory)"));
  CHECK_THROWS_WITH(write_file_atomically(folder / "d", ""),
                    Catch::Matchers::EndsWith("d (Is a directory)"));
  CHECK_FALSE(fs::exists(folder / "d.tmp"));
}

TEST_CASE("a link is followed, and no file takes the place of a device") {
  const TempFolder folder;
  write_file_atomically(folder / "a", "old");
  fs::create_symlink("a", folder / "link");
  write_file_atomically(folder / "link", "new");
  CHECK(fs::is_symlink(folder / "link"));
  CHECK(read_bytes(folder / "a") == "new");

  write_file_atomically("/dev/null", "gone");
  CHECK(fs::is_character_file("/dev/null"));
  CHECK_FALSE(fs::exists("/dev/null.tmp"));
  if (fs::exists("/dev/full")) {
    CHECK_THROWS_WITH(write_file_atomically("/dev/full", [](std::ostream& out) { out << "much"; }),
                      "cannot write /dev/full (No space left on device)");
    CHECK(fs::is_character_file("/dev/full"));
  }
}
