// Files that are not what a writer of ours makes: what is not believed, and not followed.
#include <signal.h>
#include <sys/stat.h>

#include <chrono>
#include <string>
#include <vector>

#include "host/base/controls.hpp"
#include "host/base/error.hpp"
#include "io/files/checksum.hpp"
#include "io/hdf5/guarded_process.hpp"
#include "io/hdf5/hdf5.hpp"
#include "io/results/result_reader.hpp"
#include "io/results/result_store.hpp"
#include "io/results/verify.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/sample_results.hpp"
#include "tests/support/temp_folder.hpp"

using namespace servesweep;
using Catch::Matchers::ContainsSubstring;

namespace {

void write_sample(const std::string& path) {
  const Sweep sweep = sample::irregular_sweep();
  Hdf5ResultStore store(path, sample::schema(), sweep, sample::provenance());
  store.append(sample::chunk(0, sweep.num_worlds()));
  store.finish();
}

// The file, opened to write, which is no business of the program.
hdf5::Id open_to_write(const std::string& path) {
  return {H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT), H5Fclose};
}

void remove_attribute(hid_t file, const char* object, const char* name) {
  REQUIRE(H5Adelete_by_name(file, object, name, H5P_DEFAULT) >= 0);
}

// A dataset of `size` reals in `file`, made with these properties.
hdf5::Id make_dataset(hid_t file, const char* name, hsize_t size, hid_t properties) {
  const hdf5::Id space(H5Screate_simple(1, &size, nullptr), H5Sclose);
  return {H5Dcreate2(file, name, H5T_IEEE_F64LE, space, H5P_DEFAULT, properties, H5P_DEFAULT),
          H5Dclose};
}

hdf5::Id properties_of_a_dataset() { return {H5Pcreate(H5P_DATASET_CREATE), H5Pclose}; }

}  // namespace

TEST_CASE("only single texts and integers are attributes") {
  const TempFolder folder;
  const std::string path = folder / "a.h5";
  const hdf5::Id file = hdf5::create_file(path);
  const auto add = [&](const char* name, hid_t type, hsize_t size, const void* data) {
    const hdf5::Id space(H5Screate_simple(1, &size, nullptr), H5Sclose);
    const hdf5::Id attribute(H5Acreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT),
                             H5Aclose);
    REQUIRE(H5Awrite(attribute, type, data) >= 0);
  };
  const std::vector<std::int64_t> many(400, 0x4141414141414141);
  add("many", H5T_STD_I64LE, 400, many.data());
  add("one", H5T_STD_I64LE, 1, many.data());  // as netCDF writes a number
  const double real = 1;
  add("real", H5T_IEEE_F64LE, 1, &real);
  const hdf5::Id wide(H5Tcopy(H5T_STD_I64LE), H5Tclose);
  REQUIRE(H5Tset_size(wide, 64) >= 0);
  const std::string bytes(64, 'A');
  add("wide", wide, 1, bytes.data());
  const hdf5::Id fixed(H5Tcopy(H5T_C_S1), H5Tclose);
  REQUIRE(H5Tset_size(fixed, 5) >= 0);
  add("text", fixed, 1, "hello");  // as netCDF writes a text
  add("texts", fixed, 2, "helloworld");

  CHECK_FALSE(hdf5::read_text_attribute(file, "many"));
  CHECK(hdf5::read_text_attribute(file, "one") == "4702111234474983745");
  CHECK_FALSE(hdf5::read_text_attribute(file, "real"));
  CHECK_FALSE(hdf5::read_text_attribute(file, "wide"));
  CHECK(hdf5::read_text_attribute(file, "text") == "hello");
  CHECK_FALSE(hdf5::read_text_attribute(file, "texts"));
}

TEST_CASE("sizes are bounded by the file's before memory is taken") {
  const TempFolder folder;
  const std::string path = folder / "a.h5";
  const hdf5::Id file = hdf5::create_file(path);
  const hdf5::Id chunked = properties_of_a_dataset();
  const hsize_t chunk = 1024;
  REQUIRE(H5Pset_chunk(chunked, 1, &chunk) >= 0);
  const hdf5::Id huge = make_dataset(file, "huge", hsize_t{1} << 50, chunked);
  CHECK_THROWS_WITH(hdf5::read_rows(huge, ColumnType::kFloat64, 0, hsize_t{1} << 50),
                    ContainsSubstring("more than the file can hold"));
  const hdf5::Id small = hdf5::create_dataset(file, "small", ColumnType::kFloat64, {3});
  CHECK_THROWS_WITH(hdf5::read_rows(small, ColumnType::kFloat64, 1, 3),
                    ContainsSubstring("has 3 rows, not the 3 from 1 on"));
  CHECK_THROWS_WITH(hdf5::read_rows(small, ColumnType::kFloat64, ~hsize_t{0}, 2),
                    ContainsSubstring("has 3 rows"));
  const hdf5::Id square = hdf5::create_dataset(file, "square", ColumnType::kFloat64, {3, 3});
  CHECK_THROWS_WITH(hdf5::read_rows(square, ColumnType::kFloat64, 0, 3),
                    ContainsSubstring("/square is no column"));
}

