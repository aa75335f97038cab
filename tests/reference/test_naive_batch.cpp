// The naive simulator on scenarios small enough to work out by hand; golden results of another
// program are in test_naive_batch_golden.cpp. Times are in ns, services drawn unless said
// otherwise.
#include <string>

#include "tests/reference/naive_statistics.hpp"
#include "tests/support/catch.hpp"

using namespace servesweep::reference;

namespace {

Request request(Int t_ns, Int service_ns, Int predicted = 0) {
  return {t_ns, 0, 1, predicted, service_ns};
}

Params drawn(Scheduler scheduler) {
  Params p;
  p.scheduler = scheduler;
  p.drawn_service = true;
  return p;
}

Params static_fifo(Int batch_size) {
  Params p = drawn(Scheduler::kStaticFifo);
  p.fixed_batch_size = batch_size;
  return p;
}

// "gpu:members@start-finish", batches in the order of their starts.
std::string schedule(const Log& log) {
  std::string text;
  for (const Batch& batch : log.batches) {
    text += (text.empty() ? "" : " ") + std::to_string(batch.gpu) + ":";
    for (std::size_t i : batch.members) text += std::to_string(i) + ",";
    text.back() = '@';
    text += std::to_string(batch.start_ns) + "-" + std::to_string(batch.finish_ns);
  }
  return text;
}

std::string schedule(const Params& p, const std::vector<Request>& requests) {
  return schedule(NaiveBatch(p, requests).run());
}

// Sizes of the batches on one GPU that first serves a request alone and then finds `waiting` more.
std::string sizes(const Params& p, Int waiting, Int prompt, Int output) {
  std::vector<Request> requests(static_cast<std::size_t>(waiting) + 1,
                                Request{0, prompt, output, 0, 0});
  std::string text;
  for (const Batch& batch : NaiveBatch(p, requests).run().batches) {
    text += (text.empty() ? "" : " ") + std::to_string(batch.size());
  }
  return text;
}

}  // namespace

TEST_CASE("requests that arrive together start one by one while a GPU is idle") {
  const std::vector<Request> four = {request(0, 10), request(0, 20), request(0, 30),
                                     request(0, 40)};
  CHECK(schedule(static_fifo(2), four) == "0:0@0-10 0:1,2@10-40 0:3@40-80");
  Params p = static_fifo(8);
  p.num_gpus = 2;
  CHECK(schedule(p, four) == "0:0@0-10 1:1@0-20 0:2,3@10-50");
  p.max_candidates = 1;
  CHECK(schedule(p, four) == "0:0@0-10 1:1@0-20 0:2@10-40 1:3@20-60");
}

TEST_CASE("an arrival comes before a completion at the same time") {
  Params p = static_fifo(8);
  CHECK(schedule(p, {request(0, 100), request(50, 5), request(100, 7)}) ==
        "0:0@0-100 0:1,2@100-107");
  p.num_gpus = 2;  // GPU 0 is still busy when request 1 arrives
  CHECK(schedule(p, {request(0, 100), request(100, 5)}) == "0:0@0-100 1:1@100-105");
  // Two GPUs become free together: the lower one takes the queue.
  CHECK(schedule(p, {request(0, 100), request(0, 100), request(9, 5), request(9, 6)}) ==
        "0:0@0-100 1:1@0-100 0:2,3@100-106");
}

TEST_CASE("arrivals are divided by the load scaling and rounded to whole ns") {
  Params p = static_fifo(1);
  p.rps_scaling = 4.0;
  CHECK(schedule(p, {request(0, 1), request(10, 1), request(17, 1)}) == "0:0@0-1 0:1@3-4 0:2@4-5");
}

