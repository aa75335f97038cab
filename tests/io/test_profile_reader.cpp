#include <string>
#include <vector>

#include "host/base/error.hpp"
#include "io/measured/profile_reader.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/source_folder.hpp"

using namespace servesweep;

namespace {

const std::string kDense = "layer,tokens,time_us\nembedding,1,2.5\n";
const std::string kPerSequence = "layer,sequences,time_us\nsampler,4,7\n";
const std::string kAttention =
    "prefill_chunk,kv_prefill,n_decode,kv_decode,time_us\n16,32,2,64,10.25\n";

KernelProfile parse(const std::string& dense, const std::string& per_sequence,
                    const std::string& attention) {
  return parse_kernel_profile({dense, per_sequence, attention}, {"d.csv", "s.csv", "a.csv"});
}

std::vector<std::string> errors(const std::string& dense, const std::string& per_sequence,
                                const std::string& attention) {
  std::vector<std::string> result;
  try {
    parse(dense, per_sequence, attention);
  } catch (const InputError& error) {
    for (const Diagnostic& d : error.diagnostics()) result.push_back(d.text());
  }
  return result;
}

}  // namespace

TEST_CASE("a profile's columns are found by name") {
  const KernelProfile p =
      parse("# made by hand\ntime_us,gpu, layer ,tokens\n3,x,act_fn,8\n", kPerSequence, kAttention);
  REQUIRE(p.dense.size() == 1);
  CHECK(p.dense[0].layer == "act_fn");
  CHECK(p.dense[0].at == 8);
  CHECK(p.dense[0].time_us == 3);
  REQUIRE(p.per_sequence.size() == 1);
  CHECK(p.per_sequence[0].at == 4);
  REQUIRE(p.attention.size() == 1);
  CHECK(p.attention[0].at == std::array<double, 4>{16, 32, 2, 64});
  CHECK(p.attention[0].time_us == 10.25);
}

TEST_CASE("every bad row of a profile is named by file, line and column") {
  auto e = errors(kDense + "act_fn,0,1\nact_fn,1.5,1\nact_fn,2,-1\nmoe,1,1\nact_fn,3,2e8\n" +
                      "embedding,1,3\nact_fn,4\n",
                  kPerSequence, kAttention);
  REQUIRE(e.size() == 7);
  CHECK(e[0] == "d.csv:3:8: invalid tokens=0 (must be at least 1)");
  CHECK(e[1] == "d.csv:4:8: invalid tokens=1.5 (must be a whole number up to 1e9)");
  CHECK(e[2] == "d.csv:5:10: invalid time_us=-1 (must be at least 0)");
  CHECK(e[3].find("d.csv:6:1: invalid layer=moe (the layers of this file are embedding, ") == 0);
  CHECK(e[4] == "d.csv:7:10: invalid time_us=2e8 (must be at most 1e8, 100 s)");
  CHECK(e[5].find("d.csv:8:1: measured twice") == 0);
  CHECK(e[6].find("d.csv:9:1: row with 2 fields") == 0);

  e = errors(kDense, kPerSequence + "lm_head,x,1\n", kAttention);
  REQUIRE(e.size() == 1);
  CHECK(e[0] == "s.csv:3:9: invalid sequences='x' (not a number)");
  e = errors(kDense, kPerSequence, kAttention + "16,32,2,64,11\n0,-1,0,0,1\n");
  REQUIRE(e.size() == 2);
  CHECK(e[0].find("a.csv:3:1: measured twice") == 0);
  CHECK(e[1] == "a.csv:4:3: invalid kv_prefill=-1 (must be at least 0)");
}

TEST_CASE("a profile's header that does not say enough is refused") {
  auto e = errors("layer,time_us\n", kPerSequence, kAttention);
  REQUIRE(e.size() == 1);
  CHECK(e[0].find("d.csv:1:1: no column tokens") == 0);
  e = errors(kDense, kPerSequence, "");
  REQUIRE(e.size() == 1);
  CHECK(e[0].find("a.csv: no measurements") == 0);
}

TEST_CASE("profiles are read from folders") {
  CHECK_THROWS_AS(read_kernel_profile("no/such/folder"), IoError);
  const auto profile =
      read_kernel_profile(testing::in_source_folder("examples/profiles/rtx4090-llama-3.1-8b"));
  CHECK(profile.dense.size() == 9 * 152);
  CHECK(profile.per_sequence.size() == 2 * 40);
  CHECK(profile.attention.size() == 8643);
}
