#include "host/results/frame.hpp"

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/catch.hpp"

using namespace servesweep;

namespace {

const ResultColumn kGpus = {{"num_gpus", ColumnType::kInt64, "1", "", {}, true},
                            ColumnRole::kInput};
const ResultColumn kKind = {{"kind", ColumnType::kCategory, "", "", {"fifo", "bins"}},
                            ColumnRole::kInput};

using Integers = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("a column that is not in memory is read whenever it is asked for, and only then") {
  int reads = 0;
  Frame frame("f");
  frame.add(kGpus, 3, [&] {
    ++reads;
    return Integers{4, -1, 8};
  });
  frame.add(kKind, std::vector<std::int32_t>{1, 0, 1});
  CHECK(frame.num_rows() == 3);
  const Frame twice = frame.select({2, 1, 0}).select({0, 1});
  CHECK(twice.num_rows() == 2);
  CHECK(reads == 0);
  CHECK(std::get<Integers>(twice.data("num_gpus")) == Integers{8, -1});
  CHECK(twice.texts("num_gpus") == std::vector<std::string>{"8", ""});
  CHECK(twice.text("num_gpus", 0) == "8");
  CHECK(twice.text("kind", 1) == "fifo");
  CHECK(reads == 3);
  const Frame all = twice.in_memory();
  CHECK(reads == 4);
  CHECK(all.numbers("num_gpus")[0] == 8);
  CHECK(all.select({1}).text("num_gpus", 0).empty());
  CHECK(reads == 4);
}

TEST_CASE("all columns of a frame are of one length, and keep their types") {
  Frame frame("f");
  frame.add(kKind, std::vector<std::int32_t>{1, 0});
  CHECK_THROWS_AS(frame.add(kGpus, 3, [] { return Integers{1, 2, 3}; }), std::logic_error);
  frame.add(kGpus, 2, [] { return Integers{1, 2}; });
  CHECK_THROWS_AS(frame.set("num_gpus", Integers{1}), std::logic_error);
  CHECK_THROWS_AS(frame.set("num_gpus", std::vector<double>{1, 2}), std::logic_error);
  frame.set("num_gpus", Integers{5, 6});
  CHECK(frame.texts("num_gpus") == std::vector<std::string>{"5", "6"});
}
