#include <algorithm>
#include <string>
#include <vector>

#include "host/base/error.hpp"
#include "host/latency/iteration_table.hpp"
#include "io/measured/profile_reader.hpp"
#include "tests/reference/vllm_server.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/random_worlds.hpp"
#include "tests/support/source_folder.hpp"

using namespace servesweep;
namespace naive = reference::continuous;

namespace {

// Layers of 1 us for a token, of 1 us for a sequence.
KernelProfile small_profile() {
  KernelProfile p;
  for (const ProfiledLayer& layer : kDenseLayers) {
    p.dense.push_back({layer.name, 1, 1});
    p.dense.push_back({layer.name, 4, 4});
  }
  for (const ProfiledLayer& layer : kSequenceLayers) {
    p.per_sequence.push_back({layer.name, 1, 1});
    p.per_sequence.push_back({layer.name, 3, 3});
  }
  p.attention = {{{0, 0, 1, 10}, 10},
                 {{0, 0, 1, 20}, 30},
                 {{8, 0, 0, 0}, 80},
                 {{8, 4, 0, 0}, 120},
                 {{8, 0, 1, 10}, 90}};
  return p;
}

std::string error_of(const KernelProfile& profile) {
  try {
    make_iteration_table(profile, 2);
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("layers are added up over the model") {
  const IterationTable table = make_iteration_table(small_profile(), 3);
  const TableIteration::Lowered model = table.at(table.numbers.data());
  // embedding, final_layernorm once; 8 others in each of 3 layers, layernorm twice among them.
  CHECK(model.tokens.at(2) == Approx(2 * (2 + 3 * 8) * 1000));
  CHECK(model.tokens.at(8) == Approx(8 * (2 + 3 * 8) * 1000));
  CHECK(model.sequences.at(2) == Approx(2 * 2 * 1000));
}

TEST_CASE("a layer that is measured at fewer values is interpolated at the others") {
  KernelProfile profile = small_profile();
  profile.dense.push_back({"act_fn", 2, 12});
  const IterationTable table = make_iteration_table(profile, 1);
  const TableIteration::Lowered model = table.at(table.numbers.data());
  CHECK(model.tokens.at(2) == Approx((2 * 9 + 12) * 1000));
  CHECK(model.tokens.at(3) == Approx((3 * 9 + 8) * 1000));
}

TEST_CASE("what was not measured of attention is what interpolation from axis to axis gives") {
  const IterationTable table = make_iteration_table(small_profile(), 1);
  const AttentionTable attention = table.at(table.numbers.data()).attention;
  const std::vector<std::int32_t> counts(attention.counts, attention.counts + 4);
  REQUIRE(counts == std::vector<std::int32_t>{2, 2, 2, 3});
  const std::vector<double> time_us = {
      0,   0,   0,   -10, 10,  30,  // no prefill: no decodes; one, of contexts 0, 10, 20
      0,   0,   0,   -10, 10,  30,  // the same with a cached context that none has
      80,  80,  80,  90,  90,  90,  // 8 tokens: alone; beside a decode, of any context
      120, 120, 120, 120, 120, 120  // with a cached context: as without decodes
  };
  for (std::size_t i = 0; i < time_us.size(); ++i) {
    INFO(i);
    CHECK(attention.time_ns[i] == Approx(1000 * time_us[i]));
  }
}

// Up to its 2048 tokens and 256 sequences: beyond them it is the sum of layers that does not fall.
TEST_CASE("the table of a real profile equals nested interpolation in its files") {
  const std::string folder = testing::in_source_folder("examples/profiles/rtx4090-llama-3.1-8b/");
  const IterationTable table = make_iteration_table(read_kernel_profile(folder), 32);
  const TableIteration::Lowered model = table.at(table.numbers.data());
  const naive::Profile nested(folder);
  testing::Dice dice(5);
  for (int i = 0; i < 20'000; ++i) {
    naive::Iteration it;
    IterationShape shape;
    const int most = dice.pick({3, 40, 253});
    shape.decodes = dice.roll(0, most);
    const int context = dice.pick({20, 600, 20'000});
    for (std::int32_t j = 0; j < shape.decodes; ++j) {
      it.decodes.push_back({0, dice.roll(1, context)});
      shape.context_sum += it.decodes.back().context;
    }
    shape.chunks = shape.decodes == 0 ? dice.roll(1, 3) : dice.roll(0, 3);
    for (std::int32_t j = 0; j < shape.chunks; ++j) {
      it.prefills.push_back(
          {0, dice.roll(1, dice.pick({8, 100, 590})), dice.roll(0, dice.pick({0, 100, 9000}))});
      shape.prefill_tokens += it.prefills.back().q;
      shape.prefill_context += it.prefills.back().k;
    }
    const Ticks expected = nested(it);
    const Ticks found = TableIteration::time(model, shape);
    REQUIRE(ns_of(found) == Approx(ns_of(expected)).epsilon(1e-12));
  }
}

TEST_CASE("a profile that does not say enough is refused") {
  const auto without = [](const std::string& layer) {
    KernelProfile p = small_profile();
    const auto is_it = [&](const KernelProfile::Layer& row) { return row.layer == layer; };
    p.dense.erase(std::find_if(p.dense.begin(), p.dense.end(), is_it));
    return p;
  };
  CHECK(error_of(small_profile()).empty());
  CHECK(error_of(without("qkv_proj")).find("too few times of layer qkv_proj") == 0);
  KernelProfile p = small_profile();
  p.per_sequence.clear();
  CHECK(error_of(p).find("too few times of layer lm_head") == 0);
  p = small_profile();
  p.attention.erase(p.attention.begin() + 3);
  CHECK(error_of(p).find("attention at no kv_prefill above 0") == 0);
}

TEST_CASE("measurements that are no grid are refused before their table fills the memory") {
  KernelProfile p = small_profile();
  for (int i = 1; i < 300; ++i) p.attention.push_back({{1.0 * i, 3.0 * i, 5.0 * i, 7.0 * i}, 1.0});
  CHECK(error_of(p).find("attention.csv spans ") == 0);
  CHECK(error_of(p).find(" cells (304 rows with too many different values") != std::string::npos);
  p.attention.resize(40);
  CHECK(error_of(p).empty());
}
