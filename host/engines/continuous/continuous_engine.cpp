#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "host/base/error.hpp"
#include "host/base/random.hpp"
#include "host/base/units.hpp"
#include "host/engines/continuous/continuous_metrics.hpp"
#include "host/engines/continuous/continuous_params.hpp"
#include "host/engines/continuous/continuous_services.hpp"
#include "host/engines/engine_model.hpp"
#include "host/engines/engines.hpp"
#include "host/latency/iteration_table.hpp"
#include "kernels/continuous_runner.hpp"

namespace servesweep {

namespace {

struct ServedWorkload : WorkloadRequests {
  std::vector<std::uint64_t> router_draws;  // [request], twice 32 bits; empty until needed
  std::int64_t output_tokens = 0;
  std::int32_t longest_prompt = 1;
  std::int32_t longest_output = 1;
  std::vector<std::int32_t> classes;  // priorities, rising, where they are counted apart

  explicit ServedWorkload(std::shared_ptr<const Workload> requests)
      : WorkloadRequests(std::move(requests)) {
    for (std::size_t i = 0; i < workload->size(); ++i) {
      const std::int32_t output = std::max(1, workload->output_tokens[i]);
      output_tokens += output;
      longest_output = std::max(longest_output, output);
      longest_prompt = std::max(longest_prompt, workload->prompt_tokens[i]);
    }
    const std::set<std::int32_t> different(workload->priority.begin(), workload->priority.end());
    if (different.size() > 1 && different.size() <= static_cast<std::size_t>(kMostClasses)) {
      classes.assign(different.begin(), different.end());
    }
  }

  // Tokens of the longest prompt and the longest output together.
  std::int64_t longest_tokens() const { return std::int64_t{longest_prompt} + longest_output; }
  // The most output tokens that a world generates.
  std::int64_t most_output_tokens(bool all_longest) const {
    return all_longest ? static_cast<std::int64_t>(size()) * longest_output : output_tokens;
  }
};

// A profile's table in device memory.
struct DeviceTable {
  IterationTable table;
  std::shared_ptr<const double> numbers;
  TableIteration::Lowered lowered;
};

class ContinuousModel : public ModelBase<ContinuousRunner, ContinuousParams> {
 public:
  using ModelBase::ModelBase;
  static constexpr const char* kName = "continuous";
  static constexpr double kTypicalRequestsPerSecond = 2.5e6;
  static constexpr std::int64_t kMostRequestsPerThread = 20'000'000;
  using Requests = ServedWorkload;

  static void add_parameters(ParameterSet& set) { add_continuous_parameters(set); }
  static ContinuousParams read(const ParameterSet& set, const double* values,
                               const std::vector<std::string>& texts) {
    return read_continuous_params(set, values, texts);
  }
  static std::vector<Finding> check(const ContinuousParams& params) {
    return check_continuous_params(params);
  }

  static auto metrics() { return continuous_metrics(); }
  static ContinuousOutcome outcome_of(const ContinuousWorld& world, const Kept&,
                                      const ContinuousResult& result) {
    return {world, result};
  }
  static auto histograms() { return continuous_histograms(); }
  static auto units() { return continuous_units(); }

  ContinuousWorld lower_world(const ContinuousParams& params, const RandomSource& random,
                              ServedWorkload& requests) {
    if (params.kv.prefix_caching) check_prefixes(*requests.workload, params);
    if (params.needs_router_draws()) {
      const RandomStream stream = random.stream(StreamId::kRouter);
      requests.draw(requests.router_draws, [&](std::size_t i) { return stream.block(i, 0)[0]; });
    }
    ContinuousWorld world = lower(params, static_cast<std::int64_t>(requests.size()));
    check_tokens(world, requests);
    world.most_output_tokens = requests.most_output_tokens(world.batch_max_tokens);
    world.load_scaling = load_scaling(params.workload, *requests.workload);
    world.requests.count = static_cast<std::int64_t>(requests.size());
    world.requests.num_classes = static_cast<std::int32_t>(requests.classes.size());
    if (params.kv.prefix_caching) {
      world.requests.num_hashes = requests.workload->num_prefix_hashes;
      const std::int32_t of_hash = requests.workload->prefix_block_tokens;
      world.blocks_per_hash = std::max(1, of_hash / world.block_size);
      world.hashes_per_block = std::max(1, world.block_size / of_hash);
    }
    world.table_blocks = std::min(world.blocks_of(requests.longest_tokens()),
                                  world.num_blocks - world.watermark_blocks);
    for (const ProfileUse& use : profiles_of(params)) {
      world.groups[use.group].service.as<TableIteration>() = table_of(use.profile);
    }
    return world;
  }

