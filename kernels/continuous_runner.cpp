#include "kernels/continuous_runner.hpp"

#include "kernels/wave_runner_impl.hpp"

namespace servesweep {

template class WaveRunner<ContinuousTraits>;

}  // namespace servesweep
