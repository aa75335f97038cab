// The independent naive simulator of the batch engine: the oracle that the fast engine must equal.
// Written from docs/batch_engine.md alone, sharing no code with sim/ or kernels/: one priority
// queue of arrivals and completions, a deque per bin, one event at a time. Obvious, not fast. It
// returns the list of batches; naive_statistics.hpp makes a world's results of it.
//
// Models: multi-bin batching (arXiv:2412.04504) with memory- and SLA-aware dynamic batching
// (arXiv:2503.05248), as in the public simulator llm-scheduler-sim. Units: time in int64 ns, token
// times in int64 ps. Ignores: the measured-grid service model. Checks nothing: needs parameters in
// the ranges of Params, and requests in arrival order, the first at t_ns = 0. Compile with
// -ffp-contract=off.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <deque>
#include <functional>
#include <iterator>
#include <optional>
#include <queue>
#include <tuple>
#include <vector>

namespace servesweep::reference {

using Int = std::int64_t;

enum class Scheduler { kStaticFifo, kMultiBinOnly, kDynamicNoBins, kMultiBinDynamic };

struct Params {
  Scheduler scheduler = Scheduler::kMultiBinDynamic;
  bool longest_queue = false;  // else round robin
  bool full_dispatch = false;  // else greedy
  int k_bins = 1;              // >= 1; the schedulers with one queue ignore bins
  std::vector<Int> bin_edges;  // k_bins + 1 edges, or empty: equal mass
  std::size_t num_gpus = 1;    // >= 1
  double rps_scaling = 1.0;    // > 0
  Int time_limit_ns = 0;       // 0: none
  Int fixed_batch_size = 8, b_fixed = 32, b_min = 1, b_max = 128, max_candidates = 512;  // >= 1
  double gpu_memory_gb = 12.0, model_memory_gb = 4.0, memory_margin_gb = 1.0;
  double kv_gb_per_token = 0.0001875, memory_reserve = 0.1;  // > 0; L0 / eta
  double d_token_ms = 10.0, epsilon_ms = 1.0, d_request_s = 20.0;
  Int sla_expand = 4, sla_shrink = 2, sla_min_updates = 3;
  double smoothing = 0.2, initial_prompt = 300.0, initial_output = 200.0;
  bool drawn_service = false;  // a batch runs for its longest Request::service_ns; else affine:
  double alpha_ms = 59.65277758291415, beta_ms_per_token = 5.741996985241534;
  double gamma = 0.31568071039597756, min_service_ms = 1.0;
};

struct Request {
  Int t_ns = 0, prompt = 0, output = 0, predicted = 0, service_ns = 0;
};

struct Batch {
  std::size_t gpu = 0, bin = 0;
  Int start_ns = 0, finish_ns = 0;
  std::vector<std::size_t> members = {};  // indices of requests, oldest first
  Int sum_prompt = 0, sum_output = 0, max_total = 0, max_output = 0, max_drawn_ns = 1;
  Int prefill_ps = 0, tbt_ps = 0, decode_tbt_ps = 0;
  double decode_tbt_ms = 0.0;
  bool completed = false;
  Int size() const { return static_cast<Int>(members.size()); }
};

struct Bin {
  Int lower = 0, upper = 0, b_max = 0;
};

struct Log {
  std::vector<Int> arrival_ns;  // [request]
  Int arrived = 0, rejected = 0;
  Int token_limit = 0;  // most tokens that fit into a GPU beside the model
  std::vector<Bin> bins;
  std::vector<Batch> batches;   // the completed ones, in the order of their starts
  std::vector<Batch> cut;       // those that ran at the time limit
  std::vector<Int> waiting_ns;  // arrivals of requests that waited at the time limit
};

class NaiveBatch {
 public:
  NaiveBatch(const Params& params, const std::vector<Request>& requests)
      : p_(params), r_(requests), running_(params.num_gpus) {
    make_bins();
    queues_.resize(log_.bins.size());
    for (const Bin& bin : log_.bins) {
      const Int top = multi_bin_ ? bin.b_max : p_.b_max;
      controllers_.push_back({p_.initial_prompt, p_.initial_output, 0.0,
                              static_cast<double>(half(p_.b_min + top)), p_.b_min, top, top, 0, 0});
    }
    log_.token_limit = static_cast<Int>(available_gb_ / p_.kv_gb_per_token) + 2;
    while (log_.token_limit >= 0 && !fits(log_.token_limit)) --log_.token_limit;
  }

