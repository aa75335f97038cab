// Errors that a user can act on. Messages read `<problem> (<why>) <what to do>`.
#pragma once

#include <stdexcept>
#include <string>
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
