// The naive simulator of the continuous engine on scenarios small enough to work out by hand;
// golden results of others are in test_naive_continuous_golden.cpp. Unless said otherwise an
// iteration takes 10 ns, 1 ns more per prompt token and 1 ns more per decoding sequence; blocks are
// of 4 tokens. An iteration is written as "start-end", then "p<request>:<q>@<k>" for each prefill
// chunk, "d<request>:<context>" for each decode, "x<request>" for each preemption, "b<blocks
// held>".
#include <cstdint>
#include <string>
#include <vector>

#include "tests/reference/naive_continuous.hpp"
#include "tests/support/catch.hpp"

using namespace servesweep::reference::continuous;

namespace {

Service affine_ns(Int c0, Int c_p, Int c_s) {
  return {{{0, c0 * kUnitsPerNs, c_p * kUnitsPerNs, 0, c_s * kUnitsPerNs, 0}}, {}};
}

Params small(Mode mode, Int budget = 100, Int blocks = 100) {
  Params p;
  p.mode = mode;
  p.max_num_batched_tokens = budget;
  p.max_num_seqs = 7;
  p.num_blocks = blocks;
  p.block_size = 4;
  p.services = {affine_ns(10, 1, 1)};
  return p;
}

Log simulate(const Params& p, const std::vector<Request>& requests) {
  return NaiveContinuous(p, requests).run();
}

Int ns(Int128 units) {
  REQUIRE((units < 0 || units % kUnitsPerNs == 0));
  return static_cast<Int>(units < 0 ? units : units / kUnitsPerNs);
}

std::string text_of(const Iteration& it) {
  std::string text = std::to_string(ns(it.start)) + "-" + std::to_string(ns(it.end));
  for (const Chunk& c : it.prefills) {
    text +=
        " p" + std::to_string(c.request) + ":" + std::to_string(c.q) + "@" + std::to_string(c.k);
  }
  for (const Decode& d : it.decodes) {
    text += " d" + std::to_string(d.request) + ":" + std::to_string(d.context);
  }
  for (const std::size_t id : it.preempted) text += " x" + std::to_string(id);
  return text + " b" + std::to_string(it.blocks_held);
}

using Lines = std::vector<std::string>;

Lines lines_of(const Log& log, std::size_t replica = 0) {
  Lines lines;
  for (const Iteration& it : log.replicas[replica].iterations) lines.push_back(text_of(it));
  return lines;
}

std::vector<Int> tokens(const Log& log, std::size_t id) {
  std::vector<Int> times;
  for (const Int128 t : log.requests[id].token_times) times.push_back(ns(t));
  return times;
}

std::vector<Int> places(const Log& log) {
  std::vector<Int> found;
  for (const Record& r : log.requests) found.push_back(r.replica);
  return found;
}

// The requests in the order in which their prefills ran.
std::string order(const Log& log) {
  std::string text;
  for (const Iteration& it : log.replicas[0].iterations) {
    for (const Chunk& c : it.prefills) text += std::to_string(c.request);
  }
  return text;
}

Request hashed(Int t_ns, Int prompt, Int output, const std::vector<Int>& hashes) {
  Request r{t_ns, prompt, output};
  r.hashes = hashes;
  return r;
}

}  // namespace

TEST_CASE("naive continuous: every coefficient, and the regime of n") {
  const auto u = [](Int x) { return x * kUnitsPerNs; };
  Params p = small(Mode::kMixed, 4);
  p.max_num_seqs = 4;
  p.services = {{{{0, u(5), u(2), u(1), u(3), u(1)}, {2, u(100), 0, 0, u(1), 0}}, {}}};
  // 1. budget 4: 3 + 1 tokens, P2 = 3*3 + 1*1: 5 + 2*4 + 10 = 23.
  // 2. n = 1, S = 4; chunk q = 1 on k = 1, P2 = 1*2: 5 + 2*1 + 2 + 3 + 4 = 16.
  // 3. n = 2 is in the second regime: 100 + 2*1 = 102.
  const Log log = simulate(p, {{0, 3, 3}, {0, 2, 2}});
  CHECK(lines_of(log) ==
        Lines{"0-23 p0:3@0 p1:1@0 b2", "23-39 p1:1@1 d0:4 b2", "39-141 d0:5 d1:3 b3"});
  CHECK(tokens(log, 0) == std::vector<Int>{23, 39, 141});
  CHECK(tokens(log, 1) == std::vector<Int>{39, 141});
  CHECK(ns(log.requests[1].first_scheduled) == 0);
  CHECK(ns(log.requests[1].first_token) == 39);
  CHECK(ns(log.requests[1].end) == 141);

  p.services = {affine_ns(0, 0, 0)};  // at least 1 ns; lengths of 0 count as 1
  CHECK(lines_of(simulate(p, {{7, 0, 0}})) == Lines{"7-8 p0:1@0 b1"});
  p.services = {{{}, [&u](const Iteration& it) { return u(40 + it.n()); }}};
  CHECK(lines_of(simulate(p, {{7, 2, 2}})) == Lines{"7-47 p0:2@0 b1", "47-88 d0:3 b1"});
}

