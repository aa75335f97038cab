// Fibers: functions that run in turns on one thread, each on a stack of its own.
#pragma once

#include <ucontext.h>

#include <cstddef>
#include <functional>
#include <memory>

namespace servesweep::testing {

class Fiber {
 public:
  Fiber();  // what runs now, on the stack that it has
  // body() starts with the first switch to the fiber; it must not return but switch away.
  explicit Fiber(std::function<void()> body);
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // Goes on with `next` until something switches back to this fiber, the one that runs.
  void switch_to(Fiber& next);

 private:
  static void enter();
  void arrived();

  ucontext_t context_ = {};
  std::function<void()> body_;
  std::unique_ptr<unsigned char[]> stack_;
  // What the sanitizers are told.
  [[maybe_unused]] const void* stack_bottom_ = nullptr;
  [[maybe_unused]] std::size_t stack_bytes_ = 0;
  [[maybe_unused]] void* fake_stack_ = nullptr;
  [[maybe_unused]] void* thread_sanitizer_fiber_ = nullptr;
};

}  // namespace servesweep::testing
