#include "io/files/folder_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <fstream>
#include <iostream>
#include <mutex>
#include <optional>
#include <random>
#include <sstream>
#include <thread>
#include <utility>

#include "host/base/error.hpp"
#include "io/files/atomic_file.hpp"

namespace servesweep {
namespace {

using Clock = std::chrono::steady_clock;

std::string lock_path(const std::string& folder) { return folder + "/lock"; }
std::string owner_path(const std::string& folder) { return folder + "/owner"; }

[[noreturn]] void throw_busy(const std::string& folder, const std::string& who) {
  throw BusyError("another run is writing to " + folder + " (" + who +
                  ") wait for it or choose another output");
}

// The last owner may have removed the file between open() and flock().
bool still_there(const std::string& path, int fd) {
  struct stat by_name {
  }, by_fd{};
  return ::stat(path.c_str(), &by_name) == 0 && ::fstat(fd, &by_fd) == 0 &&
         by_name.st_ino == by_fd.st_ino && by_name.st_dev == by_fd.st_dev;
}

std::string first_word(const std::string& path) {
  std::string word;
  std::ifstream(path) >> word;
  return word.empty() ? "-" : word;
}

// Where process ids mean the same: the machine since it started, and what it shows of processes.
std::string machine_identity() {
  char host[256] = "-";
  ::gethostname(host, sizeof host - 1);
  char space[64] = {};
  if (::readlink("/proc/self/ns/pid", space, sizeof space - 1) <= 0) space[0] = '-';
  return fmt::format("{}/{}/{}", host, first_word("/proc/sys/kernel/random/boot_id"), space);
}

// When a process started, in clock ticks since the machine did; "" if there is no such process.
std::string start_of(pid_t process) {
  std::ifstream file(fmt::format("/proc/{}/stat", process));
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return "";
  std::istringstream fields(text.substr(name_end + 1));
  std::string field;
  constexpr int kStartTime = 22 - 2;  // the first two fields are in front
  for (int i = 0; i < kStartTime; ++i) fields >> field;
  return field;
}

}  // namespace

// What an owner file says.
struct FolderOwner {
  std::string machine, process, start, token;
  std::string beat;  // changes while the owner lives

  bool is_here() const { return machine == machine_identity(); }
  bool lives() const { return start_of(std::stoi("0" + process)) == start; }
  std::string text() const { return fmt::format("{} {} {} {} ", machine, process, start, token); }
};

namespace {

// Nothing where there is no file. One that is just being made has empty fields.
std::optional<FolderOwner> read_owner(const std::string& path) {
  std::ifstream file(path);
  if (!file) return std::nullopt;
  FolderOwner owner;
  file >> owner.machine >> owner.process >> owner.start >> owner.token >> owner.beat;
  return owner;
}

std::string random_token() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}", random(), random());
}

}  // namespace

struct FolderLock::Held {
  std::string folder;
  int lock = -1;
  int owner = -1;
  FolderOwner self;
  std::mutex mutex;
  std::condition_variable_any ended;
  std::jthread refresher;

  ~Held() {
    give_up();
    if (lock >= 0) ::close(lock);
    if (owner >= 0) ::close(owner);
  }

  bool is_held() const {
    const auto there = read_owner(owner_path(folder));
    return there && there->token == self.token;
  }
  void give_up() {
    if (refresher.joinable()) {
      refresher.request_stop();
      refresher.join();
    }
    if (owner >= 0 && is_held()) ::unlink(owner_path(folder).c_str());
  }

  bool take_lock();
  bool make_owner();
  void remove_dead_owner(const OwnerTiming& timing);
  void write_beat(std::int64_t beat) const;
  void start_refreshing(std::chrono::milliseconds interval);
};

// False: once more, as the folder or the file has gone in the meantime.
bool FolderLock::Held::take_lock() {
  if (::mkdir(folder.c_str(), 0777) != 0 && errno != EEXIST) {
    throw_io_error("cannot make the folder " + folder, errno);
  }
  const std::string path = lock_path(folder);
  lock = ::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
  if (lock < 0 && errno == ENOENT) return false;
  if (lock < 0) throw_cannot_write(path, errno);
  // File systems without locks give other errors: there the owner file alone says who is.
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    throw_busy(folder, "it holds " + path);
  }
  if (still_there(path, lock)) return true;
  ::close(std::exchange(lock, -1));
  return false;
}

