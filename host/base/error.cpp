#include "host/base/error.hpp"

#include "host/base/units.hpp"

namespace servesweep {

std::string Diagnostic::text() const {
  std::string where = file;
  if (line > 0) where += (where.empty() ? "line " : ":") + std::to_string(line);
  if (line > 0 && column > 0) where += ":" + std::to_string(column);
  return where.empty() ? message : where + ": " + message;
}

namespace {
std::string lines_of(const std::vector<Diagnostic>& diagnostics) {
  std::string all;
  for (const Diagnostic& d : diagnostics) all += (all.empty() ? "" : "\n") + d.text();
  return all;
}
}  // namespace

InputError::InputError(std::vector<Diagnostic> diagnostics)
    : std::runtime_error(lines_of(diagnostics)), diagnostics_(std::move(diagnostics)) {}

void ErrorList::throw_first() {
  if (count_ > kMostShown) {
    const std::size_t others = count_ - kMostShown;
    kept_.resize(kMostShown);
    kept_.push_back({"", 0, 0,
                     "and " + format_count(static_cast<std::int64_t>(others), "more error") +
                         " (the first " + std::to_string(kMostShown) + " are above)"});
  }
  throw InputError(std::move(kept_));
}

}  // namespace servesweep