  Log run() {
    std::size_t last = 0;  // the last request that is not rejected
    for (std::size_t i = 0; i < r_.size(); ++i) {
      const Int t = std::llround(static_cast<double>(r_[i].t_ns) / p_.rps_scaling);
      const bool rejected = dynamic_ && r_[i].prompt + r_[i].output > log_.token_limit;
      log_.arrival_ns.push_back(t);
      log_.arrived += in_time(t);
      log_.rejected += rejected && in_time(t);
      if (!rejected) events_.push({t, kArrival, last = i});
    }
    while (!events_.empty() && in_time(std::get<0>(events_.top()))) {
      const auto [now, kind, id] = events_.top();
      events_.pop();
      if (kind == kCompletion) complete(id);
      if (kind == kArrival) queues_[bin_of(r_[id].predicted)].push_back(id);
      if (kind == kArrival && id == last) greedy_ = true;
      // At a greedy completion only the GPU just freed can start: others idle mean empty queues.
      for (std::size_t gpu = 0; gpu < p_.num_gpus; ++gpu) {
        if (!running_[gpu]) try_start(gpu, now);
      }
    }
    for (const auto& queue : queues_) {
      for (const std::size_t i : queue) log_.waiting_ns.push_back(log_.arrival_ns[i]);
    }
    std::copy_if(log_.batches.begin(), log_.batches.end(), std::back_inserter(log_.cut),
                 [](const Batch& batch) { return !batch.completed; });
    std::erase_if(log_.batches, [](const Batch& batch) { return !batch.completed; });
    return log_;
  }

 private:
  enum Kind { kArrival, kCompletion };
  using Event = std::tuple<Int, Kind, std::size_t>;  // time, kind, request or GPU

  struct Controller {
    double mean_prompt, mean_output, tau_avg_ms, b_avg;
    Int low, high, top, updates, n_decode;
  };

  static Int half(Int x) { return x >> 1; }  // towards minus infinity
  bool in_time(Int t) const { return p_.time_limit_ns == 0 || t <= p_.time_limit_ns; }
  bool fits(Int tokens) const {
    return p_.model_memory_gb + p_.kv_gb_per_token * static_cast<double>(tokens) <=
           p_.gpu_memory_gb - p_.memory_margin_gb;
  }
  Int clamp_size(double x) const {  // clamp(int(x), 1, b_max), also for an x beyond any integer
    return static_cast<Int>(std::min(std::max(x, 1.0), static_cast<double>(p_.b_max)));
  }
  void smooth(double& average, double x) const {
    average = p_.smoothing * x + (1.0 - p_.smoothing) * average;
  }

  void make_bins() {
    std::vector<Int> edges = p_.bin_edges, q;
    for (const Request& request : r_) q.push_back(request.predicted);
    std::sort(q.begin(), q.end());
    if (!binned_ || (edges.empty() && p_.k_bins == 1)) edges = {0, 10000};
    if (edges.empty()) {
      for (Int k = 0, last = static_cast<Int>(q.size()) - 1; k < p_.k_bins; ++k) {
        // The k/K quantile lies rest/K of the way from one order statistic to the next.
        const Int rest = k * last % p_.k_bins;
        const auto below = q.begin() + k * last / p_.k_bins;
        edges.push_back(rest == 0 ? *below : *below + (below[1] - *below) * rest / p_.k_bins);
      }
      edges.push_back(10000);
    }
    for (std::size_t k = 0; k + 1 < edges.size(); ++k) {
      const Int n = 2 * half(edges[k] + std::min<Int>(edges[k + 1], 4096));
      const double most = available_gb_ / (static_cast<double>(n) * p_.kv_gb_per_token);
      log_.bins.push_back({edges[k], edges[k + 1], n == 0 ? p_.b_max : clamp_size(most)});
    }
  }
  std::size_t bin_of(Int predicted) const {
    for (std::size_t k = 0; k < log_.bins.size(); ++k) {
      if (log_.bins[k].lower <= predicted && predicted < log_.bins[k].upper) return k;
    }
    return log_.bins.size() - 1;
  }

  Int in_flight() const {
    Int n = 0;
    for (const auto& batch : running_) n += batch ? log_.batches[*batch].size() : 0;
    return n;
  }
  Int memory_target(const Controller& c) const {
    const double eta = (p_.gpu_memory_gb - p_.model_memory_gb) / p_.kv_gb_per_token;
    const double raw = (eta - p_.memory_reserve * eta) / (c.mean_prompt + c.mean_output);
    return std::min(std::max(clamp_size(raw), in_flight()), c.top);
  }
  Int sla_target(Controller& c) const {
    const Int low = c.low, high = c.high, b_avg = static_cast<Int>(c.b_avg);
    if (c.updates < p_.sla_min_updates || c.tau_avg_ms == 0.0) return half(low + high);
    if (c.tau_avg_ms > p_.d_token_ms + p_.epsilon_ms) {
      c.high = std::min(high, std::max(b_avg, low + p_.sla_expand));
      c.low = low - p_.sla_shrink;
    } else if (c.tau_avg_ms < p_.d_token_ms - p_.epsilon_ms) {
      c.low = std::max(low, std::min(b_avg, high - p_.sla_expand));
      c.high = high + p_.sla_shrink;
    } else {
      c.high = b_avg + 1;
      c.low = b_avg - 1;
    }
    c.high = std::min(c.high, c.top);
    c.low = std::min(std::max(c.low, p_.b_min), c.high);
    return std::max(std::min(std::max(half(c.low + c.high), c.n_decode), c.top), p_.b_min);
  }
  // The most requests that a batch may take now; wanting this moves a dynamic controller.
  Int target(Controller& c) const {
    Int b = p_.scheduler == Scheduler::kStaticFifo ? p_.fixed_batch_size : p_.b_fixed;
    if (dynamic_) b = std::min(memory_target(c), sla_target(c));
    return std::min(b, p_.max_candidates);
  }
  bool startable(std::size_t bin) const {
    Controller copy = controllers_[bin];
    return static_cast<Int>(queues_[bin].size()) >= (greedy_ ? 1 : target(copy));
  }