// False: there is one.
bool FolderLock::Held::make_owner() {
  const std::string path = owner_path(folder);
  owner = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
  if (owner < 0 && (errno == EEXIST || errno == ENOENT)) return false;
  if (owner < 0) throw_cannot_write(path, errno);
  self = {machine_identity(), std::to_string(::getpid()), start_of(::getpid()), random_token(), {}};
  if (self.start.empty()) self.start = "-";
  try {
    write_beat(0);
  } catch (const IoError&) {
    ::unlink(path.c_str());
    throw;
  }
  return true;
}

void FolderLock::Held::write_beat(std::int64_t beat) const {
  const std::string text = fmt::format("{}{:012d}\n", self.text(), beat);
  if (::pwrite(owner, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    throw_cannot_write(owner_path(folder), errno);
  }
}

// Returns when the owner file is gone; throws BusyError if its owner lives.
void FolderLock::Held::remove_dead_owner(const OwnerTiming& timing) {
  const std::string path = owner_path(folder);
  const auto seen = read_owner(path);
  if (!seen) return;
  const std::string who = "process " + seen->process + " on " +
                          seen->machine.substr(0, seen->machine.find('/')) + " holds " + path;
  const bool has_name = !seen->token.empty();
  if (has_name && seen->is_here()) {
    if (seen->lives()) throw_busy(folder, who);
  } else {
    if (has_name) {
      std::cerr << "waiting: " << path << " is of a run on another machine ("
                << seen->machine.substr(0, seen->machine.find('/')) << "), which may still go on"
                << std::endl;
    }
    // An owner writes its name as soon as it has made the file, unless it ended there.
    const std::chrono::milliseconds silent = has_name ? timing.silent : timing.refresh;
    for (const auto end = Clock::now() + silent; Clock::now() < end;) {
      std::this_thread::sleep_for(silent / 50);
      const auto now = read_owner(path);
      if (!now) return;
      if (now->token != seen->token || now->beat != seen->beat) throw_busy(folder, who);
    }
  }
  // Two may find it dead at the same time: what was moved away must be what was seen.
  const std::string aside = path + "." + random_token();
  if (::rename(path.c_str(), aside.c_str()) != 0) {
    if (errno != ENOENT) throw_io_error("cannot remove " + path, errno);
    return;
  }
  const auto moved = read_owner(aside);
  const bool same = moved && moved->token == seen->token;
  if (!same) {
    [[maybe_unused]] const int back = ::link(aside.c_str(), path.c_str());
    ::unlink(aside.c_str());
    throw_busy(folder, who);
  }
  ::unlink(aside.c_str());
}

void FolderLock::Held::start_refreshing(std::chrono::milliseconds interval) {
  refresher = std::jthread([this, interval](const std::stop_token& stop) {
    std::unique_lock<std::mutex> waiting(mutex);
    for (std::int64_t beat = 1;; ++beat) {
      ended.wait_for(waiting, stop, interval, [] { return false; });
      if (stop.stop_requested()) return;
      try {
        write_beat(beat);
      } catch (const IoError&) {
        continue;  // a full disk, perhaps: check_held() says whether it mattered
      }
    }
  });
}

FolderLock::FolderLock() = default;
FolderLock::~FolderLock() = default;
FolderLock::FolderLock(FolderLock&& other) noexcept = default;
FolderLock& FolderLock::operator=(FolderLock&& other) noexcept = default;

FolderLock::FolderLock(const std::string& folder, const OwnerTiming& timing)
    : held_(std::make_unique<Held>()) {
  held_->folder = folder;
  for (;;) {
    if (held_->lock < 0 && !held_->take_lock()) continue;
    if (held_->make_owner()) break;
    held_->remove_dead_owner(timing);
    if (!still_there(lock_path(folder), held_->lock)) ::close(std::exchange(held_->lock, -1));
  }
  held_->start_refreshing(timing.refresh);
}

void FolderLock::check_held() const {
  if (held_ == nullptr || held_->is_held()) return;
  throw IoError("cannot go on in " + held_->folder +
                " (another run has taken it over, as this one was silent) wait for that one");
}

void FolderLock::remove_folder() {
  if (held_ == nullptr) return;
  const bool held = held_->is_held();
  held_->give_up();
  if (held) {
    ::unlink(lock_path(held_->folder).c_str());
    ::rmdir(held_->folder.c_str());
  }
  held_.reset();
}

}  // namespace servesweep
