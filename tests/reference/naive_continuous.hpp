// The independent naive simulator of the continuous-batching engine: the oracle that the fast
// engine must equal. Written from docs/continuous_engine.md alone, sharing no code with sim/ or
// kernels/: every iteration of every replica is stepped. Obvious, not fast. It returns a record per
// request and the iterations of each replica.
//
// Models: iteration-level scheduling as in vLLM v1 (mixed), vLLM v0 (prefill_first) and for a
// client that sends whole batches (static). Units: arrivals in int64 ns, the clock in 2^-40 ns.
// Checks nothing: needs parameters that the page allows, and requests in arrival order. Where the
// page leaves a choice, a comment that starts with "Choice:" says what was taken.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/reference/naive_block_pool.hpp"

namespace servesweep::reference::continuous {

__extension__ using Int128 = __int128;
constexpr Int128 kUnitsPerNs = Int128{1} << 40;
constexpr Int kNever = -1;  // a time or place that a record does not have

// A coefficient of a service time, rounded once.
inline Int128 units_of_ms(long double ms) {
  return static_cast<Int128>(std::round(std::ldexp(ms * 1e6L, 40)));
}

enum class Mode { kMixed, kPrefillFirst, kStatic };
inline Mode mode_named(const std::string& name) {
  if (name == "mixed") return Mode::kMixed;
  if (name == "prefill_first") return Mode::kPrefillFirst;
  if (name == "static") return Mode::kStatic;
  throw std::invalid_argument("the naive simulator has no rule for mode " + name);
}

struct Chunk {
  std::size_t request;
  Int q, k;  // tokens in this iteration, tokens computed before
};
struct Decode {
  std::size_t request;
  Int context;  // tokens computed before + 1
};
struct Iteration {
  Int128 start = 0, end = 0;
  std::vector<Chunk> prefills = {};         // in the order of R
  std::vector<Decode> decodes = {};         // in the order of R
  std::vector<std::size_t> preempted = {};  // in the order in which they were
  Int blocks_held = 0, running = 0;         // after scheduling
  Int n() const { return std::ssize(decodes); }
};
struct Regime {  // from this many decoding sequences on
  Int from_n = 0;
  Int128 c0 = 0, c_p = 0, c_p2 = 0, c_s = 0, c_ctx = 0;
};
struct Service {
  std::vector<Regime> regimes;                    // by rising from_n, the first from 0
  std::function<Int128(const Iteration&)> table;  // instead of regimes, where set
};
struct Params {
  Mode mode = Mode::kMixed;
  std::string policy = "fcfs";
  std::string router = "round_robin";
  bool chunked_prefill = true, prefill_yields_token = true, prefix_caching = false;
  bool reserve_full_isl = false, async_scheduling = false;
  Int long_prefill_token_threshold = 0, max_long_partial_prefills = 0;  // 0: none
  Int hash_block_size = 0;  // tokens that one of a request's hashes stands for; 0: block_size
  Int max_num_batched_tokens = 2048, max_num_seqs = 256, num_blocks = 1000, block_size = 16;
  double watermark = 0.0;
  Int max_model_len = 0, max_decode_context_tokens = 0;  // 0: none
  Int client_batch = 1;
  bool batch_max_tokens = false;
  Int flush_ns = 0;
  Int time_limit_ns = 0;          // 0: none
  std::vector<Service> services;  // [replica]
};
struct Request {
  Int t_ns = 0, prompt = 1, output = 1, predicted = 0, priority = 0;
  std::uint32_t draws[2] = {0, 0};  // of the routers random (the first) and power_of_two (both)
  std::vector<Int> hashes = {};     // [full hash block of the prompt, or of prompt and output]
};
struct Record {
  bool rejected = false, finished = false, admitted = false;
  Int replica = kNever;
  Int128 first_scheduled = kNever, first_token = kNever, end = kNever;
  Int128 client_end = kNever;  // static: end of the request's batch
  Int preemptions = 0;
  std::vector<Int128> token_times = {};  // of each generated token
};
struct ReplicaLog {
  std::vector<Iteration> iterations;
  Int peak_running = 0, peak_waiting = 0, peak_blocks = 0;
  std::optional<Iteration> cut = {};  // by the time limit, which is then its end
};
struct Log {
  std::vector<Record> requests;  // in input order
  std::vector<ReplicaLog> replicas;
  Int preemptions = 0, iterations = 0;
  // Tokens that preempted sequences had computed; that the cache had of prompts that were admitted
  // first and again; prompt tokens of the first admissions.
  Int recomputed = 0, cached_first = 0, cached_again = 0, asked_first = 0;
};

class NaiveContinuous {
 public:
  NaiveContinuous(const Params& params, const std::vector<Request>& requests)
      : p_(params), r_(requests), sequences_(requests.size()) {
    log_.requests.resize(r_.size());
    log_.replicas.resize(p_.services.size());
    while (replicas_.size() < p_.services.size()) {
      replicas_.push_back({NaiveBlockPool(p_.num_blocks)});
    }
    for (std::size_t i = 0; i < r_.size(); ++i) {
      r_[i].prompt = std::max<Int>(r_[i].prompt, 1);
      r_[i].output = std::max<Int>(r_[i].output, 1);
      sequences_[i].known = r_[i].prompt;
      sequences_[i].output = r_[i].output;
    }
  }

