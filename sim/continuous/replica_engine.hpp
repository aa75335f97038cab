// One replica: what it schedules, and what its iterations do (docs/continuous_engine.md).
//
// Between two changes of the running list decode iterations only repeat, each a little longer than
// the one before by what the contexts grew: a *flight* of them is one event, however many. It ends
// with the next completion, where KV blocks run out, where the service model's line ends, or at the
// first end of an iteration at which a new arrival could be admitted. It may be cut anywhere: two
// flights one after the other do exactly what one does.
#pragma once

#include "sim/continuous/block_phases.hpp"
#include "sim/continuous/finish_heap.hpp"
#include "sim/continuous/invariants.hpp"
#include "sim/continuous/prefix_cache.hpp"
#include "sim/continuous/recorder.hpp"
#include "sim/continuous/waiting_queue.hpp"

namespace servesweep {

// One flight, for observers.
struct FlightEvent {
  Ticks start = 0;
  Ticks end = 0;
  std::int64_t iterations = 0;
  std::int64_t context_sum = 0;  // over decodes, in the first iteration
  std::int64_t prefill_tokens = 0;
  std::int64_t used_blocks = 0;  // in the last iteration
  std::int32_t replica = 0;
  std::int32_t decodes = 0;
  std::int32_t chunks = 0;
  std::int32_t waiting = 0;  // when it was scheduled
  std::int32_t preemptions = 0;
};

// Observers see every flight, every completed request, and the sequences of every flight; this one
// costs nothing.
struct NoServedObserver {
  static constexpr bool kSeesSequences = false;
  SERVESWEEP_FUNCTION void flight(const FlightEvent&) {}
  SERVESWEEP_FUNCTION void request(const ServedRequest&) {}
};

template <class Lanes, class Observer>
class ReplicaEngine {
 public:
  SERVESWEEP_FUNCTION ReplicaEngine(const Lanes& lanes, const ContinuousWorld& world,
                                    const ContinuousState& state,
                                    const ContinuousHistograms& histograms, Observer& observer,
                                    std::int32_t index)
      : w_(world),
        state_(state),
        r_(state.replicas[index]),
        s_(state.of(index, world).sequences),
        phase_counts_(state.of(index, world).phases),
        finishing_(state.of(index, world)),
        next_ns_(state.next_ns[index]),
        observer_(observer),
        recorder_(lanes, world, r_, histograms),
        index_(index) {}

  SERVESWEEP_FUNCTION void reset() {
    r_ = {};
    const std::int32_t slots = w_.num_slots();
    for (std::int32_t i = 0; i < slots; ++i) s_[i].next = i + 1 < slots ? i + 1 : kNoSlot;
    r_.free_slot = 0;
    for (std::int32_t i = 0; i < w_.block_size; ++i) phase_counts_[i] = 0;
    if (w_.prefix_caching) cache().reset();
    next_ns_ = kNever;
  }

  // Ends every flight that ends before `until_ns` and no later than the world, and schedules what
  // comes after.
  SERVESWEEP_FUNCTION void advance(std::int64_t until_ns) {
    while (next_ns_ < until_ns) {
      if (r_.end > time_limit()) return;
      const Ticks now = r_.end;
      land(r_.planned);
      check(Flight::kIdle);
      schedule(now);
      check(r_.flight);
    }
  }

  // The world ends at its time limit: of a flight the iterations until then still count.
  SERVESWEEP_FUNCTION void stop() {
    const Ticks limit = time_limit();
    if (r_.flight == Flight::kDecodes && r_.end > limit) {
      const std::int64_t done = ended_by(limit);
      if (done > 0) land(done);
    }
    r_.tally.running_area += limit * r_.num_running;
    r_.tally.waiting_area += limit * r_.num_waiting;
  }

  SERVESWEEP_FUNCTION void arrive(std::uint32_t request, std::int64_t arrival_ns) {
    const bool queue_was_empty = queue().is_empty();
    queue().push(request);
    ++r_.num_waiting;
    r_.peaks.waiting = max_of<std::int64_t>(r_.peaks.waiting, r_.num_waiting);
    r_.tally.waiting_area -= ticks_of_ns(arrival_ns);
    r_.last_arrival_ns = arrival_ns;
    if (r_.flight == Flight::kIdle || r_.flight == Flight::kWaking) {
      wake_at(w_.mode == SchedulingMode::kStatic ? client_sends_at(arrival_ns) : arrival_ns);
    } else if (r_.flight == Flight::kDecodes && r_.planned > 1 &&
               (queue_was_empty || queue().head() == request) && may_admit(request)) {
      plan(iterations_until(ticks_of_ns(arrival_ns)));
    }
  }

