// Files on disk: gzip in and out, what cannot be read or written, and the way back from a written
// trace.
#include <sys/stat.h>
#include <zlib.h>

#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <thread>

#include "host/base/error.hpp"
#include "io/files/text_stream.hpp"
#include "io/traces/trace_reader.hpp"
#include "io/traces/trace_writer.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_folder.hpp"

using namespace servesweep;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

namespace {

std::string gzipped(const std::string& text, const TempFolder& folder) {
  const std::string path = folder / "one.gz";
  const gzFile file = gzopen(path.c_str(), "wb");
  REQUIRE(gzwrite(file, text.data(), static_cast<unsigned>(text.size())) ==
          static_cast<int>(text.size()));
  REQUIRE(gzclose(file) == Z_OK);
  return read_bytes(path);
}

Workload random_workload(std::size_t size, unsigned seed) {
  std::mt19937_64 random(seed);
  Workload w;
  for (std::size_t i = 0; i < size; ++i) {
    // Gaps of every size, from none to 17 s, with all nine decimals in use.
    const auto gap = static_cast<std::int64_t>(random() >> (30 + random() % 34));
    w.arrival_ns.push_back(i == 0 ? 0 : w.arrival_ns.back() + gap);
    w.prompt_tokens.push_back(static_cast<std::int32_t>(random() >> (34 + random() % 30)));
    w.output_tokens.push_back(1 + static_cast<std::int32_t>(random() >> (35 + random() % 29)));
    w.predicted_tokens.push_back(static_cast<std::int32_t>(random() >> (33 + random() % 31)));
    if (seed % 2 == 0) w.priority.push_back(static_cast<std::int32_t>(random() % 3));
  }
  return w;
}

void check_equal(const Trace& trace, const Workload& workload) {
  CHECK(trace.format == "servesweep");
  CHECK(trace.arrival_ns == workload.arrival_ns);
  CHECK(trace.prompt_tokens == workload.prompt_tokens);
  CHECK(trace.output_tokens == workload.output_tokens);
  CHECK(trace.predicted_tokens == workload.predicted_tokens);
  CHECK(trace.priority == workload.priority);
  CHECK(trace.rows_read == static_cast<std::int64_t>(workload.size()));
  CHECK(trace.rows_out_of_order == 0);
}

}  // namespace

TEST_CASE("a written trace reads back as it was, compressed or not") {
  const TempFolder folder;
  for (const std::size_t size : {1, 2, 1000, 100000}) {
    const Workload workload = random_workload(size, static_cast<unsigned>(size));
    write_trace(folder / "w.csv", workload);
    write_trace(folder / "w.csv.gz", workload);
    check_equal(read_trace(folder / "w.csv"), workload);
    check_equal(read_trace(folder / "w.csv.gz"), workload);
    CHECK(read_bytes(folder / "w.csv") == trace_csv(workload));
    CHECK(is_gzip(read_bytes(folder / "w.csv.gz")));
  }
}

TEST_CASE("a written trace as text") {
  Workload w{{0, 1, 1'500'000'000, 60'000'000'000}, {1, 2, 3, 4}, {5, 6, 7, 8}, {9, 10, 11, 12}};
  CHECK(trace_csv(w) ==
        "arrival_s,prompt_tokens,output_tokens,predicted_tokens\n"
        "0,1,5,9\n0.000000001,2,6,10\n1.5,3,7,11\n60,4,8,12\n");
  w.predicted_tokens.clear();
  CHECK(trace_csv(w) ==
        "arrival_s,prompt_tokens,output_tokens\n0,1,5\n0.000000001,2,6\n1.5,3,7\n60,4,8\n");
  w.priority = {1, 0, 2, 0};
  CHECK(trace_csv(w) ==
        "arrival_s,prompt_tokens,output_tokens,priority\n"
        "0,1,5,1\n0.000000001,2,6,0\n1.5,3,7,2\n60,4,8,0\n");
}

TEST_CASE("equal workloads give equal compressed files") {
  const TempFolder folder;
  write_trace(folder / "a.gz", random_workload(1000, 1));
  write_trace(folder / "b.gz", random_workload(1000, 1));
  CHECK(read_bytes(folder / "a.gz") == read_bytes(folder / "b.gz"));
}

