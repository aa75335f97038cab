// The controllers of the dynamic schedulers, step by step against values worked out by hand from
// docs/batch_engine.md.
#include "sim/batch/controller.hpp"
#include "tests/support/catch.hpp"

namespace servesweep {
namespace {

const SlaBand kBand{9.0, 11.0};  // 10 ms, tolerance 1 ms

DynamicParams params_with_b_max(std::int32_t b_max) {
  DynamicParams p;  // otherwise the defaults of the model: steps 4 and 2, 3 updates, smoothing 0.2
  p.b_max = b_max;
  return p;
}

BatchController fresh(const DynamicParams& p, std::int32_t top) {
  BatchController c;
  c.reset(p, top);
  return c;
}

// A controller that has seen enough, with the given averages.
BatchController settled(std::int32_t low, std::int32_t high, double mean_batch, double decode_ms) {
  BatchController c = fresh(params_with_b_max(128), 128);
  c.low = low;
  c.high = high;
  c.mean_batch_size = mean_batch;
  c.mean_decode_ms = decode_ms;
  c.updates = 3;
  return c;
}

// The target that a batch wants, which moves the search interval.
std::int32_t moved(BatchController& c, const DynamicParams& p) {
  const SlaTarget next = c.sla_target(p, kBand);
  c.low = next.low;
  c.high = next.high;
  return next.size;
}

}  // namespace

TEST_CASE("a fresh controller targets the middle until it has learnt enough") {
  const DynamicParams p = params_with_b_max(128);
  BatchController c = fresh(p, 100);
  CHECK(c.mean_batch_size == 50.0);  // (1 + 100) div 2
  CHECK(moved(c, p) == 50);
  c.learn(p, {300, 200, 50.0, 10}, 0);
  c.learn(p, {300, 200, 50.0, 10}, 0);
  CHECK(moved(c, p) == 50);
  CHECK(c.low == 1);
  CHECK(c.high == 100);
  c.learn(p, {300, 200, 50.0, 10}, 0);
  // tau: 10, 18, 24.4 ms; b_avg: 42, 35.6, 30.48. high = min(100, max(30, 1 + 4)).
  CHECK(c.mean_decode_ms == Approx(24.4));
  CHECK(c.mean_batch_size == Approx(30.48));
  CHECK(moved(c, p) == 15);  // (1 + 30) div 2
  CHECK(c.high == 30);
}

TEST_CASE("without a decode time nothing moves") {
  const DynamicParams p = params_with_b_max(128);
  BatchController c = settled(10, 20, 12.0, 0.0);
  CHECK(moved(c, p) == 15);
  CHECK(c.low == 10);
  CHECK(c.high == 20);
}

TEST_CASE("too slow: the interval moves down") {
  const DynamicParams p = params_with_b_max(128);
  BatchController c = settled(20, 60, 35.9, 12.0);
  CHECK(moved(c, p) == 26);  // [18, 35]
  CHECK(c.low == 18);
  CHECK(c.high == 35);
  c.mean_batch_size = 3.0;
  CHECK(moved(c, p) == 19);  // [16, max(3, 18 + 4)]
  CHECK(c.low == 16);
  CHECK(c.high == 22);
  c = settled(2, 9, 1.0, 12.0);
  CHECK(moved(c, p) == 3);  // [1, 6]
}

TEST_CASE("fast enough: the interval moves up") {
  const DynamicParams p = params_with_b_max(128);
  BatchController c = settled(20, 60, 35.9, 8.0);
  CHECK(moved(c, p) == 48);  // [35, 62]
  CHECK(c.low == 35);
  CHECK(c.high == 62);
  c.mean_batch_size = 100.0;
  CHECK(moved(c, p) == 61);  // [58, 64]
  CHECK(c.low == 58);
  c = settled(100, 127, 128.0, 8.0);
  CHECK(moved(c, p) == 125);  // [123, 128]
  CHECK(c.high == 128);
}

TEST_CASE("inside the band: around the average batch") {
  const DynamicParams p = params_with_b_max(128);
  for (const double at_ms : {9.0, 10.0, 11.0}) {  // its ends belong to it
    BatchController c = settled(20, 60, 35.9, at_ms);
    CHECK(moved(c, p) == 35);
    CHECK(c.low == 34);
    CHECK(c.high == 36);
  }
}

TEST_CASE("a target is raised to what decodes elsewhere, within the limits") {
  DynamicParams p = params_with_b_max(128);
  BatchController c = settled(20, 60, 35.0, 10.0);
  c.decoding_elsewhere = 77;
  CHECK(moved(c, p) == 77);
  c.decoding_elsewhere = 500;
  CHECK(moved(c, p) == 128);
  // A bin whose limit is under b_min: low > high becomes low = high, and b_min wins at the end.
  p.b_min = 8;
  c = fresh(p, 5);
  c.updates = 3;
  c.mean_decode_ms = 12.0;
  CHECK(moved(c, p) == 8);
  CHECK(c.low == 5);
  CHECK(c.high == 5);
}

TEST_CASE("memory target") {
  const DynamicParams p = params_with_b_max(64);
  BatchController c = fresh(p, 48);
  CHECK(c.memory_target(p, 9999.0, 0) == 19);  // 9999 / (300 + 200)
  CHECK(c.memory_target(p, 9999.0, 30) == 30);
  CHECK(c.memory_target(p, 9999.0, 300) == 48);
  CHECK(c.memory_target(p, 1e18, 0) == 48);
  CHECK(c.memory_target(p, 499.0, 0) == 1);
  CHECK(c.memory_target(p, -5000.0, 0) == 1);
}

TEST_CASE("learning smooths every average and remembers the others' load") {
  const DynamicParams p = params_with_b_max(128);
  BatchController c = fresh(p, 128);
  c.learn(p, {800, 100, 20.0, 14}, 9);
  CHECK(c.mean_prompt_tokens == Approx(400));  // 0.2 * 800 + 0.8 * 300
  CHECK(c.mean_output_tokens == Approx(180));
  CHECK(c.mean_decode_ms == Approx(4));
  CHECK(c.mean_batch_size == Approx(0.2 * 14 + 0.8 * 64));
  CHECK(c.decoding_elsewhere == 9);
  CHECK(c.updates == 1);
}

TEST_CASE("the batch limit of a bin is what fits twice the bin's middle") {
  // 7 GB over 2 * ((100 + 300) div 2) tokens of 0.1 MB: 7 / 0.04.
  CHECK(bin_batch_limit(100, 300, 4096, 7.0, 1e-4, 1024) == 175);
  CHECK(bin_batch_limit(100, 300, 4096, 7.0, 1e-4, 128) == 128);
  CHECK(bin_batch_limit(100, 10'000, 4096, 7.0, 1e-4, 1024) == 16);  // upper edge cut to 4096
  CHECK(bin_batch_limit(0, 1, 4096, 7.0, 1e-4, 77) == 77);           // a bin without length
  CHECK(bin_batch_limit(4000, 4096, 4096, 0.5, 1e-3, 77) == 1);
}

}  // namespace servesweep
