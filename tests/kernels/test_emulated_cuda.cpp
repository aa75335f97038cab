// The code that CUDA compiles of DeviceWarp, of both engines' kernels and of saving histograms runs
// in an emulated warp (tests/support/emulated_cuda.hpp), several worlds side by side in the groups
// of one warp: every result has the bits of one lane.
#include <Kokkos_Core.hpp>
#include <algorithm>
#include <string>
#include <vector>

#include "kernels/device/portability.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/emulated_cuda.hpp"

#define kOnHost false  // the kernels of this file are those of a GPU

#include "kernels/batch_traits.hpp"
#include "kernels/continuous_traits.hpp"
#include "kernels/wave_kernels.hpp"
#include "tests/support/continuous_worlds.hpp"
#include "tests/support/device_warp_checks.hpp"
#include "tests/support/host_world.hpp"

namespace servesweep {
namespace {

using testing::EmulatedCudaWarp;

#ifdef SERVESWEEP_BRIEF_TESTS
constexpr int kWorlds = 10;
constexpr unsigned kWidths[] = {2, 8, 32};
#else
constexpr int kWorlds = 40;
constexpr unsigned kWidths[] = {1, 2, 4, 8, 16, 32};
#endif

// The batch engine compiled for groups of eight lanes alone.
struct EightLanes : BatchTraits {
  static constexpr int kLaneWidth = 8;
};

// 16-byte pieces, as the device's memory is aligned.
struct alignas(StateLayout::kAlignment) Piece {
  unsigned char bytes[16] = {};
};
using Memory = std::vector<Piece>;
Memory memory_of(std::size_t bytes) { return Memory(bytes / sizeof(Piece) + 1); }
unsigned char* data_of(Memory& memory) { return reinterpret_cast<unsigned char*>(memory.data()); }

void add_row(testing::Bytes& bytes, const GpuUse& use) { bytes.add(use); }
void add_row(testing::Bytes& bytes, const BinUse& use) { bytes.add(use); }
void add_row(testing::Bytes& bytes, const ReplicaUse& use) { testing::add_use(bytes, use); }
void add_row(testing::Bytes& bytes, const ClassUse& use) { testing::add_class(bytes, use); }
void add_fields(testing::Bytes& bytes, const BatchResult& result) { bytes.add(result); }
void add_fields(testing::Bytes& bytes, const ContinuousResult& result) {
  testing::add_result(bytes, result);
}

// The arrays of a wave in host memory, as a runner lays them out.
template <class Engine>
class Wave {
 public:
  Wave(const std::vector<typename Engine::World>& worlds, bool is_exact) : worlds_(worlds) {
    for (const auto& world : worlds) {
      shape_.add(world);
      const auto size = Engine::size_of(world);
      Engine::for_each_table(
          [](auto& begins, auto& end, const auto& rows) {
            begins.push_back(end.count);
            end.count += rows.count;
          },
          row_begins_, row_ends_, size.rows);
      value_begins_.push_back(num_values_);
      if (is_exact) num_values_ += static_cast<std::uint32_t>(Engine::num_exact_values(world, 0));
    }
    MemoryBlock count;
    arrays.take(shape_, {true, is_exact}, count);
    block_ = memory_of(count.bytes());
    MemoryBlock block(data_of(block_));
    arrays.take(shape_, {true, is_exact}, block);
    std::copy(worlds.begin(), worlds.end(), arrays.worlds);
    for (std::size_t i = 0; i < worlds.size(); ++i) {
      arrays.start_order[i] = static_cast<std::int32_t>(worlds.size() - 1 - i);
    }
    Engine::for_each_table(
        [](auto& table, const auto& begins) {
          std::copy(begins.begin(), begins.end(), table.begin);
        },
        arrays.tables, row_begins_);
    if (is_exact) {
      std::copy(value_begins_.begin(), value_begins_.end(), arrays.exact[0].begin);
      std::copy(std::begin(arrays.exact), std::end(arrays.exact), arrays.exact_rooms);
    }
  }

