// The naive simulator of the continuous engine against results that are not ours: a public
// iteration-level simulator (every iteration's batch exactly, times to a relative 1e-9), and 300
// requests measured on a real vLLM server. The large files are not ours to ship: skipped where
// SERVESWEEP_SHARED does not lead to them. Run with -s, or look at the output, for the figures.
#include <catch2/catch.hpp>

#include <nlohmann/json.hpp>
#include <zlib.h>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <numeric>
#include <regex>
#include <string>
#include <vector>

#include "tests/reference/naive_continuous.hpp"
#include "tests/support/source_folder.hpp"

using namespace servesweep::reference::continuous;
using nlohmann::json;

namespace {

double ms(Int128 units) {
  return static_cast<double>(units) / static_cast<double>(kUnitsPerNs) / 1e6;
}
Int128 arrival(const Request& r) { return r.t_ns * kUnitsPerNs; }

// The folder, with a / at its end; empty, and said so, where there is none.
std::string shared_golden(const std::string& name) {
  const char* shared = std::getenv("SERVESWEEP_SHARED");
  const std::string folder = (shared == nullptr ? "" : shared) + ("/golden/" + name + "/");
  if (std::filesystem::is_directory(folder)) return folder;
  std::cout << "skipped: SERVESWEEP_SHARED names no folder with golden/" << name << "\n";
  return "";
}

// All of a file, unpacked where it is packed.
std::string read_text(const std::string& path) {
  INFO(path);
  gzFile file = gzopen(path.c_str(), "rb");
  REQUIRE(file != nullptr);
  std::string text;
  char part[1 << 14];
  for (int n = 0; (n = gzread(file, part, sizeof part)) > 0;) {
    text.append(part, static_cast<std::size_t>(n));
  }
  gzclose(file);
  return text;
}

// The rows after the first, in cells; a cell may be quoted.
std::vector<std::vector<std::string>> read_rows(const std::string& path) {
  std::istringstream lines(read_text(path));
  std::vector<std::vector<std::string>> rows;
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    rows.push_back({""});
    bool quoted = false;
    for (const char c : line) {
      if (c == '"') quoted = !quoted;
      if (c == ',' && !quoted) rows.back().emplace_back();
      if (c != '"' && c != '\r' && (c != ',' || quoted)) rows.back().back() += c;
    }
  }
  return rows;
}

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

// ---- A real vLLM server

// Interpolates in the first of its axes between the two profiled values beside x, or the two last
// or first ones where x lies outside; what is at a value is a table of the other axes.
struct Table {
  double value = 0.0;
  std::map<double, Table> next = {};

  void put(const std::vector<double>& at, double v, std::size_t axis = 0) {
    if (axis == at.size()) value = v;
    if (axis < at.size()) next[at[axis]].put(at, v, axis + 1);
  }
  double operator()(const std::vector<double>& at, std::size_t axis = 0) const {
    if (axis == at.size()) return value;
    auto above = next.lower_bound(at[axis]);
    if (above != next.end() && above->first == at[axis]) return above->second(at, axis + 1);
    if (next.size() == 1) return next.begin()->second(at, axis + 1);
    if (above == next.end()) --above;
    if (above == next.begin()) ++above;
    const auto below = std::prev(above);
    const double share = (at[axis] - below->first) / (above->first - below->first);
    const double low = below->second(at, axis + 1), high = above->second(at, axis + 1);
    return low + share * (high - low);
  }
};

struct Profile {
  std::map<std::string, Table> layers;  // microseconds

  explicit Profile(const std::string& folder) {
    for (const char* name : {"dense", "per_sequence"}) {
      for (const auto& row : read_rows(folder + name + ".csv")) {
        layers[row[0]].put({std::stod(row[1])}, std::stod(row[2]));
      }
    }
    layers["attention"].put({0, 0, 0, 0}, 0.0);
    for (const auto& row : read_rows(folder + "attention.csv")) {
      layers["attention"].put(
          {std::stod(row[0]), std::stod(row[1]), std::stod(row[2]), std::stod(row[3])},
          std::stod(row[4]));
    }
  }

  Int128 operator()(const Iteration& it) const {
    Int q = 0, k = 0, contexts = 0;
    for (const Chunk& c : it.prefills) q += c.q, k += c.k;
    for (const Decode& d : it.decodes) contexts += d.context;
    const auto tokens = static_cast<double>(q + it.n());
    const auto sequences = static_cast<double>(std::ssize(it.prefills) + it.n());
    const Int mean = it.n() == 0 ? 0 : contexts / it.n();
    double layer = layers.at("attention")({static_cast<double>(q), static_cast<double>(k),
                                           static_cast<double>(it.n()), static_cast<double>(mean)});
    for (const char* name : {"layernorm", "layernorm", "qkv_proj", "rotary_emb", "o_proj",
                             "gate_up_proj", "act_fn", "down_proj"}) {
      layer += layers.at(name)({tokens});
    }
    const double us = layers.at("embedding")({tokens}) + 32.0 * layer +
                      layers.at("final_layernorm")({tokens}) + layers.at("lm_head")({sequences}) +
                      layers.at("sampler")({sequences});
    return units_of_ms(us / 1000.0);
  }
};

