#include "tabular_pass.h"

#include <utility>
#include <vector>

#include <ATen/autocast_mode.h>
#include <torch/csrc/jit/frontend/tracer.h>
#include <torch/torch.h>

#include "../../core/error.h"
#include "../tabular_model.h"
#include "dense_kernels.h"
#include "lin_bn_drop.h"

namespace embark {

namespace {

using dense::Rows;

/// More rows are for LibTorch's own operations, which take several threads.
constexpr int64_t kMostRows = 1024;

/// A linear layer, ReLU or batch norm, and what its backward pass needs.
struct Layer {
    enum class Kind { linear, relu, norm };
    Kind kind = Kind::relu;
    /// Which of the pass's parameters these are; −1: no parameter.
    int64_t weight = -1, bias = -1;
    /// Of batch norm, while the forward pass lasts.
    const torch::nn::BatchNorm1dImpl* norm = nullptr;
    /// What went into it; of ReLU, what came out.
    at::Tensor kept = {};
    /// Of batch norm: mean, variance and scale of the columns, (3, width).
    at::Tensor seen = {};
};

/// A training pass, from the codes and numbers of a batch to the last layer's output. Its parameters are the
/// embeddings' tables, then those of the numbers' batch norm and of the layers.
struct Pass : torch::CustomClassHolder {
    size_t n_tables = 0;
    /// Of the numbers, where they have one.
    std::optional<Layer> number_norm;
    std::vector<Layer> layers;
    at::Tensor x_cat, x_cont;
};

struct Plan {
    c10::intrusive_ptr<Pass> pass = c10::make_intrusive<Pass>();
    Tensors parameters;

