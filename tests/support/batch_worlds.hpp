// Runs worlds of the batch engine on requests given as columns, through the same lowering as a
// sweep.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <numeric>
#include <vector>

#include "host/engines/batch/batch_params.hpp"
#include "host/workload/workload_builder.hpp"
#include "kernels/batch_runner.hpp"

namespace servesweep::testing {

// One world to run: its parameters, requests (kept by the caller) and, for drawn service, draws.
struct WorldCase {
  BatchParams params;
  const Workload* workload = nullptr;
  const std::vector<double>* draws = nullptr;
};

class PreparedWorlds {
 public:
  // lanes: as of BatchRunner
  explicit PreparedWorlds(const std::vector<WorldCase>& cases, int lanes = 0) : runner(lanes) {
    start_device();
    std::vector<BinningSpec> specs;
    for (const WorldCase& c : cases) {
      std::unique_ptr<RequestSet>& set = sets_[c.workload];
      if (set == nullptr) set = std::make_unique<RequestSet>(columns_of(*c.workload));
      worlds.push_back(lower(c.params));
      specs.push_back(binning_of(c.params, worlds.back(), *set,
                                 load_scaling(c.params.workload, *c.workload),
                                 c.draws != nullptr ? c.draws->data() : nullptr));
    }
    const auto binned = runner.bin_all(specs);
    for (std::size_t i = 0; i < worlds.size(); ++i) worlds[i].workload = binned[i];
  }

  BatchWaveResult run(const WaveOptions& options = {}) {
    std::vector<std::int32_t> order(worlds.size());
    std::iota(order.begin(), order.end(), 0);
    return runner.run(worlds, order, options);
  }

  BatchRunner runner;
  std::vector<BatchWorld> worlds;

 private:
  std::map<const Workload*, std::unique_ptr<RequestSet>> sets_;
};

}  // namespace servesweep::testing