  Log run() {
    while (const std::optional<Int128> now = next_event()) {
      if (p_.time_limit_ns != 0 && *now > p_.time_limit_ns * kUnitsPerNs) break;
      for (; next_ < r_.size() && r_[next_].t_ns * kUnitsPerNs == *now; ++next_) arrive(next_);
      for (std::size_t i = 0; i < replicas_.size(); ++i) {
        if (replicas_[i].now && replicas_[i].now->end == *now) complete(i);
        if (!replicas_[i].now) schedule(i, *now);
      }
    }
    for (std::size_t i = 0; p_.time_limit_ns != 0 && i < replicas_.size(); ++i) {
      log_.replicas[i].cut = replicas_[i].now;
      if (auto& cut = log_.replicas[i].cut) cut->end = p_.time_limit_ns * kUnitsPerNs;
    }
    return log_;
  }

 private:
  struct Sequence {
    Int known = 0, computed = 0, generated = 0, output = 0;
    bool decoding = false;
    Blocks blocks = {};
  };
  struct Replica {
    NaiveBlockPool pool;
    std::deque<std::size_t> preempted = {};              // the last one ahead
    std::set<std::pair<Int, std::size_t>> waiting = {};  // by the policy's key, then by arrival
    std::set<std::pair<Int, std::size_t>> client = {};   // static: not yet sent
    std::vector<std::size_t> batch = {};                 // static: sent last
    Int batch_left = 0, last_arrival_ns = 0;
    std::vector<std::size_t> running = {};
    std::optional<Iteration> now = {};
    std::optional<Iteration> before = {};  // asynchronous: has ended, its outcome is not yet known
    Int waiting_count() const {
      return std::ssize(preempted) + std::ssize(waiting) + std::ssize(client);
    }
    Int outstanding() const { return waiting_count() + std::ssize(running); }
  };

  Int blocks_for(Int tokens) const { return (tokens + p_.block_size - 1) / p_.block_size; }
  bool whole_prompts() const { return p_.mode != Mode::kMixed || !p_.chunked_prefill; }
  bool rejected(const Request& r, Int output) const {
    const Int decodes = p_.prefill_yields_token ? output - 1 : output;
    return blocks_for(r.prompt + decodes) > p_.num_blocks - watermark_blocks_ ||
           (p_.max_model_len > 0 && r.prompt + output > p_.max_model_len) ||
           (whole_prompts() && r.prompt > p_.max_num_batched_tokens);
  }

  std::optional<Int128> next_event() const {
    std::optional<Int128> first;
    const auto consider = [&first](Int128 t) { first = first ? std::min(*first, t) : t; };
    if (next_ < r_.size()) consider(r_[next_].t_ns * kUnitsPerNs);
    for (const Replica& replica : replicas_) {
      if (replica.now) consider(replica.now->end);
      if (!replica.now && !replica.client.empty()) consider(flush_time(replica));
    }
    return first;
  }
  Int128 flush_time(const Replica& replica) const {
    return (replica.last_arrival_ns + p_.flush_ns) * kUnitsPerNs;
  }

