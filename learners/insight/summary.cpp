#include "summary.h"

#include <algorithm>
#include <cctype>
#include <ostream>
#include <set>

#include <ATen/record_function.h>
#include <torch/torch.h>

#include "../../core/error.h"
#include "../../core/text.h"
#include "../export/detail/module_mirror.h"

namespace embark {

namespace {

/// One operation of a forward pass.
struct SeenOperation {
    std::string name;               // "relu"
    const void* weights = nullptr;  // the storage of a layer's tensor that it takes, where it takes one
    std::vector<int64_t> output_shape = {};
};

/// What the observer of operations writes to; LibTorch takes plain functions, which have no state of their own.
struct Observation {
    std::set<const void*> weights;  // the storages of all layers' tensors
    std::vector<SeenOperation> operations;
};
thread_local Observation* observation = nullptr;

struct Context : at::ObserverContext {
    explicit Context(size_t operation_) : operation(operation_) {}
    size_t operation;
};

const void* storage_of(const at::Tensor& tensor) {
    return tensor.defined() && tensor.has_storage() ? tensor.storage().unsafeGetStorageImpl() : nullptr;
}

/// The storage of the first of the values, in lists too, that is a layer's tensor or a view of one.
const void* layer_weights(c10::ArrayRef<const c10::IValue> values) {
    for (const auto& value : values) {
        const auto tensors = value.isTensor()       ? Tensors{value.toTensor()}
                             : value.isTensorList() ? value.toTensorVector()
                                                    : Tensors{};
        for (const auto& tensor : tensors) {
            if (observation->weights.contains(storage_of(tensor))) return storage_of(tensor);
        }
    }
    return nullptr;
}

std::unique_ptr<at::ObserverContext> begin_operation(const at::RecordFunction& function) {
    if (observation == nullptr) return nullptr;
    const std::string name = function.name();
    observation->operations.push_back(
        {.name = name.substr(name.rfind(':') + 1), .weights = layer_weights(function.inputs())});
    return std::make_unique<Context>(observation->operations.size() - 1);
}

void end_operation(const at::RecordFunction& function, at::ObserverContext* context) {
    if (observation == nullptr || context == nullptr) return;
    const auto outputs = function.outputs();
    if (outputs.empty() || !outputs.front().isTensor()) return;
    SeenOperation& operation = observation->operations[static_cast<Context*>(context)->operation];
    operation.output_shape = outputs.front().toTensor().sizes().vec();
    // A transposed weight is not yet what the layer gives.
    if (storage_of(outputs.front().toTensor()) == operation.weights) operation.weights = nullptr;
}

std::vector<SeenOperation> operations_of(const Model& model, const Tensors& inputs) {
    torch::NoGradGuard no_grad;
    Observation seen;
    for (const auto& parameter : model.module().parameters()) seen.weights.insert(storage_of(parameter));
    const auto handle = at::addThreadLocalCallback(at::RecordFunctionCallback(begin_operation, end_operation)
                                                       .needsInputs(true)
                                                       .needsOutputs(true)
                                                       .scopes({at::RecordScope::FUNCTION}));
    observation = &seen;
    try {
        model(inputs);
    } catch (...) {
        observation = nullptr;
        at::removeCallback(handle);
        throw;
    }
    observation = nullptr;
    at::removeCallback(handle);
    return std::move(seen.operations);
}

/// Letters and digits alone, in lower case: "MaxPool2d" and "max_pool2d" are one name.
std::string plain(const std::string& name) {
    std::string plain;
    for (const char c : name) {
        if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
            plain += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        }
    }
    return plain;
}

/// The number of the operation that computes `layer`, from number `begin` on; that of the end where no operation does.
size_t operation_of(const torch::nn::Module& layer, const std::string& type, const std::vector<SeenOperation>& operations,
                    size_t begin) {
    for (size_t i = 0; i < operations.size(); ++i) {
        if (operations[i].weights == nullptr) continue;
        for (const auto& parameter : layer.parameters(/*recurse=*/false)) {
            if (operations[i].weights == storage_of(parameter)) return i;
        }
    }
    if (!layer.parameters(/*recurse=*/false).empty()) return operations.size();
    while (begin < operations.size() && plain(operations[begin].name) != plain(type)) ++begin;
    return begin;
}

std::string shape_text(const std::vector<int64_t>& shape) {
    std::vector<std::string> extents;
    for (const int64_t extent : shape) extents.push_back(std::to_string(extent));
    return join(extents, " x ");
}

/// 47200 -> "47,200".
std::string grouped(int64_t number) {
    const std::string digits = std::to_string(number);
    std::string grouped;
    for (size_t i = 0; i < digits.size(); ++i) {
        if (i > 0 && (digits.size() - i) % 3 == 0) grouped += ',';
        grouped += digits[i];
    }
    return grouped;
}

}  // namespace

Summary summarize(const Model& model, const Tensors& inputs) {
    auto& module = model.module();
    const bool was_training = module.is_training();
    module.eval();
    const auto operations = operations_of(model, inputs);
    module.train(was_training);

    Summary summary{.model = class_name(module)};
    for (const auto& input : inputs) summary.input_shapes.push_back(input.sizes().vec());
    size_t next = 0;
    std::set<const void*> counted;  // a tensor of two layers counts once in the sum
    for (const auto& item : module.named_modules(/*name_prefix=*/"", /*include_self=*/true)) {
        const auto& layer = *item.value();
        const auto own = layer.parameters(/*recurse=*/false);
        if (!layer.children().empty() && own.empty()) continue;
        LayerSummary line{.name = item.key(), .type = class_name(layer)};
        for (const auto& parameter : own) {
            line.parameters += parameter.numel();
            line.trained |= parameter.requires_grad();
            if (!counted.insert(parameter.unsafeGetTensorImpl()).second) continue;
            (parameter.requires_grad() ? summary.trained_parameters : summary.parameters) += parameter.numel();
        }
        const size_t found = operation_of(layer, line.type, operations, next);
        if (found < operations.size()) {
            line.output_shape = operations[found].output_shape;
            next = found + 1;
        }
        summary.layers.push_back(std::move(line));
    }
    summary.parameters += summary.trained_parameters;
    return summary;
}

std::string Summary::text() const {
    std::vector<std::string> inputs;
    for (const auto& shape : input_shapes) inputs.push_back(shape_text(shape));
    std::vector<std::vector<std::string>> cells = {{"layer", "type", "output", "parameters", "trained"}};
    for (const auto& layer : layers) {
        const bool has_any = layer.parameters > 0;
        cells.push_back({layer.name, layer.type, shape_text(layer.output_shape),
                         has_any ? grouped(layer.parameters) : "", has_any ? (layer.trained ? "yes" : "no") : ""});
    }
    std::string text = concat(model, ", input ", join(inputs), "\n");
    for (const auto& line : cells) {
        std::string shown;
        for (size_t column = 0; column < line.size(); ++column) {
            int64_t width = 0;
            for (const auto& other : cells) width = std::max(width, display_width(other[column]));
            shown += fit_width(line[column], width, /*right=*/column == 3) + "  ";
        }
        shown.erase(shown.find_last_not_of(' ') + 1);
        text += shown + "\n";
    }
    return text + concat(grouped(parameters), " parameters, ", grouped(trained_parameters), " of them trained\n");
}

std::ostream& operator<<(std::ostream& out, const Summary& summary) {
    return out << summary.text();
}

}  // namespace embark