struct Measured {
  std::vector<Request> requests;
  std::vector<double> ttft_s, tpot_s, latency_s;
  double makespan_s = 0.0;
};

Measured read_measured(const std::string& folder) {
  Measured m;
  std::istringstream stamps(read_text(folder + "requests.jsonl"));
  std::istringstream hashes(read_text(folder + "sharegpt-llama-3.1-8b-300-sps10.blockhash.jsonl"));
  std::vector<json> rows;
  for (std::string line; std::getline(stamps, line);) rows.push_back(json::parse(line));
  double offset = -1e300;  // of the wall clock to the others
  const double first = rows[0].at("arrival_time");
  for (const json& r : rows) {
    offset = std::max(offset, r.at("arrival_time").get<double>() - r.at("queued_ts").get<double>());
  }
  for (const json& r : rows) {
    std::string line;
    std::getline(hashes, line);
    const json hashed = json::parse(line);
    const double arrival_s = r.at("arrival_time"), start = r.at("first_token_ts"),
                 last = r.at("last_token_ts");
    Request request{std::llround((arrival_s - first) * 1e9), r.at("input_toks"),
                    r.at("output_toks")};
    REQUIRE(hashed.at("input_toks") == request.prompt);
    // In the file they cover the output, too.
    request.hashes = hashed.at("block_hash_ids_16").get<std::vector<Int>>();
    REQUIRE(std::ssize(request.hashes) == (request.prompt + request.output) / 16);
    m.ttft_s.push_back(start + offset - arrival_s);
    m.tpot_s.push_back((last - start) / static_cast<double>(request.output - 1));
    m.latency_s.push_back(last + offset - arrival_s);
    m.makespan_s = std::max(m.makespan_s, last + offset - first);
    m.requests.push_back(request);
  }
  return m;
}

double mean(const std::vector<double>& x) {
  return std::accumulate(x.begin(), x.end(), 0.0) / static_cast<double>(x.size());
}
double quantile(std::vector<double> x, double share) {  // interpolated, as NumPy's
  std::sort(x.begin(), x.end());
  const double at = share * static_cast<double>(x.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  if (below + 1 == x.size()) return x.back();
  return x[below] + (at - static_cast<double>(below)) * (x[below + 1] - x[below]);
}
double mape(const std::vector<double>& found, const std::vector<double>& expected) {
  std::vector<double> errors;
  for (std::size_t i = 0; i < found.size(); ++i) {
    errors.push_back(std::abs(found[i] / expected[i] - 1.0));
  }
  return mean(errors);
}

struct Errors {  // relative
  double mean_latency, latency_mape, ttft_median, tpot_median;
};

Errors errors_of(const char* label, const Measured& m, const Log& log) {
  std::vector<double> ttft, tpot, latency;
  double makespan = 0.0;
  for (std::size_t i = 0; i < m.requests.size(); ++i) {
    const Record& r = log.requests[i];
    REQUIRE(r.finished);
    ttft.push_back(ms(r.first_token - arrival(m.requests[i])) / 1e3);
    tpot.push_back(ms(r.end - r.first_token) / 1e3 / static_cast<double>(m.requests[i].output - 1));
    latency.push_back(ms(r.end - arrival(m.requests[i])) / 1e3);
    makespan = std::max(makespan, ms(r.end) / 1e3);
  }
  const auto percent = [](double found, double expected) { return 100 * (found / expected - 1); };
  std::cout << label << ": latency mean " << percent(mean(latency), mean(m.latency_s));
  for (const double share : {0.5, 0.9, 0.99}) {
    std::cout << ", p" << 100 * share << " "
              << percent(quantile(latency, share), quantile(m.latency_s, share));
  }
  std::cout << " %; mean absolute error per request " << 100 * mape(latency, m.latency_s)
            << " % (TTFT " << 100 * mape(ttft, m.ttft_s) << " %, TPOT "
            << 100 * mape(tpot, m.tpot_s) << " %); TTFT median "
            << percent(quantile(ttft, 0.5), quantile(m.ttft_s, 0.5)) << " %, TPOT median "
            << percent(quantile(tpot, 0.5), quantile(m.tpot_s, 0.5)) << " %; " << log.preemptions
            << " preemptions, " << log.iterations << " iterations, makespan " << makespan
            << " s (measured " << m.makespan_s << " s)\n";
  return {mean(latency) / mean(m.latency_s) - 1.0, mape(latency, m.latency_s),
          quantile(ttft, 0.5) / quantile(m.ttft_s, 0.5) - 1.0,
          quantile(tpot, 0.5) / quantile(m.tpot_s, 0.5) - 1.0};
}

}  // namespace

TEST_CASE("four requests are served as in DistServe's simulator") {
  const std::string folder = servesweep::testing::in_source_folder("tests/data/golden/distserve/");
  check_distserve(folder, "tiny4", "tiny4.vllm.worker.csv");
}

TEST_CASE("500 requests of a real trace are served as in DistServe's simulator") {
  const std::string folder = shared_golden("distserve");
  if (!folder.empty())
    check_distserve(folder, "azure_conv_500", "azure_conv_500.vllm.worker.csv.gz");
}

TEST_CASE("a real vLLM server's latencies come out") {
  const std::string folder = shared_golden("vllm_rtx4090");
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