  // Blocks held by the iteration that runs when something arrives.
  SERVESWEEP_FUNCTION std::int64_t blocks_at(std::int64_t arrival_ns) const {
    if (r_.flight != Flight::kDecodes) return r_.used_blocks;
    return r_.used_blocks + needed_after_first(iterations_until(ticks_of_ns(arrival_ns)));
  }
  SERVESWEEP_FUNCTION std::int32_t outstanding() const { return r_.num_running + r_.num_waiting; }
  // Leading blocks of a request that are cached.
  SERVESWEEP_FUNCTION std::int32_t cached_prefix(std::uint32_t request) const {
    if (!w_.prefix_caching) return 0;
    return cache().count_hits(request, w_.prompt(request) / w_.block_size);
  }

 private:
  // -- flights ------------------------------------------------------------------------------------

  SERVESWEEP_FUNCTION Ticks time_limit() const { return ticks_of_ns(w_.time_limit_ns); }

  SERVESWEEP_FUNCTION void fly(Flight flight, Ticks start, Ticks end) {
    r_.flight = flight;
    r_.start = start;
    r_.end = end;
    next_ns_ = floor_ns(end);
  }
  SERVESWEEP_FUNCTION void wake_at(std::int64_t time_ns) {
    fly(Flight::kWaking, ticks_of_ns(time_ns), ticks_of_ns(time_ns));
  }
  SERVESWEEP_FUNCTION void idle() {
    r_.flight = Flight::kIdle;
    r_.end = kNeverTicks;
    next_ns_ = kNever;
  }

  // So many iterations of the decodes that fly.
  SERVESWEEP_FUNCTION void plan(std::int64_t iterations) {
    r_.planned = iterations;
    r_.end = r_.start + r_.line.span(iterations);
    next_ns_ = floor_ns(r_.end);
  }

  // How many iterations of the decodes that fly end at or before `time`, which is before their end.
  SERVESWEEP_FUNCTION std::int64_t ended_by(Ticks time) const {
    const std::int64_t reached = iterations_until(time);
    return r_.start + r_.line.span(reached) == time ? reached : reached - 1;
  }

  // The first iteration of the decodes that fly that ends at or after `time`, from 1 on; the last
  // one if all end before. Estimated in floating point, settled in integers.
  SERVESWEEP_FUNCTION std::int64_t iterations_until(Ticks time) const {
    const Ticks span = time - r_.start;
    if (span <= r_.line.first) return 1;
    // n * (first - step / 2) + n * n * step / 2 = span, from where step is 0 on by Newton's method.
    const double wanted = ns_of(span);
    const double step = r_.line.step < 0 ? -ns_of(-r_.line.step) : ns_of(r_.line.step);
    const double first = ns_of(r_.line.first);
    const double linear = first - 0.5 * step;
    double estimate = wanted / first;
    for (int i = 0; i < 2 && step != 0; ++i) {
      const double excess = estimate * (linear + 0.5 * step * estimate) - wanted;
      estimate -= excess / (linear + step * estimate);
    }
    const auto most = static_cast<double>(r_.planned);
    auto n = static_cast<std::int64_t>(clamp_to(estimate, 1.0, most));
    while (n < r_.planned && r_.line.span(n) < span) ++n;
    while (n > 1 && r_.line.span(n - 1) >= span) --n;
    return n;
  }

  // Ends the flight after `iterations` of it.
  SERVESWEEP_FUNCTION void land(std::int64_t iterations) {
    switch (r_.flight) {
      case Flight::kIdle:
      case Flight::kWaking:
        return;
      case Flight::kDecodes:
        land_decodes(iterations);
        finish_sequences();
        return;
      case Flight::kSome:
        land_some();
        finish_sequences();
        return;
      case Flight::kPrefill:
        land_prefill();
        return;
    }
  }