  // Leading blocks of the request that are cached at a replica.
  Blocks cached_prefix(const Replica& replica, std::size_t id, Int most) const {
    std::vector<Int> hashes;
    while (p_.prefix_caching && std::ssize(hashes) < most) {
      const std::optional<Int> hash = hash_of(id, std::ssize(hashes));
      if (!hash) break;
      hashes.push_back(*hash);
    }
    return replica.pool.find(hashes);
  }
  // Of a request's k-th KV block, if it is known: the hash that covers its last token, and how many
  // of that hash's tokens are in the block and all before it.
  std::optional<Int> hash_of(std::size_t id, Int k) const {
    const Int size = p_.hash_block_size > 0 ? p_.hash_block_size : p_.block_size;
    const Int end = (k + 1) * p_.block_size;
    const Int which = (end - 1) / size;
    if (which >= std::ssize(r_[id].hashes)) return {};
    return r_[id].hashes[static_cast<std::size_t>(which)] * (size + 1) + (end - which * size);
  }

  std::size_t route(std::size_t id) {
    const std::size_t n = replicas_.size();
    const auto drawn = [&](int which, std::size_t of) {
      return static_cast<std::size_t>((std::uint64_t{r_[id].draws[which]} * of) >> 32);
    };
    // The lowest replica with the least cost.
    const auto least = [&](const std::function<std::pair<Int, Int>(const Replica&)>& cost) {
      std::vector<std::pair<Int, Int>> costs;  // [replica]
      for (const Replica& r : replicas_) costs.push_back(cost(r));
      return static_cast<std::size_t>(std::min_element(costs.begin(), costs.end()) - costs.begin());
    };
    if (n == 1) return 0;
    if (p_.router == "round_robin") return turn_++ % n;
    if (p_.router == "random") return drawn(0, n);
    if (p_.router == "power_of_two") {
      // Choice: the second is drawn among the others, in their order.
      const std::size_t first = drawn(0, n), other = drawn(1, n - 1);
      const std::size_t second = other < first ? other : other + 1;
      return replicas_[second].outstanding() < replicas_[first].outstanding() ? second : first;
    }
    if (p_.router == "least_outstanding") {
      return least([](const Replica& r) { return std::pair(r.outstanding(), Int{0}); });
    }
    if (p_.router == "least_kv") {
      return least([](const Replica& r) { return std::pair(r.pool.held(), Int{0}); });
    }
    if (p_.router == "prefix_affinity") {
      const Int full = r_[id].prompt / p_.block_size;  // Choice: not (prompt - 1) / block_size
      return least([&](const Replica& r) {
        return std::pair(-std::ssize(cached_prefix(r, id, full)), r.outstanding());
      });
    }
    throw std::invalid_argument("the naive simulator has no rule for router " + p_.router);
  }

  void arrive(std::size_t id) {
    log_.requests[id].rejected = rejected(r_[id], r_[id].output);
    if (log_.requests[id].rejected) return;
    const std::size_t to = route(id);
    Replica& replica = replicas_[to];
    log_.requests[id].replica = static_cast<Int>(to);
    replica.last_arrival_ns = r_[id].t_ns;
    (p_.mode == Mode::kStatic ? replica.client : replica.waiting).insert({policy_key(id), id});
    note_waiting(replica);
  }
  Int policy_key(std::size_t id) const {
    if (p_.policy == "fcfs") return 0;
    if (p_.policy == "shortest_prompt") return r_[id].prompt;
    if (p_.policy == "shortest_predicted_output") return r_[id].predicted;
    if (p_.policy == "priority") return r_[id].priority;
    throw std::invalid_argument("the naive simulator has no rule for policy " + p_.policy);
  }
  void note_waiting(const Replica& replica) {
    Int& peak = log_.replicas[static_cast<std::size_t>(&replica - replicas_.data())].peak_waiting;
    peak = std::max(peak, replica.waiting_count());
  }

