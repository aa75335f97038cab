// The store of a run under everything that can happen to it: kills, damage, full disks, a second
// run, another sweep.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>

#include "host/base/error.hpp"
#include "io/results/result_reader.hpp"
#include "io/results/result_store.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/sample_results.hpp"
#include "tests/support/temp_folder.hpp"

using namespace servesweep;
namespace fs = std::filesystem;
using Ranges = std::vector<WorldRange>;

namespace {

Hdf5ResultStore open_store(const std::string& path, const Sweep& sweep,
                           OnExisting on_existing = OnExisting::kResume) {
  return Hdf5ResultStore(path, sample::schema(), sweep, sample::provenance(), on_existing);
}

// Appends what is missing in chunks of `step`, then finishes.
void complete(Hdf5ResultStore& store, const Sweep& sweep, std::int64_t step) {
  std::int64_t world = 0;
  Ranges finished = store.finished();
  finished.push_back({sweep.num_worlds(), sweep.num_worlds()});
  for (const auto& [first, end] : finished) {
    for (; world < first; world += std::min(step, first - world)) {
      store.append(sample::chunk(world, std::min(step, first - world)));
    }
    world = end;
  }
  store.finish();
}

std::string bytes_of_a_plain_run(const Sweep& sweep) {
  TempFolder folder;
  auto store = open_store(folder / "r.h5", sweep);
  complete(store, sweep, sweep.num_worlds());
  return read_bytes(folder / "r.h5");
}

// Runs `action` in a child process; its exit code, or minus the signal that ended it.
int in_child(const std::function<int()>& action) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(60);
    int code = 99;
    try {
      code = action();
    } catch (const std::exception& error) {
      std::fprintf(stderr, "in the child: %s\n", error.what());
    }
    ::_exit(code);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

std::vector<fs::path> shards_of(const std::string& path) {
  std::vector<fs::path> shards;
  for (const auto& entry : fs::directory_iterator(path + ".parts")) {
    if (entry.path().extension() == ".h5") shards.push_back(entry.path());
  }
  std::sort(shards.begin(), shards.end());
  return shards;
}

}  // namespace

TEST_CASE("a run goes on where the last one stopped") {
  TempFolder folder;
  const Sweep sweep = sample::grid_sweep();
  {
    auto store = open_store(folder / "r.h5", sweep);
    CHECK(store.finished().empty());
    store.append(sample::chunk(10, 5));
    store.append(sample::chunk(0, 4));
    store.append(sample::chunk(15, 1));
    CHECK(store.finished() == Ranges{{0, 4}, {10, 16}});
  }
  write_bytes(folder / "r.h5.parts/shard-x.h5.tmp", "half a shard");
  auto store = open_store(folder / "r.h5", sweep);
  CHECK(store.warnings().empty());
  CHECK(store.finished() == Ranges{{0, 4}, {10, 16}});
  CHECK_FALSE(fs::exists(folder / "r.h5.parts/shard-x.h5.tmp"));
  CHECK_THROWS_WITH(store.finish(),
                    Catch::Matchers::ContainsSubstring("missing worlds: 4..9 16..35"));
  CHECK_FALSE(fs::exists(folder / "r.h5"));
  CHECK_THROWS_AS(store.append(sample::chunk(3, 2)), std::logic_error);
  CHECK_THROWS_AS(store.append(sample::chunk(35, 2)), std::logic_error);
  complete(store, sweep, 3);
  CHECK(read_bytes(folder / "r.h5") == bytes_of_a_plain_run(sweep));
  CHECK_FALSE(fs::exists(folder / "r.h5.parts"));
}

