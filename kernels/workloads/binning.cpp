#include "kernels/workloads/binning.hpp"

#include <algorithm>
#include <tuple>

#include "kernels/primitives/primitives.hpp"
#include "kernels/workloads/binning_rules.hpp"

namespace servesweep {

RequestSet::RequestSet(const RequestColumns& request_columns) : columns(request_columns) {
  if constexpr (kOnHost) {
    sorted_predicted.resize(static_cast<std::size_t>(columns.count));
    sort_ascending(Device(), columns.predicted_tokens, sorted_predicted.data(),
                   static_cast<std::uint32_t>(columns.count), nullptr);
  }
  for (std::int64_t i = 0; i < columns.count; ++i) {
    longest_tokens =
        std::max(longest_tokens, std::int64_t{columns.prompt_tokens[i]} + columns.output_tokens[i]);
  }
}

std::int32_t BinningSpec::bins() const {
  return edges.empty() ? num_bins : static_cast<std::int32_t>(edges.size()) - 1;
}

bool BinningSpec::operator<(const BinningSpec& other) const {
  const auto key = [](const BinningSpec& s) {
    return std::tie(s.requests, s.load_scaling, s.num_bins, s.last_edge_tokens,
                    s.reject_above_tokens, s.draws, s.edges);
  };
  return key(*this) < key(other);
}

std::size_t binned_bytes(const BinningSpec& spec) { return BinnedArrays(nullptr, spec).bytes; }

BinnedWorkload bin_on_host(const BinningSpec& spec, void* block) {
  const BinningRules rules(spec.requests->columns, spec);
  const BinnedArrays to(block, spec);
  const std::int64_t count = rules.columns.count;
  const std::int32_t num_bins = rules.num_bins;
  for (std::int32_t k = 0; k <= num_bins; ++k) {
    to.bin_edges[k] = rules.open_end ? equal_mass_edge(spec.requests->sorted_predicted.data(),
                                                       count, k, num_bins, spec.last_edge_tokens)
                                     : spec.edges[static_cast<std::size_t>(k)];
  }
  std::int64_t rejected = 0;
  if (spec.may_reject()) {
    for (std::int64_t i = 0; i < count; ++i) rejected += rules.rejects(i);
  }

  // First next[k + 1] counts bin k, then next[k] is where bin k goes on, then where k + 1 begins.
  std::uint32_t* next = to.bin_begin;
  std::fill_n(next, num_bins + 1, 0U);
  std::int64_t* rejected_ns = to.arrival_ns + (count - rejected);
  std::int64_t kept = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t arrival_ns = rules.arrival_ns(i);
    if (rejected > 0 && rules.rejects(i)) {
      *rejected_ns++ = arrival_ns;
      continue;
    }
    const std::uint16_t bin = rules.bin_of(i, to.bin_edges);
    to.arrival_ns[kept] = arrival_ns;
    to.time_bin[kept] = bin;
    ++next[bin + 1];
    ++kept;
  }
  for (std::int32_t k = 0; k < num_bins; ++k) next[k + 1] += next[k];

  kept = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    if (rejected > 0 && rules.rejects(i)) continue;
    const std::uint32_t at = next[to.time_bin[kept]]++;
    to.requests[at] = rules.binned(i, to.arrival_ns[kept]);
    to.order[at] = static_cast<std::uint32_t>(kept);
    if (spec.draws != nullptr) to.draws[at] = spec.draws[i];
    ++kept;
  }
  std::copy_backward(next, next + num_bins, next + num_bins + 1);
  next[0] = 0;
  return to.workload(spec, rejected);
}

}  // namespace servesweep
