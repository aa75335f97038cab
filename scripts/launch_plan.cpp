// Prints how the batch engine would be launched on a device, for scripts/device_report and
// scripts/performance_model: a row for each kind of world, as kernels/batch_traits.hpp sizes it.
//
//   launch_plan THREADS SCRATCH_BYTES WORLDS K,GPUS[,LIMIT]...
//
// THREADS: resident on the device; SCRATCH_BYTES: most of a team; WORLDS: of a wave; LIMIT: of a
// batch, without it the default b_max.
#include <cstdio>
#include <cstdlib>

#include "kernels/batch_traits.hpp"

using namespace servesweep;

// What a batch reads and writes of its world: its GPU, its bin, the result, and its two blocks of
// events.
static std::size_t state_bytes_a_batch() {
  return sizeof(GpuState) + sizeof(BinQueue) + sizeof(BatchController) + sizeof(BinUse) +
         sizeof(BatchResult) + (1 + 2 * GpuEventBlocks::kSize) * sizeof(std::int64_t);
}

int main(int argc, char** argv) {
  if (argc < 5) return 2;
  DeviceLimits device;
  device.is_host = false;
  device.threads = std::strtoull(argv[1], nullptr, 10);
  device.scratch_bytes = std::strtoull(argv[2], nullptr, 10);
  std::printf("[");
  for (int i = 4; i < argc; ++i) {
    char* comma = nullptr;
    const auto bins = static_cast<std::int32_t>(std::strtol(argv[i], &comma, 10));
    const auto gpus = static_cast<std::int32_t>(std::strtol(comma + 1, &comma, 10));
    const auto limit = *comma == ','
                           ? static_cast<std::int32_t>(std::strtol(comma + 1, nullptr, 10))
                           : DynamicParams().b_max;
    WaveShape<BatchTraits> shape;
    shape.worlds = std::strtoll(argv[3], nullptr, 10);
    shape.size.state_bytes = BatchState::bytes(bins, gpus);
    shape.size.sharable_work = shape.worlds * sharable_work_of(limit, gpus, bins);
    const Launch launch = plan_wave_launch(shape, 0, SIZE_MAX, device);
    std::printf(
        "%s\n{\"bins\": %d, \"gpus\": %d, \"lanes\": %d, \"worlds_a_team\": %d, \"teams\": %d, "
        "\"state_bytes\": %zu, \"in_scratch\": %s, \"scratch_bytes\": %zu, "
        "\"histogram_bytes\": %zu, \"bytes_a_batch\": %zu}",
        i == 4 ? "" : ",", bins, gpus, launch.lanes, launch.team_size, launch.teams,
        launch.slot.state_bytes, launch.in_scratch ? "true" : "false",
        launch.in_scratch ? launch.scratch_bytes() : 0, launch.slot.histogram_bytes, state_bytes_a_batch());
  }
  std::printf("\n]\n");
}