    int64_t add(const at::Tensor& parameter) {
        if (!parameter.defined()) return -1;
        parameters.push_back(parameter);
        return static_cast<int64_t>(parameters.size()) - 1;
    }
};

bool is_plain(const at::Tensor& tensor) {
    return tensor.defined() && tensor.is_cpu() && tensor.scalar_type() == at::kFloat && tensor.is_contiguous();
}

bool is_plain(const torch::nn::EmbeddingOptions& options) {
    return !options.sparse() && !options.padding_idx() && !options.max_norm() && !options.scale_grad_by_freq();
}

bool is_plain(const SyncBatchNorm1dImpl& norm) {
    const auto& options = norm.options;
    return norm.is_training() && !norm.synchronized() && options.affine() && options.track_running_stats() &&
           options.momentum() && is_plain(norm.running_mean) && is_plain(norm.running_var);
}

bool drops(const torch::nn::Dropout& dropout) {
    return dropout && dropout->is_training() && dropout->options.p() > 0;
}

Layer norm_layer(Plan& plan, const SyncBatchNorm1dImpl& norm) {
    Layer layer{.kind = Layer::Kind::norm, .norm = &norm};
    layer.weight = plan.add(norm.weight);
    layer.bias = plan.add(norm.bias);
    return layer;
}

/// False where `block` does more than the pass can.
bool add_block(Plan& plan, const LinBnDropImpl& block) {
    if (!block.linear || drops(block.dropout) || (block.norm && !is_plain(*block.norm))) return false;
    const auto add_norm = [&] {
        if (block.norm) plan.pass->layers.push_back(norm_layer(plan, *block.norm));
    };
    if (!block.options.lin_first) add_norm();
    Layer linear{.kind = Layer::Kind::linear};
    linear.weight = plan.add(block.linear->weight);
    linear.bias = plan.add(block.linear->bias);
    plan.pass->layers.push_back(linear);
    if (block.relu) plan.pass->layers.push_back({.kind = Layer::Kind::relu});
    if (block.options.lin_first) add_norm();
    return true;
}

std::optional<Plan> plan_of(const TabularModelImpl& model) {
    if (model.options.members > 1 || model.numbers || model.values || drops(model.emb_drop)) return std::nullopt;
    Plan plan;
    plan.pass->n_tables = model.embeds->size();
    for (const auto& module : *model.embeds) {
        const auto* embedding = module->as<torch::nn::Embedding>();
        if (embedding == nullptr || !is_plain(embedding->options)) return std::nullopt;
        plan.add(embedding->weight);
    }
    if (model.bn_cont) {
        if (!is_plain(*model.bn_cont)) return std::nullopt;
        plan.pass->number_norm = norm_layer(plan, *model.bn_cont);
    }
    for (const auto& module : *model.layers) {
        const auto* block = module->as<LinBnDrop>();
        if (block == nullptr || !add_block(plan, *block)) return std::nullopt;
    }
    for (const auto& parameter : plan.parameters) {
        if (!is_plain(parameter)) return std::nullopt;
    }
    return plan;
}

Rows<float> rows_of(const at::Tensor& x) {
    return {x.mutable_data_ptr<float>(), x.size(0), x.size(1), x.size(1)};
}

Rows<const float> rows_of(const at::Tensor& x, int64_t first, int64_t width) {
    return {x.const_data_ptr<float>() + first, x.size(0), width, x.size(1)};
}

Rows<const float> all_of(const at::Tensor& x) {
    return rows_of(x, 0, x.size(1));
}

Rows<float> columns_of(const at::Tensor& x, int64_t first, int64_t width) {
    return {x.mutable_data_ptr<float>() + first, x.size(0), width, x.size(1)};
}

Rows<const int64_t> codes_of(const at::Tensor& x_cat, int64_t column) {
    return {x_cat.const_data_ptr<int64_t>() + column, x_cat.size(0), 1, x_cat.size(1)};
}

dense::ColumnStatistics statistics_of(const Layer& layer) {
    float* first = layer.seen.mutable_data_ptr<float>();
    const int64_t width = layer.seen.size(1);
    return {.mean = first, .variance = first + width, .scale = first + 2 * width};
}

/// Whether each code has a row in its table; LibTorch's operations say which has none.
bool have_rows(const at::Tensor& x_cat, const Plan& plan) {
    const int64_t* code = x_cat.const_data_ptr<int64_t>();
    const auto columns = plan.pass->n_tables;
    for (int64_t i = 0; i < x_cat.size(0); ++i) {
        for (size_t column = 0; column < columns; ++column, ++code) {
            if (*code < 0 || *code >= plan.parameters[column].size(0)) return false;
        }
    }
    return true;
}

bool suits(const at::Tensor& x_cat, const at::Tensor& x_cont, const Plan& plan) {
    const auto plain = [](const at::Tensor& x, at::ScalarType type) {
        return !x.defined() || (x.is_cpu() && x.scalar_type() == type && x.is_contiguous() && !x.requires_grad());
    };
    if (!plain(x_cat, at::kLong) || !plain(x_cont, at::kFloat)) return false;
    const int64_t rows = x_cat.defined() ? x_cat.size(0) : x_cont.size(0);
    // A single row batch norm takes in a way of its own.
    if (rows < 2 || rows > kMostRows || (x_cont.defined() && x_cont.size(0) != rows)) return false;
    return plan.pass->n_tables == 0 || have_rows(x_cat, plan);
}

/// As torch::nn::BatchNorm1d keeps them for eval mode.
void update_running_statistics(const Layer& layer, int64_t rows) {
    const auto& norm = *layer.norm;
    const auto seen = statistics_of(layer);
    const auto momentum = static_cast<float>(*norm.options.momentum());
    const float unbiased = static_cast<float>(rows) / static_cast<float>(rows - 1);
    float* mean = norm.running_mean.mutable_data_ptr<float>();
    float* variance = norm.running_var.mutable_data_ptr<float>();
    for (int64_t j = 0; j < layer.seen.size(1); ++j) {
        mean[j] += momentum * (seen.mean[j] - mean[j]);
        variance[j] += momentum * (seen.variance[j] * unbiased - variance[j]);
    }
    for (const auto* buffer : {&norm.running_mean, &norm.running_var}) buffer->unsafeGetTensorImpl()->bump_version();
    norm.num_batches_tracked.add_(1);  // of whatever type the module was brought to
}

void norm_forward(Layer& layer, Rows<const float> x, at::TensorList parameters, Rows<float> y) {
    layer.seen = at::empty({3, x.width}, at::kFloat);
    dense::batch_norm(x, parameters[layer.weight].const_data_ptr<float>(),
                      parameters[layer.bias].const_data_ptr<float>(), static_cast<float>(layer.norm->options.eps()),
                      statistics_of(layer), y);
    update_running_statistics(layer, x.count);
    layer.norm = nullptr;
}

/// The embeddings of the codes, side by side, and the numbers.
at::Tensor features(Pass& pass, at::TensorList parameters) {
    int64_t width = pass.x_cont.defined() ? pass.x_cont.size(1) : 0;
    for (size_t i = 0; i < pass.n_tables; ++i) width += parameters[i].size(1);
    const int64_t rows = pass.n_tables > 0 ? pass.x_cat.size(0) : pass.x_cont.size(0);
    at::Tensor x = at::empty({rows, width}, at::kFloat);
    int64_t first = 0;
    for (size_t i = 0; i < pass.n_tables; first += parameters[i++].size(1)) {
        dense::take_rows(parameters[i].const_data_ptr<float>(), codes_of(pass.x_cat, static_cast<int64_t>(i)),
                         columns_of(x, first, parameters[i].size(1)));
    }
    if (first == width) return x;
    if (pass.number_norm) {
        norm_forward(*pass.number_norm, all_of(pass.x_cont), parameters, columns_of(x, first, width - first));
    } else {
        x.narrow(1, first, width - first).copy_(pass.x_cont);
    }
    return x;
}

at::Tensor layer_forward(Layer& layer, at::Tensor x, at::TensorList parameters) {
    layer.kept = x;
    if (layer.kind == Layer::Kind::linear) {
        const auto weight = parameters[layer.weight].t();
        return layer.bias < 0 ? at::mm(x, weight) : at::addmm(parameters[layer.bias], x, weight);
    }
    if (layer.kind == Layer::Kind::relu) {
        dense::relu(x.mutable_data_ptr<float>(), x.numel());  // the linear layer before it keeps nothing of it
        return x;
    }
    at::Tensor y = at::empty_like(x);
    norm_forward(layer, all_of(x), parameters, rows_of(y));
    return y;
}

/// Puts the gradients of batch norm's parameters into `gradients`, and that of x into `of_x` where that has data.
void norm_backward(const Layer& layer, Rows<const float> x, Rows<const float> of_y, at::TensorList parameters,
                   Tensors& gradients, Rows<float> of_x) {
    auto &of_weight = gradients[layer.weight], &of_bias = gradients[layer.bias];
    of_weight = at::empty({x.width}, at::kFloat);
    of_bias = at::empty({x.width}, at::kFloat);
    dense::batch_norm_backward(x, statistics_of(layer), parameters[layer.weight].const_data_ptr<float>(), of_y,
                               of_weight.mutable_data_ptr<float>(), of_bias.mutable_data_ptr<float>(), of_x);
}

/// The gradient of what went into the layer from that of what came out, of which nobody else knows.
at::Tensor layer_backward(const Layer& layer, at::Tensor gradient, at::TensorList parameters, Tensors& gradients) {
    if (layer.kind == Layer::Kind::linear) {
        gradients[layer.weight] = at::mm(gradient.t(), layer.kept);
        if (layer.bias >= 0) {
            gradients[layer.bias] = at::empty({gradient.size(1)}, at::kFloat);
            dense::add_up_columns(all_of(gradient), gradients[layer.bias].mutable_data_ptr<float>());
        }
        return at::mm(gradient, parameters[layer.weight]);
    }
    if (layer.kind == Layer::Kind::relu) {
        dense::relu_backward(layer.kept.const_data_ptr<float>(), gradient.mutable_data_ptr<float>(), gradient.numel());
        return gradient;
    }
    at::Tensor of_x = at::empty_like(gradient);
    norm_backward(layer, all_of(layer.kept), all_of(gradient), parameters, gradients, rows_of(of_x));
    return of_x;
}

void features_backward(const Pass& pass, const at::Tensor& gradient, at::TensorList parameters, Tensors& gradients) {
    int64_t first = 0;
    for (size_t i = 0; i < pass.n_tables; ++i) {
        const int64_t width = parameters[i].size(1);
        gradients[i] = at::zeros_like(parameters[i]);
        dense::add_rows(rows_of(gradient, first, width), codes_of(pass.x_cat, static_cast<int64_t>(i)),
                        gradients[i].mutable_data_ptr<float>());
        first += width;
    }
    if (pass.number_norm) {
        norm_backward(*pass.number_norm, all_of(pass.x_cont), rows_of(gradient, first, pass.x_cont.size(1)), parameters,
                      gradients, {});
    }
}

class PassNode : public torch::autograd::Function<PassNode> {
public:
    static at::Tensor forward(torch::autograd::AutogradContext* context, const c10::intrusive_ptr<Pass>& pass,
                              at::TensorList parameters) {
        const at::AutoDispatchBelowAutograd below;
        at::Tensor x = features(*pass, parameters);
        for (Layer& layer : pass->layers) x = layer_forward(layer, std::move(x), parameters);
        context->save_for_backward(parameters.vec());
        context->saved_data["pass"] = torch::IValue::make_capsule(pass);
        return x;
    }

