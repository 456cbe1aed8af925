#include "gradient_exchange.h"

#include <algorithm>
#include <set>

#include <torch/csrc/autograd/utils/lambda_post_hook.h>
#include <torch/torch.h>

#include "../../../core/error.h"
#include "../../../optim/optimizer.h"
#include "../../training_state.h"
#include "row_exchange.h"
#include "sharded_tables.h"

namespace embark {

namespace {

/// Gradients of one type that travel as one tensor, with a number at its end for each that says whether it is there.
struct Bucket {
    std::vector<at::Tensor> parameters;
    int64_t numbers = 0;
    int64_t missing = 0;  // gradients, of the pass at hand
    bool sent = false;
    at::Tensor packed;
    Exchange exchange;

    void pack() {
        const auto n_flags = static_cast<int64_t>(parameters.size());
        if (!packed.defined()) {
            packed = at::empty({numbers + n_flags}, parameters.front().options().device(at::kCPU).requires_grad(false));
        }
        int64_t at = 0;
        for (int64_t i = 0; i < n_flags; ++i) {
            const auto& parameter = parameters[static_cast<size_t>(i)];
            const auto part = packed.narrow(0, at, parameter.numel());
            const auto gradient = parameter.grad();
            gradient.defined() ? part.view(parameter.sizes()).copy_(gradient) : part.zero_();
            packed[numbers + i] = gradient.defined() ? 1 : 0;
            at += parameter.numel();
        }
    }

    void unpack() {
        int64_t at = 0;
        const auto flags = packed.narrow(0, numbers, static_cast<int64_t>(parameters.size())).to(at::kFloat);
        for (size_t i = 0; i < parameters.size(); ++i) {
            auto& parameter = parameters[i];
            const auto sum = packed.narrow(0, at, parameter.numel()).view(parameter.sizes());
            at += parameter.numel();
            if (flags[static_cast<int64_t>(i)].item<float>() == 0) continue;
            if (parameter.grad().defined()) {
                parameter.mutable_grad().copy_(sum);
            } else {
                parameter.mutable_grad() = sum.to(parameter.device(), /*non_blocking=*/false, /*copy=*/true);
            }
        }
    }
};

std::vector<at::Tensor> trained_parameters(const Optimizer& optimizer) {
    std::vector<at::Tensor> trained;
    for (const auto& group : optimizer.groups()) {
        for (const auto& parameter : group.parameters) {
            if (parameter.tensor.requires_grad()) trained.push_back(parameter.tensor);
        }
    }
    return trained;
}

std::set<const void*> embedding_weights(torch::nn::Module& model) {
    std::set<const void*> weights;
    for (const auto& part : model.modules()) {
        if (const auto* embedding = part->as<torch::nn::EmbeddingImpl>()) {
            weights.insert(embedding->weight.unsafeGetTensorImpl());
        }
    }
    return weights;
}

}  // namespace

struct GradientExchange::Impl {
    struct Hook {
        decltype(torch::autograd::impl::grad_accumulator(at::Tensor())) accumulator;
        uintptr_t key = 0;
    };

    Impl(Strategy& strategy_, const TrainingState& state_) : strategy(strategy_), state(state_) {}

    void add(const at::Tensor& parameter, int64_t bucket_bytes);
    void watch(size_t bucket);
    void gradient_is_there(size_t bucket);
    void send_full_ones();

