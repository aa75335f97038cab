// A block of host memory with a binned workload's arrays in it.
#pragma once

#include <cstdint>
#include <memory>

#include "kernels/workloads/binning.hpp"

namespace servesweep::testing {

class BinnedBlock {
 public:
  explicit BinnedBlock(const BinningSpec& spec)
      : memory_(new std::uint64_t[binned_bytes(spec) / sizeof(std::uint64_t)]),
        workload_(bin_on_host(spec, memory_.get())) {}

  const BinnedWorkload& workload() const { return workload_; }

 private:
  std::unique_ptr<std::uint64_t[]> memory_;
  BinnedWorkload workload_;
};

}  // namespace servesweep::testing
