#include "io/traces/trace_writer.hpp"

#include <fcntl.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>

#include "io/files/atomic_file.hpp"

namespace servesweep {
namespace {

void append_integer(std::string& text, std::int64_t value) {
  char digits[24];
  text.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

// Exact, without zeros that say nothing: 1500000000 -> "1.5", 0 -> "0".
void append_seconds(std::string& text, std::int64_t ns) {
  constexpr std::int64_t kSecond_ns = 1'000'000'000;
  append_integer(text, ns / kSecond_ns);
  std::int64_t rest = ns % kSecond_ns;
  if (rest == 0) return;
  text += '.';
  for (std::int64_t place = kSecond_ns / 10; rest > 0; place /= 10) {
    text += static_cast<char>('0' + rest / place);
    rest %= place;
  }
}

void write_gzip(const std::string& path, const std::string& text) {
  remove_leftovers(path);
  AtomicFile atomic(path);
  errno = 0;
  const gzFile file = gzdopen(::fcntl(atomic.descriptor(), F_DUPFD_CLOEXEC, 0), "wb");
  if (file == nullptr) throw_cannot_write(path, errno);
  constexpr std::size_t kPiece = std::size_t{1} << 20;  // zlib counts in 32 bits
  bool good = true;
  for (std::size_t at = 0; good && at < text.size(); at += kPiece) {
    const auto size = static_cast<unsigned>(std::min(kPiece, text.size() - at));
    good = gzwrite(file, text.data() + at, size) == static_cast<int>(size);
  }
  const int saved_errno = errno;
  if (gzclose(file) != Z_OK || !good) throw_cannot_write(path, good ? errno : saved_errno);
  atomic.commit();
}

}  // namespace

std::string trace_csv(const Workload& workload) {
  const bool predicted = !workload.predicted_tokens.empty();
  const bool prioritised = !workload.priority.empty();
  std::string text = "arrival_s,prompt_tokens,output_tokens";
  if (predicted) text += ",predicted_tokens";
  if (prioritised) text += ",priority";
  text += '\n';
  for (std::size_t i = 0; i < workload.size(); ++i) {
    append_seconds(text, workload.arrival_ns[i]);
    text += ',';
    append_integer(text, workload.prompt_tokens[i]);
    text += ',';
    append_integer(text, workload.output_tokens[i]);
    if (predicted) {
      text += ',';
      append_integer(text, workload.predicted_tokens[i]);
    }
    if (prioritised) {
      text += ',';
      append_integer(text, workload.priority[i]);
    }
    text += '\n';
  }
  return text;
}

void write_trace(const std::string& path, const Workload& workload) {
  if (path.ends_with(".gz")) {
    write_gzip(path, trace_csv(workload));
  } else {
    write_file_atomically(path, trace_csv(workload));
  }
}

}  // namespace servesweep