TEST_CASE("a finished run is recognised") {
  TempFolder folder;
  const Sweep sweep = sample::irregular_sweep();
  {
    auto store = open_store(folder / "r.h5", sweep);
    CHECK_FALSE(store.already_complete());
    complete(store, sweep, 5);
  }
  const std::string bytes = read_bytes(folder / "r.h5");
  auto store = open_store(folder / "r.h5", sweep);
  CHECK(store.already_complete());
  CHECK(store.finished() == Ranges{{0, 12}});
  store.finish();
  CHECK(read_bytes(folder / "r.h5") == bytes);
  CHECK_FALSE(fs::exists(folder / "r.h5.parts"));
}

TEST_CASE("no finished chunk is lost by kill -9, and the file is the same") {
  TempFolder folder;
  const Sweep sweep = sample::grid_sweep(100);
  REQUIRE(sweep.num_worlds() == 1200);
  const std::string path = folder / "r.h5";
  std::int64_t finished_before = 0;
  for (int round = 0; round < 4; ++round) {
    int pipe_ends[2];
    REQUIRE(::pipe(pipe_ends) == 0);
    const pid_t child = ::fork();
    if (child == 0) {
      auto store = open_store(path, sweep);
      const Ranges done = store.finished();
      for (std::int64_t w = done.empty() ? 0 : done[0].second; w < 1190; w += 5) {
        store.append(sample::chunk(w, 5));
        const std::int64_t end = w + 5;
        if (::write(pipe_ends[1], &end, sizeof end) != sizeof end) ::_exit(1);
      }
      ::_exit(0);
    }
    ::close(pipe_ends[1]);
    std::int64_t reported = 0, end = 0;
    for (int i = 0; i < 20 + round; ++i) {
      if (::read(pipe_ends[0], &end, sizeof end) == sizeof end) reported = end;
    }
    ::usleep(static_cast<useconds_t>(700 * round));
    ::kill(child, SIGKILL);
    while (::read(pipe_ends[0], &end, sizeof end) == sizeof end) reported = end;
    ::waitpid(child, nullptr, 0);
    ::close(pipe_ends[0]);

    auto store = open_store(path, sweep);
    CHECK(store.warnings().empty());
    REQUIRE(store.finished().size() == 1);
    CHECK(store.finished()[0].first == 0);
    CHECK(store.finished()[0].second >= reported);
    CHECK(reported > finished_before);
    finished_before = reported;
  }
  auto store = open_store(path, sweep);
  complete(store, sweep, 50);
  CHECK(read_bytes(path) == bytes_of_a_plain_run(sweep));
}

TEST_CASE("a damaged part is discarded and said") {
  TempFolder folder;
  const Sweep sweep = sample::grid_sweep();
  const auto damage = [&](const std::function<void(const fs::path&)>& how) {
    const std::string path = folder / "r.h5";
    {
      auto store = open_store(path, sweep, OnExisting::kStartOver);
      for (std::int64_t w = 0; w < 30; w += 10) store.append(sample::chunk(w, 10));
    }
    const fs::path shard = shards_of(path).at(1);
    how(shard);
    auto store = open_store(path, sweep);
    CHECK(store.finished() == Ranges{{0, 10}, {20, 30}});
    REQUIRE(store.warnings().size() == 1);
    CHECK_THAT(store.warnings()[0],
               Catch::Matchers::ContainsSubstring("discarded the damaged part " + shard.string()));
    complete(store, sweep, 10);
    CHECK(read_bytes(path) == bytes_of_a_plain_run(sweep));
  };
  SECTION("cut off") {
    damage([](const fs::path& shard) { fs::resize_file(shard, fs::file_size(shard) / 2); });
  }
  SECTION("empty") {
    damage([](const fs::path& shard) { fs::resize_file(shard, 0); });
  }
  SECTION("one bit of a result") {
    damage([](const fs::path& shard) {
      std::string bytes = read_bytes(shard.string());
      const double value = sample::p99_latency_s(14);
      const std::size_t at = bytes.find(std::string(reinterpret_cast<const char*>(&value), 8));
      REQUIRE(at != std::string::npos);
      bytes[at] ^= 1;
      write_bytes(shard, bytes);
    });
  }
  SECTION("of other worlds") {
    damage([](const fs::path& shard) {
      fs::copy_file(shard.string()
                        .replace(shard.string().find("000010"), 6, "000000")
                        .replace(shard.string().find("000020"), 6, "000010"),
                    shard, fs::copy_options::overwrite_existing);
    });
  }
}

