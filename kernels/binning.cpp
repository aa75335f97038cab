#include "kernels/binning.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "kernels/sort.hpp"

namespace servesweep {

RequestSet::RequestSet(const RequestColumns& request_columns)
    : columns(request_columns),
      sorted_predicted(columns.predicted_tokens, columns.predicted_tokens + columns.count) {
  sort_on_host(sorted_predicted.data(), sorted_predicted.data() + sorted_predicted.size());
  for (std::int64_t i = 0; i < columns.count; ++i) {
    longest_tokens =
        std::max(longest_tokens, std::int64_t{columns.prompt_tokens[i]} + columns.output_tokens[i]);
  }
}

bool BinningSpec::operator<(const BinningSpec& other) const {
  const auto key = [](const BinningSpec& s) {
    return std::tie(s.requests, s.load_scaling, s.num_bins, s.last_edge_tokens,
                    s.reject_above_tokens, s.draws, s.edges);
  };
  return key(*this) < key(other);
}

std::vector<std::int64_t> equal_mass_edges(const std::vector<std::int32_t>& sorted_lengths,
                                           std::int32_t num_bins, std::int64_t last_edge_tokens) {
  std::vector<std::int64_t> edges(static_cast<std::size_t>(num_bins) + 1, 0);
  // The k/K quantile lies rest/K of the way between two order statistics: integers, so that
  // truncation does not hang on a last bit.
  const auto last = static_cast<std::int64_t>(sorted_lengths.size()) - 1;
  for (std::int64_t k = 0; k < num_bins && num_bins > 1; ++k) {
    const auto below = static_cast<std::size_t>(k * last / num_bins);
    const std::int64_t rest = k * last % num_bins;
    const std::int64_t low = sorted_lengths[below];
    const std::int64_t high = sorted_lengths[std::min(below + 1, sorted_lengths.size() - 1)];
    edges[static_cast<std::size_t>(k)] = low + (high - low) * rest / num_bins;
  }
  edges.back() = last_edge_tokens;
  return edges;
}

namespace {

std::int32_t bins_of(const BinningSpec& spec) {
  return spec.edges.empty() ? spec.num_bins : static_cast<std::int32_t>(spec.edges.size()) - 1;
}

// Lays out the block's arrays; counts of requests may be upper bounds.
class Layout {
 public:
  Layout(std::size_t requests, std::size_t rejected, std::size_t bins, bool has_draws) {
    bin_edges = take(bins + 1, sizeof(std::int64_t));
    bin_begin = take(bins + 1, sizeof(std::uint32_t));
    binned = take(requests, sizeof(BinnedRequest));
    order = take(requests, sizeof(std::uint32_t));
    time_arrival_ns = take(requests, sizeof(std::int64_t));
    time_bin = take(requests, sizeof(std::uint16_t));
    rejected_arrival_ns = take(rejected, sizeof(std::int64_t));
    draws = take(has_draws ? requests : 0, sizeof(double));
  }

  std::size_t bin_edges, bin_begin, binned, order, time_arrival_ns, time_bin, rejected_arrival_ns,
      draws;
  std::size_t bytes = 0;