TEST_CASE("naive continuous: mixed cuts prompts at the budget") {
  // Budget 8: 8 + 8 + 4 of the 20 tokens, the last four leave 4 for request 1's three. What arrives
  // at 53, when that iteration ends, is in the next.
  const Log log = simulate(small(Mode::kMixed, 8), {{0, 20, 2}, {5, 3, 1}, {53, 2, 1}});
  CHECK(lines_of(log) == Lines{"0-18 p0:8@0 b2", "18-36 p0:8@8 b4", "36-53 p0:4@16 p1:3@0 b6",
                               "53-66 p2:2@0 d0:21 b7"});
  CHECK(ns(log.requests[0].first_token) == 53);
  CHECK(ns(log.requests[1].first_scheduled) == 36);
  CHECK(log.replicas[0].peak_waiting == 1);
  CHECK(log.replicas[0].peak_running == 2);
  CHECK(log.replicas[0].peak_blocks == 7);
}

TEST_CASE("naive continuous: a prompt that does not fit whole blocks those behind it") {
  Params p = small(Mode::kMixed, 10);
  p.chunked_prefill = false;
  // While request 0 decodes, 9 tokens are left: too few for request 1's ten, and request 2 waits
  // behind it. At 58 request 1 takes all 10, so request 2 comes after it. The prompt of 11 can
  // never run.
  const Log log = simulate(p, {{0, 4, 5}, {1, 10, 1}, {2, 2, 1}, {3, 11, 1}});
  CHECK(lines_of(log) == Lines{"0-14 p0:4@0 b1", "14-25 d0:5 b2", "25-36 d0:6 b2", "36-47 d0:7 b2",
                               "47-58 d0:8 b2", "58-78 p1:10@0 b3", "78-90 p2:2@0 b1"});
  CHECK(log.requests[3].rejected);
  CHECK(log.replicas[0].peak_waiting == 2);
}

TEST_CASE("naive continuous: the last admitted sequence is preempted") {
  // 4 blocks. At 36 request 0 needs a third block for its 9th token: request 1 gives back two, with
  // 2 tokens generated (at 24 and 36), so it has 7 + 2 to compute again. It needs 3 blocks: there
  // is 1 until request 0 ends at 80. The recomputation yields its third token. Request 2 would fit
  // at 58 and is shorter, but a preempted request is ahead of it.
  Params p = small(Mode::kMixed, 100, 4);
  p.policy = "shortest_prompt";
  std::vector<Request> requests = {{0, 7, 6}, {0, 7, 3}, {50, 1, 1}};
  Log log = simulate(p, requests);
  CHECK(lines_of(log) == Lines{"0-24 p0:7@0 p1:7@0 b4", "24-36 d0:8 d1:8 b4", "36-47 d0:9 x1 b3",
                               "47-58 d0:10 b3", "58-69 d0:11 b3", "69-80 d0:12 b3",
                               "80-100 p1:9@0 p2:1@0 b4"});
  CHECK(tokens(log, 1) == std::vector<Int>{24, 36, 100});
  CHECK(ns(log.requests[1].first_token) == 24);
  CHECK(log.requests[1].preemptions == 1);
  CHECK(log.preemptions == 1);
  CHECK(log.iterations == 7);
  CHECK(log.replicas[0].peak_waiting == 2);  // requests 1 and 2, from 50 on

  // A prefill that yields no token: request 0 decodes 6 times and so takes the fourth block at 80;
  // request 1 had generated one token when it was preempted, computes 8 again and then decodes.
  p.prefill_yields_token = false;
  requests.pop_back();
  log = simulate(p, requests);
  CHECK(lines_of(log) == Lines{"0-24 p0:7@0 p1:7@0 b4", "24-36 d0:8 d1:8 b4", "36-47 d0:9 x1 b3",
                               "47-58 d0:10 b3", "58-69 d0:11 b3", "69-80 d0:12 b3",
                               "80-91 d0:13 b4", "91-109 p1:8@0 b2", "109-120 d1:9 b3",
                               "120-131 d1:10 b3"});
  CHECK(tokens(log, 1) == std::vector<Int>{36, 120, 131});
  CHECK(ns(log.requests[1].first_token) == 24);
}