  SERVESWEEP_FUNCTION void land_decodes(std::int64_t iterations) {
    const std::int32_t n = r_.num_decoding;
    const IterationLine& line = r_.line;
    if (iterations < r_.planned) plan(iterations);
    take_later_blocks(iterations);
    r_.peaks.blocks = max_of(r_.peaks.blocks, r_.used_blocks);
    const bool starts_evenly = r_.num_fresh == 0 && r_.common_last == r_.start;
    const Ticks span = r_.end - r_.start;
    if (starts_evenly) {
      recorder_.gaps(line, 0, iterations, span, n);
    } else {
      first_gaps(r_.start + line.first);
      recorder_.gaps(line, 1, iterations, span - line.first, n);
    }
    ReplicaTally& t = r_.tally;
    t.busy += span;
    t.iterations += iterations;
    ++t.flights;
    t.scheduled_tokens += n * iterations;
    // The sum over i of (context_sum + n * i) * (first + step * i).
    const std::int64_t pairs = iterations * (iterations - 1) / 2;
    t.kv_token_area +=
        r_.context_sum * span + n * (line.first * pairs + line.step * sum_of_squares(iterations));
    observe(iterations, n, r_.context_sum, 0, 0);
    passed(iterations);
    r_.context_sum += n * iterations;
    r_.common_last = r_.end;
  }

  // 0 + 1 + 4 + ... + (n - 1)^2, without a division of 128 bits.
  SERVESWEEP_FUNCTION static Ticks sum_of_squares(std::int64_t n) {
    std::int64_t pairs = n * (n - 1) / 2;
    std::int64_t odd = 2 * n - 1;
    if (n < 1 << 20) return static_cast<std::int64_t>(static_cast<std::uint64_t>(pairs * odd) / 3);
    (pairs % 3 == 0 ? pairs : odd) /= 3;
    return Ticks{pairs} * odd;
  }

  // Some sequences had their turn, the first ones; they go to the end of the list.
  SERVESWEEP_FUNCTION void land_some() {
    const std::int32_t count = r_.num_chosen;
    std::int64_t context = 0;
    std::int32_t slot = r_.first;
    for (std::int32_t i = 0; i < r_.num_decoding; ++i, slot = s_[slot].next) {
      if (i < r_.num_decoding - r_.num_fresh) s_[slot].last_token = r_.common_last;
      const std::int32_t cached = cached_tokens(slot);
      --phase_counts_[s_[slot].phase];
      if (i < count) {
        recorder_.gap(r_.end - s_[slot].last_token, 1);
        s_[slot].last_token = r_.end;
        context += cached + 1;
        s_[slot].phase = cached + 1;
      } else {
        finishing_.postpone(slot, ++s_[slot].finish_at);
        s_[slot].phase = cached;
      }
    }
    tally_iteration(context, count);
    observe(1, count, context, 0, 0);
    passed(1);
    r_.context_sum += count;
    r_.num_fresh = r_.num_decoding;
    for (slot = r_.first; slot != kNoSlot; slot = s_[slot].next) {
      s_[slot].phase = phases().phase_of(s_[slot].phase);
      ++phase_counts_[s_[slot].phase];
    }
    rotate(count);
  }

  SERVESWEEP_FUNCTION void land_prefill() {
    const std::int32_t n = w_.mode == SchedulingMode::kMixed ? r_.num_decoding : 0;
    if (n > 0) first_gaps(r_.end);
    std::int64_t tokens = 0;
    std::int64_t cached = n > 0 ? r_.context_sum : 0;
    for (std::int32_t slot = first_chunk(); slot != kNoSlot; slot = s_[slot].next) {
      tokens += s_[slot].chunk;
      cached += s_[slot].computed + s_[slot].chunk;
    }
    tally_iteration(cached, n + tokens);
    observe(1, n, n > 0 ? r_.context_sum : 0, tokens, r_.num_admitted + (r_.partial != kNoSlot));
    if (n > 0) {
      passed(1);
      r_.context_sum += n;
      finish_sequences();
    }
    const bool all_at_once = n == r_.num_decoding && w_.prefill_yields_token;
    if (all_at_once) r_.common_last = r_.end;
    std::int32_t slot = first_chunk();
    r_.partial = kNoSlot;
    while (slot != kNoSlot) {
      const std::int32_t next = s_[slot].next;
      s_[slot].computed += s_[slot].chunk;
      if (s_[slot].computed < s_[slot].known) {
        r_.partial = slot;
      } else {
        complete_prefill(slot, !all_at_once);
      }
      slot = next;
    }
  }

  // Of those that the iteration prefills, which are the last ones.
  SERVESWEEP_FUNCTION std::int32_t first_chunk() const {
    if (r_.partial != kNoSlot) return r_.partial;
    std::int32_t slot = r_.last;
    for (std::int32_t i = 1; i < r_.num_admitted; ++i) slot = s_[slot].previous;
    return r_.num_admitted > 0 ? slot : kNoSlot;
  }

