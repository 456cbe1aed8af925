#include "random.h"

#include <ATen/CPUGeneratorImpl.h>

#include "detail/random_order.h"

namespace embark {

uint64_t Random::operator()() {
    return derived_seed(seed_, drawn_++);
}

double Random::uniform() {
    return embark::uniform(seed_, drawn_++);
}

Random::operator at::Generator() {
    if (!torch_.defined()) torch_ = at::detail::createCPUGenerator(derived_seed(seed_, -1));
    return torch_;
}

}  // namespace embark
