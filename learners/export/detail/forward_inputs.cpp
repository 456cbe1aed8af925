#include "forward_inputs.h"

#include <array>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <nlohmann/json.hpp>

#include "../../../core/error.h"

namespace embark {

namespace {

struct NamedType {
    const char* name;
    at::ScalarType type;
};

/// By PyTorch's names.
constexpr std::array<NamedType, 9> kTypes = {{{"float32", at::kFloat},
                                              {"float64", at::kDouble},
                                              {"float16", at::kHalf},
                                              {"bool", at::kBool},
                                              {"uint8", at::kByte},
                                              {"int8", at::kChar},
                                              {"int16", at::kShort},
                                              {"int32", at::kInt},
                                              {"int64", at::kLong}}};

std::string type_name(at::ScalarType type) {
    for (const NamedType& known : kTypes) {
        if (known.type == type) return known.name;
    }
    return at::toString(type);
}

at::ScalarType type_named(const std::string& name) {
    for (const NamedType& known : kTypes) {
        if (known.name == name) return known.type;
    }
    fail("tensors of type ", name, " cannot be made here");
}

}  // namespace

nlohmann::json forward_inputs_json(const Tensors& example) {
    nlohmann::json inputs = nlohmann::json::array();
    for (const at::Tensor& input : example) {
        inputs.push_back({{"type", type_name(input.scalar_type())}, {"shape", input.sizes().slice(1).vec()}});
    }
    return inputs;
}

Tensors forward_example(const ExportedFile& file) {
    const auto description = nlohmann::json::parse(file.info().description);
    const auto inputs = description.find("forward_inputs");
    require(inputs != description.end(), "version ", file.info().version,
            " of Embark did not note which tensors its forward takes; export the model again");
    Tensors example;
    for (const auto& input : *inputs) {
        std::vector<int64_t> shape = input.at("shape").get<std::vector<int64_t>>();
        shape.insert(shape.begin(), 2);
        example.push_back(at::zeros(shape, type_named(input.at("type"))));
    }
    return example;
}

}  // namespace embark
