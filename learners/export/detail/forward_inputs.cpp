#include "forward_inputs.h"

#include <algorithm>
#include <array>
#include <map>
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

nlohmann::json forward_inputs_json(const ForwardInputs& inputs) {
    nlohmann::json described = nlohmann::json::array();
    for (size_t i = 0; i < inputs.example.size(); ++i) {
        const at::Tensor& input = inputs.example[i];
        described.push_back({{"type", type_name(input.scalar_type())}, {"shape", input.sizes().slice(1).vec()}});
        std::vector<std::string> names;
        for (int64_t dim = 1; dim < input.dim(); ++dim) {
            const FreeSize* size = find_free_size(inputs.free, i, dim);
            names.push_back(size ? size->name : "");
        }
        const auto is_free = [](const std::string& name) { return !name.empty(); };
        if (std::any_of(names.begin(), names.end(), is_free)) described.back()["free"] = names;
    }
    return described;
}

ForwardInputs forward_inputs(const ExportedFile& file) {
    const auto description = nlohmann::json::parse(file.info().description);
    const auto inputs = description.find("forward_inputs");
    require(inputs != description.end(), "version ", file.info().version,
            " of Embark did not note which tensors its forward takes; export the model again");
    Tensors example;
    std::map<std::string, FreeSize> named;
    for (const auto& input : *inputs) {
        std::vector<int64_t> shape = input.at("shape").get<std::vector<int64_t>>();
        const auto names = input.value("free", std::vector<std::string>());
        for (size_t i = 0; i < names.size(); ++i) {
            if (names[i].empty()) continue;
            FreeSize& size = named[names[i]];
            size.name = names[i];
            size.example = shape.at(i);
            size.places.push_back({example.size(), static_cast<int64_t>(i) + 1});
        }
        shape.insert(shape.begin(), 2);
        example.push_back(at::zeros(shape, type_named(input.at("type"))));
    }
    FreeSizes free = free_sizes(example, {}, /*together=*/false);
    for (auto& [name, size] : named) free.push_back(std::move(size));
    return {std::move(example), std::move(free)};
}

}  // namespace embark