TEST_CASE("nothing in other files is read") {
  const TempFolder folder;
  {
    const hdf5::Id secret = hdf5::create_file(folder / "secret.h5");
    hdf5::write_checked_column(secret, "x", std::vector<double>{1, 2, 3});
  }
  write_bytes(folder / "secret", std::string(24, 's'));
  const hdf5::Id file = hdf5::create_file(folder / "a.h5");
  SECTION("external storage") {
    const hdf5::Id properties = properties_of_a_dataset();
    REQUIRE(H5Pset_external(properties, (folder / "secret").c_str(), 0, 24) >= 0);
    make_dataset(file, "x", 3, properties);
    CHECK_THROWS_WITH(hdf5::open_object(file, "x"),
                      ContainsSubstring("/x has its values in another file"));
  }
  SECTION("a view of another file's dataset") {
    const hdf5::Id properties = properties_of_a_dataset();
    const hsize_t size = 3;
    const hdf5::Id space(H5Screate_simple(1, &size, nullptr), H5Sclose);
    REQUIRE(H5Pset_virtual(properties, space, (folder / "secret.h5").c_str(), "/x", space) >= 0);
    make_dataset(file, "x", 3, properties);
    CHECK_THROWS_WITH(hdf5::open_object(file, "x"),
                      ContainsSubstring("/x has its values in another file"));
  }
}

TEST_CASE("what a result file says of itself is checked") {
  const TempFolder folder;
  const std::string path = folder / "r.h5";
  write_sample(path);
  read_all(path);
  SECTION("a row size below 0") {
    const hdf5::Id file = open_to_write(path);
    const hdf5::Id sizes = hdf5::open_object(file, "bins/row_size");
    hdf5::write_rows(sizes, 0, std::vector<std::int32_t>{-5});
  }
  SECTION("rows that are not there") {
    const hdf5::Id file = open_to_write(path);
    const hdf5::Id sizes = hdf5::open_object(file, "bins/row_size");
    hdf5::write_rows(sizes, 0, std::vector<std::int32_t>{2'000'000'000});
  }
  SECTION("a category that has no name") {
    const hdf5::Id file = open_to_write(path);
    hdf5::write_rows(hdf5::open_object(file, "worlds/status"), 0, std::vector<std::int32_t>{77});
  }
  SECTION("a column that is shorter") {
    const hdf5::Id file = open_to_write(path);
    const hdf5::Id worlds = hdf5::open_object(file, "worlds");
    REQUIRE(H5Ldelete(worlds, "completed", H5P_DEFAULT) >= 0);
    const hdf5::Id dataset = hdf5::create_dataset(worlds, "completed", ColumnType::kInt64, {2});
    hdf5::write_attribute(dataset, "role", "metric");
  }
  CHECK_THROWS_AS(read_all(path), IoError);
}

TEST_CASE("names of categories that are no text leave the codes") {
  const TempFolder folder;
  const std::string path = folder / "r.h5";
  write_sample(path);
  {
    const hdf5::Id file = open_to_write(path);
    remove_attribute(file, "worlds/num_gpus", "long_name");
    const hdf5::Id dataset = hdf5::open_object(file, "worlds/num_gpus");
    hdf5::write_attribute(dataset, "long_name", std::vector<std::int32_t>(400, 0x41414141));
  }
  CHECK(ResultFile(path).column("num_gpus").spec.long_name.empty());
  CHECK(verify_checksum(path) == Checksum::kNone);  // it was opened to write
}

TEST_CASE("a flipped bit anywhere is seen") {
  const TempFolder folder;
  const std::string path = folder / "r.h5";
  write_sample(path);
  const std::string bytes = read_bytes(path);
  CHECK(verify_checksum(path) == Checksum::kSame);
  for (std::size_t at = 0; at < bytes.size(); at += bytes.size() / 40 + 1) {
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ 4);
    write_bytes(path, changed);
    CHECK(verify_checksum(path) != Checksum::kSame);
  }
  write_bytes(path, bytes.substr(0, 50));
  CHECK(verify_checksum(path) == Checksum::kNone);
  std::string changed = bytes;
  changed[bytes.size() / 2] = static_cast<char>(changed[bytes.size() / 2] ^ 1);
  write_bytes(path, changed);
  CHECK_THROWS_WITH(verify_results({path}), ContainsSubstring("its checksum differs"));
}

TEST_CASE("a file that is not what was written does not take a place") {
  const TempFolder folder;
  const std::string path = folder / "r.h5";
  write_sample(path);
  check_written(path, 12);
  CHECK_THROWS_WITH(check_written(path, 13), ContainsSubstring("is not what was written"));
  const std::string bytes = read_bytes(path);
  write_bytes(path, bytes.substr(0, bytes.size() - 1));
  CHECK_THROWS_AS(check_written(path, 12), IoError);
}

TEST_CASE("a reader that crashes or does not end is an error") {
  const std::chrono::milliseconds limit(200);
  CHECK(run_guarded("a", limit, [] { return 7; }) == 7);
  CHECK_THROWS_WITH(run_guarded("a.h5", limit,
                                [] {
                                  ::signal(SIGSEGV, SIG_DFL);
                                  ::raise(SIGSEGV);
                                  return 0;
                                }),
                    ContainsSubstring("cannot read a.h5 (reading it ended with signal 11"));
  const TempFolder folder;
  const std::string pipe = folder / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  CHECK_THROWS_WITH(run_guarded(pipe, limit,
                                [&] {
                                  hdf5::open_file(pipe);  // waits for a writer
                                  return 0;
                                }),
                    ContainsSubstring("came to no end"));
}

TEST_CASE("control characters are escaped, text is not") {
  CHECK(escaped_controls("a\tb\n\u00fc") == "a\tb\n\u00fc");
  CHECK(escaped_controls("\x1b[2J\r\x7f") == "\\x1b[2J\\x0d\\x7f");
  CHECK(escaped_controls("\xc2\x9b"
                         "31m") == "\\x9b31m");
  CHECK(escaped_controls(std::string("\0", 1)) == "\\x00");
}