TEST_CASE("naive continuous: a sequence preempts itself where it is the last") {
  // 3 blocks, held by 5 and 4 tokens: request 1's fifth token finds none, and no request is behind
  // it.
  CHECK(lines_of(simulate(small(Mode::kMixed, 100, 3), {{0, 5, 3}, {0, 4, 2}})) ==
        Lines{"0-19 p0:5@0 p1:4@0 b3", "19-30 d0:6 x1 b2", "30-41 d0:7 b2", "41-56 p1:5@0 b2"});
}

TEST_CASE(
    "naive continuous: the last preempted is ahead, and nothing is admitted with a preemption") {
  // 4 blocks, one each; at 26 request 0 takes that of 3 and request 1 that of 2. At 50 request 2 is
  // the first of the queue.
  CHECK(lines_of(
            simulate(small(Mode::kMixed, 100, 4), {{0, 4, 3}, {0, 4, 3}, {0, 4, 3}, {0, 4, 3}})) ==
        Lines{"0-26 p0:4@0 p1:4@0 p2:4@0 p3:4@0 b4", "26-38 d0:5 d1:5 x3 x2 b4",
              "38-50 d0:6 d1:6 b4", "50-70 p2:5@0 p3:5@0 b4", "70-82 d2:6 d3:6 b4"});
  // 3 blocks: at 22 request 0 takes one of the two that request 1, half prefilled, gives back. One
  // is free, but request 2 is not admitted. Request 1 still has 12 tokens to compute, and no more.
  const Log log = simulate(small(Mode::kMixed, 12, 3), {{0, 4, 2}, {0, 12, 1}, {1, 1, 1}});
  CHECK(lines_of(log) ==
        Lines{"0-22 p0:4@0 p1:8@0 b3", "22-33 d0:5 x1 b2", "33-55 p1:12@0 b3", "55-66 p2:1@0 b1"});
  CHECK(ns(log.requests[1].first_scheduled) == 0);
  CHECK(ns(log.requests[1].first_token) == 55);
  // 4 blocks: at 18 the second chunk, of 7 tokens, lacks two blocks and finds one, so request 1
  // preempts itself. Its first 7 tokens would then fit at once, but are not admitted before 29.
  CHECK(lines_of(simulate(small(Mode::kMixed, 8, 4), {{0, 4, 3}, {0, 12, 1}})) ==
        Lines{"0-18 p0:4@0 p1:4@0 b2", "18-29 d0:5 x1 b2", "29-47 p1:7@0 d0:6 b4",
              "47-62 p1:5@7 b3"});
}

TEST_CASE("naive continuous: the watermark") {
  Params p = small(Mode::kMixed, 100, 10);
  p.watermark = 0.35;  // 3 blocks
  // 4 + 3 blocks leave just 3; request 2's one would leave 2. Decoding may go below: at 38
  // request 1 has ended, 0 takes its fifth block and 2 its first. 28 + 0 tokens are 7 blocks, as
  // many as the pool has above the watermark; 28 + 1 are 8.
  const Log log = simulate(p, {{0, 16, 2}, {0, 12, 1}, {0, 1, 1}, {60, 28, 1}, {60, 28, 2}});
  CHECK(lines_of(log) ==
        Lines{"0-38 p0:16@0 p1:12@0 b7", "38-50 p2:1@0 d0:17 b6", "60-98 p3:28@0 b7"});
  CHECK(log.requests[4].rejected);
  // 2 of 3 blocks may be prompts; the decode takes the third.
  p.num_blocks = 3;
  CHECK(lines_of(simulate(p, {{0, 4, 2}, {0, 4, 1}})) ==
        Lines{"0-18 p0:4@0 p1:4@0 b2", "18-29 d0:5 b2"});
  CHECK(lines_of(simulate(p, {{0, 4, 2}, {0, 4, 2}})) ==
        Lines{"0-18 p0:4@0 p1:4@0 b2", "18-29 d0:5 x1 b2", "29-44 p1:5@0 b2"});
}

TEST_CASE("naive continuous: requests that could never run are rejected") {
  Params p = small(Mode::kMixed, 10);
  p.max_model_len = 12;
  // 13 tokens are too long. A prompt of 11 may be cut into chunks.
  Log log = simulate(p, {{0, 11, 1}, {0, 11, 2}, {0, 1, 12}});
  CHECK_FALSE(log.requests[0].rejected);
  CHECK(log.requests[1].rejected);
  CHECK(log.requests[2].rejected);
  CHECK(log.requests[1].replica == kNever);
  p.mode = Mode::kPrefillFirst;
  CHECK(simulate(p, {{0, 11, 1}}).requests[0].rejected);
  // 3 blocks: 9 + 3 tokens fit; with a prefill that yields none there is a 13th.
  p.num_blocks = 3;
  p.max_model_len = 0;
  CHECK(simulate(p, {{0, 9, 4}}).requests[0].finished);
  CHECK(simulate(p, {{0, 9, 5}}).requests[0].rejected);
  p.prefill_yields_token = false;
  CHECK(simulate(p, {{0, 9, 4}}).requests[0].rejected);
}

