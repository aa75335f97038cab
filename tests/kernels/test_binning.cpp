// Binned workloads against a naive stable sort of the requests by bin, and the device's against the
// host's.
#include "kernels/workloads/binning.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "kernels/workloads/binning_rules.hpp"
#include "kernels/workloads/device_binning.hpp"
#include "tests/support/binned_block.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/device_memory.hpp"
#include "tests/support/host_requests.hpp"

namespace servesweep {
namespace {

struct Requests {
  std::vector<std::int64_t> arrival_ns;
  std::vector<std::int32_t> prompt, output, predicted;
  std::vector<double> draws;

  RequestSet set() const {
    return testing::host_request_set({static_cast<std::int64_t>(arrival_ns.size()),
                                      arrival_ns.data(), prompt.data(), output.data(),
                                      predicted.data()});
  }
};

Requests random_requests(std::mt19937_64& random, int count, int longest) {
  Requests r;
  std::int64_t now_ns = 0;
  const auto up_to = [&](int most) {
    return static_cast<std::int32_t>(random() % (static_cast<std::uint64_t>(most) + 1));
  };
  for (int i = 0; i < count; ++i) {
    r.arrival_ns.push_back(now_ns);
    now_ns += up_to(2) * 1000;  // one in three arrives with the next
    r.prompt.push_back(up_to(longest));
    r.output.push_back(up_to(longest));
    r.predicted.push_back(up_to(longest));
    r.draws.push_back(static_cast<double>(i) + 0.5);
  }
  return r;
}

// A workload binned on the device, copied back.
class DeviceBinned {
 public:
  DeviceBinned(const Requests& r, const BinningSpec& spec)
      : DeviceBinned(r, spec, Uploaded(spec.requests->columns)) {}
  const BinnedWorkload& workload() const { return workload_; }

 private:
  struct Uploaded {
    OnDevice<unsigned char> block, temp;
    DeviceRequests requests;

    explicit Uploaded(const RequestColumns& columns)
        : block(device_requests_bytes(columns.count)),
          temp(upload_temp_bytes(columns.count)),
          requests(upload_requests(Device(), columns, block.data(), temp.data())) {}
  };

  DeviceBinned(const Requests& r, const BinningSpec& spec, const Uploaded& uploaded) {
    const OnDevice<double> draws(r.draws);
    const OnDevice<unsigned char> block(binned_bytes(spec)), temp(binning_temp_bytes(spec));
    workload_ =
        bin_on_device(Device(), uploaded.requests, spec.draws != nullptr ? draws.data() : nullptr,
                      spec, block.data(), temp.data());
    block_ = block.values();
    workload_ = BinnedArrays(block_.data(), spec).workload(spec, workload_.num_rejected);
  }

