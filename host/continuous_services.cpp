#include "host/continuous_services.hpp"

#include <charconv>
#include <optional>

#include "host/names.hpp"
#include "host/text.hpp"

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

std::string unknown_preset(std::string_view name) {
  const auto& values = EnumNames<ServicePreset>::values;
  const std::vector<std::string> known(std::begin(values) + 1, std::end(values));
  return "unknown preset '" + std::string(name) + "' (in cluster.services)" +
         did_you_mean(nearest(name, known), "choose of " + joined(known));
}

// A whole number from 1 on, or 0.
std::int64_t count_of(std::string_view text) {
  std::int32_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  return error == std::errc() && end == text.data() + text.size() && count > 0 ? count : 0;
}

AffineIteration::Lowered lower_affine(const ContinuousParams& p) {
  AffineIteration::Lowered model;
  model.num_regimes = 0;
  const auto add = [&model](const AffineRegimeParams& regime, std::int32_t from) {
    model.regimes[model.num_regimes++] = lower(regime, from);
  };
  if (p.regimes.prefill_regime) {
    add(p.prefill, 0);
    add(p.affine, 1);
  } else {
    add(p.affine, 0);
  }
  if (p.regimes.large_from_sequences > 0) add(p.large, p.regimes.large_from_sequences);
  return model;
}

IterationModel lower_own(const ContinuousParams& p) {
  if (p.preset.preset != ServicePreset::kNone) return lower(p.preset.preset);
  if (p.service.model == IterationKind::kRoofline) return lower(p.roofline);
  IterationModel model;
  model.affine = lower_affine(p);
  return model;
}

}  // namespace

ReplicaServices parse_replica_services(std::string_view list, std::int32_t num_replicas) {
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
    const std::optional<ServicePreset> preset = preset_named(name);
    if (!preset) return wrong(unknown_preset(name));
    const std::int64_t count =
        star == std::string_view::npos ? 1 : count_of(trimmed(entry.substr(star + 1)));
    if (count == 0) {
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

void check_services(const ContinuousParams& p, std::vector<Finding>& findings) {
  if (!p.services.empty()) {
    const ReplicaServices services = parse_replica_services(p.services, p.cluster.num_replicas);
    if (!services.error.empty()) findings.push_back({"cluster.services", services.error});
    return;
  }
  if (p.preset.preset == ServicePreset::kNone && p.service.model == IterationKind::kRoofline) {
    findings.push_back({"service.model",
                        "service.model=roofline is an estimate (from published peaks and assumed "
                        "efficiencies; nothing of it was measured) calibrate on measured "
                        "iterations where there are some",
                        true});
  }
}

IterationModel lower(ServicePreset preset) {
  const PresetFacts& facts = facts_of(preset);
  IterationModel model;
  model.affine.num_regimes = facts.num_regimes;
  for (std::int32_t i = 0; i < facts.num_regimes; ++i) {
    const PresetRegime& regime = facts.regimes[static_cast<std::size_t>(i)];
    model.affine.regimes[i] = lower(regime.coefficients, regime.from_sequences);
  }
  return model;
}

IterationModel lower(const RooflineSpec& spec) {
  const RooflineBounds bounds = bounds_of(spec);
  IterationModel model;
  model.kind = IterationKind::kRoofline;
  model.roofline = {lower(bounds.memory, 0), lower(bounds.compute, 0)};
  return model;
}

void lower_services(const ContinuousParams& p, ContinuousWorld& world) {
  if (p.services.empty()) {
    world.num_groups = 1;
    world.groups[0] = {world.num_replicas, lower_own(p)};
    return;
  }
  const ReplicaServices services = parse_replica_services(p.services, world.num_replicas);
  world.num_groups = 0;
  for (const ReplicaServices::Group& group : services.groups) {
    world.groups[world.num_groups++] = {group.end_replica, lower(group.preset)};
  }
}

}  // namespace servesweep
