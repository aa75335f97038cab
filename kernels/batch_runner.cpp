#include "kernels/batch_runner.hpp"

#include <map>

#include "kernels/wave_runner_impl.hpp"
#include "kernels/workloads/device_binning.hpp"

namespace servesweep {

template class WaveRunner<BatchTraits>;

namespace {

std::vector<BinnedWorkload> bin_on_cores(const std::vector<BinningSpec>& specs,
                                         const std::vector<unsigned char*>& blocks) {
  std::vector<BinnedWorkload> workloads(specs.size());
  Kokkos::parallel_for(
      "servesweep::bin_requests",
      Kokkos::RangePolicy<Kokkos::DefaultHostExecutionSpace, Kokkos::Schedule<Kokkos::Dynamic>>(
          0, specs.size()),
      [&](std::size_t i) { workloads[i] = bin_on_host(specs[i], blocks[i]); });
  return workloads;
}

// Each request set is uploaded once, for all of its binnings.
std::vector<BinnedWorkload> bin_on_gpu(const Device& device, Arena<DeviceMemory>& memory,
                                       const std::vector<BinningSpec>& specs,
                                       const std::vector<unsigned char*>& blocks) {
  std::map<const RequestSet*, std::vector<std::size_t>> binnings_of;
  for (std::size_t i = 0; i < specs.size(); ++i) binnings_of[specs[i].requests].push_back(i);
  std::vector<BinnedWorkload> workloads(specs.size());
  for (const auto& [requests, binnings] : binnings_of) {
    const std::int64_t count = requests->columns.count;
    memory.reserve(0);
    auto* set_block = memory.take<unsigned char>(device_requests_bytes(count));
    const MemoryBlock after_set = memory.pieces();
    const DeviceRequests set = upload_requests(
        device, requests->columns, set_block, memory.take<unsigned char>(upload_temp_bytes(count)));
    for (const std::size_t i : binnings) {
      memory.pieces() = after_set;
      double* draws = nullptr;
      if (specs[i].draws != nullptr) {
        draws = memory.take<double>(static_cast<std::size_t>(count));
        copy<DeviceMemory, Kokkos::HostSpace>(device, draws, specs[i].draws,
                                              static_cast<std::size_t>(count));
      }
      workloads[i] = bin_on_device(device, set, draws, specs[i], blocks[i],
                                   memory.take<unsigned char>(binning_temp_bytes(specs[i])));
    }
    device.fence();
  }
  return workloads;
}

}  // namespace

std::size_t BatchRunner::workload_bytes(const BinningSpec& spec) {
  return MemoryBlock::padded(binned_bytes(spec));
}

std::size_t BatchRunner::preparation_bytes(const BinningSpec& spec) {
  if (kOnHost) return 0;
  const std::int64_t count = spec.requests->columns.count;
  const std::size_t draws =
      spec.draws == nullptr ? 0 : static_cast<std::size_t>(count) * sizeof(double);
  return MemoryBlock::padded(device_requests_bytes(count)) + MemoryBlock::padded(draws) +
         MemoryBlock::padded(std::max(upload_temp_bytes(count), binning_temp_bytes(spec)));
}

std::vector<BinnedWorkload> BatchRunner::bin(const std::vector<BinningSpec>& specs) {
  std::vector<unsigned char*> blocks;
  for (const BinningSpec& spec : specs) {
    blocks.push_back(impl_->workloads.take<unsigned char>(binned_bytes(spec)));
  }
  ProfileRegion region("servesweep::bin_requests", 0, ProfileRegion::kKernel);
  for (const BinningSpec& spec : specs) region.add_bytes(binned_bytes(spec));
  if (kOnHost) return bin_on_cores(specs, blocks);
  return bin_on_gpu(impl_->pool.next().instance, impl_->preparation, specs, blocks);
}

std::vector<BinnedWorkload> BatchRunner::bin_all(const std::vector<BinningSpec>& specs) {
  WaveMemory needs;
  for (const BinningSpec& spec : specs) {
    needs.workloads += workload_bytes(spec);
    needs.preparation = std::max(needs.preparation, preparation_bytes(spec));
  }
  reserve(needs, needs.workloads, SIZE_MAX);
  return bin(specs);
}

}  // namespace servesweep
