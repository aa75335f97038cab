// Memory of the device that engines run waves in: copies to and from it, the memory of a wave, and
// that of the slots, in which worlds run.
#pragma once

#include <Kokkos_Core.hpp>
#include <algorithm>
#include <future>
#include <vector>

#include "kernels/device/launch_plan.hpp"
#include "kernels/device/portability.hpp"
#include "kernels/memory/arena.hpp"

namespace servesweep {

template <class Space>
using DeviceBytes = Kokkos::View<unsigned char*, Space, Kokkos::MemoryTraits<Kokkos::Unmanaged>>;

// Copies `count` values, in the instance's queue.
template <class ToSpace, class FromSpace, class T>
void copy(const Device& instance, T* to, const T* from, std::size_t count) {
  const std::size_t bytes = count * sizeof(T);
  Kokkos::deep_copy(
      instance, DeviceBytes<ToSpace>(reinterpret_cast<unsigned char*>(to), bytes),
      DeviceBytes<FromSpace>(reinterpret_cast<unsigned char*>(const_cast<T*>(from)), bytes));
}

template <class T>
void fill_with_zeros(T* to, std::size_t count) {
  Kokkos::deep_copy(
      DeviceBytes<DeviceMemory>(reinterpret_cast<unsigned char*>(to), count * sizeof(T)),
      static_cast<unsigned char>(0));
}

// The memory of one wave and its queue on the device. Waves use two buffers in turn.
struct WaveBuffers {
  Device instance = make_instance();
  Arena<DeviceMemory> device{"servesweep::wave"};
  Arena<StagingMemory> staging{"servesweep::staging"};  // where the device is not the host
  std::shared_future<void> copied;  // the wave's results; invalid before the first wave

  void reserve(std::size_t bytes) {
    device.reserve(bytes);
    if (!kOnHost) staging.reserve(bytes);
  }
  void release() {
    if (copied.valid()) copied.wait();
    device.release();
    staging.release();
  }

  template <class T>
  void upload(const std::vector<T>& values, T* to) {
    if constexpr (kOnHost) {
      std::copy(values.begin(), values.end(), to);
    } else {
      T* from = staging.take<T>(values.size());
      std::copy(values.begin(), values.end(), from);
      copy<DeviceMemory, StagingMemory>(instance, to, from, values.size());
    }
  }

  // Where the values are, or will be once the instance has been waited for, in host memory.
  template <class T>
  const T* download(const T* from, std::int64_t count) {
    if constexpr (kOnHost) {
      return from;
    } else {
      T* to = staging.take<T>(static_cast<std::size_t>(count));
      copy<StagingMemory, DeviceMemory>(instance, to, from, static_cast<std::size_t>(count));
      return to;
    }
  }
};

// What an engine's waves run in: two sets of buffers in turn, and the memory of the slots, which
// one wave after the other uses.
class WavePool {
 public:
  WaveBuffers& next() { return waves_[next_]; }
  WaveBuffers& last() { return waves_[1 - next_]; }
  // The next wave becomes the last one.
  WaveBuffers& turn() {
    next_ = 1 - next_;
    return last();
  }

  SlotArrays slots(const Launch& launch) {
    histograms_.reserve(0);
    states_.reserve(0);
    SlotArrays slots{};
    slots.state_bytes = launch.slot.state_bytes;
    slots.histograms =
        histograms_.take<std::uint32_t>(launch.histograms_bytes() / sizeof(std::uint32_t));
    if (!launch.in_scratch) slots.states = states_.take<unsigned char>(launch.states_bytes());
    return slots;
  }

  // Bytes that all of it holds once the next wave's needs are met.
  std::size_t grown(std::size_t arrays, std::size_t histograms, std::size_t states) const {
    return waves_[1 - next_].device.capacity() + std::max(waves_[next_].device.capacity(), arrays) +
           std::max(histograms_.capacity(), histograms) + std::max(states_.capacity(), states);
  }
  std::size_t held() const { return grown(0, 0, 0); }
  bool moves_slots(std::size_t histograms, std::size_t states) const {
    return histograms_.capacity() < histograms || states_.capacity() < states;
  }

  // Where slots move, the last wave's worlds must have been run.
  void reserve(std::size_t arrays, std::size_t histograms, std::size_t states) {
    next().reserve(arrays);
    states_.reserve(states);
    if (histograms_.capacity() >= histograms) return;
    histograms_.reserve(histograms);
    fill_with_zeros(histograms_.take<unsigned char>(histograms_.capacity()),
                    histograms_.capacity());
  }
  void release() {
    for (WaveBuffers& wave : waves_) wave.release();
    histograms_.release();
    states_.release();
  }

 private:
  WaveBuffers waves_[2];
  int next_ = 0;
  Arena<DeviceMemory> histograms_{"servesweep::histograms"};  // zero between worlds
  Arena<DeviceMemory> states_{"servesweep::states"};
};

}  // namespace servesweep