 private:
  std::size_t take(std::size_t count, std::size_t size) {
    constexpr std::size_t kAlign = 64;
    const std::size_t at = bytes;
    bytes += (count * size + kAlign - 1) / kAlign * kAlign;
    return at;
  }
};

}  // namespace

std::size_t binned_bytes(const BinningSpec& spec) {
  const auto count = static_cast<std::size_t>(spec.requests->columns.count);
  const bool may_reject = spec.requests->longest_tokens > spec.reject_above_tokens;
  return Layout(count, may_reject ? count : 0, static_cast<std::size_t>(bins_of(spec)),
                spec.draws != nullptr)
      .bytes;
}

BinnedBlock::BinnedBlock(const BinningSpec& spec) {
  const RequestColumns& c = spec.requests->columns;
  const std::int32_t num_bins = bins_of(spec);
  const std::vector<std::int64_t> edges =
      spec.edges.empty()
          ? equal_mass_edges(spec.requests->sorted_predicted, num_bins, spec.last_edge_tokens)
          : spec.edges;
  const auto rejects = [&](std::int64_t i) {
    return std::int64_t{c.prompt_tokens[i]} + c.output_tokens[i] > spec.reject_above_tokens;
  };
  // The last bin takes what no bin contains.
  const bool open_end = spec.edges.empty();
  const auto bin_of = [&](std::int32_t predicted) -> std::uint16_t {
    if (num_bins == 1) return 0;
    const auto above =
        std::upper_bound(edges.begin(), edges.begin() + num_bins, std::int64_t{predicted});
    if (above == edges.begin() || (!open_end && predicted >= edges.back())) {
      return static_cast<std::uint16_t>(num_bins - 1);
    }
    return static_cast<std::uint16_t>(above - edges.begin() - 1);
  };

  std::int64_t rejected = 0;
  if (spec.requests->longest_tokens > spec.reject_above_tokens) {
    for (std::int64_t i = 0; i < c.count; ++i) rejected += rejects(i);
  }
  const std::int64_t admitted = c.count - rejected;
  const Layout at(static_cast<std::size_t>(admitted), static_cast<std::size_t>(rejected),
                  static_cast<std::size_t>(num_bins), spec.draws != nullptr);
  memory_.resize(at.bytes / sizeof(std::uint64_t));
  auto* base = reinterpret_cast<unsigned char*>(memory_.data());
  auto* bin_edges = reinterpret_cast<std::int64_t*>(base + at.bin_edges);
  auto* bin_begin = reinterpret_cast<std::uint32_t*>(base + at.bin_begin);
  auto* binned = reinterpret_cast<BinnedRequest*>(base + at.binned);
  auto* order = reinterpret_cast<std::uint32_t*>(base + at.order);
  auto* time_arrival_ns = reinterpret_cast<std::int64_t*>(base + at.time_arrival_ns);
  auto* time_bin = reinterpret_cast<std::uint16_t*>(base + at.time_bin);
  auto* rejected_ns = reinterpret_cast<std::int64_t*>(base + at.rejected_arrival_ns);
  auto* draws = reinterpret_cast<double*>(base + at.draws);

  std::vector<std::uint32_t> place(static_cast<std::size_t>(num_bins) + 1, 0);
  std::int64_t kept = 0;
  for (std::int64_t i = 0; i < c.count; ++i) {
    const std::int64_t scaled_ns =
        spec.load_scaling == 1.0
            ? c.arrival_ns[i]
            : std::llround(static_cast<double>(c.arrival_ns[i]) / spec.load_scaling);
    if (rejected > 0 && rejects(i)) {
      *rejected_ns++ = scaled_ns;
      continue;
    }
    const std::uint16_t bin = bin_of(c.predicted_tokens[i]);
    time_arrival_ns[kept] = scaled_ns;
    time_bin[kept] = bin;
    ++place[bin + 1U];
    ++kept;
  }
  for (std::size_t k = 1; k < place.size(); ++k) place[k] += place[k - 1];
  std::copy(place.begin(), place.end(), bin_begin);
  std::copy(edges.begin(), edges.end(), bin_edges);

  kept = 0;
  for (std::int64_t i = 0; i < c.count; ++i) {
    if (rejected > 0 && rejects(i)) continue;
    const std::uint32_t to = place[time_bin[kept]]++;
    binned[to] = {time_arrival_ns[kept], c.prompt_tokens[i] + c.output_tokens[i],
                  c.output_tokens[i]};
    order[to] = static_cast<std::uint32_t>(kept);
    if (spec.draws != nullptr) draws[to] = spec.draws[i];
    ++kept;
  }

  workload_.num_requests = admitted;
  workload_.num_rejected = rejected;
  workload_.num_bins = num_bins;
  workload_.bin_begin = bin_begin;
  workload_.bin_edges = bin_edges;
  workload_.requests = binned;
  workload_.order = order;
  workload_.draws = spec.draws != nullptr ? draws : nullptr;
  workload_.time_arrival_ns = time_arrival_ns;
  workload_.time_bin = time_bin;
  workload_.rejected_arrival_ns =
      reinterpret_cast<const std::int64_t*>(base + at.rejected_arrival_ns);
}

BinnedWorkload BinnedBlock::moved_to(const void* base) const {
  const auto moved = [&](auto*& pointer) {
    using Pointer = std::remove_reference_t<decltype(pointer)>;
    if (pointer == nullptr) return;
    const auto offset =
        reinterpret_cast<const unsigned char*>(pointer) - static_cast<const unsigned char*>(data());
    pointer = reinterpret_cast<Pointer>(static_cast<const unsigned char*>(base) + offset);
  };
  BinnedWorkload w = workload_;
  moved(w.bin_begin);
  moved(w.bin_edges);
  moved(w.requests);
  moved(w.order);
  moved(w.draws);
  moved(w.time_arrival_ns);
  moved(w.time_bin);
  moved(w.rejected_arrival_ns);
  return w;
}

}  // namespace servesweep
