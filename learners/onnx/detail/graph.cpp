#include "graph.h"

#include <cctype>
#include <limits>
#include <utility>

#include <ATen/ATen.h>
#include <embark/version.h>

#include "../../../core/error.h"
#include "../../../core/text.h"
#include "onnx_fields.h"

namespace embark::onnx {

namespace {

constexpr int64_t kIrVersionWritten = 8, kOpset = 17;
const std::map<std::string, int64_t> kDomainVersions = {{kMlDomain, 2}, {kRuntimeDomain, 1}};

/// Tensors of at most as many bytes are compared by content.
constexpr size_t kSmallBytes = 1024;

Message attribute_message(const Attribute& attribute) {
    using namespace attribute_field;
    Message message;
    message.text(kName, attribute.name);
    struct Write {
        Message& message;
        int64_t operator()(int64_t value) { return message.integer(kInt, value), 2; }
        int64_t operator()(double value) { return message.number(kFloat, static_cast<float>(value)), 1; }
        int64_t operator()(const std::string& value) { return message.text(kText, value), 3; }
        int64_t operator()(const std::vector<int64_t>& values) {
            for (const int64_t value : values) message.integer(kInts, value);
            return 7;
        }
        int64_t operator()(const std::vector<double>& values) {
            for (const double value : values) message.number(kFloats, static_cast<float>(value));
            return 6;
        }
        int64_t operator()(const std::vector<std::string>& values) {
            for (const std::string& value : values) message.text(kTexts, value);
            return 8;
        }
    };
    const int64_t type = std::visit(Write{message}, attribute.value);
    message.integer(kType, type);
    return message;
}

bool is_number(const std::string& dim) {
    return !dim.empty() && std::isdigit(static_cast<unsigned char>(dim.front()));
}

}  // namespace

Type type_of(at::ScalarType type) {
    switch (type) {
        case at::kFloat: return Type::float32;
        case at::kDouble: return Type::float64;
        case at::kHalf: return Type::float16;
        case at::kLong: return Type::int64;
        case at::kInt: return Type::int32;
        case at::kShort: return Type::int16;
        case at::kChar: return Type::int8;
        case at::kByte: return Type::uint8;
        case at::kBool: return Type::boolean;
        default: fail("ONNX files have no tensors of ", at::toString(type), " here");
    }
}

std::string Graph::fresh(const std::string& hint) {
    // The slash keeps names of the graph apart from those of columns.
    int64_t& count = n_named_[hint];
    ++count;
    return count == 1 ? concat("/", hint) : concat("/", hint, "_", count);
}

std::string Graph::node(const std::string& type, const Names& inputs, const Attributes& attributes,
                        const std::string& domain) {
    return nodes(type, inputs, 1, attributes, domain).front();
}

Names Graph::nodes(const std::string& type, const Names& inputs, size_t n_outputs, const Attributes& attributes,
                   const std::string& domain) {
    Names outputs;
    for (size_t i = 0; i < n_outputs; ++i) outputs.push_back(fresh(type));
    Message node;
    for (const std::string& input : inputs) {
        write_constant(input);
        node.text(node_field::kInput, input);
    }
    for (const std::string& output : outputs) node.text(node_field::kOutput, output);
    node.text(node_field::kName, outputs.front()).text(node_field::kType, type);
    for (const Attribute& attribute : attributes) node.message(node_field::kAttribute, attribute_message(attribute));
    if (!domain.empty()) {
        node.text(node_field::kDomain, domain);
        domains_.insert(domain);
    }
    graph_.message(graph_field::kNode, node);
    return outputs;
}

std::string Graph::add_constant(const Message& tensor, const std::string& hint) {
    const std::string name = fresh(hint);
    Message named = tensor;
    named.text(tensor_field::kName, name);
    unused_.emplace(name, std::move(named));
    return name;
}

void Graph::write_constant(const std::string& name) {
    const auto constant = unused_.find(name);
    if (constant == unused_.end()) return;
    graph_.message(graph_field::kConstant, constant->second);
    unused_.erase(constant);
}

std::string Graph::constant(const at::Tensor& value, const std::string& hint) {
    const at::Tensor tensor = value.detach().cpu().contiguous();
    const std::string_view bytes(static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes());
    std::string key = concat(at::toString(tensor.scalar_type()), tensor.sizes(), ":");
    if (bytes.size() <= kSmallBytes) {
        key += bytes;
    } else {
        key += concat(static_cast<const void*>(bytes.data()));
        kept_.push_back(tensor);
    }
    const auto [known, is_new] = constants_.try_emplace(key);
    if (!is_new) return known->second;
    Message message;
    for (const int64_t size : tensor.sizes()) message.integer(tensor_field::kDims, size);
    message.integer(tensor_field::kType, static_cast<int64_t>(type_of(tensor.scalar_type())));
    message.text(tensor_field::kBytes, bytes);
    return known->second = add_constant(message, hint);
}

std::string Graph::integer(int64_t value) {
    return constant(at::scalar_tensor(value, at::kLong));
}

std::string Graph::number(double value) {
    return constant(at::scalar_tensor(value, at::kDouble));
}

std::string Graph::integers(const std::vector<int64_t>& values) {
    return constant(at::tensor(values, at::kLong));
}

std::string Graph::texts(const std::vector<std::string>& values, const std::string& hint) {
    Message message;
    message.integer(tensor_field::kDims, static_cast<int64_t>(values.size()));
    message.integer(tensor_field::kType, static_cast<int64_t>(Type::string));
    for (const std::string& value : values) message.text(tensor_field::kTexts, value);
    return add_constant(message, hint);
}

std::string Graph::cast(const std::string& value, Type type) {
    return node("Cast", {value}, {{"to", static_cast<int64_t>(type)}});
}

void Graph::declare(int field, const std::string& name, Type type, const Dims& dims, const std::string& doc) {
    require(!name.empty() && name.front() != '/', "An ONNX file of Embark cannot have an input or output called '", name,
            "': names that begin with '/' are its own; give the column another one");
    require(public_names_.insert(name).second, "An ONNX file cannot have two inputs or outputs called '", name,
            "'; give one of the columns another name");
    Message shape;
    for (const std::string& dim : dims) {
        Message size;
        if (is_number(dim)) {
            size.integer(value_field::kDimValue, std::stoll(dim));
        } else {
            size.text(value_field::kDimName, dim);
        }
        shape.message(value_field::kDim, size);
    }
    Message tensor_type, value_type, value;
    tensor_type.integer(value_field::kElementType, static_cast<int64_t>(type)).message(value_field::kShape, shape);
    value_type.message(value_field::kTensorType, tensor_type);
    value.text(value_field::kName, name).message(value_field::kType, value_type);
    if (!doc.empty()) value.text(value_field::kDoc, doc);
    graph_.message(field, value);
}

std::string Graph::input(const std::string& name, Type type, const Dims& dims, const std::string& doc) {
    declare(graph_field::kInput, name, type, dims, doc);
    return name;
}

void Graph::output(const std::string& name, const std::string& value, Type type, const Dims& dims,
                   const std::string& doc) {
    declare(graph_field::kOutput, name, type, dims, doc);
    write_constant(value);
    Message node;
    node.text(node_field::kInput, value).text(node_field::kOutput, name).text(node_field::kName, name);
    node.text(node_field::kType, "Identity");
    graph_.message(graph_field::kNode, node);
}

std::string Graph::model(const std::string& name, const std::map<std::string, std::string>& metadata,
                         const std::string& doc) const {
    using namespace model_field;
    Message graph = graph_, model;
    graph.text(graph_field::kName, name);
    model.integer(kIrVersion, kIrVersionWritten).text(kProducer, "embark").text(kProducerVersion, EMBARK_VERSION);
    if (!doc.empty()) model.text(kDoc, doc);
    model.message(kGraph, graph);
    Message opset;
    opset.text(kOpsetDomain, "").integer(kOpsetVersion, kOpset);
    model.message(kOpsetImport, opset);
    for (const std::string& domain : domains_) {
        Message more;
        more.text(kOpsetDomain, domain).integer(kOpsetVersion, kDomainVersions.at(domain));
        model.message(kOpsetImport, more);
    }
    for (const auto& [key, value] : metadata) {
        Message entry;
        entry.text(kKey, key).text(kValue, value);
        model.message(kMetadata, entry);
    }
    require(model.bytes().size() <= std::numeric_limits<int32_t>::max(), "The ONNX file would have ",
            model.bytes().size() >> 20, " MB, and protobuf ends at 2 GB; export to TorchScript instead");
    return model.bytes();
}

}  // namespace embark::onnx
