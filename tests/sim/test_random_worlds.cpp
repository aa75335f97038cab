// The random worlds of the tests draw every model that a registry has: a new one is tested without
// a change of any test.
#include <map>
#include <string>

#include "tests/support/catch.hpp"
#include "tests/support/continuous_worlds.hpp"

namespace servesweep {
namespace {

using Counts = std::map<std::string, int>;

template <class Enum>
void check_all_drawn(const Counts& counts, int worlds) {
  const int least = worlds / static_cast<int>(20 * std::size(EnumNames<Enum>::values));
  for (const char* name : EnumNames<Enum>::values) {
    INFO(name);
    CHECK(counts.count(name) == 1);
    if (counts.count(name) == 1) CHECK(counts.at(name) > least);
  }
}

}  // namespace

TEST_CASE("random worlds of the continuous engine draw every registered model") {
  constexpr int kWorlds = 1000;  // the first seeds of parity.continuous_reference
  Counts modes, policies, routers, services;
  for (int i = 0; i < kWorlds; ++i) {
    const ContinuousWorld w =
        testing::random_continuous(7'000'000 + static_cast<std::uint64_t>(i)).world;
    ++modes[name_of(w.mode)];
    ++policies[name_of(w.policy)];
    if (w.num_replicas > 1) ++routers[name_of(w.router)];
    for (int group = 0; group < w.num_groups; ++group) {
      ++services[name_of(w.groups[group].service.kind)];
    }
  }
  check_all_drawn<SchedulingMode>(modes, kWorlds);
  check_all_drawn<QueuePolicy>(policies, kWorlds);
  check_all_drawn<Router>(routers, kWorlds);
  check_all_drawn<IterationKind>(services, kWorlds);
}

TEST_CASE("random worlds of the batch engine draw every registered model") {
  constexpr int kWorlds = 1000;
  Counts schedulers, bin_choices, dispatches, services;
  for (int i = 0; i < kWorlds; ++i) {
    const BatchParams p = testing::random_world(static_cast<std::uint64_t>(i), 60).params;
    ++schedulers[name_of(p.scheduler.kind)];
    ++bin_choices[name_of(p.bins.bin_choice)];
    ++dispatches[name_of(p.scheduler.dispatch)];
    ++services[name_of(p.service.model)];
  }
  services[GridService::kName] = kWorlds;  // the one that random worlds leave out, and say why
  check_all_drawn<SchedulerKind>(schedulers, kWorlds);
  check_all_drawn<BinChoice>(bin_choices, kWorlds);
  check_all_drawn<Dispatch>(dispatches, kWorlds);
  check_all_drawn<ServiceKind>(services, kWorlds);
}

}  // namespace servesweep
