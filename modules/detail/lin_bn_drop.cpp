#include "lin_bn_drop.h"

namespace embark {

LinBnDropImpl::LinBnDropImpl(const LinBnDropOptions& options_) : options(options_) {
    reset();
}

template <class Layer>
Layer LinBnDropImpl::append(Layer layer) {
    return register_module(std::to_string(children().size()), std::move(layer));
}

void LinBnDropImpl::append_linear() {
    if (options.members > 1) {
        linears = append(NLinear(NLinearOptions{options.members, options.n_in, options.n_out, !options.bn}));
    } else {
        linear = append(torch::nn::Linear(torch::nn::LinearOptions(options.n_in, options.n_out).bias(!options.bn)));
    }
    if (options.act) relu = append(torch::nn::ReLU());
}

void LinBnDropImpl::append_norm() {
    if (options.bn) {
        norm = append(SyncBatchNorm1d(options.lin_first ? options.n_out : options.n_in));
        torch::NoGradGuard no_grad;
        norm->bias.fill_(1e-3);  // fastai's
    }
    if (options.p != 0) dropout = append(torch::nn::Dropout(options.p));
}

void LinBnDropImpl::reset() {
    if (!options.lin_first) append_norm();
    append_linear();
    if (options.lin_first) append_norm();
}

void LinBnDropImpl::pretty_print(std::ostream& stream) const {
    stream << "embark::LinBnDrop";
}

at::Tensor LinBnDropImpl::apply_linear(const at::Tensor& x) {
    const auto y = linears ? linears(x.unflatten(0, at::IntArrayRef{-1, options.members})).flatten(0, 1) : linear(x);
    return relu ? relu(y) : y;
}

at::Tensor LinBnDropImpl::apply_norm(at::Tensor x) {
    if (norm) x = norm(x);
    return dropout ? dropout(x) : x;
}

at::Tensor LinBnDropImpl::forward(const at::Tensor& x) {
    return options.lin_first ? apply_norm(apply_linear(x)) : apply_linear(apply_norm(x));
}

}  // namespace embark