TEST_CASE("the affine service time") {
  Params p;
  p.alpha_ms = 10.0;
  p.beta_ms_per_token = 2.0;
  p.gamma = 0.5;
  p.d_token_ms = 2.25;
  p.epsilon_ms = 0.25;
  p.d_request_s = 0.120;
  const std::vector<Request> requests = {
      {0, 1, 4, 0, 0}, {1000000, 10, 30, 0, 0}, {2000000, 5, 20, 0, 0}};
  const Log log = NaiveBatch(p, requests).run();
  CHECK(schedule(log) == "0:0@0-20000000 0:1,2@20000000-130000000");  // h(2) = 1.25
  const Statistics s = statistics(p, requests, log);
  CHECK(s.latency_ns == std::vector<Int>{20000000, 128000000, 129000000});
  CHECK(s.queueing_ns == std::vector<Int>{0, 18000000, 19000000});
  CHECK(s.service_ns == std::vector<Int>{20000000, 110000000, 110000000});
  CHECK(s.prefill_ps == std::vector<Int>(3, 10000000000));
  CHECK(s.tbt_ps == std::vector<Int>{3666666667, 3666666667, 5000000000});
  CHECK(s.decode_tbt_ps == std::vector<Int>{2000000000, 2500000000, 2500000000});
  CHECK(s.token_violations == 2);
  CHECK(s.request_violations == 2);
  CHECK(s.prompt_tokens == 16);
  CHECK(s.output_tokens == 54);
  CHECK(s.largest_batch == 2);
  CHECK(s.makespan_ns == 130000000);
  CHECK(s.gpus[0].batches == 2);
  CHECK(s.gpus[0].busy_ns == 130000000);
  CHECK(s.bins[0].requests == 3);
  CHECK(s.bins[0].range == Approx(0.2 * 10));
  CHECK(s.bins[0].variance == Approx(0.2 * 25));
  p.alpha_ms = p.beta_ms_per_token = 0.0;
  CHECK(schedule(p, {request(0, 0)}) == "0:0@0-1000000");  // at least 1 ms
}

TEST_CASE("the dynamic schedulers reject what can never fit; the static ones only count it") {
  Params p = drawn(Scheduler::kDynamicNoBins);
  p.gpu_memory_gb = 10.0;
  p.kv_gb_per_token = 1.0;  // 10 - 4 - 1 GB: 5 tokens
  p.initial_prompt = p.initial_output = 0.5;
  const std::vector<Request> requests = {
      {0, 5, 1, 0, 10}, {0, 2, 3, 0, 10}, {5, 2, 1, 0, 10}, {6, 2, 1, 0, 10}, {30, 6, 0, 0, 10}};
  const Log log = NaiveBatch(p, requests).run();
  CHECK(log.token_limit == 5);
  CHECK(log.arrived == 5);
  CHECK(log.rejected == 2);
  CHECK(schedule(log) == "0:1@0-10 0:2@10-20 0:3@20-30");  // 3 + 3 tokens do not fit together
  CHECK(statistics(p, requests, log).unfinished == 0);
  CHECK(statistics(p, requests, log).memory_overcommits == 0);

  p.scheduler = Scheduler::kStaticFifo;
  const Log fifo = NaiveBatch(p, requests).run();
  CHECK(fifo.rejected == 0);
  CHECK(schedule(fifo) == "0:0@0-10 0:1,2,3@10-20 0:4@30-40");
  CHECK(statistics(p, requests, fifo).memory_overcommits == 3);
}

TEST_CASE("full dispatch waits for a full batch and flushes after the last arrival") {
  Params p = static_fifo(2);
  p.full_dispatch = true;
  p.num_gpus = 2;
  const std::vector<Request> requests = {request(0, 50), request(10, 50), request(20, 50)};
  CHECK(schedule(p, requests) == "0:0,1@10-60 1:2@20-70");
  p.max_candidates = 1;  // a queue of 1 is full
  CHECK(schedule(p, requests) == "0:0@0-50 1:1@10-60 0:2@50-100");

  // The last request that is not rejected flushes, though a rejected one is still to come.
  p = drawn(Scheduler::kDynamicNoBins);
  p.full_dispatch = true;
  CHECK(schedule(p, {request(0, 50), request(10, 50), {90, 99999, 1, 0, 50}}) == "0:0,1@10-60");
}

