#include "host/base/progress.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "host/base/units.hpp"

namespace servesweep {
namespace {

constexpr std::chrono::milliseconds kBarPeriod{200};
constexpr std::chrono::milliseconds kLinePeriod{5000};
constexpr int kLeastBar = 10;  // characters

int terminal_width() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

double share_done(const ProgressState& s) {
  const std::int64_t all = s.requests > 0 ? s.requests : s.worlds;
  const std::int64_t done =
      s.requests > 0 ? s.requests_before + s.requests_done : s.worlds_before + s.worlds_done;
  return all > 0 ? std::min(1.0, static_cast<double>(done) / static_cast<double>(all)) : 0;
}

}  // namespace

ProgressStyle progress_style(bool quiet) {
  if (quiet) return ProgressStyle::kNone;
  return isatty(STDERR_FILENO) == 1 ? ProgressStyle::kBar : ProgressStyle::kLines;
}

double ProgressState::remaining_s() const {
  if (requests_done <= 0 || done_s <= 0) return -1;
  const auto left = static_cast<double>(requests - requests_before - requests_done);
  const double rate = static_cast<double>(requests_done) / done_s;
  return std::max(0.0, left / rate - (now_s - done_s));
}

std::string progress_text(const ProgressState& s) {
  std::string text =
      format_count(s.worlds_before + s.worlds_done) + "/" + format_count(s.worlds) + " worlds";
  const double left = s.remaining_s();
  if (left < 0) return text + ", " + format_duration(s.now_s);
  return text + ", " + format_quantity(static_cast<double>(s.worlds_done) / s.done_s) +
         " worlds/s, " + format_quantity(static_cast<double>(s.requests_done) / s.done_s) +
         " requests/s, " + format_duration(left) + " left";
}

std::string progress_bar(const ProgressState& s, int width) {
  const std::string text = progress_text(s);
  const int room = width - static_cast<int>(text.size()) - 3;  // two brackets, a blank
  if (room < kLeastBar) return text.substr(0, static_cast<std::size_t>(std::max(0, width)));
  const auto full = static_cast<std::size_t>(share_done(s) * room);
  return "[" + std::string(full, '#') + std::string(static_cast<std::size_t>(room) - full, '.') +
         "] " + text;
}

void Progress::begin(const ProgressState& state) {
  if (style_ == ProgressStyle::kNone) return;
  state_ = state;
  thread_ = std::thread([this] { draw_until_ended(); });
}

void Progress::add(std::int64_t worlds, std::int64_t requests, double now_s) {
  const std::lock_guard lock(mutex_);
  state_.worlds_done += worlds;
  state_.requests_done += requests;
  state_.done_s = now_s;
}

void Progress::end() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  ended_changed_.notify_one();
  thread_.join();
  if (style_ == ProgressStyle::kBar) out_ << "\r\x1b[K" << std::flush;
}

void Progress::draw_until_ended() {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  const bool bar = style_ == ProgressStyle::kBar;
  std::unique_lock lock(mutex_);
  while (
      !ended_changed_.wait_for(lock, bar ? kBarPeriod : kLinePeriod, [this] { return ended_; })) {
    state_.now_s = std::chrono::duration<double>(Clock::now() - start).count();
    if (bar) {
      out_ << '\r' << progress_bar(state_, terminal_width() - 1) << "\x1b[K" << std::flush;
    } else {
      out_ << progress_text(state_) << std::endl;
    }
  }
}

}  // namespace servesweep
