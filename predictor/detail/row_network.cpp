#include "row_network.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <utility>

#include <torch/torch.h>

#include "../../core/detail/vector_clones.h"
#include "../../core/error.h"
#include "../../core/range.h"
#include "description.h"

namespace embark {

namespace {

/// outputs += x · weight of (n_in, n_out), ReLU of them where asked for. Row by row, so that memory is read in order.
template <class Number>
[[gnu::always_inline]] inline void add_product_of(const Number* x, const Number* weight, int64_t n_in, int64_t n_out,
                                                  bool relu, Number* outputs) {
    for (int64_t i = 0; i < n_in; ++i) {
        const Number factor = x[i];
        const Number* row = weight + i * n_out;
        for (int64_t j = 0; j < n_out; ++j) outputs[j] += factor * row[j];
    }
    if (!relu) return;
    for (int64_t j = 0; j < n_out; ++j) outputs[j] = outputs[j] > 0 ? outputs[j] : 0;
}

EMBARK_VECTOR_CLONES void add_product(const float* x, const float* weight, int64_t n_in, int64_t n_out, bool relu,
                                      float* outputs) {
    add_product_of(x, weight, n_in, n_out, relu, outputs);
}

EMBARK_VECTOR_CLONES void add_product(const double* x, const double* weight, int64_t n_in, int64_t n_out, bool relu,
                                      double* outputs) {
    add_product_of(x, weight, n_in, n_out, relu, outputs);
}

/// More than any model has: an archive may say anything.
constexpr int64_t kMaxLayers = 10'000;

template <class Number>
std::vector<Number> numbers_of(const at::Tensor& values) {
    const at::Tensor flat = values.to(c10::CppTypeToScalarType<Number>::value).contiguous();
    return {flat.const_data_ptr<Number>(), flat.const_data_ptr<Number>() + flat.numel()};
}

/// What is left of a LinBnDrop, in float64.
struct FoldedLayer {
    at::Tensor weight, bias;  // (n_out, n_in), (n_out)
    bool relu = false;
};

/// Folds everything linear into linear layers, in float64.
class FoldedModel {
public:
    explicit FoldedModel(const torch::jit::Module& module) {
        for (const auto& parameter : module.named_parameters()) {
            tensors_[parameter.name] = parameter.value;
            is_float64_ = is_float64_ || parameter.value.scalar_type() == at::kDouble;
        }
        for (const auto& buffer : module.named_buffers()) tensors_[buffer.name] = buffer.value;
    }

    at::Tensor tensor(const std::string& name) const {
        const auto found = tensors_.find(name);
        require(found != tensors_.end(), "The exported model lacks '", name, "'");
        return found->second.detach().to(at::kDouble);
    }

    bool has(const std::string& name) const { return tensors_.contains(name); }
    bool is_float64() const { return is_float64_; }

    /// What a batch norm does in eval mode: x · scale + shift.
    std::pair<at::Tensor, at::Tensor> norm(const std::string& name) const {
        constexpr double kEps = 1e-5;  // BatchNorm1d's
        const at::Tensor scale = tensor(name + ".weight") / (tensor(name + ".running_var") + kEps).sqrt();
        return {scale, tensor(name + ".bias") - tensor(name + ".running_mean") * scale};
    }

    /// The parts of one LinBnDrop are numbered as they act; those without parameters leave a gap.
    FoldedLayer layer(const std::string& name, bool lin_first, bool last) {
        std::string linear, batch_norm;
        for (int part = 0; part < 4; ++part) {
            const std::string of_part = concat(name, ".", part);
            if (has(of_part + ".running_mean")) {
                batch_norm = of_part;
            } else if (has(of_part + ".weight")) {
                linear = of_part;
            }
        }
        if (!lin_first && !batch_norm.empty()) norm_input(norm(batch_norm));
        at::Tensor weight = tensor(linear + ".weight");
        at::Tensor bias =
            has(linear + ".bias") ? tensor(linear + ".bias") : torch::zeros({weight.size(0)}, at::kDouble);
        if (input_norm_.first.defined()) {
            bias = bias + weight.mv(input_norm_.second);
            weight = weight * input_norm_.first;
        }
        input_norm_ = {};
        if (lin_first && !batch_norm.empty() && last) {
            const auto [scale, shift] = norm(batch_norm);
            weight = weight * scale.unsqueeze(1);
            bias = bias * scale + shift;
        } else if (lin_first && !batch_norm.empty()) {
            norm_input(norm(batch_norm));
        }
        return {weight, bias, !last};
    }

    /// The norm of the numbers, which stand behind `n_before` values of embeddings.
    void norm_numbers(const std::string& name, int64_t n_before) {
        const auto [scale, shift] = norm(name);
        const auto before = torch::ones({n_before}, at::kDouble);
        norm_input({torch::cat({before, scale}), torch::cat({torch::zeros_like(before), shift})});
    }

private:
    /// One norm more of what the next linear layer takes.
    void norm_input(const std::pair<at::Tensor, at::Tensor>& norm) {
        if (!input_norm_.first.defined()) {
            input_norm_ = norm;
            return;
        }
        input_norm_ = {input_norm_.first * norm.first, input_norm_.second * norm.first + norm.second};
    }

