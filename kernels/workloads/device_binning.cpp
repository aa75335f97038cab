#include "kernels/workloads/device_binning.hpp"

#include <algorithm>

#include "kernels/memory/memory_block.hpp"
#include "kernels/memory/wave_memory.hpp"
#include "kernels/primitives/primitives.hpp"
#include "kernels/workloads/binning_rules.hpp"

namespace servesweep {

namespace {

using Range = Kokkos::RangePolicy<Device, Kokkos::IndexType<std::int64_t>>;

template <class T>
void copy_in(const Device& device, const T* host, T* to, std::int64_t count) {
  copy<DeviceMemory, Kokkos::HostSpace>(device, to, host, static_cast<std::size_t>(count));
}

// A request set's arrays in its block.
struct RequestArrays {
  std::int64_t* arrival_ns;
  std::int32_t* prompt_tokens;
  std::int32_t* output_tokens;
  std::int32_t* predicted_tokens;
  std::int32_t* sorted_predicted;
  std::size_t bytes;

  RequestArrays(void* block, std::int64_t count) {
    MemoryBlock memory(block);
    memory.take(arrival_ns, count);
    memory.take(prompt_tokens, count);
    memory.take(output_tokens, count);
    memory.take(predicted_tokens, count);
    memory.take(sorted_predicted, count);
    bytes = memory.bytes();
  }
};

int bits_of(std::int32_t num_bins) {
  return num_bins == 1 ? 0 : highest_bit(static_cast<std::uint64_t>(num_bins - 1)) + 1;
}

// What binning needs beside its result.
struct BinningTemp {
  std::uint32_t* is_rejected;      // [request + 1]
  std::uint32_t* rejected_before;  // [request + 1]
  std::uint32_t* by_time;          // [request, by time]: its row in the columns
  std::uint32_t* by_bin;           // [request, by bin]: its row in the columns
  std::uint16_t* sorted_bin;       // [request, by bin]
  unsigned char* primitives;
  std::size_t bytes;

  BinningTemp(void* block, const BinningSpec& spec) {
    const std::int64_t count = spec.requests->columns.count;
    const auto n = static_cast<std::uint32_t>(count);
    const std::int64_t scanned = spec.may_reject() ? count + 1 : 0;
    const bool sorts = spec.bins() > 1;
    MemoryBlock memory(block);
    memory.take(is_rejected, scanned);
    memory.take(rejected_before, scanned);
    memory.take(by_time, count);
    memory.take(by_bin, sorts ? count : 0);
    memory.take(sorted_bin, sorts ? count : 0);
    const Device device;
    const std::size_t scan =
        spec.may_reject() ? exclusive_scan(device, nullptr, nullptr, n + 1, nullptr) : 0;
    const std::size_t sort = sorts ? stable_sort_by_key(device, nullptr, nullptr, nullptr, nullptr,
                                                        n, bits_of(spec.bins()), nullptr)
                                   : 0;
    memory.take(primitives, static_cast<std::int64_t>(std::max(scan, sort)));
    bytes = memory.bytes();
  }
};

// Numbers the rejected requests; returns how many there are.
struct FindRejected {
  BinningRules rules;
  std::uint32_t* is_rejected;

  KOKKOS_FUNCTION void operator()(std::int64_t i) const {
    is_rejected[i] = i < rules.columns.count && rules.rejects(i) ? 1 : 0;
  }
};

std::int64_t number_rejected(const Device& device, const BinningRules& rules,
                             const BinningTemp& temp) {
  const std::int64_t count = rules.columns.count;
  Kokkos::parallel_for("servesweep::find_rejected", Range(device, 0, count + 1),
                       FindRejected{rules, temp.is_rejected});
  exclusive_scan(device, temp.is_rejected, temp.rejected_before,
                 static_cast<std::uint32_t>(count + 1), temp.primitives);
  std::uint32_t rejected = 0;
  copy<Kokkos::HostSpace, DeviceMemory>(device, &rejected, temp.rejected_before + count, 1);
  device.fence();
  return rejected;
}

struct PlaceEdges {
  const std::int32_t* sorted_lengths;
  std::int64_t count;
  std::int64_t num_bins;
  std::int64_t last_edge_tokens;
  std::int64_t* edges;

  KOKKOS_FUNCTION void operator()(std::int64_t k) const {
    edges[k] = equal_mass_edge(sorted_lengths, count, k, num_bins, last_edge_tokens);
  }
};

// By time: arrivals, bins, and the rows that were kept.
struct AssignBins {
  BinningRules rules;
  BinnedArrays to;
  const std::uint32_t* rejected_before;  // or null: none
  std::int64_t num_kept;
  std::uint32_t* by_time;