TEST_CASE("naive continuous: prefill_first") {
  // At 14 the prompts of 6 and 5 are more than 10, so two prefills delay request 0's decodes.
  CHECK(lines_of(simulate(small(Mode::kPrefillFirst, 10), {{0, 4, 3}, {1, 6, 1}, {2, 5, 1}})) ==
        Lines{"0-14 p0:4@0 b1", "14-30 p1:6@0 b3", "30-45 p2:5@0 b3", "45-56 d0:5 b2",
              "56-67 d0:6 b2"});
  // Slots: with one, request 1 waits for the end of request 0.
  Params p = small(Mode::kPrefillFirst);
  p.max_num_seqs = 1;
  CHECK(lines_of(simulate(p, {{0, 4, 2}, {0, 4, 1}})) ==
        Lines{"0-14 p0:4@0 b1", "14-25 d0:5 b2", "25-39 p1:4@0 b1"});
}

TEST_CASE("naive continuous: a recomputation longer than the budget runs alone") {
  // 4 blocks, budget 7. At 43 request 1 lacks a block for its ninth token and has 7 + 2 to compute;
  // 3 blocks are free from 87 on, where request 2 fits neither with it nor before it.
  const Log log = simulate(small(Mode::kPrefillFirst, 7, 4), {{0, 4, 6}, {0, 7, 4}, {80, 1, 1}});
  CHECK(lines_of(log) == Lines{"0-14 p0:4@0 b1", "14-31 p1:7@0 b3", "31-43 d0:5 d1:8 b4",
                               "43-54 d0:6 x1 b2", "54-65 d0:7 b2", "65-76 d0:8 b2",
                               "76-87 d0:9 b3", "87-106 p1:9@0 b3", "106-117 p2:1@0 b4",
                               "117-128 d1:10 b3"});
  // The same without chunks in mixed: 6 + 3 tokens are above the budget of 7.
  Params p = small(Mode::kMixed, 7, 4);
  p.chunked_prefill = false;
  CHECK(lines_of(simulate(p, {{0, 4, 6}, {0, 6, 4}, {70, 1, 1}})) ==
        Lines{"0-14 p0:4@0 b1", "14-31 p1:6@0 d0:5 b4", "31-43 d0:6 d1:7 b4", "43-55 d0:7 d1:8 b4",
              "55-66 d0:8 x1 b2", "66-77 d0:9 b3", "77-96 p1:9@0 b3", "96-107 p2:1@0 b1"});
}

TEST_CASE("naive continuous: a limit on the contexts of one decode iteration") {
  Params p = small(Mode::kPrefillFirst);
  p.max_decode_context_tokens = 12;
  // Contexts 5 + 6, and 4 more are 15: request 2 waits and is then first. 4 + 6, and 7 more are 17.
  // Then 7 + 5 = 12 just fit.
  CHECK(lines_of(simulate(p, {{0, 4, 3}, {0, 5, 3}, {0, 3, 3}})) ==
        Lines{"0-22 p0:4@0 p1:5@0 p2:3@0 b4", "22-34 d0:5 d1:6 b5", "34-46 d2:4 d0:6 b5",
              "46-58 d1:7 d2:5 b4"});
  p.max_decode_context_tokens = 1;  // the first is always taken
  CHECK(lines_of(simulate(p, {{0, 4, 2}, {0, 5, 2}})) ==
        Lines{"0-19 p0:4@0 p1:5@0 b3", "19-30 d0:5 b4", "30-41 d1:6 b2"});
}

TEST_CASE("naive continuous: static batches") {
  Params p = small(Mode::kStatic);
  p.client_batch = 2;
  p.flush_ns = 20;
  // A pair is there at 5. It has ended at 45, not at 23, and request 2 has waited for 20 ns then.
  std::vector<Request> requests = {{0, 4, 1}, {5, 4, 3}, {6, 4, 1}};
  Log log = simulate(p, requests);
  CHECK(lines_of(log) ==
        Lines{"5-23 p0:4@0 p1:4@0 b2", "23-34 d1:5 b2", "34-45 d1:6 b2", "45-59 p2:4@0 b1"});
  CHECK(ns(log.requests[0].end) == 23);
  CHECK(ns(log.requests[0].client_end) == 45);
  CHECK(ns(log.requests[2].client_end) == 59);
  CHECK(log.replicas[0].peak_waiting == 2);
  // All generate as much as the longest of the pair.
  p.batch_max_tokens = true;
  log = simulate(p, requests);
  CHECK(lines_of(log) == Lines{"5-23 p0:4@0 p1:4@0 b2", "23-35 d0:5 d1:5 b4", "35-47 d0:6 d1:6 b4",
                               "47-61 p2:4@0 b1"});
  CHECK(tokens(log, 0) == std::vector<Int>{23, 35, 47});
  CHECK(tokens(log, 2) == std::vector<Int>{61});
  // But not more than a request could ever: 8 tokens of 2 blocks, so 0 stops after a fourth.
  p.num_blocks = 2;
  log = simulate(p, {{0, 5, 1}, {0, 1, 6}});
  CHECK(tokens(log, 0).size() == 4);
  CHECK(tokens(log, 1).size() == 6);
}

