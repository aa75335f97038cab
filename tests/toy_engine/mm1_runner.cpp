#include "kernels/wave_runner_impl.hpp"
#include "tests/toy_engine/mm1.hpp"

template class servesweep::WaveRunner<servesweep::Mm1Traits>;