  SERVESWEEP_FUNCTION void complete_prefill(std::int32_t slot, bool is_fresh) {
    Sequence& s = s_[slot];
    const bool is_first = s.first_token < 0;
    if (is_first) s.first_token = r_.end;
    if (w_.prefill_yields_token) {
      if (!is_first && s.generated > 0) recorder_.gap(r_.end - s.last_token, 1);
      ++s.generated;
    }
    if (is_first || w_.prefill_yields_token) s.last_token = r_.end;
    if (s.generated == s.output) {
      leave(slot, s.computed);
      return;
    }
    s.finish_at = r_.decodes_done + (s.output - s.generated);
    s.phase = phases().phase_of(s.computed);
    ++phase_counts_[s.phase];
    finishing_.push(s.finish_at, slot);
    ++r_.num_decoding;
    r_.num_fresh += is_fresh;
    r_.context_sum += s.computed + 1;
  }

  // Inter-token times of all decoding sequences whose next token comes at `end`.
  SERVESWEEP_FUNCTION void first_gaps(Ticks end) {
    recorder_.gap(end - r_.common_last, r_.num_decoding - r_.num_fresh);
    for (std::int32_t slot = r_.last; r_.num_fresh > 0; slot = s_[slot].previous) {
      if (s_[slot].heap_place == kNoSlot) continue;
      recorder_.gap(end - s_[slot].last_token, 1);
      --r_.num_fresh;
    }
    r_.common_last = end;
  }

  SERVESWEEP_FUNCTION void tally_iteration(std::int64_t cached, std::int64_t tokens) {
    const Ticks span = r_.end - r_.start;
    ReplicaTally& t = r_.tally;
    t.busy += span;
    ++t.iterations;
    ++t.flights;
    t.scheduled_tokens += tokens;
    t.kv_token_area += cached * span;
  }

  SERVESWEEP_FUNCTION void passed(std::int64_t iterations) {
    r_.decodes_done += iterations;
    const std::int64_t phase = r_.phase + iterations;
    r_.phase = static_cast<std::int32_t>(phase < w_.block_size ? phase : phase % w_.block_size);
  }

  SERVESWEEP_FUNCTION void finish_sequences() {
    while (!finishing_.is_empty() && finishing_.least().finish_at == r_.decodes_done) {
      const std::int32_t slot = w_.prefix_caching ? first_finished() : finishing_.least().slot;
      s_[slot].generated = s_[slot].output;
      if (r_.num_fresh > 0) --r_.num_fresh;  // after land_some(), when all are
      const std::int32_t cached = s_[slot].prompt + s_[slot].output - w_.prefill_tokens_out();
      stop_decoding(slot, cached);
      leave(slot, cached);
    }
  }

  // Where prefixes are cached, the order in which blocks are given back matters.
  SERVESWEEP_FUNCTION std::int32_t first_finished() const {
    std::int32_t slot = r_.first;
    while (s_[slot].heap_place == kNoSlot || s_[slot].finish_at != r_.decodes_done) {
      slot = s_[slot].next;
    }
    return slot;
  }

  // -- scheduling ---------------------------------------------------------------------------------

  SERVESWEEP_FUNCTION void schedule(Ticks now) {
    r_.num_admitted = 0;
    r_.num_preempted = 0;
    if (w_.mode == SchedulingMode::kMixed) {
      schedule_mixed(now);
      return;
    }
    if (w_.mode == SchedulingMode::kStatic && !serves_batch(now)) return;
    IterationShape shape;
    if (r_.num_waiting > 0) admit(now, w_.max_batched_tokens, shape);
    if (shape.chunks > 0) {
      fly_prefill(now, shape);
    } else {
      schedule_decodes(now);
    }
  }

  SERVESWEEP_FUNCTION void schedule_mixed(Ticks now) {
    IterationShape shape;
    for (;;) {
      const std::int32_t n = r_.num_decoding;
      std::int64_t need = phases().needed_now();
      if (r_.partial != kNoSlot) {
        Sequence& s = s_[r_.partial];
        s.chunk = static_cast<std::int32_t>(
            min_of<std::int64_t>(s.known - s.computed, w_.max_batched_tokens - n));
        need += w_.blocks_of(s.computed + s.chunk) - w_.blocks_of(s.computed);
      }
      if (need <= free_blocks()) break;
      preempt_last(now);
    }
    std::int64_t budget = w_.max_batched_tokens - r_.num_decoding;
    if (r_.partial != kNoSlot) {
      const Sequence& s = s_[r_.partial];
      add_chunk(shape, s.computed, s.chunk);
      budget -= s.chunk;
    }
    take_blocks(r_.num_decoding);
    if (r_.partial != kNoSlot) take_chunk_blocks(r_.partial);
    if (r_.num_preempted == 0 && r_.num_waiting > 0) admit(now, budget, shape);
    if (shape.chunks > 0) {
      shape.decodes = r_.num_decoding;
      shape.context_sum = r_.context_sum;
      fly_prefill(now, shape);
    } else {
      fly_decodes(now);
    }
  }

