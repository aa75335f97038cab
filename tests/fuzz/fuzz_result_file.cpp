// The commands read mutated result files in a process of its own; half of the files have a checksum
// that fits their bytes. That process may crash inside the HDF5 library, and may be stopped where
// the library comes to no end; it may not crash in our own code, nor throw what the program does
// not expect. The first byte of the input chooses where the result file is mutated; the rest are
// the mutations.
#include <dlfcn.h>
#include <execinfo.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>

#include "host/base/error.hpp"
#include "io/files/checksum.hpp"
#include "io/hdf5/guarded_process.hpp"
#include "io/results/result_reader.hpp"
#include "io/results/result_store.hpp"
#include "io/results/verify.hpp"
#include "io/tables/export.hpp"
#include "io/tables/show.hpp"
#include "tests/support/sample_results.hpp"

// Crashes come to the handler below, and what AddressSanitizer finds is a crash.
extern "C" const char* __asan_default_options() {
  return "allow_user_segv_handler=1:handle_segv=0:handle_sigbus=0:handle_sigfpe=0:handle_abort=0:"
         "abort_on_error=1:detect_leaks=0:allocator_may_return_null=1:max_allocation_size_mb=4096";
}

namespace servesweep {
namespace {

constexpr int kInLibrary = 97, kInOurCode = 98, kUnexpected = 99;

// Our code calls the library, not the reverse: a crash with the library on the stack is the
// library's.
extern "C" void on_crash(int) {
  void* frames[64];
  const int count = ::backtrace(frames, 64);
  for (int i = 0; i < count; ++i) {
    Dl_info info{};
    if (::dladdr(frames[i], &info) != 0 && info.dli_fname != nullptr &&
        std::strstr(info.dli_fname, "libhdf5") != nullptr) {
      ::_exit(kInLibrary);
    }
  }
  ::_exit(kInOurCode);
}

void handle_crashes() {
  void* frame = nullptr;
  ::backtrace(&frame, 1);  // loads what it needs now
  static char stack[1 << 16];
  const stack_t other{stack, 0, sizeof stack};
  ::sigaltstack(&other, nullptr);
  struct sigaction action {};
  action.sa_handler = on_crash;
  action.sa_flags = SA_ONSTACK;
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) {
    ::sigaction(signal, &action, nullptr);
  }
}

int read_file(const std::string& path) {
  handle_crashes();
  try {
    verify_results({path});
    read_all(path);
    const ResultFile file(path);
    std::ostringstream out;
    out << render_summary(file) << render_table(file, {});
    export_csv(file, out);
    export_json(file, out);
    for (std::int64_t world = 0; world < file.num_worlds(); ++world) file.origin(world);
  } catch (const InputError&) {
  } catch (const IoError&) {
  } catch (const std::exception& error) {
    std::cerr << "unexpected: " << error.what() << std::endl;
    return kUnexpected;
  }
  return 0;
}

// A file of the tests' sample results, with each kind of column, and a folder for its mutations.
struct Sample {
  std::filesystem::path folder;
  std::string bytes;  // without the checksum

  Sample() {
    std::string name = (std::filesystem::temp_directory_path() / "servesweep-fuzz-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    folder = name;
    const std::string path = folder / "sample.h5";
    const Sweep sweep = sample::irregular_sweep();
    Hdf5ResultStore store(path, sample::schema(), sweep, sample::provenance());
    store.append(sample::chunk(0, sweep.num_worlds()));
    store.finish();
    std::ifstream in(path, std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(in), {});
    bytes.resize(bytes.rfind("\nservesweep-sha256 "));
  }
  ~Sample() {
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
  }
};

// Each four bytes of the input are a place (three of them) and what is done there. Most of the
// bytes of a file are in chunks with checksums; the places of the other half are at its start and
// end.
std::string mutated(std::string bytes, const std::uint8_t* data, std::size_t size) {
  for (std::size_t i = 0; i + 4 <= size && i < 4 * 64; i += 4) {
    const std::size_t at =
        (data[i] | std::size_t{data[i + 1]} << 8 | std::size_t{data[i + 2]} << 16) % bytes.size();
    const std::uint8_t what = data[i + 3];
    if (what < 128) {
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << (what % 8)));
    } else if (what < 192) {
      bytes[at] = static_cast<char>(what * 4);
    } else if (what < 224) {
      const std::size_t from = at / 2, count = std::min<std::size_t>(bytes.size() - at, what - 190);
      bytes.replace(at, count, bytes, from, count);
    } else if (what < 254) {
      bytes.replace(at, std::min<std::size_t>(8, bytes.size() - at),
                    std::string(std::min<std::size_t>(8, bytes.size() - at), '\xff'));
    } else {
      bytes.resize(at + 1);
    }
  }
  return bytes;
}

}  // namespace
}  // namespace servesweep

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace servesweep;
  static const Sample original;
  if (size == 0) return 0;
  std::string bytes = mutated(original.bytes, data + 1, size - 1);
  if ((data[0] & 1) != 0) bytes += checksum_line(bytes);
  const std::string path = original.folder / "mutated.h5";
  std::ofstream(path, std::ios::binary) << bytes;
  try {
    const int code = run_guarded(path, std::chrono::seconds(5), [&] { return read_file(path); });
    if (code == kInOurCode || code == kUnexpected) std::abort();
  } catch (const IoError&) {  // said to the user
  }
  return 0;
}