    Strategy& strategy;
    const TrainingState& state;
    std::vector<at::Tensor> trained;
    std::vector<Bucket> buckets;
    std::vector<at::Tensor> tables;  // whose rows travel by themselves
    std::vector<Hook> hooks;
    size_t next = 0;  // to be sent
};

void GradientExchange::Impl::add(const at::Tensor& parameter, int64_t bucket_bytes) {
    const auto fits = [&](const Bucket& bucket) {
        return bucket.parameters.front().scalar_type() == parameter.scalar_type() &&
               (bucket.numbers + parameter.numel()) * static_cast<int64_t>(parameter.element_size()) <= bucket_bytes;
    };
    if (buckets.empty() || !fits(buckets.back())) buckets.emplace_back();
    buckets.back().parameters.push_back(parameter);
    buckets.back().numbers += parameter.numel();
}

void GradientExchange::Impl::watch(size_t bucket) {
    for (const auto& parameter : buckets[bucket].parameters) {
        Hook hook{.accumulator = torch::autograd::impl::grad_accumulator(parameter)};
        hook.key = hook.accumulator->add_post_hook(std::make_unique<torch::autograd::utils::LambdaPostHook>(
            [this, bucket](const std::vector<at::Tensor>& outputs, const std::vector<at::Tensor>&) {
                gradient_is_there(bucket);
                return outputs;
            }));
        hooks.push_back(std::move(hook));
    }
}

void GradientExchange::Impl::gradient_is_there(size_t bucket) {
    if (state.step.accumulating) return;
    --buckets[bucket].missing;
    send_full_ones();
}

void GradientExchange::Impl::send_full_ones() {
    // In one order in all processes, whatever the order in which their gradients come.
    for (; next < buckets.size() && buckets[next].missing <= 0; ++next) {
        Bucket& bucket = buckets[next];
        torch::NoGradGuard no_grad;
        bucket.pack();
        bucket.exchange = strategy.start_all_reduce(bucket.packed);
        bucket.sent = true;
    }
}

GradientExchange::GradientExchange(Strategy& strategy, const TrainingState& state, GradientExchangeOptions options)
    : impl_(std::make_unique<Impl>(strategy, state)) {
    const auto embeddings = embedding_weights(*state.model);
    const ShardedTables sharded(*state.model);  // which send their gradients themselves
    impl_->trained = trained_parameters(*state.optimizer);
    for (auto parameter = impl_->trained.rbegin(); parameter != impl_->trained.rend(); ++parameter) {
        if (sharded.contains(*parameter)) continue;
        const bool is_table = embeddings.contains(parameter->unsafeGetTensorImpl());
        if (is_table && options.sparse_embeddings) {
            impl_->tables.push_back(*parameter);
        } else {
            impl_->add(*parameter, options.bucket_bytes);
        }
    }
    for (size_t bucket = 0; bucket < impl_->buckets.size(); ++bucket) impl_->watch(bucket);
}

GradientExchange::~GradientExchange() {
    for (auto& hook : impl_->hooks) hook.accumulator->del_post_hook(hook.key);
}

bool GradientExchange::is_of_trained_parameters() const {
    return same_tensors(trained_parameters(*impl_->state.optimizer), impl_->trained);
}

void GradientExchange::begin() {
    impl_->next = 0;
    for (auto& bucket : impl_->buckets) {
        bucket.missing = static_cast<int64_t>(bucket.parameters.size());
        bucket.sent = false;
    }
}

void GradientExchange::finish() {
    torch::NoGradGuard no_grad;
    for (auto& bucket : impl_->buckets) bucket.missing = 0;
    impl_->send_full_ones();
    add_up_rows(impl_->strategy, impl_->tables);
    for (auto& bucket : impl_->buckets) {
        bucket.exchange.wait();
        bucket.unpack();
    }
}

StateDict accumulated_gradients(const TrainingState& state) {
    StateDict gradients;
    Strategy& strategy = *state.strategy;
    // Those that several processes have exchanged are each one's already.
    if (!strategy.decides_alone() && !state.step.accumulating) return gradients;
    const ShardedTables tables(*state.model);
    for (const auto& group : state.optimizer->groups()) {
        for (const auto& parameter : group.parameters) {
            at::Tensor gradient = parameter.tensor.grad();
            require(!gradient.defined() || !tables.contains(parameter.tensor), "The gradients of the sharded table '",
                    parameter.name, "' are being accumulated, and checkpoints do not hold them");
            if (!strategy.any(gradient.defined())) continue;
            gradient = gradient.defined() ? gradient.clone() : torch::zeros_like(parameter.tensor);
            if (gradient.is_sparse() && strategy.decides_alone()) {
                // As it is, so that a lazy optimizer moves these rows alone after a resume too.
                gradient = gradient.coalesce();
                gradients.set(parameter.name + kSparseRows, gradient.indices());
                gradients.set(parameter.name + kSparseValues, gradient.values());
                continue;
            }
            if (gradient.is_sparse()) gradient = gradient.to_dense();
            strategy.all_reduce(gradient);
            gradients.set(parameter.name, gradient);
        }
    }
    return gradients;
}

bool same_tensors(const Tensors& a, const Tensors& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](const at::Tensor& x, const at::Tensor& y) { return x.is_same(y); });
}

void average_buffers(Strategy& strategy, torch::nn::Module& module) {
    std::vector<at::Tensor> buffers;
    for (const auto& buffer : module.buffers()) {
        if (buffer.defined() && buffer.is_floating_point()) buffers.push_back(buffer);
    }
    if (buffers.empty()) return;
    torch::NoGradGuard no_grad;
    std::vector<at::Tensor> flat;
    for (const auto& buffer : buffers) flat.push_back(buffer.reshape(-1).to(at::kCPU, at::kDouble));
    auto all = torch::cat(flat);
    strategy.all_reduce(all);
    all.div_(static_cast<double>(strategy.share().size));
    int64_t at = 0;
    for (auto& buffer : buffers) {
        buffer.copy_(all.narrow(0, at, buffer.numel()).view(buffer.sizes()));
        at += buffer.numel();
    }
}

}  // namespace embark
