#include "n_linear.h"

#include <cmath>

#include <torch/types.h>

#include "../core/error.h"

namespace embark {

NLinearImpl::NLinearImpl(const NLinearOptions& options_) : options(options_) {
    require<UsageError>(options.n >= 1 && options.n_in >= 1 && options.n_out >= 1, "Invalid sizes of an NLinear, ",
                        options.n, " layers of ", options.n_in, " inputs and ", options.n_out,
                        " outputs: at least 1 of each is needed");
    reset();
}

void NLinearImpl::reset() {
    weight = register_parameter("weight", torch::empty({options.n, options.n_in, options.n_out}));
    if (options.bias) bias = register_parameter("bias", torch::empty({options.n, options.n_out}));
    reset_parameters();
}

void NLinearImpl::reset_parameters() {
    torch::NoGradGuard no_grad;
    const double bound = 1 / std::sqrt(static_cast<double>(options.n_in));
    weight.uniform_(-bound, bound);
    if (bias.defined()) bias.uniform_(-bound, bound);
}

void NLinearImpl::pretty_print(std::ostream& stream) const {
    stream << "embark::NLinear(n=" << options.n << ", n_in=" << options.n_in << ", n_out=" << options.n_out
           << ", bias=" << std::boolalpha << options.bias << ")";
}

at::Tensor NLinearImpl::forward(const at::Tensor& x) {
    const auto y = x.transpose(0, 1).bmm(weight).transpose(0, 1);
    return bias.defined() ? y + bias : y;
}

}  // namespace embark