  KOKKOS_FUNCTION void operator()(std::int64_t i) const {
    std::int64_t at = i;
    if (rejected_before != nullptr) {
      const std::int64_t before = rejected_before[i];
      if (rejected_before[i + 1] > before) {
        to.arrival_ns[num_kept + before] = rules.arrival_ns(i);
        return;
      }
      at = i - before;
    }
    to.arrival_ns[at] = rules.arrival_ns(i);
    to.time_bin[at] = rules.bin_of(i, to.bin_edges);
    by_time[at] = static_cast<std::uint32_t>(i);
  }
};

struct FindBins {
  const std::uint16_t* sorted_bin;
  std::int64_t num_kept;
  std::uint32_t* bin_begin;

  KOKKOS_FUNCTION void operator()(std::int64_t k) const {
    std::int64_t begin = 0;
    std::int64_t end = num_kept;
    while (begin < end) {
      const std::int64_t middle = begin + (end - begin) / 2;
      if (sorted_bin[middle] >= k) {
        end = middle;
      } else {
        begin = middle + 1;
      }
    }
    bin_begin[k] = static_cast<std::uint32_t>(begin);
  }
};

// By bin: what batches read.
struct GatherRequests {
  BinningRules rules;
  BinnedArrays to;
  const std::uint32_t* rejected_before;  // or null: none
  const std::uint32_t* by_bin;
  const double* draws;  // or null

  KOKKOS_FUNCTION void operator()(std::int64_t at) const {
    const std::uint32_t row = by_bin[at];
    const std::uint32_t place = rejected_before != nullptr ? row - rejected_before[row] : row;
    to.requests[at] = rules.binned(row, to.arrival_ns[place]);
    to.order[at] = place;
    if (draws != nullptr) to.draws[at] = draws[row];
  }
};

}  // namespace

std::size_t device_requests_bytes(std::int64_t count) {
  return RequestArrays(nullptr, count).bytes;
}

std::size_t upload_temp_bytes(std::int64_t count) {
  return sort_ascending(Device(), nullptr, nullptr, static_cast<std::uint32_t>(count), nullptr);
}

DeviceRequests upload_requests(const Device& device, const RequestColumns& host, void* block,
                               void* temp) {
  const RequestArrays to(block, host.count);
  copy_in(device, host.arrival_ns, to.arrival_ns, host.count);
  copy_in(device, host.prompt_tokens, to.prompt_tokens, host.count);
  copy_in(device, host.output_tokens, to.output_tokens, host.count);
  copy_in(device, host.predicted_tokens, to.predicted_tokens, host.count);
  device.fence();
  sort_ascending(device, to.predicted_tokens, to.sorted_predicted,
                 static_cast<std::uint32_t>(host.count), temp);
  return {{host.count, to.arrival_ns, to.prompt_tokens, to.output_tokens, to.predicted_tokens},
          to.sorted_predicted};
}

std::size_t binning_temp_bytes(const BinningSpec& spec) { return BinningTemp(nullptr, spec).bytes; }

BinnedWorkload bin_on_device(const Device& device, const DeviceRequests& requests,
                             const double* draws, const BinningSpec& spec, void* block,
                             void* temp_block) {
  const BinningRules rules(requests.columns, spec);
  const BinnedArrays to(block, spec);
  const BinningTemp temp(temp_block, spec);
  const std::int64_t count = rules.columns.count;
  const std::int64_t num_edges = std::int64_t{rules.num_bins} + 1;

  if (rules.open_end) {
    Kokkos::parallel_for("servesweep::place_edges", Range(device, 0, num_edges),
                         PlaceEdges{requests.sorted_predicted, count, rules.num_bins,
                                    spec.last_edge_tokens, to.bin_edges});
  } else {
    copy_in(device, spec.edges.data(), to.bin_edges, num_edges);
    device.fence();
  }
  const std::int64_t rejected = spec.may_reject() ? number_rejected(device, rules, temp) : 0;
  const std::uint32_t* rejected_before = rejected > 0 ? temp.rejected_before : nullptr;
  const std::int64_t num_kept = count - rejected;
  Kokkos::parallel_for("servesweep::assign_bins", Range(device, 0, count),
                       AssignBins{rules, to, rejected_before, num_kept, temp.by_time});

  const std::uint32_t* by_bin = temp.by_time;
  const std::uint16_t* sorted_bin = to.time_bin;
  if (rules.num_bins > 1) {
    stable_sort_by_key(device, to.time_bin, temp.sorted_bin, temp.by_time, temp.by_bin,
                       static_cast<std::uint32_t>(num_kept), bits_of(rules.num_bins),
                       temp.primitives);
    by_bin = temp.by_bin;
    sorted_bin = temp.sorted_bin;
  }
  Kokkos::parallel_for("servesweep::find_bins", Range(device, 0, num_edges),
                       FindBins{sorted_bin, num_kept, to.bin_begin});
  Kokkos::parallel_for("servesweep::gather_requests", Range(device, 0, num_kept),
                       GatherRequests{rules, to, rejected_before, by_bin, draws});
  return to.workload(spec, rejected);
}

}  // namespace servesweep