  SERVESWEEP_FUNCTION void schedule_decodes(Ticks now) {
    for (;;) {
      std::int64_t need = 0;
      if (r_.context_sum > w_.max_decode_context && r_.num_decoding > 1) {
        std::int64_t context = 0;
        r_.num_chosen = choose(context, need);
        if (need <= free_blocks()) {
          take_blocks(r_.num_chosen);
          r_.peaks.blocks = max_of(r_.peaks.blocks, r_.used_blocks);
          members(r_.num_chosen);
          fly(Flight::kSome, now, now + w_.service_of(index_).line(r_.num_chosen, context).first);
          return;
        }
      } else if (r_.num_decoding > 0) {
        need = phases().needed_now();
      }
      if (need <= free_blocks()) break;
      preempt_last(now);
    }
    take_blocks(r_.num_decoding);
    fly_decodes(now);
  }

  // How many of the first sequences decode in one iteration under the limit of its context.
  SERVESWEEP_FUNCTION std::int32_t choose(std::int64_t& context, std::int64_t& need) const {
    std::int32_t count = 0;
    for (std::int32_t slot = r_.first; slot != kNoSlot; slot = s_[slot].next, ++count) {
      const std::int32_t cached = cached_tokens(slot);
      if (count > 0 && context + cached + 1 > w_.max_decode_context) break;
      context += cached + 1;
      need += cached % w_.block_size == 0;
    }
    return count;
  }

  // All sequences decode until something changes. The first iteration has its blocks.
  SERVESWEEP_FUNCTION void fly_decodes(Ticks now) {
    const std::int32_t n = r_.num_decoding;
    if (n == 0) {
      idle();
      return;
    }
    r_.line = w_.service_of(index_).line(n, r_.context_sum);
    std::int64_t most = finishing_.least().finish_at - r_.decodes_done;
    most = min_of(most, r_.line.count);
    if (w_.max_decode_context < INT64_MAX) {
      most = min_of(most, max_of<std::int64_t>(0, w_.max_decode_context - r_.context_sum) / n + 1);
    }
    // Who was preempted may be admitted before the next iteration.
    if (w_.step || r_.num_preempted > 0 || looks_at_cache()) most = 1;
    most = phases().affordable(most, n, free_blocks() + phases().needed_now());
    members(n);
    r_.flight = Flight::kDecodes;
    r_.start = now;
    plan(most);
  }

  SERVESWEEP_FUNCTION void fly_prefill(Ticks now, const IterationShape& shape) {
    r_.peaks.blocks = max_of(r_.peaks.blocks, r_.used_blocks);
    members(shape.decodes);
    fly(Flight::kPrefill, now, now + w_.service_of(index_).time(shape));
  }

  // -- blocks -------------------------------------------------------------------------------------

  SERVESWEEP_FUNCTION std::int64_t free_blocks() const { return w_.num_blocks - r_.used_blocks; }

  // For the next iteration of the first `count` decoding sequences.
  SERVESWEEP_FUNCTION void take_blocks(std::int32_t count) {
    if (!w_.prefix_caching && count == r_.num_decoding) {
      r_.used_blocks += phases().needed_now();
      return;
    }
    for (std::int32_t slot = r_.first; count > 0; slot = s_[slot].next, --count) {
      const std::int32_t cached = cached_tokens(slot);
      r_.used_blocks += cached % w_.block_size == 0;
      if (w_.prefix_caching) cache().extend(slot, s_[slot].request, cached, 1);
    }
  }

  // That the decodes that fly take after their first iteration.
  SERVESWEEP_FUNCTION std::int64_t needed_after_first(std::int64_t iterations) const {
    const BlockPhases now = phases();
    return now.needed(iterations, r_.num_decoding) - now.needed_now();
  }
  SERVESWEEP_FUNCTION void take_later_blocks(std::int64_t iterations) {
    r_.used_blocks += needed_after_first(iterations);
    if (!w_.prefix_caching) return;
    for (std::int64_t i = 1; i < iterations; ++i) {
      for (std::int32_t slot = r_.first; slot != kNoSlot; slot = s_[slot].next) {
        cache().extend(slot, s_[slot].request, cached_tokens(slot) + i, 1);
      }
    }
  }