TEST_CASE("gzip files of several members, and of much that compresses well") {
  const TempFolder folder;
  const std::string header = "arrival_s,prompt_tokens,output_tokens\n";
  std::string rows;
  for (int i = 0; i < 300000; ++i) rows += "1,1,1\n";
  write_bytes(folder / "t.csv",
              gzipped(header, folder) + gzipped(rows, folder) + gzipped("2,1,1\n", folder));
  const Trace trace = read_trace(folder / "t.csv");
  CHECK(trace.size() == 300001);
  CHECK(trace.arrival_ns.back() == 1'000'000'000);
}

TEST_CASE("damaged gzip files are refused") {
  const TempFolder folder;
  const std::string good = gzipped("arrival_s,prompt_tokens,output_tokens\n1,2,3\n4,5,6\n", folder);
  const auto refusal = [&](const std::string& bytes) -> std::string {
    write_bytes(folder / "t.csv.gz", bytes);
    try {
      read_trace(folder / "t.csv.gz");
    } catch (const IoError& error) {
      return error.what();
    }
    return "accepted";
  };
  CHECK(refusal(good) == "accepted");
  for (std::size_t size = 2; size < good.size(); ++size) {
    CHECK_THAT(refusal(good.substr(0, size)), ContainsSubstring("(the gzip data end too early)"));
  }
  std::string wrong_sum = good;
  wrong_sum[good.size() - 8] ^= 1;
  CHECK_THAT(refusal(wrong_sum), ContainsSubstring("(incorrect data check)"));
  CHECK_THAT(refusal(good + "rest"), ContainsSubstring("(incorrect header check)"));
}

TEST_CASE("a byte order mark changes nothing") {
  const TempFolder folder;
  const std::string text = "arrival_s,prompt_tokens,output_tokens\n1,2,3\n4,5,6\n";
  write_bytes(folder / "plain.csv", text);
  write_bytes(folder / "marked.csv", "\xef\xbb\xbf" + text);
  write_bytes(folder / "marked.csv.gz", gzipped("\xef\xbb\xbf" + text, folder));
  const Trace plain = read_trace(folder / "plain.csv");
  for (const char* name : {"marked.csv", "marked.csv.gz"}) {
    const Trace marked = read_trace(folder / name);
    CHECK(marked.arrival_ns == plain.arrival_ns);
    CHECK(marked.output_tokens == plain.output_tokens);
    CHECK(marked.sha256 != plain.sha256);
  }
  write_bytes(folder / "nothing.csv", "\xef\xbb\xbf");
  CHECK_THROWS_WITH(read_trace(folder / "nothing.csv"), ContainsSubstring("empty trace"));
}

TEST_CASE("a pipe is read to its end, however long") {
  const TempFolder folder;
  const std::string path = folder / "pipe";
  REQUIRE(mkfifo(path.c_str(), 0600) == 0);
  const Workload workload = random_workload(20000, 5);
  const std::jthread writer([&] { write_bytes(path, trace_csv(workload)); });
  check_equal(read_trace(path), workload);
}

TEST_CASE("what cannot be read or written") {
  const TempFolder folder;
  CHECK_THROWS_AS(read_trace(folder / "absent.csv"), IoError);
  CHECK_THROWS_WITH(read_trace(folder / "absent.csv"),
                    ContainsSubstring("No such file or directory"));
  CHECK_THROWS_AS(read_trace(folder / ""), IoError);  // a folder
  CHECK_THROWS_AS(write_trace(folder / "absent/w.csv", random_workload(1, 1)), IoError);
  CHECK_THROWS_AS(write_trace(folder / "", random_workload(1, 1)), IoError);
  if (fs::exists("/dev/full")) {
    CHECK_THROWS_WITH(write_trace("/dev/full", random_workload(100000, 1)),
                      ContainsSubstring("No space left on device"));
    CHECK_THROWS_WITH(write_trace("/dev/full", random_workload(1, 1)),
                      ContainsSubstring("No space left on device"));
  }
}

TEST_CASE("findings in a compressed file give its uncompressed lines") {
  const TempFolder folder;
  write_bytes(folder / "t.gz", gzipped("arrival_s,prompt_tokens,output_tokens\n1,2,x\n", folder));
  CHECK_THROWS_WITH(read_trace(folder / "t.gz"),
                    ContainsSubstring("t.gz:2:5: invalid output_tokens='x'"));
}

TEST_CASE("what is no text is called by its name") {
  const TempFolder folder;
  const auto refusal = [&](const std::string& bytes) -> std::string {
    write_bytes(folder / "t", bytes);
    try {
      read_trace(folder / "t");
    } catch (const InputError& error) {
      return error.what();
    }
    return "accepted";
  };
  using namespace std::string_literals;
  CHECK_THAT(refusal("\xFD"
                     "7zXZ\0\0"s),
             ContainsSubstring("not a text (it is compressed with xz) decompress it"));
  CHECK_THAT(refusal("\x28\xB5\x2F\xFD rest"s), ContainsSubstring("zstd"));
  CHECK_THAT(refusal("PK\x03\x04 rest"s), ContainsSubstring("a zip archive"));
  CHECK_THAT(refusal("PAR1 rest"s), ContainsSubstring("a Parquet file"));
  CHECK_THAT(refusal("\x89HDF\r\n\x1A\n"s), ContainsSubstring("an HDF5 file"));
  CHECK_THAT(refusal("\xFF\xFET\0I\0"s), ContainsSubstring("UTF-16) save it as UTF-8"));
  CHECK_THAT(refusal("\xFF\xFE\0\0T\0\0\0"s), ContainsSubstring("UTF-32"));
  CHECK_THAT(refusal(gzipped("\xFE\xFF\0T\0I"s, folder)), ContainsSubstring("UTF-16"));
  CHECK_THAT(refusal("arrival_s,prompt_tokens,output_tokens\n1,2\0,3\n"s),
             ContainsSubstring("not a text (a zero byte in line 2)"));
}

TEST_CASE("a file is read in windows, with the same rows and places") {
  const TempFolder folder;
  std::string text = "arrival_s,prompt_tokens,output_tokens,note\r\n";
  std::mt19937 random(7);
  std::int64_t rows = 0, bad = 0;
  // Rows of every length, quoted fields with line ends, blank lines, wrong rows.
  while (text.size() < (3 << 20)) {
    const auto kind = random() % 50;
    const std::string time = std::to_string(++rows);
    if (kind == 0) {
      text += "\r\n";
      ++bad;
    } else if (kind == 1) {
      text += time + ",x,1,\n";
      ++bad;
    } else if (kind == 2) {
      text += time + ",1,1,\"two\n\nlines, " + std::string(random() % 5000, 'n') + "\"\r\n";
    } else {
      text += time + ",1,1," + std::string(random() % 200, 'n') + "\n";
    }
  }
  text += "\n  \n";
  const auto whole = [&](const TraceOptions& options) -> std::string {
    try {
      return std::to_string(parse_trace(text, folder / "t.csv", options).size());
    } catch (const InputError& error) {
      return error.what();
    }
  };
  const auto windows = [&](const TraceOptions& options) -> std::string {
    try {
      return std::to_string(read_trace(folder / "t.csv", options).size());
    } catch (const InputError& error) {
      return error.what();
    }
  };
  constexpr TraceOptions kSkip{false, OnBadRow::kSkip};
  for (const std::string& stored : {text, gzipped(text, folder)}) {
    write_bytes(folder / "t.csv", stored);
    CHECK(windows({}) == whole({}));
    CHECK(windows(kSkip) == std::to_string(rows - bad));
    CHECK(windows(kSkip) == whole(kSkip));
  }
  // An object longer than a window, with a row after it.
  const std::string object = "{\"timestamp\":1,\"input_length\":2,\"output_length\":3,\"x\":\"" +
                             std::string(5 << 20, 'x') + "\"}\n";
  write_bytes(folder / "t.jsonl", object + object);
  CHECK(read_trace(folder / "t.jsonl").size() == 2);
}

TEST_CASE("a trace has the memory that it may have") {
  const TempFolder folder;
  std::string rows = "arrival_s,prompt_tokens,output_tokens\n";
  for (int i = 0; i < 300000; ++i) rows += "1,1,1\n";
  write_bytes(folder / "t.csv", gzipped(rows, folder));
  CHECK_THROWS_WITH(read_trace(folder / "t.csv", {}, 1 << 20),
                    ContainsSubstring("too large a trace (") &&
                        ContainsSubstring("more than the 1.0 MiB that they may) raise"));
  CHECK(read_trace(folder / "t.csv", {}, 16 << 20).size() == 300000);
  // No row ends: refused long before the end of what is a gigabyte.
  const gzFile bomb = gzopen((folder / "bomb.csv").c_str(), "wb1");
  const std::string piece(1 << 20, '1');
  for (int i = 0; i < 200; ++i) gzwrite(bomb, piece.data(), 1 << 20);
  REQUIRE(gzclose(bomb) == Z_OK);
  CHECK_THROWS_WITH(read_trace(folder / "bomb.csv"), ContainsSubstring("too long a row"));
}
