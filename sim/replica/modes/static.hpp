// A client sends batches and waits for a batch's end before it sends the next one; the replica
// serves the batch as in prefill_first. This is what a client that sends blocking batches makes of
// any server.
#pragma once

#include "sim/replica/modes/prefill_first.hpp"
#include "sim/replica/request_list.hpp"

namespace servesweep {

constexpr std::int32_t kMaxSequences = 1 << 20;

enum class ClientTiming : std::int32_t { kServer, kBatch };
template <>
struct EnumNames<ClientTiming> {
  static constexpr const char* values[] = {"server", "batch"};
};

struct ClientBatchParams {
  std::int32_t client_batch = 16;
  bool batch_max_tokens = false;
  double flush_s = 0.0;
  ClientTiming client_timing = ClientTiming::kServer;

  template <class Visitor>
  static void fields(Visitor&& visit) {
    using P = ClientBatchParams;
    visit(&P::client_batch, "client_batch", "requests", 1, kMaxSequences,
          "Requests that the client sends at a time.");
    visit(&P::batch_max_tokens, "batch_max_tokens",
          "Every member of a batch generates as many tokens as the one with most.");
    visit(&P::flush_s, "flush_s", "s", 0, 4e9,
          "A smaller batch is sent when no request has come for so long.");
    visit(
        &P::client_timing, "client_timing",
        "Where a request's end-to-end latency ends: with the request (server) or with its batch.");
  }
};

struct StaticMode : ModeDefaults {
  static constexpr const char* kName = "static";
  static constexpr bool kSendsBatches = true;

  using Schedule = PrefillFirstMode;

  // When the client sends a batch if nothing comes after now.
  template <class Scheduler>
  SERVESWEEP_FUNCTION static std::int64_t sends_at(const Scheduler& scheduler,
                                                   std::int64_t now_ns) {
    const auto& r = scheduler.replica();
    const auto& w = scheduler.world();
    return r.queue.count >= w.client_batch ? now_ns : r.last_arrival_ns + w.flush_ns;
  }

  // Whether a batch is being served; sends the next one where it may, else waits for it.
  template <class Scheduler>
  SERVESWEEP_FUNCTION static bool is_ready(Scheduler& scheduler, Ticks now) {
    auto& r = scheduler.replica();
    auto& sequences = scheduler.sequences();
    const auto& w = scheduler.world();
    if (r.num_running > 0 || r.preempted >= 0 || r.batch_head != kNoRequest) return true;
    while (r.ended >= 0) {
      const std::int32_t slot = r.ended;
      r.ended = sequences[slot].next;
      scheduler.iterations().report(slot, sequences[slot].last_token, r.end);
      sequences.free_slot(slot);
    }
    auto queue = scheduler.queue();
    if (queue.is_empty() || scheduler.admits_nothing()) {
      scheduler.iterations().idle();
      return false;
    }
    const std::int64_t flush_ns = r.last_arrival_ns + w.flush_ns;
    if (r.queue.count < w.client_batch && now < ticks_of_ns(flush_ns)) {
      scheduler.iterations().wait_until(ticks_of_ns(flush_ns));
      return false;
    }
    r.batch_output = 0;
    for (std::int32_t i = 0; i < w.client_batch && !queue.is_empty(); ++i) {
      const std::uint32_t request = queue.pop();
      r.batch_output = max_of(r.batch_output, w.output(request));
      append_request(scheduler.states().next, r.batch_head, r.batch_tail, request);
    }
    return true;
  }
};

}  // namespace servesweep