  void send_batch(Replica& replica, Int128 now) {
    const bool flush = now >= flush_time(replica);
    const bool full = std::ssize(replica.client) >= p_.client_batch;
    if (replica.batch_left > 0 || (!full && !flush)) return;
    replica.batch.clear();
    Int most = 0;
    for (; replica.batch_left < p_.client_batch && !replica.client.empty(); ++replica.batch_left) {
      const auto first = replica.client.begin();
      most = std::max(most, r_[first->second].output);
      replica.batch.push_back(first->second);
      replica.waiting.insert(*first);
      replica.client.erase(first);
    }
    for (const std::size_t id : replica.batch) {
      // Choice: not more than the most with which the request would not have been rejected.
      Int& output = sequences_[id].output;
      while (p_.batch_max_tokens && output < most && !rejected(r_[id], output + 1)) ++output;
    }
  }

  void schedule(std::size_t i, Int128 now) {
    Replica& replica = replicas_[i];
    if (p_.mode == Mode::kStatic) send_batch(replica, now);
    note_waiting(replica);
    Iteration it{now};
    const auto is_empty = [&it] { return it.prefills.empty() && it.decodes.empty(); };
    if (replica.before) {  // it was scheduled when that one started
      plan(replica, it, replica.before->start);
      settle(replica);
    }
    for (bool preempts = true; is_empty() && preempts;) {
      const auto preempted = it.preempted.size();
      plan(replica, it, now);
      preempts = it.preempted.size() > preempted;
    }
    if (is_empty()) return;
    it.blocks_held = replica.pool.held();
    it.running = std::ssize(replica.running);
    it.end = now + duration(p_.services[i], it);
    replica.now = it;
  }

  // What runs, by what is known at a time.
  void plan(Replica& replica, Iteration& it, Int128 known_at) {
    const auto preempted = it.preempted.size();
    Int budget = p_.max_num_batched_tokens;
    if (p_.mode != Mode::kMixed) admit(replica, it, budget, known_at);
    if (it.prefills.empty()) run_running(replica, it, budget);
    if (p_.mode == Mode::kMixed && it.preempted.size() == preempted) {
      admit(replica, it, budget, known_at);
    }
  }

  // The outcome of the iteration that has ended comes to be known: its decodes' tokens fill blocks
  // up, and what has ended gives its blocks back.
  void settle(Replica& replica) {
    const Iteration it = *replica.before;
    replica.before.reset();
    const auto runs = [&](std::size_t id) {
      return std::find(replica.running.begin(), replica.running.end(), id) != replica.running.end();
    };
    for (const Decode& d : it.decodes) {
      if (runs(d.request) && d.context % p_.block_size == 0) {
        cache(replica, d.request, d.context / p_.block_size - 1);
      }
    }
    std::vector<std::size_t> all;
    for (const Decode& d : it.decodes) all.push_back(d.request);
    for (const Chunk& c : it.prefills) all.push_back(c.request);
    for (const std::size_t id : all) {
      if (!log_.requests[id].finished || !runs(id)) continue;
      replica.pool.give_back(sequences_[id].blocks);
      std::erase(replica.running, id);
    }
  }

  void run_running(Replica& replica, Iteration& it, Int& budget) {
    auto& running = replica.running;
    const Int most = p_.mode == Mode::kMixed ? 0 : p_.max_decode_context_tokens;
    Int contexts = 0;
    std::size_t ran = 0;
    for (; ran < running.size() && (p_.mode != Mode::kMixed || budget > 0); ++ran) {
      const std::size_t id = running[ran];
      if (log_.requests[id].finished) continue;
      const Sequence& s = sequences_[id];
      const Int q = s.decoding ? 1 : std::min(budget, chunk(s.known - s.computed));
      contexts += s.computed + q;
      if (most > 0 && ran > 0 && contexts > most) break;
      const Int lacking = blocks_for(s.computed + q) - std::ssize(s.blocks);
      bool preempted_itself = false;
      while (lacking > replica.pool.free() && !preempted_itself) {
        const std::size_t victim = choose_victim(running);
        preempted_itself = victim == ran;
        if (victim < ran) --ran;
        preempt(replica, it, budget, victim);
      }
      if (preempted_itself) break;
      run_tokens(replica, it, id, q);
      budget -= q;
    }
    // Those left wait for their turn; without a limit on contexts there are none.
    const auto middle = running.begin() + static_cast<std::ptrdiff_t>(ran);
    if (most > 0) std::rotate(running.begin(), middle, running.end());
  }

