#include "io/files/atomic_file.hpp"

#include <sys/stat.h>
#include <cerrno>

#include <filesystem>
#include <set>
#include <stdexcept>
#include <string>

#include "host/base/error.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/failing_disk.hpp"
#include "tests/support/temp_folder.hpp"

namespace fs = std::filesystem;
using namespace servesweep;

namespace {

std::set<std::string> names_in(const TempFolder& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder.path())) {
    names.insert(entry.path().filename().string());
  }
  return names;
}

}  // namespace

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
  CHECK(names_in(folder) == std::set<std::string>{"a"});
}

TEST_CASE("what cannot be written says why") {
  const TempFolder folder;
  fs::create_directory(folder / "d");
  CHECK_THROWS_WITH(write_file_atomically(folder / "no/a", ""),
                    Catch::Matchers::EndsWith("no/a (No such file or directory)"));
  CHECK_THROWS_WITH(write_file_atomically(folder / "d", ""),
                    Catch::Matchers::EndsWith("d (Is a directory)"));
  CHECK(names_in(folder) == std::set<std::string>{"d"});
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
    {
      const FailingDisk disk(call, ENOSPC, good_calls);
      const auto write = [&] {
        if (!is_stream) return write_file_atomically(folder / "a", large);
        write_file_atomically(folder / "a", [&](std::ostream& out) { out << large; });
      };
      CHECK_THROWS_WITH(write(), "cannot write " + (folder / "a") + " (No space left on device)");
    }
    CHECK(read_bytes(folder / "a") == "old");
    CHECK(names_in(folder) == std::set<std::string>{"a"});
  }
}

TEST_CASE("a folder that cannot be synced is an error, though the file is there") {
  const TempFolder folder;
  const FailingDisk disk(DiskCall::kSync, EIO, 1);
  CHECK_THROWS_WITH(write_file_atomically(folder / "a", "new"),
                    "cannot sync the folder " + folder.path() + " (Input/output error)");
  CHECK(read_bytes(folder / "a") == "new");
}

TEST_CASE("a file that is replaced keeps its mode") {
  const TempFolder folder;
  const mode_t mask = ::umask(022);
  write_file_atomically(folder / "new", "1");
  CHECK(fs::status(folder / "new").permissions() == fs::perms{0644});
  for (const int mode : {0600, 0444, 0664, 0755}) {
    write_bytes(folder / "a", "old");
    fs::permissions(folder / "a", fs::perms{static_cast<unsigned>(mode)});
    write_file_atomically(folder / "a", "new");
    CHECK(fs::status(folder / "a").permissions() == fs::perms{static_cast<unsigned>(mode)});
    CHECK(read_bytes(folder / "a") == "new");
    fs::remove(folder / "a");
  }
  ::umask(mask);
}

TEST_CASE("a link that leads nowhere is an error and stays") {
  const TempFolder folder;
  fs::create_symlink("gone/b", folder / "a");
  CHECK_THROWS_WITH(write_file_atomically(folder / "a", "new"),
                    "cannot write " + (folder / "a") +
                        " (it is a link to gone/b, which is not there) remove the link or choose "
                        "another file");
  CHECK(names_in(folder) == std::set<std::string>{"a"});
}

TEST_CASE("nothing that lies under a temporary name is written to") {
  const TempFolder folder;
  write_bytes(folder / "victim", "precious");
  fs::create_symlink(folder / "victim", folder / "a.tmp");
  const AtomicFile first(folder / "a"), second(folder / "a");
  CHECK(first.temporary_path() != second.temporary_path());
  write_file_atomically(folder / "a", "new");
  CHECK(read_bytes(folder / "victim") == "precious");
  CHECK(fs::is_regular_file(fs::symlink_status(folder / "a")));
}

TEST_CASE("a temporary file that others replace does not become the file") {
  const TempFolder folder;
  AtomicFile atomic(folder / "a");
  atomic.write("mine");
  fs::remove(atomic.temporary_path());
  write_bytes(atomic.temporary_path(), "theirs");
  CHECK_THROWS_WITH(atomic.commit(), Catch::Matchers::ContainsSubstring("has removed or replaced"));
  CHECK_FALSE(fs::exists(folder / "a"));
}

TEST_CASE("leftovers of killed processes go, those of running ones stay") {
  const TempFolder folder;
  const AtomicFile running(folder / "a");
  const std::string name = fs::path(running.temporary_path()).filename().string();
  write_bytes(folder / "a.0123abcd.tmp", "half");
  write_bytes(folder / "a.notes.tmp", "mine");
  write_bytes(folder / "b.0123abcd.tmp", "of another file");
  write_file_atomically(folder / "a", "new");
  CHECK(names_in(folder) == std::set<std::string>{"a", name, "a.notes.tmp", "b.0123abcd.tmp"});
}
