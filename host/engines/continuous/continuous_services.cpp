#include "host/engines/continuous/continuous_services.hpp"

#include <fmt/format.h>
#include <cmath>
#include <optional>
#include <set>

#include "host/base/names.hpp"
#include "host/base/text.hpp"
#include "host/parameters/toml_text.hpp"

namespace servesweep {

namespace {

std::optional<ServicePreset> preset_named(std::string_view name) {
  std::int32_t index = 0;
  for (const char* known : EnumNames<ServicePreset>::values) {
    if (index > 0 && name == known) return static_cast<ServicePreset>(index);
    ++index;
  }
  return {};
}

constexpr const char* kOwnService = "service";

std::string unknown_service(std::string_view name) {
  const auto& values = EnumNames<ServicePreset>::values;
  std::vector<std::string> known(std::begin(values) + 1, std::end(values));
  known.emplace_back(kOwnService);
  return "unknown service '" + std::string(name) + "' (in cluster.services)" +
         did_you_mean(nearest(name, known), "choose of " + joined(known));
}

AffineIteration::Lowered lower_affine(const ContinuousParams& p) {
  AffineIteration::Lowered model;
  model.num_regimes = 0;
  const auto add = [&model](const AffineRegimeParams& regime, std::int32_t from) {
    model.regimes[model.num_regimes++] = lower(regime, from);
  };
  if (p.regimes.prefill_regime) {
    const AffinePrefillParams& c = p.prefill;
    add({c.base_ms, c.per_prompt_token_ms, c.per_prompt_token_pair_ms, 0, 0}, 0);
    add(p.affine, 1);
  } else {
    add(p.affine, 0);
  }
  if (p.regimes.large_regime) add(p.large, p.large_from.from_sequences);
  return model;
}

// What each model's parameters are lowered to.
AffineIteration::Lowered lowered_of(AffineIteration, const ContinuousParams& p) {
  return lower_affine(p);
}
RooflineIteration::Lowered lowered_of(RooflineIteration, const ContinuousParams& p) {
  return lower(p.roofline).as<RooflineIteration>();
}
TableIteration::Lowered lowered_of(TableIteration, const ContinuousParams&) {
  return {};  // its profile is read later
}

bool reads_profile(IterationKind kind) {
  return IterationModels::visit(kind, [](auto model) { return model.kReadsProfile; });
}

IterationModel lower_own(const ContinuousParams& p) {
  IterationModel service;
  IterationModels::visit(p.service.model, [&](auto model) {
    service.choose<decltype(model)>() = lowered_of(model, p);
  });
  return service;
}

// The list's groups, or one for all.
ReplicaServices services_of(const ContinuousParams& p) {
  const std::string_view list = p.services.empty() ? kOwnService : std::string_view(p.services);
  return parse_replica_services(list, p.cluster.num_replicas, p.preset.preset);
}

bool differs(double value, double from, double share) {
  return std::fabs(value / from - 1) > share;
}

// Whether the sweep file says nothing of the model whose weights are in the memory.
bool has_default_kv_cache(const ContinuousParams& p) {
  const KvMemoryParams defaults;
  return p.kv.sizing == KvSizing::kMemory && p.memory.weights_gb == defaults.weights_gb &&
         p.memory.kv_bytes_per_token == defaults.kv_bytes_per_token;
}

void check_preset(ServicePreset preset, const ContinuousParams& p, std::vector<Finding>& findings) {
  const PresetFacts& facts = facts_of(preset);
  const std::string name = std::string("service preset ") + name_of(preset);
  const auto warn = [&findings](const char* key, const std::string& message) {
    findings.push_back({key, message, true});
  };
  if (!facts.charges_prompts()) {
    warn("service.preset", name +
                               " charges nothing for prompt tokens (its source measured short "
                               "prompts, perhaps cached ones) use it for short prompts alone, or "
                               "calibrate on measured iterations");
  }
  const double most = std::floor(facts.falls_from_tokens());
  if (p.scheduler.max_num_batched_tokens > most) {
    warn("scheduler.max_num_batched_tokens",
         "max_num_batched_tokens is beyond what " + name +
             " is for (the time of its prefills falls again from " + plain_number(most) +
             " tokens on) lower it to that");
  }
  if (facts.kv_tokens > 0 && has_default_kv_cache(p) &&
      differs(static_cast<double>(p.kv_tokens()), static_cast<double>(facts.kv_tokens), 0.2)) {
    warn("kv_cache.sizing", "the KV cache's default size is not that of " + name + " (" +
                                std::to_string(facts.kv_tokens) +
                                " tokens) set sizing = \"blocks\" and num_blocks = " +
                                std::to_string(facts.kv_tokens / p.kv.block_size));
  }
}

void check_roofline(const ContinuousParams& p, std::vector<Finding>& findings) {
  const RooflineParams& r = p.roofline.roofline;
  findings.push_back({"service.model",
                      "service.model=roofline is an estimate (from published peaks and assumed "
                      "efficiencies; nothing of it was measured) calibrate on measured "
                      "iterations where there are some",
                      true});
  if (p.kv.sizing != KvSizing::kMemory) return;
  const std::string model = name_of(r.model);
  const auto compare = [&](const char* key, const char* name, double given, double of_model) {
    if (!differs(given, of_model, 0.1)) return;
    findings.push_back({key,
                        std::string(name) + " is not what service.roofline has (model=" + model +
                            ": " + fmt::format("{:.6g}", of_model) + ") set it to that",
                        true});
  };
  const RooflineShapeParams& shape = shape_of(p.roofline);
  compare("kv_cache.weights_gb", "weights_gb", p.memory.weights_gb,
          shape.weights() * r.bytes_per_weight * 1e-9);
  compare("kv_cache.kv_bytes_per_token", "kv_bytes_per_token", p.memory.kv_bytes_per_token,
          shape.kv_values_per_token() * r.bytes_per_kv_value);
}

}  // namespace

ReplicaServices parse_replica_services(std::string_view list, std::int32_t num_replicas,
                                       ServicePreset own) {
  ReplicaServices services;
  const auto wrong = [&services](std::string error) {
    services.error = std::move(error);
    return services;
  };
  std::int64_t end_replica = 0;
  for (bool more = true; more;) {
    const std::size_t comma = list.find(',');
    const std::string_view entry = trimmed(list.substr(0, comma));
    more = comma != std::string_view::npos;
    if (more) list.remove_prefix(comma + 1);
    const std::size_t star = entry.find('*');
    const std::string_view name = trimmed(entry.substr(0, star));
    const std::optional<ServicePreset> preset = name == kOwnService ? own : preset_named(name);
    if (!preset) return wrong(unknown_service(name));
    const std::int64_t count =
        star == std::string_view::npos
            ? 1
            : number_of<std::int32_t>(trimmed(entry.substr(star + 1))).value_or(0);
    if (count < 1) {
      return wrong("invalid services entry '" + std::string(entry) +
                   "' (what follows * is not a number of replicas) write name*count");
    }
    end_replica += count;
    if (end_replica > num_replicas) {
      return wrong("invalid services (for " + std::to_string(end_replica) +
                   " replicas or more; num_replicas=" + std::to_string(num_replicas) +
                   ") raise that or shorten the list");
    }
    services.groups.push_back({*preset, static_cast<std::int32_t>(end_replica)});
    if (services.groups.size() > kMaxServices) {
      return wrong("invalid services (more than " + std::to_string(kMaxServices) +
                   " entries) join those that are the same as name*count");
    }
  }
  services.groups.back().end_replica = num_replicas;
  return services;
}

std::vector<ProfileUse> profiles_of(const ContinuousParams& p) {
  std::vector<ProfileUse> uses;
  std::int32_t i = 0;
  for (const ReplicaServices::Group& group : services_of(p).groups) {
    if (group.preset != ServicePreset::kNone) {
      const PresetFacts& facts = facts_of(group.preset);
      if (facts.has_profile()) uses.push_back({i, {group.preset, "", facts.profile_layers}});
    } else if (reads_profile(p.service.model)) {
      uses.push_back({i, {ServicePreset::kNone, p.profile_path, p.table.layers}});
    }
    ++i;
  }
  return uses;
}

void check_services(const ContinuousParams& p, std::vector<Finding>& findings) {
  const ReplicaServices services = services_of(p);
  if (!services.error.empty()) {
    findings.push_back({"cluster.services", services.error});
    return;
  }
  std::set<ServicePreset> kinds;
  for (const ReplicaServices::Group& group : services.groups) kinds.insert(group.preset);
  for (const ServicePreset preset : kinds) {
    if (preset != ServicePreset::kNone) {
      check_preset(preset, p, findings);
    } else if (IterationModels::visit(p.service.model,
                                      [](auto model) { return model.kIsEstimate; })) {
      check_roofline(p, findings);
    } else if (reads_profile(p.service.model) && p.profile_path.empty()) {
      findings.push_back({"service.profile",
                          "missing service.profile (model = \"table\" reads it) name a folder"});
    }
  }
}

IterationModel lower(ServicePreset preset) {
  const PresetFacts& facts = facts_of(preset);
  IterationModel model;
  if (facts.has_profile()) {
    model.choose<TableIteration>();
    return model;
  }
  AffineIteration::Lowered& affine = model.choose<AffineIteration>();
  affine.num_regimes = facts.num_regimes;
  for (std::int32_t i = 0; i < facts.num_regimes; ++i) {
    const PresetRegime& regime = facts.regimes[static_cast<std::size_t>(i)];
    affine.regimes[i] = lower(regime.coefficients, regime.from_sequences);
  }
  return model;
}

IterationModel lower(const RooflineSpec& spec) {
  const RooflineBounds bounds = bounds_of(spec);
  IterationModel model;
  model.choose<RooflineIteration>() = {lower(bounds.memory, 0), lower(bounds.compute, 0)};
  return model;
}

void lower_services(const ContinuousParams& p, ContinuousWorld& world) {
  world.num_groups = 0;
  for (const ReplicaServices::Group& group : services_of(p).groups) {
    world.groups[world.num_groups++] = {group.end_replica, group.preset == ServicePreset::kNone
                                                               ? lower_own(p)
                                                               : lower(group.preset)};
  }
}

}  // namespace servesweep
