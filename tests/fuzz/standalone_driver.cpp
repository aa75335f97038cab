// Runs a libFuzzer target without libFuzzer: every file given, then mutations of these files for a
// time. Understands the same command line as far as the tests use it:
//   fuzz_x [-max_total_time=S] [-seed=N] [-artifact_prefix=DIR/] FILE_OR_FOLDER...
// The sequence of inputs is a function of the seed and the files alone. Each input is written to
// <artifact_prefix>failing-input before it runs, and the file is removed at the end: what ended the
// program is there, whatever the way. Blind mutation: unlike libFuzzer it does not see coverage.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <utility>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Clock = std::chrono::steady_clock;
using Random = std::mt19937_64;

// The input that runs now, in a file.
class CurrentInput {
 public:
  explicit CurrentInput(std::string path)
      : path_(std::move(path)), file_(open(path_.c_str(), O_WRONLY | O_CREAT, 0644)) {}
  ~CurrentInput() {
    close(file_);
    unlink(path_.c_str());
  }
  CurrentInput(const CurrentInput&) = delete;
  CurrentInput& operator=(const CurrentInput&) = delete;

  bool write(const std::string& input) {
    const auto size = static_cast<ssize_t>(input.size());
    return pwrite(file_, input.data(), input.size(), 0) == size && ftruncate(file_, size) == 0;
  }

 private:
  std::string path_;
  int file_;
};

void run_one(CurrentInput& current, const std::string& input) {
  if (!current.write(input)) std::fprintf(stderr, "cannot write the failing-input file\n");
  // A copy of the exact size, so that reading one byte too many is seen.
  const std::vector<std::uint8_t> bytes(input.begin(), input.end());
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

std::size_t below(Random& random, std::size_t bound) { return random() % bound; }

// Pieces that parsers of numbers, tables and records trip over.
// clang-format off
constexpr const char* kPieces[] = {
    "-1", "0", "1e999", "-1e999", "1e-400", "nan", "inf", "0x", "9223372036854775808", "null",
    ",", ",,", "\n", "\r\n", " ", "\t", "\"", "'''", "\"\"\"", "\\u", "\xff", "\xef\xbb\xbf",
    "[", "]", "{", "}", "[[a", "a.b", "=", "#"};
// clang-format on

std::string mutated(const std::vector<std::string>& seeds, Random& random) {
  constexpr std::size_t kMaxSize = 1 << 16;
  std::string input = seeds[below(random, seeds.size())];
  for (std::size_t steps = 1 + below(random, 8); steps > 0; --steps) {
    const std::size_t at = below(random, input.size() + 1);
    const std::size_t length = std::min(input.size() - at, 1 + below(random, 32));
    switch (below(random, 7)) {
      case 0:
        input.insert(at, 1, static_cast<char>(random()));
        break;
      case 1:
        input.insert(at, kPieces[below(random, std::size(kPieces))]);
        break;
      case 2:
        input.erase(at, length);
        break;
      case 3:
        input.insert(at, input.substr(at, length));
        break;
      case 4:
        input.resize(at);
        break;
      case 5:
        if (at < input.size()) input[at] = static_cast<char>(input[at] ^ (1 << below(random, 8)));
        break;
      default: {
        const std::string& other = seeds[below(random, seeds.size())];
        const std::size_t from = below(random, other.size() + 1);
        input.insert(at, other, from, 1 + below(random, 256));
      }
    }
  }
  if (input.size() > kMaxSize) input.resize(kMaxSize);
  return input;
}

}  // namespace

int main(int argc, char* argv[]) {
  double seconds = 0;
  std::uint64_t seed = 1;
  std::string artifact_prefix;
  std::vector<std::filesystem::path> paths;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const std::string value = argument.substr(argument.find('=') + 1);
    if (argument.rfind("-max_total_time=", 0) == 0) {
      seconds = std::stod(value);
    } else if (argument.rfind("-seed=", 0) == 0) {
      seed = std::stoull(value);
    } else if (argument.rfind("-artifact_prefix=", 0) == 0) {
      artifact_prefix = value;
    } else if (argument[0] == '-') {
      std::fprintf(stderr, "unknown option %s\n", argument.c_str());
      return 2;
    } else if (std::filesystem::is_directory(argument)) {
      for (const auto& entry : std::filesystem::directory_iterator(argument)) {
        paths.push_back(entry.path());
      }
    } else {
      paths.emplace_back(argument);
    }
  }
  std::sort(paths.begin(), paths.end());

  std::vector<std::string> seeds;
  for (const auto& path : paths) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
      std::fprintf(stderr, "cannot read %s\n", path.c_str());
      return 2;
    }
    seeds.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  if (seeds.empty()) {
    std::fprintf(stderr, "no seeds: name a folder with at least one file\n");
    return 2;
  }

  const std::string kept = artifact_prefix + "failing-input";
  std::fprintf(stderr, "an input that fails is kept in %s\n", kept.c_str());
  CurrentInput current(kept);
  run_one(current, {});
  for (const auto& input : seeds) run_one(current, input);
  Random random(seed);
  std::uint64_t runs = 0;
  for (const auto end = Clock::now() + std::chrono::duration<double>(seconds);
       Clock::now() < end;) {
    run_one(current, mutated(seeds, random));
    ++runs;
  }
  std::printf("%zu seeds, %llu mutations, no failure\n", seeds.size(),
              static_cast<unsigned long long>(runs));
  return 0;
}