TEST_CASE("naive continuous: static batches are flushed") {
  Params p = small(Mode::kStatic);
  p.client_batch = 3;
  p.flush_ns = 7;
  // 7 ns after request 1. Requests 2 and 3 have waited long enough when their predecessors end.
  CHECK(lines_of(simulate(p, {{0, 4, 1}, {5, 4, 1}, {13, 4, 1}, {14, 4, 1}, {900, 4, 1}})) ==
        Lines{"12-30 p0:4@0 p1:4@0 b2", "30-48 p2:4@0 p3:4@0 b2", "907-921 p4:4@0 b1"});
  // An arrival at the very time of the flush puts it off.
  CHECK(lines_of(simulate(p, {{0, 4, 1}, {7, 4, 1}, {900, 4, 1}})) ==
        Lines{"14-32 p0:4@0 p1:4@0 b2", "907-921 p2:4@0 b1"});
  // One that is rejected puts off no flush.
  CHECK(lines_of(simulate(p, {{0, 4, 1}, {5, 4, 1}, {11, 4, 999}})) ==
        Lines{"12-30 p0:4@0 p1:4@0 b2"});
}

TEST_CASE("naive continuous: the order of the queue") {
  // Request 0 runs while the others come; one slot. Ties by arrival.
  Params p = small(Mode::kMixed);
  p.max_num_seqs = 1;
  const std::vector<Request> requests = {
      {0, 4, 1, 0, 0}, {1, 6, 1, 9, 2}, {2, 3, 1, 9, 0}, {3, 3, 1, 1, 1}, {4, 8, 1, 5, 0}};
  CHECK(order(simulate(p, requests)) == "01234");
  p.policy = "shortest_prompt";  // 6, 3, 3, 8
  CHECK(order(simulate(p, requests)) == "02314");
  p.policy = "shortest_predicted_output";  // 9, 9, 1, 5
  CHECK(order(simulate(p, requests)) == "03412");
  p.policy = "priority";  // 2, 0, 1, 0
  CHECK(order(simulate(p, requests)) == "02431");
  // A client chooses among what waits, too.
  p = small(Mode::kStatic);
  p.client_batch = 2;
  p.policy = "shortest_prompt";
  CHECK(lines_of(simulate(p, {{0, 9, 1}, {0, 4, 1}, {0, 6, 1}})) ==
        Lines{"0-20 p1:4@0 p2:6@0 b3", "20-39 p0:9@0 b3"});
}

TEST_CASE("naive continuous: cached prefixes, and their eviction") {
  Params p = small(Mode::kMixed, 100, 3);
  p.prefix_caching = true;
  // Blocks 0, 1, 2; hash 1 is cached in block 0, hash 2 in block 1; given back last first, free is
  // 2 1 0. 1: hits 0 and 1, takes 2 for its ninth token. Free 2 1 0. 2: one token is always
  // computed, so of two full blocks only the first hits; block 2 is cached
  //    under hash 2, too. Gives back 2, then 0. Free 1 2 0.
  // 3: takes block 1, which loses hash 2. Free 2 0 1.
  // 4: finds hash 2 in block 2. Takes 1. Free, given back as 1 2 0: 1 2 0.
  // 5: takes 1 and 2, so hash 2 is gone; hash 9 is in block 1. Given back 2, 1: free 0 2 1.
  // 6: hits hash 1 only; takes 2 and 1, so hash 9 is gone; hash 2 is in block 2. Free 1 2 0.
  // 7: misses.
  const Log log =
      simulate(p, {hashed(0, 9, 1, {1, 2}), hashed(20, 9, 1, {1, 2}), hashed(40, 8, 1, {1, 2}),
                   hashed(60, 1, 1, {}), hashed(80, 9, 1, {1, 2}), hashed(100, 5, 1, {9}),
                   hashed(120, 9, 1, {1, 2}), hashed(140, 5, 1, {9})});
  CHECK(lines_of(log) == Lines{"0-19 p0:9@0 b3", "20-31 p1:1@8 b3", "40-54 p2:4@4 b2",
                               "60-71 p3:1@0 b1", "80-91 p4:1@8 b3", "100-115 p5:5@0 b2",
                               "120-135 p6:5@4 b3", "140-155 p7:5@0 b2"});
  p.prefix_caching = false;
  CHECK(lines_of(simulate(p, {hashed(0, 9, 1, {1, 2}), hashed(20, 9, 1, {1, 2})}))[1] ==
        "20-39 p1:9@0 b3");
}