  void try_start(std::size_t gpu, Int now) {
    std::optional<std::size_t> bin;
    for (std::size_t i = 0; i < queues_.size(); ++i) {
      const std::size_t k = p_.longest_queue ? i : (cursor_ + i) % queues_.size();
      const bool better = !bin || (p_.longest_queue && queues_[k].size() > queues_[*bin].size());
      if (better && startable(k)) bin = k;
    }
    if (!bin) return;
    cursor_ = (*bin + 1) % queues_.size();
    Batch batch{gpu, *bin, now};
    const Int most = target(controllers_[*bin]);
    for (auto& queue = queues_[*bin]; !queue.empty() && batch.size() < most; queue.pop_front()) {
      const Request& r = r_[queue.front()];
      const Int total = r.prompt + r.output;
      if (dynamic_ && batch.sum_prompt + batch.sum_output + total > log_.token_limit) break;
      batch.members.push_back(queue.front());
      batch.sum_prompt += r.prompt;
      batch.sum_output += r.output;
      batch.max_total = std::max(batch.max_total, total);
      batch.max_output = std::max(batch.max_output, r.output);
      batch.max_drawn_ns = std::max(batch.max_drawn_ns, r.service_ns);
    }
    set_times(batch);
    events_.push({batch.finish_ns, kCompletion, gpu});
    running_[gpu] = log_.batches.size();
    log_.batches.push_back(batch);
  }
  void set_times(Batch& batch) const {
    const double b = static_cast<double>(batch.size()), h = 1.0 + p_.gamma * (b - 1.0) / b;
    const double longest = static_cast<double>(batch.max_total);
    const double tokens = static_cast<double>(std::max<Int>(batch.max_output, 1));
    const double ms = std::max(p_.min_service_ms, p_.alpha_ms + p_.beta_ms_per_token * longest * h);
    const Int t = p_.drawn_service ? batch.max_drawn_ns : std::llround(ms * 1e6);
    batch.finish_ns = batch.start_ns + t;
    batch.tbt_ps = std::llround(static_cast<double>(t) * 1000.0 / tokens);
    batch.prefill_ps = p_.drawn_service ? 0 : std::llround(p_.alpha_ms * 1e9);
    batch.decode_tbt_ms =
        p_.drawn_service ? static_cast<double>(t) / 1e6 / tokens : p_.beta_ms_per_token * h;
    batch.decode_tbt_ps = std::llround(batch.decode_tbt_ms * 1e9);
  }

  void complete(std::size_t gpu) {
    Batch& batch = log_.batches[*running_[gpu]];
    batch.completed = true;
    running_[gpu].reset();
    Controller& c = controllers_[batch.bin];
    const double b = static_cast<double>(batch.size());
    smooth(c.mean_prompt, static_cast<double>(batch.sum_prompt) / b);
    smooth(c.mean_output, static_cast<double>(batch.sum_output) / b);
    smooth(c.tau_avg_ms, batch.decode_tbt_ms);
    smooth(c.b_avg, b);
    c.n_decode = in_flight();
    ++c.updates;
  }

  Params p_;
  std::vector<Request> r_;
  bool multi_bin_ = p_.scheduler == Scheduler::kMultiBinDynamic;
  bool binned_ = multi_bin_ || p_.scheduler == Scheduler::kMultiBinOnly;
  bool dynamic_ = multi_bin_ || p_.scheduler == Scheduler::kDynamicNoBins;
  bool greedy_ = !p_.full_dispatch;  // a batch need not be full
  double available_gb_ = p_.gpu_memory_gb - p_.model_memory_gb - p_.memory_margin_gb;
  std::size_t cursor_ = 0;
  std::priority_queue<Event, std::vector<Event>, std::greater<Event>> events_;
  std::vector<std::deque<std::size_t>> queues_;      // [bin]
  std::vector<Controller> controllers_;              // [bin]
  std::vector<std::optional<std::size_t>> running_;  // [gpu], index into log_.batches
  Log log_;
};

}  // namespace servesweep::reference
