// The thin layer over the HDF5 library: what is written is read, failures say which file and why.
#include <cmath>
#include <functional>
#include <limits>

#include "host/base/error.hpp"
#include "io/hdf5/dimension_scale.hpp"
#include "io/hdf5/hdf5.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_folder.hpp"

using namespace servesweep;

namespace {

template <class T>
void check_roundtrip(hid_t file, const std::string& name, ColumnType type, std::vector<T> values,
                     hsize_t stored_bytes) {
  hdf5::write_checked_column(file, name, ColumnData(values));
  const hdf5::Id dataset = hdf5::open_object(file, name);
  const hdf5::Id stored(H5Dget_type(dataset), H5Tclose);
  CHECK(H5Tget_size(stored) == stored_bytes);
  CHECK(std::get<std::vector<T>>(hdf5::read_rows(dataset, type, 0, values.size())) == values);
}

std::string failure_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const IoError& error) {
    return error.what();
  }
  return "no failure";
}

}  // namespace

TEST_CASE("checked columns read back, however narrow they are stored") {
  TempFolder folder;
  hdf5::Id file = hdf5::create_file(folder / "a.h5");
  using I32 = std::vector<std::int32_t>;
  using I64 = std::vector<std::int64_t>;
  check_roundtrip<std::int32_t>(file, "i8", ColumnType::kInt32, I32{-128, 0, 127}, 1);
  check_roundtrip<std::int32_t>(file, "i16", ColumnType::kInt32, I32{-128, 0, 128}, 2);
  check_roundtrip<std::int32_t>(file, "i32", ColumnType::kInt32, I32{-32769, 0}, 4);
  check_roundtrip<std::int64_t>(file, "l8", ColumnType::kInt64, I64{-1, 5}, 1);
  check_roundtrip<std::int64_t>(file, "l32", ColumnType::kInt64, I64{1 << 30}, 4);
  check_roundtrip<std::int64_t>(file, "l64", ColumnType::kInt64,
                                I64{std::numeric_limits<std::int64_t>::min(), 1}, 8);
  check_roundtrip<double>(file, "d", ColumnType::kFloat64, {0.1, -1e300, INFINITY}, 8);
  check_roundtrip<std::string>(file, "t", ColumnType::kText, {"", "gr\u00fc\u00df", "a b"},
                               sizeof(char*));
  check_roundtrip<std::int32_t>(file, "none", ColumnType::kInt32, {}, 1);
  const I32 many(2'500'000, 70'000);  // several chunks
  check_roundtrip<std::int32_t>(file, "many", ColumnType::kInt32, many, 4);
  hdf5::close_file(file);
}

TEST_CASE("part of a dataset is written and read") {
  TempFolder folder;
  const hdf5::Id file = hdf5::create_file(folder / "a.h5");
  const hdf5::Id dataset = hdf5::create_dataset(file, "x", ColumnType::kFloat64, {5}, 2);
  hdf5::write_rows(dataset, 0, std::vector<double>{1, 2});
  hdf5::write_rows(dataset, 2, std::vector<double>{3, 4, 5});
  CHECK(std::get<std::vector<double>>(hdf5::read_rows(dataset, ColumnType::kFloat64, 1, 3)) ==
        std::vector<double>{2, 3, 4});
  CHECK(hdf5::type_of(dataset) == ColumnType::kFloat64);
  CHECK(hdf5::shape_of(dataset) == std::vector<hsize_t>{5});
}

TEST_CASE("attributes keep their order and become text") {
  TempFolder folder;
  const hdf5::Id file = hdf5::create_file(folder / "a.h5");
  hdf5::write_attribute(file, "zebra", "ein Text, \u00fc");
  hdf5::write_attribute(file, "apple", std::int32_t{-3});
  hdf5::write_attribute(file, "big", std::numeric_limits<std::uint64_t>::max());
  hdf5::write_attribute(file, "codes", std::vector<std::int32_t>{1, 2});
  hdf5::write_attribute(file, "long", std::string(200'000, 'x'));  // past the usual 64 KB
  CHECK(hdf5::attribute_names(file) ==
        std::vector<std::string>{"zebra", "apple", "big", "codes", "long"});
  CHECK(hdf5::read_text_attribute(file, "zebra") == "ein Text, \u00fc");
  CHECK(hdf5::read_text_attribute(file, "apple") == "-3");
  CHECK(hdf5::read_text_attribute(file, "big") == "18446744073709551615");
  CHECK(hdf5::read_text_attribute(file, "long")->size() == 200'000);
  CHECK_FALSE(hdf5::read_text_attribute(file, "none"));
}

TEST_CASE("a file in memory has the bytes of one on disk") {
  TempFolder folder;
  const auto fill = [](hid_t file) {
    hdf5::write_attribute(file, "a", "b");
    hdf5::write_checked_column(file, "x", std::vector<double>{1, 2});
  };
  const hdf5::Id memory = hdf5::create_memory_file();
  fill(memory);
  const std::string image(hdf5::file_image(memory));
  write_bytes(folder / "a.h5", image);
  const hdf5::Id file = hdf5::open_file(folder / "a.h5");
  CHECK(hdf5::read_text_attribute(file, "a") == "b");
  CHECK(hdf5::children(file) == std::vector<std::string>{"x"});
}

TEST_CASE("dimension scales link both ways") {
  TempFolder folder;
  const hdf5::Id file = hdf5::create_file(folder / "a.h5");
  hdf5::make_dimension_scale(hdf5::create_dataset(file, "x", ColumnType::kFloat64, {3}), "x");
  hdf5::create_dimension(file, "y", 3);
  hdf5::create_dataset(file, "v", ColumnType::kFloat64, {3});
  hdf5::create_dataset(file, "w", ColumnType::kFloat64, {3, 3});
  hdf5::link_dimension_scales(file, {{"v", {"x"}}, {"w", {"x", "y"}}});
  const auto length = [&](const char* object, const char* attribute) {
    const hdf5::Id a(H5Aopen_by_name(file, object, attribute, H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
    return H5Sget_simple_extent_npoints(hdf5::Id(H5Aget_space(a), H5Sclose));
  };
  CHECK(length("v", "DIMENSION_LIST") == 1);
  CHECK(length("w", "DIMENSION_LIST") == 2);
  CHECK(length("x", "REFERENCE_LIST") == 2);
  CHECK(length("y", "REFERENCE_LIST") == 1);
}

TEST_CASE("failures name the file and the reason") {
  TempFolder folder;
  CHECK_THAT(failure_of([&] { hdf5::open_file(folder / "none.h5"); }),
             Catch::Matchers::EndsWith("none.h5 (No such file or directory)"));
  write_bytes(folder / "text.h5", "no HDF5 at all");
  CHECK(failure_of([&] { hdf5::open_file(folder / "text.h5"); }) ==
        "cannot read " + (folder / "text.h5") + " (it is no HDF5 file)");
  CHECK_THAT(failure_of([&] { hdf5::create_file(folder / "no/such.h5"); }),
             Catch::Matchers::EndsWith("such.h5 (No such file or directory)"));
  const hdf5::Id file = hdf5::create_file(folder / "a.h5");
  CHECK_THAT(
      failure_of([&] { hdf5::open_object(file, "missing"); }),
      Catch::Matchers::ContainsSubstring("a.h5") && Catch::Matchers::ContainsSubstring("missing"));
}

TEST_CASE("a changed byte of a checked column is found") {
  TempFolder folder;
  hdf5::Id file = hdf5::create_file(folder / "a.h5");
  hdf5::write_checked_column(file, "x", std::vector<double>(1000, 1234.5));
  hdf5::close_file(file);
  std::string bytes = read_bytes(folder / "a.h5");
  const double value = 1234.5;
  const std::size_t at = bytes.find(std::string(reinterpret_cast<const char*>(&value), 8));
  REQUIRE(at != std::string::npos);
  bytes[at + 4000] ^= 1;
  write_bytes(folder / "a.h5", bytes);
  const hdf5::Id changed = hdf5::open_file(folder / "a.h5");
  CHECK_THROWS_AS(hdf5::read_rows(hdf5::open_object(changed, "x"), ColumnType::kFloat64, 0, 1000),
                  IoError);
}