TEST_CASE("naive continuous: of two blocks under one hash the first cached is found") {
  Params p = small(Mode::kMixed, 100, 5);
  p.prefix_caching = true;
  // 0: hash 1 in block 0, hash 2 in block 1; free 2 3 4 1 0. 1: hash 9 in block 2; free 3 4 1 0 2.
  // 2: hits block 0 only, takes 3, cached under hash 2, too; free 4 1 2 3 0.
  // 3: hits 0 and 1, not 3, takes 4; free 2 3 4 1 0. 4: takes 2, which loses hash 9. 5: misses.
  const Log log =
      simulate(p, {hashed(0, 8, 1, {1, 2}), hashed(20, 4, 1, {9}), hashed(40, 8, 1, {1, 2}),
                   hashed(60, 9, 1, {1, 2}), hashed(80, 1, 1, {}), hashed(100, 5, 1, {9})});
  CHECK(lines_of(log) == Lines{"0-18 p0:8@0 b2", "20-34 p1:4@0 b1", "40-54 p2:4@4 b2",
                               "60-71 p3:1@8 b3", "80-91 p4:1@0 b1", "100-115 p5:5@0 b2"});
}

TEST_CASE("naive continuous: hits in the free list need room") {
  Params p = small(Mode::kMixed, 100, 4);
  p.prefix_caching = true;
  // At 35 request 1 holds two blocks. Both free ones are hits of request 2, which needs a third: it
  // waits until request 1 ends.
  const Log log =
      simulate(p, {hashed(0, 8, 1, {1, 2}), hashed(20, 5, 3, {}), hashed(25, 9, 1, {1, 2})});
  CHECK(lines_of(log) == Lines{"0-18 p0:8@0 b2", "20-35 p1:5@0 b2", "35-46 d1:6 b2",
                               "46-57 d1:7 b2", "57-68 p2:1@8 b3"});
}

TEST_CASE("naive continuous: two sequences hold one block") {
  Params p = small(Mode::kMixed, 100, 4);
  p.prefix_caching = true;
  // Cached at once: request 1, in the same iteration, hits both blocks of request 0 and takes a
  // third; 8 + 1 tokens, 19 ns. At 19 request 0 takes the fourth block for its ninth token. Request
  // 2 would hit two held blocks, but there is no third before the others end, with the third token,
  // at 43.
  const Log log =
      simulate(p, {hashed(0, 8, 3, {1, 2}), hashed(0, 9, 3, {1, 2}), hashed(5, 9, 1, {1, 2})});
  CHECK(lines_of(log) == Lines{"0-19 p0:8@0 p1:1@8 b3", "19-31 d0:9 d1:10 b4",
                               "31-43 d0:10 d1:11 b4", "43-54 p2:1@8 b3"});
}

TEST_CASE("naive continuous: routers") {
  Params p = small(Mode::kMixed);
  p.services = {affine_ns(10, 1, 1), affine_ns(100, 1, 1), affine_ns(1000, 1, 1)};
  // In turn; a rejected request takes no turn. Replicas differ in their times.
  Log log = simulate(p, {{0, 4, 1}, {0, 4, 999}, {0, 4, 1}, {1, 4, 1}, {2, 4, 1}});
  CHECK(places(log) == std::vector<Int>{0, kNever, 1, 2, 0});
  CHECK(lines_of(log, 0) == Lines{"0-14 p0:4@0 b1", "14-28 p4:4@0 b1"});
  CHECK(lines_of(log, 1) == Lines{"0-104 p2:4@0 b1"});
  CHECK(lines_of(log, 2) == Lines{"1-1005 p3:4@0 b1"});

  const auto drawn = [](Int t_ns, std::uint32_t a, std::uint32_t b) {
    Request r{t_ns, 4, 1};
    r.draws[0] = a;
    r.draws[1] = b;
    return r;
  };
  // 3 * 0x55555555 = 2^32 - 1, so the next draw is the first that gives 1.
  p.router = "random";
  CHECK(places(simulate(p, {drawn(0, 0x55555555, 0), drawn(0, 0x55555556, 0),
                            drawn(0, 0xffffffff, 0), drawn(0, 0, 0)})) ==
        std::vector<Int>{0, 1, 2, 0});
  // Second of the others: 0 of {1, 2} is 1, 0 of {0, 1} is 0. 0 and 1 are idle: 0. Then 1 has
  // fewer. 2 and 0: 2 is idle. 2 and 0 have one each: 2, drawn first.
  p.router = "power_of_two";
  CHECK(places(simulate(p, {drawn(0, 0, 0), drawn(1, 0, 0), drawn(2, 0xffffffff, 0),
                            drawn(3, 0xffffffff, 0)})) == std::vector<Int>{0, 1, 2, 2});
}

