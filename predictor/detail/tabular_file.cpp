#include "tabular_file.h"

#include <algorithm>
#include <cmath>

#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/script.h>
#include <torch/torch.h>

#include "../../core/detail/classic_locale.h"
#include "../../core/detail/parallel.h"
#include "../../core/error.h"
#include "description.h"
#include "row_network.h"
#include "tabular_encoder_json.h"
#include "torchscript_call.h"

namespace embark {

namespace {

/// Calls `read`, which reads the file's description and what it describes.
template <class Read>
void read_description(const ExportedFile& file, Read read) {
    try {
        read();
    } catch (const std::exception& error) {
        fail(file.name(), " cannot be read: ", torch_message(error));
    }
}

}  // namespace

/// Answers one row at a time.
class TabularFile::Rows {
public:
    Rows(const TabularEncoder& encoder, const torch::jit::Module& module, const nlohmann::json& network)
        : encoder_(encoder) {
        if (network.is_object()) {
            network_ = RowNetwork::make(module, network, encoder);
            return;
        }
        const ClassicLocale plain_numbers;
        module_ = torch::jit::freeze(module);
        warm_up();
    }

    std::vector<Prediction> operator()(const RawRow& row) const {
        if (network_) return decode_row(encoder_, network_outputs(row));
        return decode_row(encoder_, outputs(encoder_.encode(row)));
    }

private:
    /// The outputs for one encoded row, after the activation of each target.
    Tensors outputs(const Tensors& inputs) const {
        const c10::InferenceMode inference;
        Tensors outputs = as_tensors(
            torch::jit::Module(module_).forward(std::vector<torch::jit::IValue>(inputs.begin(), inputs.end())));
        for (size_t i = 0; i < outputs.size(); ++i) outputs[i] = encoder_.targets.at(i).activation(outputs[i]);
        return outputs;
    }

    std::vector<double> network_outputs(const RawRow& row) const {
        std::vector<int64_t> codes(encoder_.categories.size());
        std::vector<float> numbers(encoder_.numbers.size());
        encoder_.encode(row, codes.data(), numbers.data());
        std::vector<double> outputs = (*network_)(codes.data(), numbers.data());
        double* first = outputs.data();
        for (const TargetColumn& target : encoder_.targets) {
            target.activate(first);
            first += target.width();
        }
        return outputs;
    }

    /// The first calls of TorchScript are slow: it looks at them and then compiles.
    void warm_up() const {
        Tensors example = {torch::zeros({1, static_cast<int64_t>(encoder_.categories.size())}, at::kLong),
                           torch::zeros({1, static_cast<int64_t>(encoder_.numbers.size())})};
        for (const TextColumn& text : encoder_.texts) example.push_back(torch::ones({1, text.max_len}, at::kLong));
        for (int call = 0; call < 3; ++call) outputs(example);
    }

    const TabularEncoder& encoder_;
    /// Where the model is one that it knows; else the module.
    std::unique_ptr<const RowNetwork> network_;
    torch::jit::Module module_;
};

TabularFile::TabularFile(ExportedFile exported) : FileKind(std::move(exported)) {
    read_description(file(), [&] {
        const auto description = parse_description(file().info().description);
        encoder_ = tabular_encoder_from_json(description.at("preprocessing"));
        network_ = description.value("network", nlohmann::json());
    });
}

TabularFile::~TabularFile() = default;

/// Two rows, with the first and the last of the numbers that columns and texts are encoded as.
void TabularFile::check_model() const {
    std::call_once(model_is_checked_, [&] {
        // Else LibTorch would specialise the method for two rows.
        const torch::jit::GraphOptimizerEnabledGuard as_it_is(false);
        const auto first_and_last = [](int64_t size) { return torch::tensor({int64_t{0}, size - 1}).unsqueeze(1); };
        Tensors codes = {torch::empty({2, 0}, at::kLong)};
        for (const CategoryColumn& column : encoder_.categories)
            codes.push_back(first_and_last(column.vocabulary.size()));
        Tensors example = {torch::cat(codes, 1), torch::zeros({2, std::ssize(encoder_.numbers)})};
        for (const TextColumn& text : encoder_.texts) {
            example.push_back(first_and_last(text.vocabulary.size()).repeat({1, text.max_len}));
        }
        const Tensors outputs = file().forward(example);
        require(outputs.size() == encoder_.targets.size(), file().name(), " cannot be read: its model gives ",
                outputs.size(), " outputs, and it describes ", encoder_.targets.size(), " targets");
        for (size_t i = 0; i < outputs.size(); ++i) {
            const TargetColumn& target = encoder_.targets[i];
            const bool fits = outputs[i].is_floating_point() && outputs[i].numel() == 2 * target.width() &&
                              (!target.is_class() || outputs[i].sizes() == at::IntArrayRef({2, target.width()}));
            require(fits, file().name(), " cannot be read: its model gives ", outputs[i].sizes(), " for two rows' ",
                    target.name, ", which has ", target.width(), target.is_class() ? " classes" : " value");
        }
    });
}

const TabularFile::Rows& TabularFile::rows() const {
    check_model();
    std::call_once(rows_are_ready_, [&] {
        read_description(file(), [&] { rows_ = std::make_unique<const Rows>(encoder_, file().module(), network_); });
    });
    return *rows_;
}

void TabularFile::warm_up() const {
    rows();
}

std::vector<Prediction> TabularFile::predict_row(const RawRow& row) const {
    return rows()(row);
}

std::vector<TargetPredictions> TabularFile::predict_columns(const RawColumns& columns, EncodingCounts* counts) const {
    return predict_encoded(encoder_.encode_columns(columns, counts));
}

std::vector<TargetPredictions> TabularFile::predict_encoded(const Tensors& inputs) const {
    check_model();
    const std::vector<TargetColumn>& targets = encoder_.targets;
    // In parts, each on one thread: LibTorch's threads wait for one another at every operation, which takes several times
    // as long where other programs want the cores too. Nor does memory grow with the table.
    constexpr int64_t kRows = 256;
    const int64_t n = std::max<int64_t>(1, (inputs.front().size(0) + kRows - 1) / kRows);
    std::vector<Tensors> parts(targets.size(), Tensors(static_cast<size_t>(n)));
    parallel_for_each(n, [&](int64_t i) {
        Tensors part;
        for (const at::Tensor& input : inputs) part.push_back(input.slice(0, i * kRows, (i + 1) * kRows));
        const Tensors outputs = file().forward(part);
        for (size_t t = 0; t < outputs.size(); ++t) parts.at(t)[i] = targets[t].activation(outputs[t]);
    });
    Tensors outputs;
    for (const Tensors& of_target : parts) outputs.push_back(at::cat(of_target));
    return decode_outputs(encoder_, outputs);
}

}  // namespace embark