  // Of the tokens that a prompt has left, those of one iteration, if the budget allows.
  Int chunk(Int left) const {
    const Int threshold = whole_prompts() ? 0 : p_.long_prefill_token_threshold;
    return threshold > 0 ? std::min(left, threshold) : left;
  }
  bool by_priority() const { return p_.mode == Mode::kMixed && p_.policy == "priority"; }
  // As a place in the running list.
  std::size_t choose_victim(const std::vector<std::size_t>& running) const {
    std::size_t victim = running.size() - 1;
    for (std::size_t i = 0; by_priority() && i < running.size(); ++i) {
      const auto rank = [&](std::size_t at) {
        return std::pair(r_[running[at]].priority, running[at]);
      };
      if (rank(i) > rank(victim)) victim = i;
    }
    return victim;
  }

  // The first request that may be admitted and has arrived by a time.
  std::optional<std::size_t> first_waiting(const Replica& replica, Int128 known_at) const {
    if (!replica.preempted.empty()) return replica.preempted.front();
    for (const auto& [key, id] : replica.waiting) {
      if (r_[id].t_ns * kUnitsPerNs <= known_at) return id;
    }
    return {};
  }
  Int long_prefills(const Replica& replica) const {
    Int count = 0;
    for (const std::size_t id : replica.running) {
      const Sequence& s = sequences_[id];
      count += !s.decoding && s.computed < s.known && s.known > p_.long_prefill_token_threshold;
    }
    return count;
  }

  void admit(Replica& replica, Iteration& it, Int& budget, Int128 known_at) {
    while (budget > 0 && std::ssize(replica.running) < p_.max_num_seqs) {
      const std::optional<std::size_t> first = first_waiting(replica, known_at);
      if (!first) return;
      const std::size_t id = *first;
      Sequence& s = sequences_[id];
      const auto hits = cached_prefix(replica, id, (s.known - 1) / p_.block_size);
      const Int computed = std::ssize(hits) * p_.block_size;
      Int q = chunk(s.known - computed);  // Choice: whole prompts, too, count less what is cached
      if (!whole_prompts()) q = std::min(q, budget);
      if (q > budget) {
        if (s.generated == 0 || !it.prefills.empty()) return;
        budget = q;
      }
      // Choice: a prompt is long by all its tokens, cached or not.
      if (!whole_prompts() && p_.max_long_partial_prefills > 0 &&
          s.known > p_.long_prefill_token_threshold &&
          long_prefills(replica) >= p_.max_long_partial_prefills) {
        return;
      }
      Int taken = blocks_for(p_.reserve_full_isl ? s.known : computed + q);  // from the free list
      for (const std::size_t hit : hits) taken -= replica.pool.is_held(hit);
      if (replica.pool.free() - taken < watermark_blocks_) return;
      if (!replica.preempted.empty()) {
        replica.preempted.pop_front();
      } else {
        replica.waiting.erase({policy_key(id), id});
      }
      replica.running.push_back(id);
      const bool again = log_.requests[id].admitted;
      log_.requests[id].admitted = true;
      (again ? log_.cached_again : log_.cached_first) += computed;
      if (!again) log_.asked_first += s.known;
      s.computed = computed;
      s.blocks = hits;
      for (const std::size_t hit : hits) replica.pool.hold(hit);
      run_tokens(replica, it, id, q);
      budget -= q;
    }
  }

  // Takes the blocks for q more tokens of a sequence and enters it into the iteration.
  void run_tokens(Replica& replica, Iteration& it, std::size_t id, Int q) {
    Sequence& s = sequences_[id];
    for (Int lacking = blocks_for(s.computed + q) - std::ssize(s.blocks); lacking > 0; --lacking) {
      s.blocks.push_back(replica.pool.take());
    }
    for (Int k = s.computed / p_.block_size; k < (s.computed + q) / p_.block_size; ++k) {
      if (!s.decoding || !p_.async_scheduling) cache(replica, id, k);
    }
    if (s.decoding) it.decodes.push_back({id, s.computed + 1});
    if (!s.decoding) it.prefills.push_back({id, q, s.computed});
  }

