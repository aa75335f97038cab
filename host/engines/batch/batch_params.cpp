#include "host/engines/batch/batch_params.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>
#include <utility>

#include "host/base/units.hpp"
#include "host/parameters/parts.hpp"
#include "host/parameters/toml_text.hpp"

namespace servesweep {

template <class Visitor>
void visit_params(BatchParams& p, Visitor&& visit) {
  const auto kind = [](auto... names) { return when("scheduler.kind", names...); };
  const auto model = [](const char* name) { return when("service.model", name); };
  const auto multi_bin = kind("multi_bin_only", "multi_bin_dynamic");
  const auto dynamic = kind("dynamic_no_bins", "multi_bin_dynamic");
  const auto equal_mass = [&] {
    Conditions conditions = multi_bin();
    conditions.push_back({"scheduler.bin_edges", {""}});
    return conditions;
  };
  visit(p.scheduler, "scheduler", always);
  visit(p.static_fifo, "scheduler", kind("static_fifo"));
  visit(p.multi_bin_only, "scheduler", kind("multi_bin_only"));
  visit(p.bins, "scheduler", multi_bin);
  visit(p.equal_mass, "scheduler", equal_mass);
  visit(p.bin_limit, "scheduler", kind("multi_bin_dynamic"));
  visit(p.dynamic, "scheduler", dynamic);
  visit(p.cluster, "cluster", always);
  visit(p.service, "service", always);
  visit(p.affine, "service", model("affine"));
  visit(p.grid, "service", model("grid"));
  visit(p.exponential, "service", model("exponential"));
  visit(p.deterministic, "service", model("deterministic"));
  visit(p.uniform, "service", model("uniform"));
  visit(p.sla, "sla", always);
  visit(p.sla_controller, "sla", dynamic);
}

namespace {

// Tokens whose KV cache fits beside the weights; the largest n with model + kv * n <= gpu - margin.
std::int64_t memory_limit_tokens(const ClusterParams& c) {
  const double free_gb = c.gpu_memory_gb - c.memory_margin_gb;
  auto tokens = static_cast<std::int64_t>((free_gb - c.model_memory_gb) / c.kv_gb_per_token) + 2;
  while (tokens >= 0 &&
         c.model_memory_gb + c.kv_gb_per_token * static_cast<double>(tokens) > free_gb) {
    --tokens;
  }
  return tokens;
}

}  // namespace

bool BatchParams::has_bins() const {
  return scheduler.kind == SchedulerKind::kMultiBinOnly ||
         scheduler.kind == SchedulerKind::kMultiBinDynamic;
}

bool BatchParams::is_dynamic() const {
  return scheduler.kind == SchedulerKind::kDynamicNoBins ||
         scheduler.kind == SchedulerKind::kMultiBinDynamic;
}

std::int32_t BatchParams::num_bins() const {
  if (!has_bins()) return 1;
  return bin_edges.empty() ? equal_mass.k_bins : static_cast<std::int32_t>(bin_edges.size()) - 1;
}

void add_batch_parameters(ParameterSet& set) {
  add_workload_parameters(set);
  add_params<BatchParams>(set);
}

BatchParams read_batch_params(const ParameterSet& set, const double* values,
                              const std::vector<std::string>& texts) {
  BatchParams params;
  params.workload = read_workload_spec(set, values, texts);
  read_params(params, set, values);
  params.grid_path = texts.at(static_cast<std::size_t>(params.grid.grid.id));
  std::istringstream edges(texts.at(static_cast<std::size_t>(params.bins.bin_edges.id)));
  for (std::int64_t edge = 0; edges >> edge;) params.bin_edges.push_back(edge);
  return params;
}

std::vector<Finding> check_batch_params(const BatchParams& p) {
  std::vector<Finding> findings = check_workload(p.workload);
  const auto wrong = [&findings](const char* key, const std::string& message) {
    findings.push_back({key, message});
  };
  const ClusterParams& c = p.cluster;
  if (memory_limit_tokens(c) < 1) {
    wrong("cluster.gpu_memory_gb", "invalid gpu_memory_gb=" + plain_number(c.gpu_memory_gb) +
                                       " (model_memory_gb=" + plain_number(c.model_memory_gb) +
                                       " and memory_margin_gb=" + plain_number(c.memory_margin_gb) +
                                       " leave no memory for a token) raise it or lower those");
  }
  if (p.is_dynamic() && p.dynamic.b_min > p.dynamic.b_max) {
    wrong("scheduler.b_min", "invalid b_min=" + std::to_string(p.dynamic.b_min) + " (above b_max=" +
                                 std::to_string(p.dynamic.b_max) + ") lower b_min or raise b_max");
  }
  const auto& edges = p.bin_edges;
  if (edges.size() == 1 || edges.size() > kMaxBins + 1) {
    wrong("scheduler.bin_edges", "invalid bin_edges with " + std::to_string(edges.size()) +
                                     " edges (must be 2 to " + std::to_string(kMaxBins + 1) +
                                     ", one more than there are bins)");
  }
  for (std::size_t i = 0; i < edges.size(); ++i) {
    if (edges[i] >= 0 && (i == 0 || edges[i - 1] < edges[i])) continue;
    wrong("scheduler.bin_edges", "invalid bin_edges (edge " + std::to_string(edges[i]) +
                                     " is negative or not above the one before) sort them");
    break;
  }
  if (reads_grid(p.service.model) && p.grid_path.empty()) {
    wrong("service.grid", "missing service.grid (model = \"grid\" reads it) name a CSV file");
  }
  if (draws_of(p.service.model) == ServiceDraw::kUniform &&
      p.uniform.shortest_ms > p.uniform.longest_ms) {
    wrong("service.shortest_ms", "invalid shortest_ms=" + plain_number(p.uniform.shortest_ms) +
                                     " (above longest_ms=" + plain_number(p.uniform.longest_ms) +
                                     ")");
  }
  return findings;
}

namespace {

// What each service model reads.
AffineServiceParams params_of(AffineService, const BatchParams& p) { return p.affine; }
GridServiceParams params_of(GridService, const BatchParams&) {
  return {};  // its file is read later
}
ExponentialServiceParams params_of(ExponentialService, const BatchParams& p) {
  return p.exponential;
}
DeterministicServiceParams params_of(DeterministicService, const BatchParams& p) {
  return p.deterministic;
}
UniformServiceParams params_of(UniformService, const BatchParams& p) { return p.uniform; }

}  // namespace

BatchWorld lower(const BatchParams& p) {
  BatchWorld w;
  w.scheduler = p.scheduler.kind;
  w.bin_choice = p.bins.bin_choice;
  w.dispatch = p.scheduler.dispatch;
  w.num_gpus = p.cluster.num_gpus;
  w.max_candidates = p.scheduler.max_candidates;
  w.fixed_target = p.scheduler.kind == SchedulerKind::kStaticFifo ? p.static_fifo.fixed_batch_size
                                                                  : p.multi_bin_only.b_fixed;
  w.dynamic = p.dynamic;
  const ClusterParams& c = p.cluster;
  const double eta_tokens = (c.gpu_memory_gb - c.model_memory_gb) / c.kv_gb_per_token;
  w.free_tokens = eta_tokens - p.dynamic.memory_reserve * eta_tokens;
  w.bin_memory_gb = c.gpu_memory_gb - c.model_memory_gb - c.memory_margin_gb;
  w.kv_gb_per_token = c.kv_gb_per_token;
  w.bin_limit_cap_tokens = p.bin_limit.bin_limit_cap_tokens;
  w.memory_limit_tokens = memory_limit_tokens(c);
  w.sla_token_ms = p.sla.token_ms;
  w.sla_band = {p.sla.token_ms - p.sla_controller.epsilon_ms,
                p.sla.token_ms + p.sla_controller.epsilon_ms};
  w.sla_request_ns = ns_of_s(p.sla.request_s);
  w.time_limit_ns = c.time_limit_s > 0 ? ns_of_s(c.time_limit_s) : kNever;
  ServiceModels::visit(p.service.model, [&](auto model) {
    w.service.choose<decltype(model)>() = params_of(model, p);
  });
  return w;
}

std::int64_t expected_work(const BatchWorld& world) {
  constexpr std::int32_t kMostGpus = 128;  // small clusters make larger batches, up to here
  return world.workload.num_requests * (4 + std::min(world.num_gpus, kMostGpus));
}

RequestColumns columns_of(const Workload& workload) {
  return {static_cast<std::int64_t>(workload.size()), workload.arrival_ns.data(),
          workload.prompt_tokens.data(), workload.output_tokens.data(),
          workload.predicted_tokens.data()};
}

BinningSpec binning_of(const BatchParams& p, const BatchWorld& world, const RequestSet& requests,
                       double scaling, const double* draws) {
  BinningSpec spec;
  spec.requests = &requests;
  spec.load_scaling = scaling;
  spec.num_bins = p.num_bins();
  spec.last_edge_tokens = p.equal_mass.last_edge_tokens;
  if (p.has_bins()) spec.edges = p.bin_edges;
  // Worlds that reject nothing share their arrays whatever their memory.
  if (p.is_dynamic() && requests.longest_tokens > world.memory_limit_tokens) {
    spec.reject_above_tokens = world.memory_limit_tokens;
  }
  spec.draws = draws;
  return spec;
}

}  // namespace servesweep