  // For the chunk of a sequence that is prefilled.
  SERVESWEEP_FUNCTION void take_chunk_blocks(std::int32_t slot) {
    const Sequence& s = s_[slot];
    r_.used_blocks += w_.blocks_of(s.computed + s.chunk) - w_.blocks_of(s.computed);
    if (w_.prefix_caching) cache().extend(slot, s.request, s.computed, s.chunk);
  }

  // Of a sequence with so many tokens in the cache.
  SERVESWEEP_FUNCTION void give_back_blocks(std::int32_t slot, std::int64_t cached) {
    const std::int64_t blocks = w_.blocks_of(cached);
    r_.used_blocks -= w_.prefix_caching ? cache().give_back(slot, blocks) : blocks;
  }

  // -- admission ----------------------------------------------------------------------------------

  // Whether what is cached after each iteration may matter: to a router, or to one who waits for
  // blocks, whose hits come and go.
  SERVESWEEP_FUNCTION bool looks_at_cache() const {
    return w_.prefix_caching && ((w_.router == Router::kPrefixAffinity && w_.num_replicas > 1) ||
                                 (r_.num_waiting > 0 && r_.num_running < w_.max_sequences));
  }

  SERVESWEEP_FUNCTION static void add_chunk(IterationShape& shape, std::int64_t computed,
                                            std::int64_t tokens) {
    ++shape.chunks;
    shape.prefill_tokens += tokens;
    shape.prefill_context += computed;
    shape.prefill_pair_tokens += tokens * (computed + tokens);
  }

  SERVESWEEP_FUNCTION std::uint32_t first_waiting() const {
    return w_.mode == SchedulingMode::kStatic ? r_.batch_head : queue().head();
  }

  SERVESWEEP_FUNCTION void admit(Ticks now, std::int64_t budget, IterationShape& shape) {
    while (r_.num_running < w_.max_sequences && budget > 0) {
      const bool again = r_.preempted != kNoSlot;
      const std::uint32_t request = again ? s_[r_.preempted].request : first_waiting();
      if (request == kNoRequest) return;
      const std::int64_t known = again ? s_[r_.preempted].known : w_.prompt(request);
      const std::int32_t hits = count_hits(request, known);
      const std::int64_t computed = std::int64_t{hits} * w_.block_size;
      std::int64_t chunk = known - computed;
      if (chunk > budget) {
        if (!w_.takes_whole_prompts()) {
          chunk = budget;
        } else if (!again || s_[r_.preempted].generated == 0 || r_.num_admitted > 0) {
          return;
        }
      }
      const std::int32_t held_hits = hits == 0 ? 0 : hits - cache().count_free(request, hits);
      const std::int64_t blocks = w_.blocks_of(computed + chunk) - held_hits;
      if (free_blocks() - blocks < w_.watermark_blocks) return;
      const std::int32_t slot = again ? pop_preempted() : enter(now);
      s_[slot].computed = static_cast<std::int32_t>(computed);
      s_[slot].chunk = static_cast<std::int32_t>(chunk);
      if (hits > 0) {
        r_.used_blocks += hits - held_hits;
        cache().hold_hits(slot, request, hits);
        r_.tally.cached_tokens += computed;
      }
      take_chunk_blocks(slot);
      budget -= chunk;
      add_chunk(shape, computed, chunk);
      join_running(slot);
      ++r_.num_admitted;
      --r_.num_waiting;
      r_.tally.waiting_area += now;
      r_.tally.running_area -= now;
    }
  }

  // Leading blocks of `known` tokens to prefill that are cached; the last token never is.
  SERVESWEEP_FUNCTION std::int32_t count_hits(std::uint32_t request, std::int64_t known) const {
    return w_.prefix_caching ? cache().count_hits(request, (known - 1) / w_.block_size) : 0;
  }

  // Gives the first waiting request a slot.
  SERVESWEEP_FUNCTION std::int32_t enter(Ticks now) {
    std::uint32_t request = r_.batch_head;
    if (w_.mode == SchedulingMode::kStatic) {
      r_.batch_head = state_.next[request];
    } else {
      request = queue().pop();
    }
    const std::int32_t slot = r_.free_slot;
    Sequence& s = s_[slot];
    r_.free_slot = s.next;
    s.request = request;
    s.arrival_ns = w_.arrival_ns(request);
    s.prompt = w_.prompt(request);
    s.output = max_of(w_.output(request), batch_output(s.prompt));
    s.known = s.prompt;
    s.generated = 0;
    s.heap_place = kNoSlot;
    s.first_scheduled = now;
    s.first_token = -1;
    return slot;
  }