  std::vector<unsigned char> block_;
  BinnedWorkload workload_;
};

struct Row {
  std::size_t bin;
  std::int64_t arrival_ns;
  std::int32_t total, output;
  std::uint32_t place;
  double draw;
};

// The rule of docs/batch_engine.md: the first bin that contains the prediction, else the last one.
std::size_t naive_bin(std::int64_t predicted, const std::vector<std::int64_t>& edges) {
  for (std::size_t k = 0; k + 1 < edges.size(); ++k) {
    if (edges[k] <= predicted && predicted < edges[k + 1]) return k;
  }
  return edges.size() - 2;
}

// K quantiles in long double would do; so do integers: e_k = q[i] + ((q[i+1] - q[i]) r) div K.
std::vector<std::int64_t> naive_edges(std::vector<std::int32_t> q, int num_bins,
                                      std::int64_t last) {
  std::sort(q.begin(), q.end());
  if (num_bins == 1) return {0, last};
  std::vector<std::int64_t> edges;
  for (std::int64_t k = 0; k < num_bins; ++k) {
    const std::int64_t position = k * (static_cast<std::int64_t>(q.size()) - 1);
    const auto i = static_cast<std::size_t>(position / num_bins);
    const std::int64_t rest = position % num_bins;
    const std::int64_t step = rest == 0 ? 0 : (q[i + 1] - q[i]) * rest / num_bins;
    edges.push_back(q[i] + step);
  }
  edges.push_back(last);
  return edges;
}

void check_equals_naive(const BinnedWorkload& w, const Requests& r, const BinningSpec& spec,
                        const std::vector<std::int64_t>& edges) {
  std::vector<Row> rows;
  std::vector<std::int64_t> rejected_ns;
  for (std::size_t i = 0; i < r.arrival_ns.size(); ++i) {
    const std::int64_t time_ns =
        std::llround(static_cast<double>(r.arrival_ns[i]) / spec.load_scaling);
    const std::int32_t total = r.prompt[i] + r.output[i];
    if (total > spec.reject_above_tokens) {
      rejected_ns.push_back(time_ns);
      continue;
    }
    rows.push_back({naive_bin(r.predicted[i], edges), time_ns, total, r.output[i],
                    static_cast<std::uint32_t>(rows.size()), r.draws[i]});
  }

  REQUIRE(w.num_bins == static_cast<std::int32_t>(edges.size()) - 1);
  REQUIRE(w.num_requests == static_cast<std::int64_t>(rows.size()));
  REQUIRE(w.num_rejected == static_cast<std::int64_t>(rejected_ns.size()));
  CHECK(std::vector<std::int64_t>(w.bin_edges, w.bin_edges + edges.size()) == edges);
  CHECK(std::equal(rejected_ns.begin(), rejected_ns.end(), w.rejected_arrival_ns));
  CHECK((w.draws == nullptr) == (spec.draws == nullptr));
  int different = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {  // by time
    different += w.time_arrival_ns[i] != rows[i].arrival_ns || w.time_bin[i] != rows[i].bin;
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const Row& a, const Row& b) { return a.bin < b.bin; });
  for (std::size_t i = 0; i < rows.size(); ++i) {  // by bin
    different += w.requests[i].arrival_ns != rows[i].arrival_ns ||
                 w.requests[i].total_tokens != rows[i].total ||
                 w.requests[i].output_tokens != rows[i].output || w.order[i] != rows[i].place;
    if (w.draws != nullptr) different += w.draws[i] != rows[i].draw;
  }
  for (std::size_t k = 0; k < edges.size(); ++k) {
    const auto first =
        std::find_if(rows.begin(), rows.end(), [k](const Row& row) { return row.bin >= k; });
    different += w.bin_begin[k] != static_cast<std::uint32_t>(first - rows.begin());
  }
  CHECK(different == 0);
}

BinningSpec random_spec(std::mt19937_64& random, const Requests& r, const RequestSet& set,
                        int longest) {
  BinningSpec spec;
  spec.requests = &set;
  spec.load_scaling = std::vector<double>{1.0, 3.0, 0.7, 1e4}[random() % 4];
  spec.num_bins = std::vector<int>{1, 2, 3, 7, 32}[random() % 5];
  spec.last_edge_tokens = 10'000;
  if (random() % 3 == 0) spec.reject_above_tokens = longest;
  if (random() % 20 == 0) spec.reject_above_tokens = -1;
  if (random() % 2 == 0) spec.draws = r.draws.data();
  if (random() % 4 == 0) spec.edges = {2, 3, 40, 9000};  // a user's: not from 0, not to the end
  return spec;
}

}  // namespace