    std::map<std::string, at::Tensor> tensors_;
    bool is_float64_ = false;
    /// Scale and shift of what the next linear layer takes; undefined where it takes it as it is.
    std::pair<at::Tensor, at::Tensor> input_norm_;
};

template <class Number>
class RowNetworkOf : public RowNetwork {
public:
    RowNetworkOf(FoldedModel model, const nlohmann::json& json, const TabularEncoder& encoder);
    std::vector<double> operator()(const int64_t* codes, const float* numbers) const override;

private:
    void require_shapes(const TabularEncoder& encoder) const;

    struct Embedding {
        int64_t n = 0, width = 0;
        std::vector<Number> rows;  // (n, width)
    };
    struct Layer {
        int64_t n_in = 0, n_out = 0;
        std::vector<Number> weight;  // (n_in, n_out)
        std::vector<Number> bias;
        bool relu = false;
    };

    std::vector<Embedding> embeddings_;
    int64_t n_numbers_ = 0;
    std::vector<Layer> layers_;
    /// Outputs brought into y_range, by their place.
    std::vector<int64_t> bounded_;
    Range y_range_;
};

template <class Number>
RowNetworkOf<Number>::RowNetworkOf(FoldedModel model, const nlohmann::json& json, const TabularEncoder& encoder) {
    int64_t embedded = 0;
    const auto n_embeddings = integer_in(json, "n_embeddings", 0, std::ssize(encoder.categories));
    for (int64_t i = 0; i < n_embeddings; ++i) {
        const at::Tensor rows = model.tensor(concat("embeds.", i, ".weight"));
        embeddings_.push_back({.n = rows.size(0), .width = rows.size(1), .rows = numbers_of<Number>(rows)});
        embedded += rows.size(1);
    }
    n_numbers_ = integer_in(json, "n_cont", 0, std::ssize(encoder.numbers));
    const bool lin_first = json.at("lin_first");
    if (model.has("bn_cont.weight")) model.norm_numbers("bn_cont", embedded);
    const auto n_layers = integer_in(json, "n_layers", 1, kMaxLayers);
    for (int64_t i = 0; i < n_layers; ++i) {
        const auto [weight, bias, relu] = model.layer(concat("layers.", i), lin_first, i == n_layers - 1);
        layers_.push_back({.n_in = weight.size(1),
                           .n_out = weight.size(0),
                           .weight = numbers_of<Number>(weight.t()),
                           .bias = numbers_of<Number>(bias),
                           .relu = relu});
    }
    const auto& bounded = json.at("bounded");
    require(std::ranges::all_of(bounded, [](const auto& place) { return place.is_number_integer(); }),
            "its 'bounded' are not places of outputs");
    bounded_ = bounded.get<std::vector<int64_t>>();
    y_range_ = {json.at("y_range").at(0), json.at("y_range").at(1)};
    require_shapes(encoder);
}

template <class Number>
void RowNetworkOf<Number>::require_shapes(const TabularEncoder& encoder) const {
    bool fits = embeddings_.size() == encoder.categories.size() && !layers_.empty() &&
                n_numbers_ == static_cast<int64_t>(encoder.numbers.size());
    int64_t width = n_numbers_;
    for (size_t i = 0; fits && i < embeddings_.size(); ++i) {
        fits = embeddings_[i].n >= encoder.categories[i].vocabulary.size();
        width += embeddings_[i].width;
    }
    for (size_t i = 0; fits && i < layers_.size(); ++i) {
        fits = layers_[i].n_in == width && static_cast<int64_t>(layers_[i].bias.size()) == layers_[i].n_out;
        width = layers_[i].n_out;
    }
    int64_t n_outputs = 0;
    for (const TargetColumn& target : encoder.targets) n_outputs += target.width();
    fits = fits && width == n_outputs && std::all_of(bounded_.begin(), bounded_.end(), [&](int64_t place) {
               return place >= 0 && place < n_outputs;
           });
    require(fits, "the sizes of its parameters do not fit the columns that it describes; export the model again");
}

template <class Number>
std::vector<double> RowNetworkOf<Number>::operator()(const int64_t* codes, const float* numbers) const {
    std::vector<Number> x, outputs;
    x.reserve(static_cast<size_t>(layers_.front().n_in));
    for (size_t i = 0; i < embeddings_.size(); ++i) {
        const auto& [n, width, rows] = embeddings_[i];
        const auto first = rows.begin() + codes[i] * width;
        x.insert(x.end(), first, first + width);
    }
    x.insert(x.end(), numbers, numbers + n_numbers_);
    for (const Layer& layer : layers_) {
        outputs = layer.bias;
        add_product(x.data(), layer.weight.data(), layer.n_in, layer.n_out, layer.relu, outputs.data());
        std::swap(x, outputs);
    }
    std::vector<double> found(x.begin(), x.end());
    for (const int64_t place : bounded_) {
        double& output = found[static_cast<size_t>(place)];
        output = y_range_.low + (y_range_.high - y_range_.low) / (1 + std::exp(-output));
    }
    return found;
}

}  // namespace

std::unique_ptr<const RowNetwork> RowNetwork::make(const torch::jit::Module& module, const nlohmann::json& json,
                                                   const TabularEncoder& encoder) {
    FoldedModel model(module);
    if (model.is_float64()) return std::make_unique<RowNetworkOf<double>>(std::move(model), json, encoder);
    return std::make_unique<RowNetworkOf<float>>(std::move(model), json, encoder);
}

}  // namespace embark