TEST_CASE("full dispatch lets every idle GPU try at a completion") {
  // The SLA side wants (1 + 8) div 2 = 4, the memory side int(100 / (mean prompt + mean output)):
  // 5 at first, 0 after the long requests, so that 3 waiting requests become full batches of 1.
  Params p = drawn(Scheduler::kDynamicNoBins);
  p.full_dispatch = true;
  p.num_gpus = 2;
  p.b_max = 8;
  p.gpu_memory_gb = 1004.0;
  p.kv_gb_per_token = p.smoothing = 1.0;
  p.memory_reserve = 0.9;
  p.initial_prompt = p.initial_output = 10.0;
  std::vector<Request> requests(4, Request{0, 200, 1, 0, 40});
  requests.insert(requests.end(), 3, Request{10, 1, 1, 0, 5});
  requests.push_back({99, 1, 1, 0, 5});
  CHECK(schedule(p, requests) == "0:0,1,2,3@0-40 0:4@40-45 1:5@40-45 0:6,7@99-104");
}

TEST_CASE("looking whether a bin is full leaves its controller as it is") {
  // Every request runs 20 ms, arrivals are 100 ms apart. Targets: 8 until 3 updates; tau = 9.76 is
  // within 10 +- 1: [7, 9] -> 8; then above: [5, 9] -> 7, [3, 9] -> 6, [1, 7] -> 4.
  Params p;
  p.scheduler = Scheduler::kDynamicNoBins;
  p.full_dispatch = true;
  p.b_max = 16;
  p.alpha_ms = p.gamma = 0.0;
  p.beta_ms_per_token = 20.0;
  std::vector<Request> requests;
  for (Int i = 0; i < 49; ++i) requests.push_back(request(i * 100000000, 0));
  std::string text;
  for (const Batch& batch : NaiveBatch(p, requests).run().batches) {
    text += std::to_string(batch.size());
  }
  CHECK(text == "8888764");
}

TEST_CASE("a time limit leaves what finishes after it unfinished") {
  Params p = static_fifo(1);
  p.num_gpus = 2;
  p.time_limit_ns = 20;
  const std::vector<Request> requests = {request(0, 10), request(0, 21), request(5, 10),
                                         request(20, 1), request(21, 1)};
  const Log log = NaiveBatch(p, requests).run();
  CHECK(schedule(log) == "0:0@0-10 0:2@10-20");
  CHECK(log.arrived == 4);
  const Statistics s = statistics(p, requests, log);
  CHECK(s.completed == 2);
  CHECK(s.unfinished == 2);
  CHECK(s.gpus[0].busy_ns == 20);
  CHECK(s.gpus[1].busy_ns == 20);
  CHECK(
      (s.unfinished_ns == 20));  // the request that runs; the one that arrives at 20 has not waited
  CHECK(s.gpus[1].free_ns == 0);
}

TEST_CASE("bins: quantiles, coinciding edges, limits") {
  std::vector<Request> requests;
  for (Int q : {40, 1, 20, 31}) requests.push_back(request(0, 1, q));
  Params p = drawn(Scheduler::kMultiBinDynamic);
  p.k_bins = 2;
  Log log = NaiveBatch(p, requests).run();
  CHECK(log.bins[0].lower == 1);
  CHECK(log.bins[0].upper == 25);  // 25.5
  CHECK(log.bins[0].b_max == 128);
  CHECK(log.bins[1].upper == 10000);
  CHECK(log.bins[1].b_max == 9);  // mid = 2060, 7 GB / (4120 * kv) = 9.06
  p.gpu_memory_gb = 5.5;          // 0.5 GB / (26 * kv) = 102.6; 0.65 -> 1
  log = NaiveBatch(p, requests).run();
  CHECK(log.bins[0].b_max == 102);
  CHECK(log.bins[1].b_max == 1);

  p.gpu_memory_gb = 4.0;  // nothing fits; n = 0 gives b_max nevertheless
  p.bin_edges = {0, 1, 10000};
  log = NaiveBatch(p, requests).run();
  CHECK(log.bins[0].b_max == 128);
  CHECK(log.bins[1].b_max == 1);
  CHECK(log.rejected == 4);

  p = drawn(Scheduler::kMultiBinOnly);
  p.k_bins = 3;
  requests.assign(4, request(0, 1, 7));
  requests.push_back(request(0, 1, 20000));  // edges 7, 7, 7, 10000
  log = NaiveBatch(p, requests).run();
  const Statistics s = statistics(p, requests, log);
  CHECK(log.bins[1].upper == 7);
  CHECK(s.bins[0].requests == 0);
  CHECK(s.bins[2].requests == 5);
}