TEST_CASE("naive continuous: routers that look at the load") {
  Params p = small(Mode::kMixed);
  p.services = {affine_ns(10, 1, 1), affine_ns(10, 1, 1)};
  p.router = "least_outstanding";
  CHECK(places(simulate(p, {{0, 12, 9}, {1, 4, 9}, {2, 4, 9}, {3, 4, 9}})) ==
        std::vector<Int>{0, 1, 0, 1});
  // Request 0's iteration ends at 14: to what arrives then it still runs, to what arrives at 15
  // not.
  CHECK(places(simulate(p, {{0, 4, 1}, {14, 4, 1}, {15, 4, 1}})) == std::vector<Int>{0, 1, 0});
  // Requests that arrive together wait, and hold nothing yet. At 1 replica 0 holds 3 + 1 blocks; at
  // 2 and 3 replica 1 holds 1: requests 3 and 4 wait there.
  p.router = "least_kv";
  CHECK(places(simulate(p, {{0, 12, 9}, {0, 4, 9}, {1, 4, 9}, {2, 4, 9}, {3, 4, 9}})) ==
        std::vector<Int>{0, 0, 1, 1, 1});
  // Longest prefix: request 0 none; 1 none, and replica 1 has fewer requests; 2 and 3 at replica 0,
  // with 2 and 1 blocks; 4 at replica 1; 5 none, and replica 1 has 2 requests against 3.
  p.router = "prefix_affinity";
  p.prefix_caching = true;
  CHECK(places(simulate(p, {hashed(0, 8, 9, {1, 2}), hashed(1, 4, 9, {5}), hashed(2, 8, 9, {1, 2}),
                            hashed(3, 8, 9, {1, 7}), hashed(4, 8, 9, {5, 1}),
                            hashed(5, 3, 9, {})})) == std::vector<Int>{0, 1, 0, 0, 1, 1});
}

TEST_CASE("naive continuous: the time limit") {
  // Iterations end at 18, 36, 53 and 64, as in the test of chunks.
  Params p = small(Mode::kMixed, 8);
  const std::vector<Request> requests = {{0, 20, 2}, {5, 3, 1}, {54, 1, 1}};
  p.time_limit_ns = 53;  // what ends then counts
  Log log = simulate(p, requests);
  CHECK(log.iterations == 3);
  CHECK(tokens(log, 0) == std::vector<Int>{53});
  CHECK_FALSE(log.requests[0].finished);
  CHECK(log.requests[0].end == kNever);
  CHECK(log.requests[1].finished);
  CHECK(log.requests[2].replica == kNever);  // never came
  p.time_limit_ns = 52;
  log = simulate(p, requests);
  CHECK(log.iterations == 2);
  CHECK(log.requests[1].first_scheduled == kNever);
  CHECK(log.requests[0].token_times.empty());
}

TEST_CASE("naive continuous: a request enters where all its tokens fit") {
  // Request 1's 12 tokens need 3 blocks; 2 are free until request 0 has ended.
  Params p = small(Mode::kMixed, 8, 5);
  const std::vector<Request> requests = {{0, 8, 5}, {0, 12, 1}};
  p.reserve_full_isl = true;
  CHECK(lines_of(simulate(p, requests)) ==
        Lines{"0-18 p0:8@0 b2", "18-29 d0:9 b3", "29-40 d0:10 b3", "40-51 d0:11 b3",
              "51-62 d0:12 b3", "62-80 p1:8@0 b2", "80-94 p1:4@8 b3"});
  // 7 of the tokens fit.
  p.reserve_full_isl = false;
  CHECK(lines_of(simulate(p, requests))[1] == "18-36 p1:7@0 d0:9 b5");
}

TEST_CASE("naive continuous: asynchronous scheduling lags one iteration behind") {
  Params p = small(Mode::kMixed);
  p.async_scheduling = true;
  // Request 1 comes after the second iteration was scheduled, at 0.
  CHECK(lines_of(simulate(p, {{0, 4, 3}, {5, 4, 1}})) ==
        Lines{"0-14 p0:4@0 b1", "14-25 d0:5 b2", "25-40 p1:4@0 d0:6 b3"});
  // Request 0 holds its slot until then.
  p.max_num_seqs = 2;
  CHECK(lines_of(simulate(p, {{0, 4, 1}, {0, 4, 3}, {0, 4, 1}})) ==
        Lines{"0-18 p0:4@0 p1:4@0 b2", "18-29 d1:5 b2", "29-44 p2:4@0 d1:6 b3"});
  // Nothing else could run: the server waits for the end of the iteration.
  p.max_num_seqs = 1;
  CHECK(lines_of(simulate(p, {{0, 4, 1}, {0, 4, 2}})) ==
        Lines{"0-14 p0:4@0 b1", "14-28 p1:4@0 b1", "28-39 d1:5 b2"});
}