  // A request's k-th KV block is full.
  void cache(Replica& replica, std::size_t id, Int k) {
    const std::optional<Int> hash = p_.prefix_caching ? hash_of(id, k) : std::nullopt;
    if (hash) replica.pool.cache(sequences_[id].blocks[static_cast<std::size_t>(k)], *hash);
  }

  void preempt(Replica& replica, Iteration& it, Int& budget, std::size_t place) {
    const std::size_t id = replica.running[place];
    replica.running.erase(replica.running.begin() + static_cast<std::ptrdiff_t>(place));
    it.preempted.push_back(id);
    Sequence& s = sequences_[id];
    replica.pool.give_back(s.blocks);
    if (log_.requests[id].finished) return;
    // What it was to run in this iteration is left for others.
    for (const Chunk& c : it.prefills) budget += c.request == id ? c.q : 0;
    budget += std::erase_if(it.decodes, [id](const Decode& d) { return d.request == id; });
    std::erase_if(it.prefills, [id](const Chunk& c) { return c.request == id; });
    if (by_priority()) {
      replica.waiting.insert({policy_key(id), id});
    } else {
      replica.preempted.push_front(id);
    }
    note_waiting(replica);
    log_.recomputed += s.computed;
    if (s.decoding) s.known = r_[id].prompt + s.generated;
    s.computed = 0;
    s.decoding = false;
  }

  static Int128 duration(const Service& service, const Iteration& it) {
    if (service.table) return std::max(service.table(it), kUnitsPerNs);
    Int128 p = 0, p2 = 0, s = 0;
    for (const Chunk& c : it.prefills) p += c.q, p2 += Int128{c.q} * (c.k + c.q);
    for (const Decode& d : it.decodes) s += d.context;
    Regime c;
    for (const Regime& next : service.regimes) c = next.from_n <= it.n() ? next : c;
    return std::max(c.c0 + c.c_p * p + c.c_p2 * p2 + c.c_s * it.n() + c.c_ctx * s, kUnitsPerNs);
  }

  void complete(std::size_t i) {
    Replica& replica = replicas_[i];
    const Iteration it = *replica.now;
    replica.now.reset();
    if (p_.async_scheduling) replica.before = it;
    ReplicaLog& log = log_.replicas[i];
    log.iterations.push_back(it);
    log.peak_running = std::max(log.peak_running, it.running);
    log.peak_blocks = std::max(log.peak_blocks, it.blocks_held);
    ++log_.iterations;
    log_.preemptions += std::ssize(it.preempted);
    for (const std::size_t id : it.preempted) ++log_.requests[id].preemptions;
    // Decodes first: that is the order of R, in which blocks are given back.
    for (const Decode& d : it.decodes) {
      ++sequences_[d.request].computed;
      generate(replica, d.request, it.end);
    }
    for (const Chunk& c : it.prefills) {
      Sequence& s = sequences_[c.request];
      Record& record = log_.requests[c.request];
      if (record.first_scheduled == kNever) record.first_scheduled = it.start;
      s.computed += c.q;
      s.decoding = s.computed == s.known;
      if (s.decoding && record.first_token == kNever) record.first_token = it.end;
      if (s.decoding && p_.prefill_yields_token) generate(replica, c.request, it.end);
    }
  }

  void generate(Replica& replica, std::size_t id, Int128 now) {
    Sequence& s = sequences_[id];
    Record& record = log_.requests[id];
    record.token_times.push_back(now);
    if (++s.generated < s.output) return;
    if (!p_.async_scheduling) {
      replica.pool.give_back(s.blocks);
      std::erase(replica.running, id);
    }
    record.finished = true;
    record.end = now;
    if (p_.mode != Mode::kStatic) replica.batch = {id};
    if (p_.mode == Mode::kStatic && --replica.batch_left > 0) return;
    for (const std::size_t member : replica.batch) log_.requests[member].client_end = now;
  }

  const Params p_;
  std::vector<Request> r_;
  std::vector<Sequence> sequences_;  // [request]
  std::vector<Replica> replicas_;
  const Int watermark_blocks_ =
      static_cast<Int>(std::floor(p_.watermark * static_cast<double>(p_.num_blocks)));
  std::size_t next_ = 0, turn_ = 0;
  Log log_;
};

}  // namespace servesweep::reference::continuous