TEST_CASE("bin choice") {
  Params p = drawn(Scheduler::kMultiBinOnly);
  p.k_bins = 3;
  p.bin_edges = {0, 10, 20, 30};
  p.b_fixed = 2;
  // Request 0 (bin 1) runs while 1 in bin 0, 3 in bin 1 and 3 in bin 2 queue up.
  std::vector<Request> requests = {request(0, 10, 15)};
  for (Int q : {5, 15, 25, 15, 25, 15, 25}) requests.push_back(request(1, 10, q));
  CHECK(schedule(p, requests) == "0:0@0-10 0:3,5@10-20 0:1@20-30 0:2,4@30-40 0:7@40-50 0:6@50-60");
  p.longest_queue = true;
  CHECK(schedule(p, requests) == "0:0@0-10 0:2,4@10-20 0:3,5@20-30 0:1@30-40 0:6@40-50 0:7@50-60");
  p.full_dispatch = true;
  requests.push_back(request(90, 10, 5));  // until then only bins 1 and 2 are ever full
  CHECK(schedule(p, requests) == "0:0,2@1-11 0:3,5@11-21 0:4,6@21-31 0:1,8@90-100 0:7@100-110");
  p.longest_queue = false;
  CHECK(schedule(p, requests) == "0:0,2@1-11 0:3,5@11-21 0:4,6@21-31 0:7@90-100 0:1,8@100-110");
}

TEST_CASE("the SLA target") {
  Params p;
  p.scheduler = Scheduler::kDynamicNoBins;
  p.b_max = 16;
  p.gamma = 0.0;
  p.beta_ms_per_token = 20.0;  // tau_avg: 4, 7.2, 9.76, 11.808, ...
  p.d_token_ms = 5.0;          // above: [1, 7] -> 4, [1, 6] -> 3, [1, 5] -> 3
  CHECK(sizes(p, 26, 1, 1) == "1 8 8 4 3 3");
  p.d_token_ms = 100.0;  // below: [7, 16] -> 11, 11, [8, 16] -> 12
  CHECK(sizes(p, 50, 1, 1) == "1 8 8 11 11 12");
  p.d_token_ms = 10.0;  // within: [6, 8] -> 7; above: [4, 8] -> 6
  CHECK(sizes(p, 29, 1, 1) == "1 8 8 7 6");

  // Longer runs, worked out by a transcription of the algorithm alone into a few lines of Python:
  // each of its constants changes one run.
  p.b_max = 9;
  p.gamma = 19.0;
  p.d_token_ms = 295.0;
  CHECK(sizes(p, 111, 1, 1) == "1 5 5 6 6 7 7 7 7 7 6 4 3 3 4 4 3 4 4 3 4 3 4 5");
  p.b_max = 10;
  p.gamma = 2.0;
  p.d_token_ms = 50.0;
  p.epsilon_ms = 0.5;
  CHECK(sizes(p, 106, 1, 1) == "1 5 5 7 7 7 7 7 8 8 8 8 7 6 5 3 3 5");
}

TEST_CASE("the memory target") {
  Params p;
  p.scheduler = Scheduler::kDynamicNoBins;
  p.gpu_memory_gb = 1004.0;
  p.kv_gb_per_token = 1.0;
  // 900 / (mean prompt + mean output): 500, 404, 327.2, 265.76 -> 1, 2, 2, 3
  CHECK(sizes(p, 7, 10, 10) == "1 2 2 3");
}
