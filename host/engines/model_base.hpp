// What the models of engines have in common (host/engines/wave_run.hpp says what a model is).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "host/base/random.hpp"
#include "host/engines/workload_source.hpp"
#include "host/parameters/parts.hpp"
#include "host/results/metric_table.hpp"
#include "host/results/unit_table.hpp"
#include "kernels/wave_runner.hpp"

namespace servesweep {

// A workload as an engine's worlds read it, kept as long as a chunk's worlds use it. Engines derive
// from it what they want to know beside the workload.
class WorkloadRequests {
 public:
  std::shared_ptr<const Workload> workload;

  explicit WorkloadRequests(std::shared_ptr<const Workload> requests)
      : workload(std::move(requests)) {}
  std::size_t size() const { return workload->size(); }
  std::size_t bytes() const { return bytes_of(*workload) + draws_bytes_; }

  // Makes draws [request] of draw(i), unless they are there.
  template <class T, class Draw>
  void draw(std::vector<T>& draws, const Draw& draw) {
    if (!draws.empty()) return;
    draws.reserve(size());
    for (std::size_t i = 0; i < size(); ++i) draws.push_back(draw(i));
    draws_bytes_ += size() * sizeof(T);
  }

 private:
  std::size_t draws_bytes_ = 0;
};

// An array of its requests that a world reads as it is: brought to the device once for all worlds,
// which have its address in one of their members.
class RequestArray {
 public:
  template <class World, class T>
  RequestArray(const std::vector<T>& values, const World& world, const T* const& address)
      : values_(values.data()),
        bytes_(values.size() * sizeof(T)),
        offset_(reinterpret_cast<const char*>(&address) - reinterpret_cast<const char*>(&world)) {
    static_assert(std::is_trivially_copyable_v<World>);
    if (offset_ < 0 || offset_ + static_cast<std::ptrdiff_t>(sizeof address) >
                           static_cast<std::ptrdiff_t>(sizeof world)) {
      throw std::logic_error("a request array's address is no member of its world");
    }
  }

  const void* values() const { return values_; }
  std::size_t bytes() const { return bytes_; }
  template <class World>
  void connect(World& world, const void* address) const {
    std::memcpy(reinterpret_cast<char*>(&world) + offset_, &address, sizeof address);
  }
  bool operator<(const RequestArray& other) const {
    return std::tie(values_, bytes_, offset_) <
           std::tie(other.values_, other.bytes_, other.offset_);
  }

 private:
  const void* values_;
  std::size_t bytes_;
  std::ptrdiff_t offset_;  // of the member in the world
};

// Why a world alone needs so much, and what to lower.
struct Refusal {
  std::string facts;  // follow the facts of its workload, such as ", its state takes 3 GB"
  std::string remedy = "workload.requests";
};

// A model derives from this, and from it has what it does not say itself.
template <class RunnerOfEngine, class ParamsOfEngine>
class ModelBase {
 public:
  using Runner = RunnerOfEngine;
  using Traits = typename Runner::Traits;
  using World = typename Traits::World;
  using Result = typename Traits::Result;
  using Params = ParamsOfEngine;
  using Requests = WorkloadRequests;
  using Input = RequestArray;
  using Prepared = const void*;
  struct Kept {
    explicit Kept(const Params&) {}
  };
  static constexpr double kTypicalRequestsPerSecond = 50e6;
  static constexpr std::int64_t kMostRequestsPerThread = 50'000'000;

  ModelBase(const InputFiles& files, Runner& runner) : files_(files), runner_(runner) {}

  static void add_parameters(ParameterSet& set) {
    add_workload_parameters(set);
    add_params<Params>(set);
  }
  static Params read(const ParameterSet& set, const double* values,
                     const std::vector<std::string>& texts) {
    Params params;
    params.workload = read_workload_spec(set, values, texts);
    read_params(params, set, values);
    return params;
  }
  static std::vector<Finding> check(const Params& params) {
    return check_workload(params.workload);
  }

  static const Result& outcome_of(const World&, const Kept&, const Result& result) {
    return result;
  }
  static std::vector<RaggedSpec> histograms() { return {latency_histogram_table()}; }
  static typename Traits::template Tables<UnitTable> units() { return {}; }

  static std::size_t input_bytes(const RequestArray& array) {
    return Runner::placed_bytes(array.bytes());
  }
  static std::size_t preparation_bytes(const RequestArray&) { return 0; }
  std::vector<const void*> prepare(const std::vector<RequestArray>& arrays) {
    std::vector<const void*> placed;
    for (const RequestArray& array : arrays) {
      placed.push_back(array.bytes() > 0 ? runner_.place(array.values(), array.bytes()) : nullptr);
    }
    return placed;
  }
  static void connect(World& world, const RequestArray& array, const void* placed) {
    array.connect(world, placed);
  }

  std::size_t table_bytes() const { return table_bytes_; }
  static Refusal refusal(const World&) { return {}; }
  static void sort_events(std::vector<typename Traits::Event>&) {}

 protected:
  // A service model's table in device memory; `numbers` must stay.
  std::shared_ptr<const double> upload_table(const std::vector<double>& numbers) {
    table_bytes_ += numbers.size() * sizeof(double);
    return runner_.upload(numbers);
  }

  const InputFiles& files_;
  Runner& runner_;

 private:
  std::size_t table_bytes_ = 0;
};

}  // namespace servesweep
