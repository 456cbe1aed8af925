#include "check_rng_state.h"

#include <ATen/CPUGeneratorImpl.h>

#include "../error.h"

namespace embark {

void check_rng_state(const at::Tensor& state) {
    auto generator = at::detail::createCPUGenerator();
    const int64_t size = generator.get_state().numel();
    require(state.dim() == 1 && state.scalar_type() == at::kByte && state.numel() >= size,
            "the saved random numbers are not the state of a generator, of ", size, " bytes");
    try {
        generator.set_state(state.slice(0, 0, size).clone());
    } catch (const std::exception&) {
        fail("the saved random numbers are not the state of a generator");
    }
    const at::mt19937_data_pod engine = at::check_generator<at::CPUGeneratorImpl>(generator)->engine().data();
    // It draws the next left − 1 numbers from its table, and then makes a new one.
    require(engine.left_ == 1 || int64_t{engine.next_} + engine.left_ - 1 <= at::MERSENNE_STATE_N,
            "the saved random numbers are not the state of a generator");
}

}  // namespace embark
