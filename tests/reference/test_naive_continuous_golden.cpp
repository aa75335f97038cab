// The naive simulator of the continuous engine against results that are not ours: a public
// iteration-level simulator (every iteration's batch exactly, times to a relative 1e-9), and 300
// requests measured on a real vLLM server. The large files are not ours to ship: skipped where
// SERVESWEEP_SHARED does not lead to them. Run with -s, or look at the output, for the figures.
#include <nlohmann/json.hpp>
#include <cmath>
#include <iostream>
#include <string>
#include <vector>

#include "tests/reference/vllm_server.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/shared_files.hpp"
#include "tests/support/source_folder.hpp"

using namespace servesweep::reference::continuous;
using nlohmann::json;

namespace {

// ---- DistServe's simulator

Params distserve(const json& coefficients) {
  const auto c = [&](const char* part) { return coefficients.at(part).get<std::vector<double>>(); };
  const long double overhead = 2.0L, per_token = 0.0001L;
  const auto decode = [&](Int from_n, const std::vector<double>& abc) {
    // b and the overhead's share count contexts without the present token, so n less than S.
    return Regime{from_n, units_of_ms(abc[0] + overhead),  0,
                  0,      units_of_ms(abc[2] - per_token), units_of_ms(abc[1] + per_token)};
  };
  const std::vector<double> abc = c("prefill");
  Params p;
  p.mode = Mode::kPrefillFirst;
  p.prefill_yields_token = false;
  p.max_num_batched_tokens = 66144;
  p.max_decode_context_tokens = 50000;
  p.max_num_seqs = p.num_blocks = 1000000;
  p.services = {Service{{{0, units_of_ms(abc[0] + 1.0L + overhead), units_of_ms(abc[1] + per_token),
                          units_of_ms(abc[2]), 0, 0},
                         decode(1, c("decoding_smallbs")),
                         decode(95, c("decoding_largebs"))},
                        {}}};
  return p;
}

// The lists of a worker's batches: "[100, 200]".
std::string prefill_list(const Iteration& it) {
  std::string text;
  for (const Chunk& c : it.prefills) text += (text.empty() ? "" : ", ") + std::to_string(c.q);
  return "[" + text + "]";
}
std::string decode_list(const Iteration& it) {
  std::string text;
  for (const Decode& d : it.decodes) {
    text += (text.empty() ? "" : ", ") + std::to_string(d.context - 1);
  }
  return "[" + text + "]";
}

void check_distserve(const std::string& folder, const std::string& name,
                     const std::string& worker) {
  const json coefficients = json::parse(read_text(folder + "profiler-a100-80g.vllm.json"));
  const Params params = distserve(coefficients.at("facebook/opt-13b").at("1"));
  std::vector<Request> requests;
  for (const json& r : json::parse(read_text(folder + name + ".json"))) {
    requests.push_back({std::llround(r.at("start_time").get<double>() * 1e9), r.at("prompt_len"),
                        r.at("output_len")});
  }
  const Log log = NaiveContinuous(params, requests).run();

  double worst = 0.0, worst_ms = 0.0;  // relative, absolute deviation
  const auto same = [&](double found, const std::string& expected) {
    const double x = std::stod(expected);
    worst = std::max(worst, std::abs(found - x) / std::abs(x));
    worst_ms = std::max(worst_ms, std::abs(found - x));
    return found == Approx(x).epsilon(1e-9).margin(0);
  };
  const auto latencies = read_rows(folder + name + ".vllm.latency.csv");
  REQUIRE(latencies.size() == requests.size());
  for (std::size_t i = 0; i < requests.size(); ++i) {
    INFO("request " << i);
    const Record& record = log.requests[i];
    REQUIRE(record.finished);
    CHECK(same(ms(record.first_token - arrival(requests[i])), latencies[i][0]));
    CHECK(same(ms(record.end - arrival(requests[i])), latencies[i][2]));
    CHECK(static_cast<Int>(record.token_times.size()) == requests[i].output);
  }
  auto it = log.replicas[0].iterations.begin();
  for (const auto& row : read_rows(folder + worker)) {
    if (row[1] == "wait") continue;
    INFO(row[1] << " at " << row[0]);
    REQUIRE(it != log.replicas[0].iterations.end());
    REQUIRE(prefill_list(*it) == row[5]);
    REQUIRE(decode_list(*it) == row[6]);
    REQUIRE(same(ms(it->end - it->start), row[8]));
    REQUIRE(same(ms(it->end), row[9]));
    ++it;
  }
  CHECK(it == log.replicas[0].iterations.end());
  std::cout << name << ": " << log.iterations << " iterations, largest deviation " << worst_ms
            << " ms, relative " << worst << "\n";
}

}  // namespace

TEST_CASE("four requests are served as in DistServe's simulator") {
  const std::string folder = servesweep::testing::in_source_folder("tests/data/golden/distserve/");
  check_distserve(folder, "tiny4", "tiny4.vllm.worker.csv");
}

TEST_CASE("500 requests of a real trace are served as in DistServe's simulator") {
  const std::string folder = servesweep::testing::shared_golden("distserve");
  if (!folder.empty())
    check_distserve(folder, "azure_conv_500", "azure_conv_500.vllm.worker.csv.gz");
}

TEST_CASE("a real vLLM server's latencies come out") {
  const std::string folder = servesweep::testing::shared_golden("vllm_rtx4090");
  if (folder.empty()) return;
  const Measured measured = read_measured(folder);
  Params p;
  p.num_blocks = 2587;
  p.services = {Service{{}, Profile(folder + "profile/tp1/")}};
  std::vector<Request> requests = measured.requests;
  const auto check = [](const Errors& e) {
    CHECK(std::abs(e.mean_latency) <= 0.015);
    CHECK(e.latency_mape <= 0.02);
    CHECK(std::abs(e.ttft_median) <= 0.05);
    CHECK(std::abs(e.tpot_median) <= 0.05);
  };

  const Log plain = NaiveContinuous(p, requests).run();
  const Errors without = errors_of("without prefix caching", measured, plain);
  CHECK(without.mean_latency == Approx(0.062).margin(0.0005));  // as the emulation of the README
  CHECK(without.latency_mape == Approx(0.055).margin(0.001));

  // vLLM hashes what it generates, too, so a recomputation finds blocks of the output. So did the
  // emulation: its counts come out exactly.
  p.prefix_caching = true;
  const Log all = NaiveContinuous(p, requests).run();
  const Errors with = errors_of("prefixes of prompts and outputs cached", measured, all);
  check(with);
  CHECK(with.mean_latency == Approx(0.006).margin(0.0005));
  CHECK(with.latency_mape == Approx(0.008).margin(0.0005));
  CHECK(all.preemptions == 229);
  CHECK(all.iterations == 6132);
  CHECK(ms(all.replicas[0].iterations.back().end) == Approx(183910).margin(5));

  for (Request& r : requests) r.hashes.resize(static_cast<std::size_t>(r.prompt / 16));
  check(errors_of("prefixes of prompts cached", measured, NaiveContinuous(p, requests).run()));
}