    static Tensors backward(torch::autograd::AutogradContext* context, Tensors of_outputs) {
        require(!at::GradMode::is_enabled(),
                "A TabularModel in one node of autograd has no second derivatives; make it ", "with fused = false");
        const auto pass = c10::static_intrusive_pointer_cast<Pass>(context->saved_data.at("pass").toCapsule());
        const Tensors parameters = context->get_saved_variables();
        const at::AutoDispatchBelowAutograd below;
        Tensors gradients(parameters.size());
        // The first layer to come is linear or a norm, which leave this gradient as it is.
        at::Tensor gradient = of_outputs.front().contiguous();
        for (auto layer = pass->layers.rbegin(); layer != pass->layers.rend(); ++layer) {
            gradient = layer_backward(*layer, std::move(gradient), parameters, gradients);
        }
        features_backward(*pass, gradient, parameters, gradients);
        gradients.insert(gradients.begin(), at::Tensor());  // of the pass
        return gradients;
    }
};

}  // namespace

std::optional<at::Tensor> one_node_pass(const TabularModelImpl& model, const at::Tensor& x_cat,
                                        const at::Tensor& x_cont) {
    if (!model.options.fused || !model.is_training() || !at::GradMode::is_enabled() ||
        at::autocast::is_autocast_enabled(at::kCPU) || torch::jit::tracer::isTracing()) {
        return std::nullopt;
    }
    auto plan = plan_of(model);
    if (!plan || !suits(x_cat, x_cont, *plan)) return std::nullopt;
    plan->pass->x_cat = x_cat;
    plan->pass->x_cont = x_cont;
    return PassNode::apply(plan->pass, at::TensorList(plan->parameters));
}

}  // namespace embark
