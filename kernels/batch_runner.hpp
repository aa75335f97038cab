// Runs waves of batch-engine worlds, and bins their workloads. Free of Kokkos headers: what host
// code sees.
#pragma once

#include <cstddef>
#include <vector>

#include "kernels/batch_traits.hpp"
#include "kernels/workloads/binning.hpp"

namespace servesweep {

extern template class WaveRunner<BatchTraits>;
using BatchWaveResult = WaveResult<BatchTraits>;

class BatchRunner : public WaveRunner<BatchTraits> {
 public:
  using WaveRunner::WaveRunner;

  // Device memory that a binned workload takes, and what binning takes beside it.
  static std::size_t workload_bytes(const BinningSpec& spec);
  static std::size_t preparation_bytes(const BinningSpec& spec);

  // Bins, in the order of `specs`. The arrays stay until reserve() gives them up.
  std::vector<BinnedWorkload> bin(const std::vector<BinningSpec>& specs);

  // Without limits of memory: bins into new room.
  std::vector<BinnedWorkload> bin_all(const std::vector<BinningSpec>& specs);
};

}  // namespace servesweep
