#include "host/engines/continuous/continuous_engine.hpp"

#include <algorithm>
#include <map>
#include <ostream>
#include <utility>

#include "host/base/error.hpp"
#include "host/base/random.hpp"
#include "host/base/units.hpp"
#include "host/engines/continuous/continuous_metrics.hpp"
#include "host/engines/continuous/continuous_params.hpp"
#include "host/engines/continuous/continuous_services.hpp"
#include "host/engines/engine_model.hpp"
#include "host/latency/iteration_table.hpp"
#include "kernels/continuous_runner.hpp"

namespace servesweep {

namespace {

// A workload as worlds read it, kept as long as chunks use it.
struct ServedWorkload {
  std::shared_ptr<const Workload> workload;
  std::vector<std::uint64_t> router_draws;  // [request], twice 32 bits; empty until needed
  std::int64_t output_tokens = 0;
  std::int32_t longest_prompt = 1;
  std::int32_t longest_output = 1;

  explicit ServedWorkload(std::shared_ptr<const Workload> requests)
      : workload(std::move(requests)) {
    for (std::size_t i = 0; i < workload->size(); ++i) {
      const std::int32_t output = std::max(1, workload->output_tokens[i]);
      output_tokens += output;
      longest_output = std::max(longest_output, output);
      longest_prompt = std::max(longest_prompt, workload->prompt_tokens[i]);
    }
  }

  std::size_t size() const { return workload->size(); }
  std::size_t bytes() const {
    return bytes_of(*workload) + router_draws.size() * sizeof(std::uint64_t);
  }
  // Of the longest prompt with the longest output.
  std::int64_t longest_tokens() const { return std::int64_t{longest_prompt} + longest_output; }
  // That a world generates at most.
  std::int64_t most_output_tokens(bool all_longest) const {
    return all_longest ? static_cast<std::int64_t>(size()) * longest_output : output_tokens;
  }
};

// What a world may read of a workload.
enum class ServedColumns { kRequests, kPrefixes, kRouterDraws };
using ServedInput = std::pair<const ServedWorkload*, ServedColumns>;

// Calls visit(column, member) for each array of an input and the address of it that worlds have.
template <class Visit>
void visit_columns(const ServedInput& input, const Visit& visit) {
  using To = ReplicaRequests;
  const Workload& from = *input.first->workload;
  switch (input.second) {
    case ServedColumns::kRequests:
      visit(from.arrival_ns, &To::arrival_ns);
      visit(from.prompt_tokens, &To::prompt_tokens);
      visit(from.output_tokens, &To::output_tokens);
      visit(from.predicted_tokens, &To::predicted_tokens);
      visit(from.priority, &To::priority);
      break;
    case ServedColumns::kPrefixes:
      visit(from.prefix_begin, &To::prefix_begin);
      visit(from.prefix_hashes, &To::prefix_hashes);
      break;
    case ServedColumns::kRouterDraws:
      visit(input.first->router_draws, &To::router_draws);
      break;
  }
}

// A profile's table in device memory.
struct DeviceTable {
  IterationTable table;
  std::shared_ptr<const double> numbers;
  TableIteration::Lowered lowered;
};

class ContinuousModel : public ModelDefaults {
 public:
  static constexpr const char* kName = "continuous";
  static constexpr double kTypicalRequestsPerSecond = 2.5e6;
  static constexpr std::int64_t kMostRequestsPerThread = 20'000'000;
  using Traits = ContinuousTraits;
  using Runner = ContinuousRunner;
  using Params = ContinuousParams;
  using Requests = ServedWorkload;
  using Input = ServedInput;
  using Prepared = ReplicaRequests;

  static void add_parameters(ParameterSet& set) { add_continuous_parameters(set); }
  static ContinuousParams read(const ParameterSet& set, const double* values,
                               const std::vector<std::string>& texts) {
    return read_continuous_params(set, values, texts);
  }
  static std::vector<Finding> check(const ContinuousParams& params) {
    return check_continuous_params(params);
  }
  static std::vector<ColumnSpec> metrics() { return continuous_metric_columns(); }
  static std::vector<RaggedSpec> tables() { return continuous_tables(); }

  ContinuousModel(const Sweep& sweep, const InputFiles& files, ContinuousRunner& runner)
      : seed_(sweep.settings().seed), files_(files), runner_(runner) {}

  ContinuousWorld lower_world(const ContinuousParams& params, std::int32_t replication,
                              ServedWorkload& requests) {
    if (params.kv.prefix_caching) check_prefixes(*requests.workload, params);
    if (params.needs_router_draws()) draw(replication, requests);
    ContinuousWorld world = lower(params, static_cast<std::int64_t>(requests.size()));
    check_tokens(world, requests);
    world.most_output_tokens = requests.most_output_tokens(world.batch_max_tokens);
    world.load_scaling = load_scaling(params.workload, *requests.workload);
    world.requests.count = static_cast<std::int64_t>(requests.size());
    if (params.kv.prefix_caching) {
      world.requests.num_hashes = requests.workload->num_prefix_hashes;
    }
    world.table_blocks = std::min(world.blocks_of(requests.longest_tokens()),
                                  world.num_blocks - world.watermark_blocks);
    for (const ProfileUse& use : profiles_of(params)) {
      world.groups[use.group].service.as<TableIteration>() = table_of(use.profile);
    }
    return world;
  }