  static std::vector<RequestArray> inputs_of(const ContinuousParams& params,
                                             const ContinuousWorld& world,
                                             const ServedWorkload& requests) {
    const Workload& from = *requests.workload;
    const ReplicaRequests& to = world.requests;
    std::vector<RequestArray> inputs = {{from.arrival_ns, world, to.arrival_ns},
                                        {from.prompt_tokens, world, to.prompt_tokens},
                                        {from.output_tokens, world, to.output_tokens},
                                        {from.predicted_tokens, world, to.predicted_tokens},
                                        {from.priority, world, to.priority},
                                        {requests.classes, world, to.class_priority}};
    if (params.kv.prefix_caching) {
      inputs.emplace_back(from.prefix_begin, world, to.prefix_begin);
      inputs.emplace_back(from.prefix_hashes, world, to.prefix_hashes);
    }
    if (params.needs_router_draws()) {
      inputs.emplace_back(requests.router_draws, world, to.router_draws);
    }
    return inputs;
  }
  static Refusal refusal(const ContinuousWorld& world) {
    const std::size_t replicas = ContinuousState::bytes(world);
    const std::size_t requests =
        static_cast<std::size_t>(world.requests.count) * sizeof(std::uint64_t);
    Refusal refusal{", its replicas' state takes " + format_size(replicas)};
    if (replicas > 4 * requests) {
      refusal.remedy =
          "cluster.num_replicas, scheduler.max_num_seqs or, with prefix caching, the KV blocks";
    }
    return refusal;
  }

  // How long a world runs, in arbitrary units, for starting long worlds first.
  static std::int64_t expected_work(const ContinuousWorld& world) {
    return world.requests.count * (16 + world.num_replicas);
  }

  static void sort_events(std::vector<IterationRun>& runs) {
    std::stable_sort(runs.begin(), runs.end(), [](const IterationRun& a, const IterationRun& b) {
      return a.start < b.start;
    });
  }
  static constexpr const char* kEventColumns =
      "start_s,end_s,replica,iterations,decodes,context_tokens,prefills,prefill_tokens,kv_blocks,"
      "waiting,preemptions";
  static auto event_row(const IterationRun& r) {
    return std::tuple(seconds_of(r.start), seconds_of(r.end), r.replica, r.iterations, r.decodes,
                      r.context_sum, r.chunks, r.prefill_tokens, r.used_blocks, r.waiting,
                      r.preemptions);
  }

 private:
  // Histograms count inter-token times in 31 bits.
  static void check_tokens(const ContinuousWorld& world, const ServedWorkload& requests) {
    const std::int64_t tokens = requests.most_output_tokens(world.batch_max_tokens);
    if (tokens <= INT32_MAX) return;
    throw InputError("a world of up to " + format_count(tokens, "output token") +
                     " (it counts at most 2,147,483,647) lower workload.requests");
  }

  static void check_prefixes(const Workload& workload, const ContinuousParams& params) {
    const std::int32_t of_hash = workload.prefix_block_tokens;
    const std::int32_t of_block = params.kv.block_size;
    if (of_hash == 0) {
      throw InputError(
          "invalid prefix_caching=true (the workload has no prefix hashes) name a trace that has "
          "them, or leave it out");
    }
    if (of_hash % of_block != 0 && of_block % of_hash != 0) {
      throw InputError("invalid block_size=" + std::to_string(of_block) +
                       " (a prefix hash of the workload is of " + std::to_string(of_hash) +
                       " tokens) take a divisor or a multiple of that, or leave out "
                       "prefix_caching");
    }
    const std::int64_t hashes =
        std::int64_t{workload.num_prefix_hashes} * std::max(1, of_hash / of_block);
    if (hashes > INT32_MAX) {
      throw InputError("invalid block_size=" + std::to_string(of_block) + " (the workload has " +
                       format_count(hashes, "different KV block") +
                       " of it, and at most 2,147,483,647 are told apart) take a larger one, at "
                       "most " +
                       std::to_string(of_hash) + ", or fewer requests");
    }
  }

  const TableIteration::Lowered& table_of(const ProfileUse::Profile& use) {
    DeviceTable& device = tables_[use];
    if (device.numbers == nullptr) {
      const KernelProfile profile = use.preset == ServicePreset::kNone
                                        ? files_.kernel_profile(use.folder)
                                        : files_.preset_profile(use.preset);
      try {
        device.table = make_iteration_table(profile, use.layers);
      } catch (const InputError& error) {
        throw InputError((use.folder.empty() ? name_of(use.preset) : use.folder) + ": " +
                         error.what());
      }
      device.numbers = upload_table(device.table.numbers);
      device.lowered = device.table.at(device.numbers.get());
    }
    return device.lowered;
  }

  std::map<ProfileUse::Profile, DeviceTable> tables_;
};

}  // namespace

std::unique_ptr<Engine> make_continuous_engine() { return make_engine_of<ContinuousModel>(); }

}  // namespace servesweep