  // All that is known of each world.
  std::vector<std::string> outcomes(bool is_exact) const {
    std::vector<std::string> all;
    for (std::size_t i = 0; i < worlds_.size(); ++i) {
      testing::Bytes bytes;
      add_fields(bytes, arrays.results[i]);
      for (std::size_t h = 0; h < Engine::kSavedHistograms; ++h) {
        const std::size_t row = i * Engine::kSavedHistograms + h;
        const std::int64_t place = arrays.histograms.places[row];
        bytes.add(arrays.histograms.num_buckets[row]);
        for (std::int64_t e = place; e < place + arrays.histograms.num_buckets[row]; ++e) {
          bytes.add(arrays.histograms.buckets[e], arrays.histograms.bucket_counts[e]);
        }
      }
      const auto num_rows = Engine::size_of(worlds_[i]).rows;
      Engine::for_each_table(
          [&bytes, i](const auto& table, const auto& rows) {
            for (std::int64_t r = 0; r < rows.count; ++r) {
              add_row(bytes, table.rows[table.begin[i] + r]);
            }
          },
          arrays.tables, num_rows);
      if (is_exact) add_exact_values(bytes, i);
      all.push_back(bytes.text);
    }
    return all;
  }

  std::size_t state_bytes() const {
    return (shape_.size.state_bytes + sizeof(Piece) - 1) / sizeof(Piece) * sizeof(Piece);
  }
  WaveArrays<Engine> arrays{};

 private:
  template <class>
  using Begins = std::vector<std::int64_t>;  // [world]

  void add_exact_values(testing::Bytes& bytes, std::size_t world) const {
    const ExactRoom& room = arrays.exact[0];
    for (int q = 0; q < Engine::num_quantities(0); ++q) {
      const std::uint32_t count =
          room.end_of(q, static_cast<std::int32_t>(world)) - room.begin[world];
      bytes.add(count);
      const std::int64_t* values = room.values + q * room.stride + room.begin[world];
      for (std::uint32_t v = 0; v < count; ++v) bytes.add(values[v]);
    }
  }

