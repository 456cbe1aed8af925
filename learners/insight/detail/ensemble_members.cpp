#include "ensemble_members.h"

#include <algorithm>
#include <string>

#include <torch/types.h>
#include <nlohmann/json.hpp>

#include "../../../core/error.h"
#include "../../../core/text.h"

namespace embark {

namespace {

using Json = nlohmann::json;

std::vector<std::string> names_of(const Json& columns) {
    std::vector<std::string> names;
    for (const Json& column : columns) names.push_back(column.at("name"));
    return names;
}

bool are_columns(const Json& list) {
    const auto is_column = [](const Json& entry) { return entry.is_object() && entry.contains("name"); };
    return list.is_array() && std::all_of(list.begin(), list.end(), is_column);
}

/// What differs between two lists of columns, as "column 'age' has other fill"; empty: nothing.
std::string column_difference(const std::string& kind, const Json& first, const Json& other) {
    const auto names = names_of(first), other_names = names_of(other);
    if (names != other_names) return concat(kind, " are ", join(names), " and ", join(other_names));
    for (size_t i = 0; i < names.size(); ++i) {
        for (const auto& [part, value] : first[i].items()) {
            if (value != other[i].value(part, Json())) return concat("column '", names[i], "' has other ", part);
        }
    }
    return {};
}

/// What differs between what was fitted on two data sets; empty: nothing.
std::string difference(const Preprocessing& first, const Preprocessing& other) {
    const auto parsed = [](const std::string& text) { return Json::parse(text, nullptr, /*allow_exceptions=*/false); };
    const Json a = parsed(first.fitted()), b = parsed(other.fitted());
    if (!a.is_object() || !b.is_object()) return "they were fitted each by itself";
    if (a == b) return {};
    for (const auto& [part, value] : a.items()) {
        if (!b.contains(part)) return "they are of different kinds";
        if (value == b.at(part)) continue;
        const bool columns = are_columns(value) && are_columns(b.at(part));
        const std::string differs = columns ? column_difference(part, value, b.at(part)) : "";
        return differs.empty() ? concat("their ", part, " differ") : differs;
    }
    return "they are of different kinds";
}

std::string shapes_text(const Tensors& tensors) {
    std::vector<std::string> shapes;
    for (const at::Tensor& tensor : tensors) {
        std::string shape = "(n";
        for (int64_t i = 1; i < tensor.dim(); ++i) shape += concat(", ", tensor.size(i));
        shapes.push_back(concat(shape, ") ", tensor.scalar_type()));
    }
    return join(shapes, " and ");
}

}  // namespace

void require_same_data(const DataLoaders& first, const DataLoaders& other, size_t member) {
    const auto same = [&](const char* what, const Tensors& a, const Tensors& b) {
        require(shapes_text(a) == shapes_text(b), "Members 0 and ", member, " of the ensemble have different ", what,
                ": ", shapes_text(a), " as against ", shapes_text(b));
    };
    const auto& fitted = first.preprocessing();
    const auto& other_fitted = other.preprocessing();
    require((fitted == nullptr) == (other_fitted == nullptr), "Only one of the members 0 and ", member,
            " of the ensemble has data that were made from raw values");
    const std::string differs = fitted == other_fitted ? "" : difference(*fitted, *other_fitted);
    require(differs.empty(), "Members 0 and ", member, " of the ensemble see raw values in different ways: ", differs,
            "; make the DataLoaders once, and others from them by resampled()");
    same("inputs", first.train().first_rows(1).inputs, other.train().first_rows(1).inputs);
    same("targets", first.train().first_rows(1).targets, other.train().first_rows(1).targets);
}

void require_same_shapes(const Tensors& first, const Tensors& other, size_t member) {
    require(shapes_text(first) == shapes_text(other), "Members 0 and ", member,
            " of the ensemble give different outputs: ", shapes_text(first), " as against ", shapes_text(other));
}

std::vector<EnsembleAveraging> averages_of(const Loss& loss, const Tensors& outputs) {
    Tensors logits;  // numbers that softmax and sigmoid change, whatever the shape
    for (const at::Tensor& output : outputs) {
        logits.push_back(torch::linspace(-2, 3, output.numel()).reshape(output.sizes()));
    }
    const Tensors made = loss.activation(logits);
    std::vector<EnsembleAveraging> averages;
    for (size_t i = 0; i < logits.size(); ++i) {
        const auto is = [&](const at::Tensor& expected) {
            return made[i].sizes() == expected.sizes() && at::allclose(made[i].to(at::kFloat), expected);
        };
        if (is(logits[i])) {
            averages.push_back(EnsembleAveraging::values);
        } else if (is(torch::softmax(logits[i], -1))) {
            averages.push_back(EnsembleAveraging::softmax);
        } else if (is(torch::sigmoid(logits[i]))) {
            averages.push_back(EnsembleAveraging::sigmoid);
        } else {
            fail("An ensemble cannot average output ", i, ", counted from 0: the ", loss.name(),
                 " loss makes something else of it than a softmax or a sigmoid");
        }
    }
    return averages;
}

}  // namespace embark
