// Runs waves of continuous-engine worlds. Free of Kokkos headers: what host code sees.
#pragma once

#include "kernels/continuous_traits.hpp"

namespace servesweep {

extern template class WaveRunner<ContinuousTraits>;
using ContinuousRunner = WaveRunner<ContinuousTraits>;
using ContinuousWaveResult = WaveResult<ContinuousTraits>;

}  // namespace servesweep
