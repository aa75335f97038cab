// Errors that a user can act on. Messages read `<problem> (<why>) <what to do>`.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace servesweep {

// One finding about an input. line and column count from 1; 0 = not tied to a place.
struct Diagnostic {
  std::string file;
  int line = 0;
  int column = 0;
  std::string message;

  // "file:line:column: message", leaving out what is unknown.
  std::string text() const;
};

// Bad usage or bad input: exit code 2. Carries every finding, not only the first.
class InputError : public std::runtime_error {
 public:
  explicit InputError(std::vector<Diagnostic> diagnostics);
  explicit InputError(const std::string& message) : InputError({Diagnostic{{}, 0, 0, message}}) {}
  const std::vector<Diagnostic>& diagnostics() const { return diagnostics_; }

 private:
  std::vector<Diagnostic> diagnostics_;
};

// Findings as they come. Of very many the first are kept and the others counted.
class ErrorList {
 public:
  static constexpr std::size_t kMostKept = 1000;
  static constexpr std::size_t kMostShown = 20;

  void push_back(Diagnostic error) {
    if (++count_ <= kMostKept) kept_.push_back(std::move(error));
  }
  std::size_t size() const { return count_; }
  bool empty() const { return count_ == 0; }
  std::vector<Diagnostic>& kept() { return kept_; }

  // Throws InputError with the first kMostShown errors and the number of the others.
  [[noreturn]] void throw_first();

 private:
  std::vector<Diagnostic> kept_;
  std::size_t count_ = 0;
};

// Another process has what this one needs: exit code 75, to try again later.
class BusyError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A file that cannot be read or written: exit code 3.
class IoError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace servesweep