TEST_CASE("parts and results of another sweep are refused") {
  TempFolder folder;
  const Sweep sweep = sample::irregular_sweep(7), other = sample::irregular_sweep(8);
  const std::string path = folder / "r.h5";
  const auto refused = [&](const std::string& what) {
    CHECK_THROWS_WITH(open_store(path, other),
                      Catch::Matchers::ContainsSubstring(what) &&
                          Catch::Matchers::ContainsSubstring("`seed = 7` there, `seed = 8` now") &&
                          Catch::Matchers::ContainsSubstring("--fresh"));
    CHECK_THROWS_AS(open_store(path, other), InputError);
  };
  {
    auto store = open_store(path, sweep);
    store.append(sample::chunk(0, 6));
  }
  refused("r.h5.parts holds an unfinished run of another sweep");
  {
    auto store = open_store(path, sweep);
    CHECK(store.finished() == Ranges{{0, 6}});  // the refusal left it alone
    complete(store, sweep, 6);
  }
  refused("r.h5 holds the results of another sweep");
  CHECK_FALSE(fs::exists(path + ".parts"));

  const std::string bytes = read_bytes(path);
  {
    auto store = open_store(path, other, OnExisting::kStartOver);
    CHECK(store.finished().empty());
    store.append(sample::chunk(0, 6));
  }
  CHECK(read_bytes(path) == bytes);  // until the new results are there
  auto store = open_store(path, other);
  CHECK(store.finished() == Ranges{{0, 6}});  // its parts go before the old results
  complete(store, other, 6);
  CHECK(ResultFile(path).attribute("seed") == "8");
}

TEST_CASE("parts by another version, of other columns or from other traces are refused") {
  TempFolder folder;
  const Sweep sweep = sample::irregular_sweep();
  open_store(folder / "r.h5", sweep).append(sample::chunk(0, 6));
  const auto open = [&](const ResultSchema& schema, const Provenance& provenance) {
    Hdf5ResultStore(folder / "r.h5", schema, sweep, provenance);
  };
  CHECK_NOTHROW(open(sample::schema(), sample::provenance()));
  Provenance provenance = sample::provenance();
  provenance.git_commit = "fffffff";
  CHECK_THROWS_WITH(open(sample::schema(), provenance),
                    Catch::Matchers::ContainsSubstring("another version") &&
                        Catch::Matchers::ContainsSubstring("0123abc") &&
                        Catch::Matchers::ContainsSubstring("fffffff"));
  provenance = sample::provenance();
  provenance.traces = "00ff  plain.csv\n";
  CHECK_THROWS_WITH(open(sample::schema(), provenance),
                    Catch::Matchers::ContainsSubstring("its traces have other contents"));
  ResultSchema schema = sample::schema();
  schema.metrics[1].name = "served";
  CHECK_THROWS_WITH(open(schema, sample::provenance()),
                    Catch::Matchers::ContainsSubstring("other columns"));
}

TEST_CASE("a run that ends before its first chunk stands in no other run's way") {
  TempFolder folder;
  const Sweep sweep = sample::irregular_sweep(7), other = sample::irregular_sweep(8);
  const std::string path = folder / "r.h5";
  { open_store(path, sweep); }
  CHECK_FALSE(fs::exists(path + ".parts"));

  std::string killed;
  {
    auto store = open_store(path, sweep);
    killed = read_bytes(path + ".parts/run.json");
  }
  fs::create_directory(path + ".parts");
  std::ofstream(path + ".parts/run.json") << killed;
  auto store = open_store(path, other);
  complete(store, other, 6);
  // Nor does one that was to replace a result: that is still valid.
  fs::create_directory(path + ".parts");
  std::ofstream(path + ".parts/run.json") << killed;
  CHECK(open_store(path, other).already_complete());
  CHECK_THROWS_WITH(open_store(path, sweep),
                    Catch::Matchers::ContainsSubstring("the results of another sweep"));
}

