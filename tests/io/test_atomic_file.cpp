#include "io/files/atomic_file.hpp"

#include <cerrno>
#include <filesystem>
#include <stdexcept>

#include "host/base/error.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/failing_disk.hpp"
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

TEST_CASE("a disk that fails at any step leaves the old file and nothing else") {
  const TempFolder folder;
  write_file_atomically(folder / "a", "old");
  const std::string large(100'000, 'x');
  const auto [call, good_calls] =
      GENERATE(std::pair{DiskCall::kWrite, 0}, std::pair{DiskCall::kWrite, 3},
               std::pair{DiskCall::kSync, 0}, std::pair{DiskCall::kRename, 0});
  for (const bool is_stream : {false, true}) {
    INFO("call " << static_cast<int>(call) << " after " << good_calls << ", stream " << is_stream);
    if (is_stream && call == DiskCall::kWrite) continue;  // /dev/full, above
    {
      const FailingDisk disk(call, ENOSPC, good_calls);
      const auto write = [&] {
        if (!is_stream) return write_file_atomically(folder / "a", large);
        write_file_atomically(folder / "a", [&](std::ostream& out) { out << large; });
      };
      CHECK_THROWS_WITH(write(), "cannot write " + (folder / "a") + " (No space left on device)");
    }
    CHECK(read_bytes(folder / "a") == "old");
    CHECK_FALSE(fs::exists(folder / "a.tmp"));
  }
}

TEST_CASE("a folder that cannot be synced is an error, though the file is there") {
  const TempFolder folder;
  const FailingDisk disk(DiskCall::kSync, EIO, 1);
  CHECK_THROWS_WITH(write_file_atomically(folder / "a", "new"),
                    "cannot sync the folder " + folder.path() + " (Input/output error)");
  CHECK(read_bytes(folder / "a") == "new");
}