  std::vector<ServedInput> inputs_of(const ContinuousParams& params, const ContinuousWorld&,
                                     std::int32_t, const ServedWorkload& requests) const {
    std::vector<ServedInput> inputs = {{&requests, ServedColumns::kRequests}};
    if (params.kv.prefix_caching) inputs.emplace_back(&requests, ServedColumns::kPrefixes);
    if (params.needs_router_draws()) inputs.emplace_back(&requests, ServedColumns::kRouterDraws);
    return inputs;
  }
  static std::size_t input_bytes(const ServedInput& input) {
    std::size_t bytes = 0;
    visit_columns(input, [&](const auto& column, auto) {
      bytes += ContinuousRunner::placed_bytes(column.size() * sizeof(column[0]));
    });
    return bytes;
  }
  std::vector<ReplicaRequests> prepare(const std::vector<ServedInput>& inputs) {
    std::vector<ReplicaRequests> prepared;
    for (const ServedInput& input : inputs) {
      visit_columns(input, [&, &to = prepared.emplace_back()](const auto& column, auto address) {
        if (!column.empty()) to.*address = runner_.place(column);
      });
    }
    return prepared;
  }
  static void connect(ContinuousWorld& world, const ServedInput& input,
                      const ReplicaRequests& prepared) {
    visit_columns(input,
                  [&](const auto&, auto address) { world.requests.*address = prepared.*address; });
  }
  std::size_t table_bytes() const { return table_bytes_; }

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

  // In arbitrary units, for starting long worlds first.
  static std::int64_t expected_work(const ContinuousWorld& world) {
    return world.requests.count * (16 + world.num_replicas);
  }

  static void write_events(std::vector<IterationRun> runs, std::ostream& out) {
    out << "start_s,end_s,replica,iterations,decodes,context_tokens,prefills,prefill_tokens,"
           "kv_blocks,waiting,preemptions\n";
    std::stable_sort(runs.begin(), runs.end(), [](const IterationRun& a, const IterationRun& b) {
      return a.start < b.start;
    });
    for (const IterationRun& f : runs) {
      out << ns_of(f.start) * 1e-9 << ',' << ns_of(f.end) * 1e-9 << ',' << f.replica << ','
          << f.iterations << ',' << f.decodes << ',' << f.context_sum << ',' << f.chunks << ','
          << f.prefill_tokens << ',' << f.used_blocks << ',' << f.waiting << ',' << f.preemptions
          << '\n';
    }
  }

  static ResultChunk collect(const std::vector<ContinuousWorld>& worlds, const std::vector<Kept>&,
                             const ContinuousWaveResult& wave, bool details) {
    ResultChunk chunk;
    chunk.metrics = continuous_metrics(worlds, wave.worlds);
    if (details) chunk.tables = continuous_table_data(worlds, wave);
    return chunk;
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
    if (workload.prefix_block_tokens == params.kv.block_size) return;
    if (workload.prefix_block_tokens == 0) {
      throw InputError(
          "invalid prefix_caching=true (the workload has no prefix hashes) name a trace that has "
          "them, or leave it out");
    }
    throw InputError("invalid block_size=" + std::to_string(params.kv.block_size) +
                     " (the workload's prefix hashes are of blocks of " +
                     std::to_string(workload.prefix_block_tokens) +
                     " tokens) take that, or leave out prefix_caching");
  }

  void draw(std::int32_t replication, ServedWorkload& requests) const {
    if (!requests.router_draws.empty()) return;
    const RandomStream stream(seed_, static_cast<std::uint32_t>(replication), StreamId::kRouter);
    requests.router_draws.resize(requests.size());
    for (std::size_t i = 0; i < requests.size(); ++i) {
      requests.router_draws[i] = stream.block(i, 0)[0];
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
      device.numbers = runner_.upload(device.table.numbers);
      table_bytes_ += device.table.numbers.size() * sizeof(double);
      device.lowered = device.table.at(device.numbers.get());
    }
    return device.lowered;
  }

  std::uint64_t seed_;
  const InputFiles& files_;
  ContinuousRunner& runner_;
  std::map<ProfileUse::Profile, DeviceTable> tables_;
  std::size_t table_bytes_ = 0;
};

}  // namespace

std::unique_ptr<Engine> make_continuous_engine() {
  return std::make_unique<EngineModel<ContinuousModel>>();
}

}  // namespace servesweep