  // What every member of the client's batch generates, as far as its blocks allow; 0 without.
  SERVESWEEP_FUNCTION std::int32_t batch_output(std::int32_t prompt) const {
    if (!w_.batch_max_tokens) return 0;
    const std::int64_t most =
        min_of(w_.most_cached_tokens() + w_.prefill_tokens_out(), w_.max_model_len);
    return static_cast<std::int32_t>(min_of<std::int64_t>(r_.batch_output, most - prompt));
  }

  SERVESWEEP_FUNCTION std::int32_t pop_preempted() {
    const std::int32_t slot = r_.preempted;
    r_.preempted = s_[slot].next;
    return slot;
  }

  // Whether a request that is the first to wait may be admitted at the next end of an iteration of
  // the decodes that fly.
  SERVESWEEP_FUNCTION bool may_admit(std::uint32_t request) const {
    if (w_.mode == SchedulingMode::kStatic || r_.preempted != kNoSlot ||
        r_.num_running >= w_.max_sequences) {
      return false;
    }
    if (w_.prefix_caching) return true;
    const std::int64_t budget =
        w_.max_batched_tokens - (w_.mode == SchedulingMode::kMixed ? r_.num_decoding : 0);
    std::int64_t chunk = w_.prompt(request);
    if (chunk > budget) {
      if (w_.takes_whole_prompts()) return false;
      chunk = budget;
    }
    return chunk > 0 && free_blocks() - w_.blocks_of(chunk) >= w_.watermark_blocks;
  }

  // -- the client's batches -----------------------------------------------------------------------

  SERVESWEEP_FUNCTION std::int64_t client_sends_at(std::int64_t now_ns) const {
    return r_.num_queued >= w_.client_batch ? now_ns : r_.last_arrival_ns + w_.flush_ns;
  }

  // Whether a batch is being served; sends the next one where it may, else waits for it.
  SERVESWEEP_FUNCTION bool serves_batch(Ticks now) {
    if (r_.num_running > 0 || r_.preempted != kNoSlot || r_.batch_head != kNoRequest) return true;
    while (r_.ended != kNoSlot) {
      const std::int32_t slot = r_.ended;
      r_.ended = s_[slot].next;
      ServedRequest served = recorder_.served(s_[slot], index_, s_[slot].last_token);
      served.end = r_.end;
      report(served);
      free_slot(slot);
    }
    if (queue().is_empty()) {
      idle();
      return false;
    }
    if (r_.num_queued < w_.client_batch && now < ticks_of_ns(r_.last_arrival_ns + w_.flush_ns)) {
      wake_at(r_.last_arrival_ns + w_.flush_ns);
      return false;
    }
    r_.batch_output = 0;
    for (std::int32_t i = 0; i < w_.client_batch && !queue().is_empty(); ++i) {
      const std::uint32_t request = queue().pop();
      r_.batch_output = max_of(r_.batch_output, w_.output(request));
      append_request(state_.next, r_.batch_head, r_.batch_tail, request);
    }
    return true;
  }

  // -- the running list ---------------------------------------------------------------------------

  SERVESWEEP_FUNCTION BlockPhases phases() const {
    return BlockPhases(phase_counts_, w_.block_size, r_.phase);
  }

  // Of a decoding sequence.
  SERVESWEEP_FUNCTION std::int32_t generated(std::int32_t slot) const {
    return s_[slot].output - static_cast<std::int32_t>(s_[slot].finish_at - r_.decodes_done);
  }
  SERVESWEEP_FUNCTION std::int32_t cached_tokens(std::int32_t slot) const {
    return s_[slot].prompt + generated(slot) - w_.prefill_tokens_out();
  }

  SERVESWEEP_FUNCTION void join_running(std::int32_t slot) {
    s_[slot].previous = r_.last;
    s_[slot].next = kNoSlot;
    (r_.last == kNoSlot ? r_.first : s_[r_.last].next) = slot;
    r_.last = slot;
    ++r_.num_running;
    r_.peaks.running = max_of<std::int64_t>(r_.peaks.running, r_.num_running);
  }

  SERVESWEEP_FUNCTION void leave_running(std::int32_t slot) {
    const Sequence& s = s_[slot];
    (s.previous == kNoSlot ? r_.first : s_[s.previous].next) = s.next;
    (s.next == kNoSlot ? r_.last : s_[s.next].previous) = s.previous;
    --r_.num_running;
  }