  const std::vector<typename Engine::World>& worlds_;
  WaveShape<Engine> shape_;
  typename Engine::template Tables<Begins> row_begins_;
  typename Engine::template Tables<NumRows> row_ends_;
  std::vector<std::uint32_t> value_begins_;
  std::uint32_t num_values_ = 0;
  Memory block_;
};

// One world after the other by one lane, without the kernels.
template <class Engine, bool kExact>
std::vector<std::string> run_alone(const std::vector<typename Engine::World>& worlds) {
  Wave<Engine> wave(worlds, kExact);
  const OneLane lane;
  for (std::size_t i = 0; i < worlds.size(); ++i) {
    const auto index = static_cast<std::int32_t>(i);
    Memory memory = memory_of(Engine::size_of(worlds[i]).state_bytes);
    std::vector<std::uint32_t> counts(Engine::Histograms::kCounts);
    typename Engine::Histograms histograms(counts.data());
    typename Engine::State state;
    Engine::place(state, data_of(memory), worlds[i]);
    if constexpr (kExact) {
      open_rooms<Engine>(wave.arrays.exact, index);
      typename Engine::KeepValues values{wave.arrays.exact, worlds[i], index};
      Engine::template run<Engine::kFeatures>(lane, worlds[i], state, histograms, values);
      state.result->exact_quantiles = has_exact_percentiles<Engine>(worlds[i]);
    } else {
      typename Engine::NoObserver none;
      Engine::template run<Engine::kFeatures>(lane, worlds[i], state, histograms, none);
    }
    take_quantiles(lane, histograms, *state.result);
    wave.arrays.results[i] = *state.result;
    SparseHistograms& sparse = wave.arrays.histograms;
    for (int h = 0; h < Engine::kSavedHistograms; ++h) {
      const Histogram& histogram = histograms.of[h];
      const std::int32_t row = index * Engine::kSavedHistograms + h;
      sparse.places[row] = *sparse.num_entries;
      for (std::int32_t b = 0; b < HistogramLayout::kNumBuckets; ++b) {
        if (histogram.counts[b] == 0) continue;
        sparse.buckets[*sparse.num_entries] = b;
        sparse.bucket_counts[(*sparse.num_entries)++] =
            static_cast<std::int32_t>(histogram.counts[b]);
        ++sparse.num_buckets[row];
      }
    }
    Engine::save_rows(lane, worlds[i], state, wave.arrays.tables, index);
  }
  return wave.outcomes(kExact);
}

// The outcomes of worlds as a warp of a GPU runs them; its slots follow those of the warps before
// it in the block.
template <class Engine, bool kExact>
std::vector<std::string> run_as_warp(const std::vector<typename Engine::World>& worlds,
                                     unsigned width) {
  Wave<Engine> wave(worlds, kExact);
  const std::size_t groups = EmulatedCudaWarp::kLanes / width;
  Memory states = memory_of(groups * wave.state_bytes());
  for (Piece& piece : states) std::fill_n(piece.bytes, sizeof piece.bytes, 0xa5);
  std::vector<std::uint32_t> histograms(groups * Engine::Histograms::kCounts);
  const RunWorlds<Engine, kExact> kernel{wave.arrays,
                                         {data_of(states), histograms.data(), wave.state_bytes()},
                                         static_cast<std::int32_t>(worlds.size()),
                                         true};
  EmulatedCudaWarp warp(width, 1, width);
  warp.run([&] {
    const typename RunWorlds<Engine, kExact>::Warp lane;
    const auto slot = static_cast<std::int32_t>(EmulatedCudaWarp::lane() / width);
    kernel.run_in_slot(lane, slot,
                       data_of(states) + static_cast<std::size_t>(slot) * wave.state_bytes());
  });
  CHECK(std::count(histograms.begin(), histograms.end(), 0U) ==
        static_cast<std::ptrdiff_t>(histograms.size()));
  return wave.outcomes(kExact);
}

template <class Engine, bool kExact>
void check_worlds(const std::vector<typename Engine::World>& worlds) {
  const std::vector<std::string> expected = run_alone<Engine, kExact>(worlds);
  for (const unsigned width : kWidths) {
    if (Engine::kLaneWidth > 0 && width != static_cast<unsigned>(Engine::kLaneWidth)) continue;
    const std::vector<std::string> outcomes = run_as_warp<Engine, kExact>(worlds, width);
    for (std::size_t i = 0; i < worlds.size(); ++i) {
      INFO("world " << i << ", width " << width);
      const bool is_same = outcomes[i] == expected[i];
      REQUIRE(is_same);
    }
  }
}

}  // namespace

TEST_CASE("groups of an emulated CUDA warp get what one lane gets, each its own calls") {
  for (const unsigned width : kWidths) {
    for (unsigned seed = 0; seed < 10; ++seed) {
      INFO("width " << width << ", seed " << seed);
      REQUIRE_NOTHROW(testing::check_device_warp(width, seed % 3, seed));
    }
  }
}

TEST_CASE("the batch engine's kernels on an emulated CUDA warp give the bits of one lane") {
  std::vector<testing::HostWorld> on_host;
  on_host.reserve(kWorlds);
  std::vector<BatchWorld> worlds;
  for (int i = 0; i < kWorlds; ++i) {
    const auto seed = static_cast<std::uint64_t>(5'500'000 + i);
    on_host.emplace_back(i % 10 == 9 ? testing::wide_world(seed)
                                     : testing::random_world(seed, 100));
    worlds.push_back(on_host.back().world);
  }
  check_worlds<BatchTraits, false>(worlds);
  check_worlds<BatchTraits, true>(worlds);
  check_worlds<EightLanes, false>(worlds);
}

TEST_CASE("the continuous engine's kernels on an emulated CUDA warp give the bits of one lane") {
  std::vector<testing::ContinuousCase> cases;
  for (int i = 0; i < kWorlds; ++i) {
    cases.push_back(testing::random_continuous(static_cast<std::uint64_t>(9'500'000 + i), 60));
  }
  std::vector<ContinuousWorld> worlds;
  for (const testing::ContinuousCase& c : cases) worlds.push_back(c.view());
  check_worlds<ContinuousTraits, false>(worlds);
}

}  // namespace servesweep