TEST_CASE("naive continuous: the victim is of the class that matters least") {
  Params p = small(Mode::kMixed, 100, 5);
  p.policy = "priority";
  const auto of_class = [](Int priority, Int t_ns, Int prompt, Int output) {
    Request r{t_ns, prompt, output};
    r.priority = priority;
    return r;
  };
  // At 37 request 1 needs a third block and none is free. Request 0 has had its turn, and loses
  // all: the two tokens that it has generated are part of what it computes again.
  const Log log = simulate(p, {of_class(1, 0, 8, 6), of_class(0, 1, 8, 6)});
  CHECK(lines_of(log) == Lines{"0-18 p0:8@0 b2", "18-37 p1:8@0 d0:9 b5", "37-48 d1:9 x0 b3",
                               "48-59 d1:10 b3", "59-70 d1:11 b3", "70-81 d1:12 b3",
                               "81-92 d1:13 b4", "92-112 p0:10@0 b3", "112-123 d0:11 b3",
                               "123-134 d0:12 b3", "134-145 d0:13 b4"});
  CHECK(log.recomputed == 9);
  // A preempted request waits behind one of a class that matters more: request 2, which comes
  // later.
  CHECK(
      lines_of(simulate(p, {of_class(1, 0, 8, 4), of_class(0, 1, 8, 2), of_class(0, 40, 8, 1)})) ==
      Lines{"0-18 p0:8@0 b2", "18-37 p1:8@0 d0:9 b5", "37-48 d1:9 x0 b3", "48-76 p2:8@0 p0:10@0 b5",
            "76-87 d0:11 b3"});
  // It preempts itself before request 1 has had its turn, so that nothing runs; the server
  // schedules once more.
  p.num_blocks = 4;
  CHECK(lines_of(simulate(p, {of_class(1, 0, 7, 3), of_class(0, 1, 8, 2)})) ==
        Lines{"0-17 p0:7@0 b2", "17-36 p1:8@0 d0:8 b4", "36-47 d1:9 x0 b3", "47-66 p0:9@0 b3"});
}

TEST_CASE("naive continuous: a long prompt leaves tokens to others") {
  Params p = small(Mode::kMixed, 10);
  const std::vector<Request> requests = {{0, 10, 1}, {0, 3, 2}};
  CHECK(lines_of(simulate(p, requests)) ==
        Lines{"0-20 p0:10@0 b3", "20-33 p1:3@0 b1", "33-44 d1:4 b1"});
  p.long_prefill_token_threshold = 4;
  CHECK(lines_of(simulate(p, requests)) ==
        Lines{"0-17 p0:4@0 p1:3@0 b2", "17-32 p0:4@4 d1:4 b3", "32-44 p0:2@8 b3"});
  // Sequences behind long prompts are held up where these take all tokens.
  p.max_num_batched_tokens = 7;
  CHECK(lines_of(simulate(p, {{0, 12, 1}, {0, 12, 1}})) ==
        Lines{"0-17 p0:4@0 p1:3@0 b2", "17-34 p0:4@4 p1:3@3 b4", "34-51 p0:4@8 p1:3@6 b6",
              "51-64 p1:3@9 b3"});
  p.max_long_partial_prefills = 1;
  CHECK(lines_of(simulate(p, {{0, 12, 1}, {0, 12, 1}}))[1] == "14-28 p0:4@4 b2");
}

TEST_CASE("naive continuous: the block of hashes is a multiple or a divisor of the KV block") {
  Params p = small(Mode::kMixed);
  p.prefix_caching = true;
  p.hash_block_size = 8;
  const Log split = simulate(p, {hashed(0, 16, 1, {1, 2}), hashed(100, 16, 1, {1, 3})});
  CHECK(lines_of(split) == Lines{"0-26 p0:16@0 b4", "100-118 p1:8@8 b4"});
  CHECK(split.cached_first == 8);
  CHECK(split.cached_again == 0);
  CHECK(split.asked_first == 32);
  p.block_size = 8;
  p.hash_block_size = 4;
  CHECK(lines_of(simulate(p, {hashed(0, 16, 1, {1, 2, 3, 4}), hashed(100, 17, 1, {1, 2, 3, 9})})) ==
        Lines{"0-26 p0:16@0 b2", "100-119 p1:9@8 b3"});
}