TEST_CASE("binned requests are those of a stable sort") {
  std::mt19937_64 random(3);
  int with_rejected = 0, with_all_rejected = 0;
  for (int round = 0; round < 500; ++round) {
    INFO("round " << round);
    const int longest = std::vector<int>{0, 3, 50, 12'000}[random() % 4];
    const Requests r = random_requests(random, 1 + static_cast<int>(random() % 300), longest);
    const RequestSet set = r.set();
    const BinningSpec spec = random_spec(random, r, set, longest);
    const std::vector<std::int64_t> edges =
        spec.edges.empty() ? naive_edges(r.predicted, spec.num_bins, 10'000) : spec.edges;
    const testing::BinnedBlock block(spec);
    check_equals_naive(block.workload(), r, spec, edges);
    check_equals_naive(DeviceBinned(r, spec).workload(), r, spec, edges);
    with_rejected += block.workload().num_rejected > 0;
    with_all_rejected += block.workload().num_requests == 0;
  }
  CHECK(with_rejected > 20);
  CHECK(with_all_rejected > 5);
}

TEST_CASE("the device bins as the host does") {
  std::mt19937_64 random(5);
  const auto bytes_equal = [](const auto* a, const auto* b, std::int64_t count) {
    return std::memcmp(a, b, static_cast<std::size_t>(count) * sizeof(*a)) == 0;
  };
  for (int round = 0; round < 3000; ++round) {
    INFO("round " << round);
    const int longest = std::vector<int>{0, 3, 50, 1000, 12'000}[random() % 5];
    const int most = std::vector<int>{1, 40, 2000, round % 50 == 0 ? 200'000 : 5000}[random() % 4];
    const Requests r = random_requests(
        random, 1 + static_cast<int>(random() % static_cast<std::uint64_t>(most)), longest);
    const RequestSet set = r.set();
    BinningSpec spec = random_spec(random, r, set, longest);
    if (random() % 2 == 0) spec.num_bins = 1 + static_cast<int>(random() % 1024);
    const testing::BinnedBlock block(spec);
    const BinnedWorkload& host = block.workload();
    const DeviceBinned on_device(r, spec);
    const BinnedWorkload& device = on_device.workload();
    REQUIRE(device.num_requests == host.num_requests);
    REQUIRE(device.num_rejected == host.num_rejected);
    REQUIRE(device.num_bins == host.num_bins);
    CHECK(bytes_equal(device.bin_edges, host.bin_edges, host.num_bins + 1));
    CHECK(bytes_equal(device.bin_begin, host.bin_begin, host.num_bins + 1));
    CHECK(bytes_equal(device.requests, host.requests, host.num_requests));
    CHECK(bytes_equal(device.order, host.order, host.num_requests));
    CHECK(bytes_equal(device.time_arrival_ns, host.time_arrival_ns, host.num_requests));
    CHECK(bytes_equal(device.time_bin, host.time_bin, host.num_requests));
    CHECK(bytes_equal(device.rejected_arrival_ns, host.rejected_arrival_ns, host.num_rejected));
    REQUIRE((device.draws == nullptr) == (host.draws == nullptr));
    if (host.draws != nullptr) CHECK(bytes_equal(device.draws, host.draws, host.num_requests));
  }
}

TEST_CASE("edges of equal mass, by hand") {
  using Edges = std::vector<std::int64_t>;
  const auto edges_of = [](const std::vector<std::int32_t>& sorted, std::int64_t num_bins,
                           std::int64_t last) {
    Edges edges;
    for (std::int64_t k = 0; k <= num_bins; ++k) {
      edges.push_back(equal_mass_edge(sorted.data(), static_cast<std::int64_t>(sorted.size()), k,
                                      num_bins, last));
    }
    return edges;
  };
  CHECK(edges_of({1, 2, 3, 4, 5}, 1, 10'000) == Edges{0, 10'000});
  CHECK(edges_of({1, 2, 3, 4, 5}, 2, 10'000) == Edges{1, 3, 10'000});
  CHECK(edges_of({10, 20, 30, 45}, 2, 999) == Edges{10, 25, 999});
  CHECK(edges_of({10, 20}, 4, 999) == Edges{10, 12, 15, 17, 999});  // truncated
  CHECK(edges_of({7, 7, 7}, 3, 999) == Edges{7, 7, 7, 999});
  CHECK(edges_of({7}, 3, 999) == Edges{7, 7, 7, 999});
}

TEST_CASE("specifications order by everything that makes arrays differ") {
  std::mt19937_64 random(4);
  const Requests r = random_requests(random, 10, 50);
  const RequestSet set = r.set(), other = r.set();
  BinningSpec base;
  base.requests = &set;
  std::vector<BinningSpec> all(8, base);
  all[1].requests = &other;
  all[2].load_scaling = 2;
  all[3].edges = {0, 5, 9};
  all[4].num_bins = 2;
  all[5].last_edge_tokens = 5;
  all[6].reject_above_tokens = 5;
  all[7].draws = r.draws.data();
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = 0; j < all.size(); ++j) {
      INFO(i << " and " << j);
      CHECK((all[i] < all[j] || all[j] < all[i]) == (i != j));
    }
  }
}

}  // namespace servesweep