TEST_CASE("a file that is no result is never replaced") {
  TempFolder folder;
  const Sweep sweep = sample::irregular_sweep();
  write_bytes(folder / "trace.csv", "a,b\n");
  for (const OnExisting on_existing : {OnExisting::kResume, OnExisting::kStartOver}) {
    CHECK_THROWS_WITH(
        open_store(folder / "trace.csv", sweep, on_existing),
        Catch::Matchers::ContainsSubstring("trace.csv exists and is no servesweep result file"));
  }
  CHECK(read_bytes(folder / "trace.csv") == "a,b\n");
}

TEST_CASE("files of others in the parts folder survive") {
  TempFolder folder;
  const Sweep sweep = sample::irregular_sweep();
  fs::create_directory(folder / "r.h5.parts");
  write_bytes(folder / "r.h5.parts/notes.txt", "mine");
  auto store = open_store(folder / "r.h5", sweep, OnExisting::kStartOver);
  complete(store, sweep, 12);
  CHECK(read_bytes(folder / "r.h5.parts/notes.txt") == "mine");
}

TEST_CASE("what a kill after the result was made has left is cleared by the next run") {
  TempFolder folder;
  const Sweep sweep = sample::irregular_sweep();
  const std::string path = folder / "r.h5", other = folder / "o.h5";
  {
    auto store = open_store(path, sweep);
    complete(store, sweep, 5);
  }
  open_store(other, sweep).append(sample::chunk(0, 6));
  fs::rename(other + ".parts", path + ".parts");
  fs::remove(path + ".parts/run.json");  // it goes first
  write_bytes(folder / "r.h5.0123abcd.tmp", "half");
  const std::string bytes = read_bytes(path);
  CHECK(open_store(path, sweep).already_complete());
  CHECK(std::distance(fs::directory_iterator(folder.path()), {}) == 1);
  CHECK(read_bytes(path) == bytes);
}

TEST_CASE("a run that another one has taken for dead makes no result") {
  TempFolder folder;
  const Sweep sweep = sample::irregular_sweep();
  auto store = open_store(folder / "r.h5", sweep);
  store.append(sample::chunk(0, 12));
  write_bytes(folder / "r.h5.parts/taken", "elsewhere 1 1 0123 000000000001\n");
  fs::rename(folder / "r.h5.parts/taken", folder / "r.h5.parts/owner");
  CHECK_THROWS_WITH(store.finish(), Catch::Matchers::ContainsSubstring("has taken it over"));
  CHECK_FALSE(fs::exists(folder / "r.h5"));
}

TEST_CASE("two runs on one output do not mix") {
  TempFolder folder;
  const Sweep sweep = sample::irregular_sweep();
  {
    auto store = open_store(folder / "r.h5", sweep);
    CHECK_THROWS_AS(open_store(folder / "r.h5", sweep), BusyError);
    CHECK_THROWS_WITH(open_store(folder / "r.h5", sweep, OnExisting::kStartOver),
                      Catch::Matchers::ContainsSubstring("another run is writing"));
    store.append(sample::chunk(0, 6));
  }
  CHECK(open_store(folder / "r.h5", sweep).finished() == Ranges{{0, 6}});
}

TEST_CASE("a chunk that does not fit the schema is a bug") {
  TempFolder folder;
  const Sweep sweep = sample::irregular_sweep();
  auto store = open_store(folder / "r.h5", sweep);
  ResultChunk chunk = sample::chunk(0, 3);
  std::get<std::vector<double>>(chunk.metrics[3]).pop_back();
  CHECK_THROWS_AS(store.append(chunk), std::logic_error);
  chunk = sample::chunk(0, 3);
  chunk.tables[0].row_size[2] += 1;
  CHECK_THROWS_AS(store.append(chunk), std::logic_error);
  chunk = sample::chunk(0, 3);
  chunk.metrics[3] = std::vector<std::int64_t>{1, 2, 3};
  CHECK_THROWS_AS(store.append(chunk), std::logic_error);
  CHECK(store.finished().empty());
}

