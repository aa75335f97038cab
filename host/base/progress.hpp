// How far a run is, on stderr: a bar on a terminal, a plain line every few seconds elsewhere.
//
// Requests measure the work: worlds of one sweep may differ a thousandfold in their requests.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <ostream>
#include <string>
#include <thread>

namespace servesweep {

enum class ProgressStyle { kNone, kLines, kBar };

// How progress is shown on stderr.
ProgressStyle progress_style(bool quiet);

struct ProgressState {
  std::int64_t worlds = 0;         // of the sweep
  std::int64_t worlds_before = 0;  // that were finished when this run began
  std::int64_t worlds_done = 0;    // by this run
  std::int64_t requests = 0;       // of the sweep
  std::int64_t requests_before = 0;
  std::int64_t requests_done = 0;
  double done_s = 0;  // when the last request was done, from the start of the run
  double now_s = 0;   // from the start of the run

  double remaining_s() const;  // negative: nothing to tell it from
};

// "1,200/5,000 worlds, 310 worlds/s, 12 million requests/s, 12 s left"
std::string progress_text(const ProgressState& state);
// A bar, then progress_text(), `width` characters in all where the text leaves room.
std::string progress_bar(const ProgressState& state, int width);

// A thread of its own draws while chunks run.
class Progress {
 public:
  // `out` must outlive it.
  Progress(ProgressStyle style, std::ostream& out) : style_(style), out_(out) {}
  ~Progress() { end(); }

  // Of `state`, worlds, requests and both numbers before count.
  void begin(const ProgressState& state);
  void add(std::int64_t worlds, std::int64_t requests, double now_s);
  // Clears the bar; whoever writes to the same terminal calls it before.
  void end();

 private:
  void draw_until_ended();

  const ProgressStyle style_;
  std::ostream& out_;
  std::mutex mutex_;
  std::condition_variable ended_changed_;
  bool ended_ = false;  // guarded by mutex_, like state_
  ProgressState state_;
  std::thread thread_;
};

}  // namespace servesweep