  // Moves the first `count` sequences, not all, to the end.
  SERVESWEEP_FUNCTION void rotate(std::int32_t count) {
    std::int32_t cut = r_.first;
    for (std::int32_t i = 1; i < count; ++i) cut = s_[cut].next;
    const std::int32_t first = s_[cut].next;
    s_[r_.last].next = r_.first;
    s_[r_.first].previous = r_.last;
    s_[cut].next = kNoSlot;
    s_[first].previous = kNoSlot;
    r_.first = first;
    r_.last = cut;
  }

  SERVESWEEP_FUNCTION void stop_decoding(std::int32_t slot, std::int32_t cached) {
    finishing_.remove(slot);
    s_[slot].heap_place = kNoSlot;
    --phase_counts_[s_[slot].phase];
    --r_.num_decoding;
    r_.context_sum -= cached + 1;
  }

  // The last sequence gives its blocks back and waits again.
  SERVESWEEP_FUNCTION void preempt_last(Ticks now) {
    const std::int32_t slot = r_.last;
    Sequence& s = s_[slot];
    if (slot == r_.partial) {
      r_.partial = kNoSlot;
    } else {
      if (r_.num_fresh > 0) {
        --r_.num_fresh;
      } else {
        s.last_token = r_.common_last;
      }
      s.computed = cached_tokens(slot);
      s.generated = generated(slot);
      stop_decoding(slot, s.computed);
      s.known = s.prompt + s.generated;
    }
    leave_running(slot);
    give_back_blocks(slot, s.computed);
    ReplicaTally& t = r_.tally;
    ++t.preemptions;
    t.recomputed_tokens += s.computed;
    t.running_area += now;
    t.waiting_area -= now;
    s.next = r_.preempted;
    r_.preempted = slot;
    ++r_.num_waiting;
    r_.peaks.waiting = max_of<std::int64_t>(r_.peaks.waiting, r_.num_waiting);
    ++r_.num_preempted;
  }

  // A sequence that has all its tokens.
  SERVESWEEP_FUNCTION void leave(std::int32_t slot, std::int32_t cached) {
    leave_running(slot);
    give_back_blocks(slot, cached);
    r_.tally.running_area += r_.end;
    if (w_.batch_timing) {
      s_[slot].last_token = r_.end;
      s_[slot].next = r_.ended;
      r_.ended = slot;
      return;
    }
    report(recorder_.served(s_[slot], index_, r_.end));
    free_slot(slot);
  }

  SERVESWEEP_FUNCTION void free_slot(std::int32_t slot) {
    s_[slot].next = r_.free_slot;
    r_.free_slot = slot;
  }

  // -- observers ----------------------------------------------------------------------------------

  SERVESWEEP_FUNCTION void report(const ServedRequest& served) {
    recorder_.completed(served);
    observer_.request(served);
  }

  SERVESWEEP_FUNCTION void observe(std::int64_t iterations, std::int32_t decodes,
                                   std::int64_t context_sum, std::int64_t tokens,
                                   std::int32_t chunks) {
    observer_.flight({r_.start, r_.end, iterations, context_sum, tokens, r_.used_blocks, index_,
                      decodes, chunks, r_.num_waiting, r_.num_preempted});
  }

  // Shows the iteration that is scheduled: its first `decodes` decoding sequences, its chunks.
  SERVESWEEP_FUNCTION void members(std::int32_t decodes) {
    if constexpr (Observer::kSeesSequences) {
      for (std::int32_t slot = r_.first; slot != kNoSlot; slot = s_[slot].next) {
        const Sequence& s = s_[slot];
        if (s.heap_place != kNoSlot) {
          if (decodes-- > 0) observer_.member(index_, s.request, cached_tokens(slot), 0);
        } else {
          observer_.member(index_, s.request, s.computed, s.chunk);
        }
      }
    }
  }

  SERVESWEEP_FUNCTION void check([[maybe_unused]] Flight flight) const {
#ifndef NDEBUG
    check_replica(w_, memory(), flight);
#endif
  }

  // -- views of the replica's memory, made where they are used: a GPU has no registers to keep them

  SERVESWEEP_FUNCTION ReplicaMemory memory() const { return state_.of(index_, w_); }
  SERVESWEEP_FUNCTION WaitingQueue queue() const { return WaitingQueue(w_, memory()); }
  SERVESWEEP_FUNCTION PrefixCache cache() const { return PrefixCache(w_, memory()); }

  const ContinuousWorld& w_;
  const ContinuousState& state_;
  Replica& r_;
  Sequence* s_;
  std::int32_t* phase_counts_;
  FinishHeap finishing_;
  std::int64_t& next_ns_;
  Observer& observer_;
  ReplicaRecorder<Lanes> recorder_;
  std::int32_t index_;
};

}  // namespace servesweep