TEST_CASE("unwritable folders are I/O errors with the reason") {
  TempFolder folder;
  const Sweep sweep = sample::irregular_sweep();
  CHECK_THROWS_AS(open_store(folder / "no/r.h5", sweep), IoError);
  CHECK_THROWS_WITH(
      open_store(folder / "no/r.h5", sweep),
      Catch::Matchers::ContainsSubstring("no/r.h5.parts (No such file or directory)"));
  fs::create_directory(folder / "locked");
  fs::permissions(folder / "locked", fs::perms::owner_read | fs::perms::owner_exec |
                                         fs::perms::others_read | fs::perms::others_exec);
  fs::permissions(folder.path(), fs::perms::others_exec, fs::perm_options::add);
  const int code = in_child([&] {
    if (::geteuid() == 0 && ::setuid(65534) != 0) return 2;  // root may write anywhere
    try {
      open_store(folder / "locked/r.h5", sweep);
    } catch (const IoError& error) {
      return std::string(error.what()).ends_with("r.h5.parts (Permission denied)") ? 0 : 3;
    }
    return 4;
  });
  CHECK(code == 0);
}

TEST_CASE("a disk that fills up is an I/O error, and leaves no half files") {
  TempFolder folder;
  const Sweep sweep = sample::grid_sweep();
  const std::string path = folder / "r.h5";
  // In a program of its own: HDF5 must also survive its end. It leaks a buffer of a failed write.
  const auto run_limited = [&](const std::string& bytes) {
    const std::string self = fs::read_symlink("/proc/self/exe").string();
    return std::system(("ASAN_OPTIONS=detect_leaks=0 SERVESWEEP_TEST_FILE='" + path +
                        "' SERVESWEEP_TEST_BYTES=" + bytes + " '" + self +
                        "' 'run on a full disk' > '" + (folder / "log") + "' 2>&1")
                           .c_str());
  };
  CHECK(run_limited("8000") == 0);
  CHECK_FALSE(fs::exists(path + ".parts"));
  {
    auto store = open_store(path, sweep);
    store.append(sample::chunk(0, 18));
    store.append(sample::chunk(18, 18));
  }
  const int code = run_limited("60000");
  INFO(read_bytes(folder / "log"));
  CHECK(code == 0);
  CHECK_FALSE(fs::exists(path));
  for (const auto& entry : fs::directory_iterator(folder.path())) {
    CHECK(entry.path().extension() != ".tmp");
  }
  auto store = open_store(path, sweep);  // nothing was lost
  CHECK(store.finished() == Ranges{{0, 36}});
  store.finish();
  CHECK(read_bytes(path) == bytes_of_a_plain_run(sweep));
}

// The child of the test above.
TEST_CASE("run on a full disk", "[.]") {
  const char* path = std::getenv("SERVESWEEP_TEST_FILE");
  const char* bytes = std::getenv("SERVESWEEP_TEST_BYTES");
  REQUIRE((path != nullptr && bytes != nullptr));
  ::alarm(60);
  std::signal(SIGXFSZ, SIG_IGN);
  const rlimit limit{std::stoul(bytes), std::stoul(bytes)};
  ::setrlimit(RLIMIT_FSIZE, &limit);
  const Sweep sweep = sample::grid_sweep();
  auto store = open_store(path, sweep);
  CHECK_THROWS_AS(complete(store, sweep, 18), IoError);
  CHECK_THROWS_WITH(complete(store, sweep, 18), Catch::Matchers::ContainsSubstring("r.h5") &&
                                                    Catch::Matchers::EndsWith("(File too large)"));
}
