#include "tests/support/fiber.hpp"

#include <cstdlib>
#include <utility>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SERVESWEEP_FIBER_ASAN
#endif
#if __has_feature(thread_sanitizer)
#define SERVESWEEP_FIBER_TSAN
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define SERVESWEEP_FIBER_ASAN
#endif
#ifdef __SANITIZE_THREAD__
#define SERVESWEEP_FIBER_TSAN
#endif
#ifdef SERVESWEEP_FIBER_ASAN
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef SERVESWEEP_FIBER_TSAN
#include <sanitizer/tsan_interface.h>
#endif

namespace servesweep::testing {

namespace {

#ifdef SERVESWEEP_FIBER_ASAN
constexpr std::size_t kStackBytes = 512 << 10;
#else
constexpr std::size_t kStackBytes = 128 << 10;
#endif

thread_local Fiber* leaving = nullptr;
thread_local Fiber* entering = nullptr;

}  // namespace

Fiber::Fiber() {
#ifdef SERVESWEEP_FIBER_TSAN
  thread_sanitizer_fiber_ = __tsan_get_current_fiber();
#endif
}

Fiber::Fiber(std::function<void()> body)
    : body_(std::move(body)),
      stack_(std::make_unique_for_overwrite<unsigned char[]>(kStackBytes)),
      stack_bottom_(stack_.get()),
      stack_bytes_(kStackBytes) {
  getcontext(&context_);
  context_.uc_stack.ss_sp = stack_.get();
  context_.uc_stack.ss_size = kStackBytes;
  makecontext(&context_, &Fiber::enter, 0);
#ifdef SERVESWEEP_FIBER_TSAN
  thread_sanitizer_fiber_ = __tsan_create_fiber(0);
#endif
}

Fiber::~Fiber() {
#ifdef SERVESWEEP_FIBER_TSAN
  if (stack_ != nullptr) __tsan_destroy_fiber(thread_sanitizer_fiber_);
#endif
}

void Fiber::switch_to(Fiber& next) {
  leaving = this;
  entering = &next;
#ifdef SERVESWEEP_FIBER_ASAN
  __sanitizer_start_switch_fiber(&fake_stack_, next.stack_bottom_, next.stack_bytes_);
#endif
#ifdef SERVESWEEP_FIBER_TSAN
  __tsan_switch_to_fiber(next.thread_sanitizer_fiber_, 0);
#endif
  swapcontext(&context_, &next.context_);
  arrived();
}

void Fiber::enter() {
  Fiber& self = *entering;
  self.arrived();
  self.body_();
  std::abort();
}

void Fiber::arrived() {
#ifdef SERVESWEEP_FIBER_ASAN
  __sanitizer_finish_switch_fiber(fake_stack_, &leaving->stack_bottom_, &leaving->stack_bytes_);
#endif
}

}  // namespace servesweep::testing
