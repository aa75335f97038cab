// 300 requests measured on a real vLLM server and the kernel times of its GPU, for comparisons with
// simulators. The large files are not ours to ship.
#pragma once

#include <nlohmann/json.hpp>
#include <algorithm>
#include <cmath>
#include <iostream>
#include <map>
#include <numeric>
#include <sstream>
#include <string>
#include <vector>

#include "tests/reference/naive_table.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/shared_files.hpp"

namespace servesweep::reference::continuous {

using nlohmann::json;
using testing::read_rows;
using testing::read_text;

inline double ms(Int128 units) {
  return static_cast<double>(units) / static_cast<double>(kUnitsPerNs) / 1e6;
}
inline Int128 arrival(const Request& r) { return r.t_ns * kUnitsPerNs; }

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

inline Measured read_measured(const std::string& folder) {
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

inline double mean(const std::vector<double>& x) {
  return std::accumulate(x.begin(), x.end(), 0.0) / static_cast<double>(x.size());
}
inline double quantile(std::vector<double> x, double share) {  // interpolated, as NumPy's
  std::sort(x.begin(), x.end());
  const double at = share * static_cast<double>(x.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  if (below + 1 == x.size()) return x.back();
  return x[below] + (at - static_cast<double>(below)) * (x[below + 1] - x[below]);
}
inline double mape(const std::vector<double>& found, const std::vector<double>& expected) {
  std::vector<double> errors;
  for (std::size_t i = 0; i < found.size(); ++i) {
    errors.push_back(std::abs(found[i] / expected[i] - 1.0));
  }
  return mean(errors);
}

struct Errors {  // relative
  double mean_latency, latency_mape, ttft_median, tpot_median;
};

inline Errors errors_of(const char* label, const Measured& m, const Log& log) {
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

}  // namespace servesweep::reference::continuous
