#include "ensemble_members.h"

#include <string>

#include <torch/types.h>
#include <nlohmann/json.hpp>

#include "../../../core/error.h"
#include "../../../core/text.h"
#include "../../../predictor/detail/tabular_encoder_json.h"

namespace embark {

namespace {

using Json = nlohmann::json;

std::vector<std::string> names_of(const Json& columns) {
    std::vector<std::string> names;
    for (const Json& column : columns) names.push_back(column.at("name"));
    return names;
}

/// What differs between what was fitted on two tables, as "column 'age' has another fill"; empty: nothing.
std::string difference(const TabularData& first, const TabularData& other) {
    const Json a = to_json(first), b = to_json(other);
    for (const auto& [kind, columns] : a.items()) {
        const auto names = names_of(columns), other_names = names_of(b.at(kind));
        if (names != other_names) return concat(kind, " are ", join(names), " and ", join(other_names));
        for (size_t i = 0; i < columns.size(); ++i) {
            for (const auto& [part, value] : columns[i].items()) {
                if (value != b.at(kind)[i].at(part)) return concat("column '", names[i], "' has other ", part);
            }
        }
    }
    return {};
}

std::string difference(const CollabData& first, const CollabData& other) {
    if (first.users.names() != other.users.names()) return "their users differ";
    if (first.items.names() != other.items.names()) return "their items differ";
    return {};
}

std::string difference(const Preprocessing& first, const Preprocessing& other) {
    const auto* tabular = dynamic_cast<const TabularData*>(&first);
    const auto* other_tabular = dynamic_cast<const TabularData*>(&other);
    if (tabular && other_tabular) return difference(*tabular, *other_tabular);
    const auto* collab = dynamic_cast<const CollabData*>(&first);
    const auto* other_collab = dynamic_cast<const CollabData*>(&other);
    if (collab && other_collab) return difference(*collab, *other_collab);
    return "they were fitted each by itself";
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
