#include "free_sizes.h"

#include <algorithm>

#include <ATen/ATen.h>

#include "../../../core/error.h"
#include "../../../core/text.h"

namespace embark {

namespace {

void check_dynamic_dim(const Tensors& example, size_t input, int64_t dim) {
    require<UsageError>(input < example.size(), "Invalid dynamic_dims: there is no input ", input,
                        ", counted from 0; the model has ", example.size());
    const int64_t n_dims = example[input].dim();
    require<UsageError>(dim != 0, "Invalid dynamic_dims: dimension 0 of input ", input,
                        " is the rows, which may always differ; name other dimensions");
    require<UsageError>(dim > 0 && dim < n_dims, "Invalid dynamic_dims: input ", input, " has no dimension ", dim,
                        ", counted from 0; its shape is ", example[input].sizes());
    require<UsageError>(example[input].size(dim) > 0, "Invalid dynamic_dims: dimension ", dim, " of input ", input,
                        " is empty in the example");
}

}  // namespace

const FreeSize* find_free_size(const FreeSizes& free, size_t input, int64_t dim) {
    for (const FreeSize& size : free) {
        for (const FreeSize::Place& place : size.places) {
            if (place.input == input && place.dim == dim) return &size;
        }
    }
    return nullptr;
}

FreeSizes free_sizes(const Tensors& example, const DynamicDims& dynamic_dims, bool together) {
    FreeSizes free = {{.places = {}, .name = "n", .example = example.front().size(0)}};
    for (size_t i = 0; i < example.size(); ++i) free.front().places.push_back({i, 0});
    for (const auto& [input, dims] : dynamic_dims) {
        for (const int64_t dim : dims) {
            check_dynamic_dim(example, input, dim);
            require<UsageError>(!find_free_size(free, input, dim), "Invalid dynamic_dims: dimension ", dim,
                                " of input ", input, " is named twice");
            const int64_t size = example[input].size(dim);
            const auto same = std::find_if(free.begin() + 1, free.end(),
                                           [&](const FreeSize& other) { return together && other.example == size; });
            if (same != free.end()) {
                same->places.push_back({input, dim});
            } else {
                const std::string name = free.size() == 1 ? "m" : concat("m", free.size());
                free.push_back({.places = {{input, dim}}, .name = name, .example = size});
            }
        }
    }
    return free;
}

Tensors resized(const Tensors& example, const FreeSizes& free, const std::vector<int64_t>& sizes, int64_t first) {
    Tensors result = example;
    for (size_t i = 0; i < free.size(); ++i) {
        for (const FreeSize::Place& place : free[i].places) {
            at::Tensor& input = result[place.input];
            const int64_t begin = place.dim == 0 ? first : 0;
            const at::Tensor index = at::arange(begin, begin + sizes[i]).remainder(input.size(place.dim));
            input = input.index_select(place.dim, index);
        }
    }
    return result;
}

std::string describe_sizes(const FreeSizes& free, const std::vector<int64_t>& sizes) {
    std::string text = concat(sizes.front(), sizes.front() == 1 ? " row" : " rows");
    for (size_t i = 1; i < free.size(); ++i) text += concat(" and ", free[i].name, " = ", sizes[i]);
    return text;
}

std::string input_name(size_t input, size_t n_inputs) {
    return n_inputs == 1 ? "x" : concat("x", input + 1);
}

std::string expected_shape(const Tensors& example, const FreeSizes& free, size_t input) {
    std::vector<std::string> sizes;
    for (int64_t dim = 0; dim < example[input].dim(); ++dim) {
        const FreeSize* size = find_free_size(free, input, dim);
        sizes.push_back(size ? size->name : concat(example[input].size(dim)));
    }
    return concat("(", join(sizes), sizes.size() == 1 ? ",)" : ")");
}

}  // namespace embark
