// A folder has one owner, also where file locks do not work or end at the machine.
#include "io/files/folder_lock.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "host/base/error.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_folder.hpp"

namespace fs = std::filesystem;
using namespace servesweep;

namespace {

constexpr OwnerTiming kBriefly{std::chrono::milliseconds(20), std::chrono::milliseconds(400)};

// As if the process that wrote it were of another machine.
std::string moved_elsewhere(const std::string& owner) {
  return "elsewhere" + owner.substr(owner.find(' '));
}

}  // namespace

TEST_CASE("a folder is held by one, and given up") {
  const TempFolder folder;
  const std::string path = folder / "parts";
  {
    FolderLock lock(path, kBriefly);
    lock.check_held();
    CHECK_THROWS_AS(FolderLock(path, kBriefly), BusyError);
    FolderLock moved = std::move(lock);
    CHECK_THROWS_WITH(FolderLock(path, kBriefly),
                      Catch::Matchers::ContainsSubstring("another run is writing to " + path));
  }
  FolderLock lock(path, kBriefly);
  lock.remove_folder();
  CHECK_FALSE(fs::exists(path));
}

TEST_CASE("an owner is refreshed, and its file alone keeps others out") {
  const TempFolder folder;
  const std::string path = folder / "parts";
  const FolderLock lock(path, kBriefly);
  const std::string first = read_bytes(path + "/owner");
  fs::remove(path + "/lock");  // the next one locks another file
  CHECK_THROWS_WITH(FolderLock(path, kBriefly),
                    Catch::Matchers::ContainsSubstring("process " + std::to_string(::getpid())));
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  CHECK(read_bytes(path + "/owner") != first);
}

TEST_CASE("an owner on another machine is dead when it is silent, not before") {
  const TempFolder folder;
  const std::string path = folder / "parts", owner = path + "/owner";
  std::string text;
  {
    const FolderLock lock(path, kBriefly);
    text = moved_elsewhere(read_bytes(owner));
  }
  write_bytes(owner, text);
  {
    std::atomic<bool> ends{false};
    std::thread beating([&] {
      for (int beat = 1; !ends; ++beat) {
        write_bytes(owner + ".new",
                    text.substr(0, text.size() - 5) + std::to_string(1000 + beat) + "\n");
        fs::rename(owner + ".new", owner);
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
      }
    });
    CHECK_THROWS_WITH(FolderLock(path, kBriefly),
                      Catch::Matchers::ContainsSubstring("on elsewhere holds"));
    ends = true;
    beating.join();
  }
  const FolderLock lock(path, kBriefly);
  lock.check_held();
}

TEST_CASE("an owner without a name is dead after one refresh") {
  const TempFolder folder;
  const std::string path = folder / "parts", owner = path + "/owner";
  fs::create_directory(path);
  for (const char* text : {"", "elsewhere 1"}) {
    write_bytes(owner, text);
    const auto before = std::chrono::steady_clock::now();
    const FolderLock lock(path, {std::chrono::milliseconds(200), std::chrono::hours(1)});
    CHECK(std::chrono::steady_clock::now() - before >= std::chrono::milliseconds(200));
    lock.check_held();
  }
}

TEST_CASE("an owner of this machine that was killed is dead at once") {
  const TempFolder folder;
  const std::string path = folder / "parts";
  const pid_t child = ::fork();
  if (child == 0) {
    auto* lock = new FolderLock(path);
    lock->check_held();
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
  REQUIRE(fs::exists(path + "/owner"));
  const auto before = std::chrono::steady_clock::now();
  const FolderLock lock(path);  // would wait for a quarter of a minute
  CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(5));
}

TEST_CASE("an owner that was taken for dead finds out, and leaves the folder alone") {
  const TempFolder folder;
  const std::string path = folder / "parts";
  FolderLock lock(path, kBriefly);
  write_bytes(path + "/owner.new", "elsewhere 1 1 0123 000000000001\n");
  fs::rename(path + "/owner.new", path + "/owner");
  CHECK_THROWS_WITH(lock.check_held(), Catch::Matchers::ContainsSubstring("has taken it over"));
  lock.remove_folder();
  CHECK(fs::exists(path + "/owner"));
}
