#include <algorithm>
#include <numeric>
#include <utility>

#include "../../../core/error.h"
#include "operators.h"

namespace embark::onnx {

namespace {

/// The first result's shape as a tensor of the graph: what is fixed from the example, what is free from an argument's
/// dimension with the same sizes; one size may be what is left. Throws Error where there are more.
Term result_shape(TracedOperation& op, const std::string& argument) {
    const TracedValue &result = op.result(), &input = op.input(argument);
    const Term x = op.term(argument);
    Terms parts;
    bool is_left = false;
    for (int64_t dim = 0; dim < result.n_dims(); ++dim) {
        const int64_t size = result.size(dim);
        if (size != kFree) {
            parts.push_back({&op.graph(), op.graph().integers({size}), at::kLong});
            continue;
        }
        int64_t source = 0;
        const auto differs = [&](int64_t other) {
            for (size_t run = 0; run < result.seen.size(); ++run) {
                if (result.seen[run].toTensor().size(dim) != input.seen[run].toTensor().size(other)) return true;
            }
            return false;
        };
        while (source < input.n_dims() && differs(source)) ++source;
        if (source < input.n_dims()) {
            parts.push_back(unsqueeze(size_of(x, source), {0}));
        } else {
            require(!std::exchange(is_left, true), "more than one size of its result follows from the batch");
            parts.push_back({&op.graph(), op.graph().integers({-1}), at::kLong});
        }
    }
    return concat_terms(parts, 0);
}

/// Whatever gives the same elements in the same order: the shape is known from the example, but for one size that is
/// what is left, or for what the arguments say.
Term reshaped(TracedOperation& op, const std::string& sizes) {
    const std::vector<int64_t> result = op.result().sizes();
    const Term x = op.term("self");
    if (result == op.input("self").sizes() && std::count(result.begin(), result.end(), kFree) <= 1) return x;
    if (std::count(result.begin(), result.end(), kFree) <= 1) return reshape(x, result);
    const Term shape = op.has(sizes) && op.input(sizes).in_graph() ? op.shape(sizes) : result_shape(op, "self");
    return {x.graph, x.graph->node("Reshape", {x.name, shape.name}), x.type};
}

OnnxForm reshape_form(const std::string& sizes) {
    return term_form([sizes](TracedOperation& op) { return reshaped(op, sizes); });
}

/// Dimensions of size 1, and no others: which those are must not follow from the batch.
Term squeeze_form(TracedOperation& op) {
    const std::vector<int64_t> sizes = op.input("self").sizes();
    std::vector<int64_t> dims;
    for (const int64_t dim : op.dims("dim")) {
        const int64_t size = sizes[static_cast<size_t>(dim)];
        require(size != kFree, "it leaves out dimension ", dim,
                " when there is 1 row; name the dimensions to leave out");
        if (size == 1) dims.push_back(dim);
    }
    return squeeze(op.term("self"), dims);
}

Term unsqueeze_form(TracedOperation& op) {
    return unsqueeze(op.term("self"), {from_front(op.integer("dim"), op.result().n_dims())});
}

Term permute_form(TracedOperation& op) {
    std::vector<int64_t> order = op.integers("dims");
    for (int64_t& dim : order) dim = from_front(dim, op.result().n_dims());
    return order.empty() ? op.term("self") : permute(op.term("self"), order);
}

Term swapped(TracedOperation& op, int64_t a, int64_t b) {
    const int64_t rank = op.result().n_dims();
    const Term x = op.term("self");
    if (rank < 2 || a == b) return x;
    std::vector<int64_t> order(static_cast<size_t>(rank));
    std::iota(order.begin(), order.end(), 0);
    std::swap(order.at(static_cast<size_t>(a)), order.at(static_cast<size_t>(b)));
    return permute(x, order);
}

Term transpose_form(TracedOperation& op) {
    return swapped(op, op.dim("dim0"), op.dim("dim1"));
}

/// `T` of more than two dimensions has them all in the opposite order.
Term reversed_form(TracedOperation& op) {
    const int64_t n_dims = op.result().n_dims();
    std::vector<int64_t> order;
    for (int64_t dim = n_dims - 1; dim >= 0; --dim) order.push_back(dim);
    return n_dims < 2 ? op.term("self") : permute(op.term("self"), order);
}

Term matrix_transpose_form(TracedOperation& op) {
    const int64_t rank = op.result().n_dims();
    return swapped(op, rank - 2, rank - 1);
}

/// movedim: the dimensions that are named, in the places that are named; the others as they were.
Term movedim_form(TracedOperation& op) {
    const int64_t rank = op.result().n_dims();
    const std::vector<int64_t> source = op.integers("source"), destination = op.integers("destination");
    std::vector<int64_t> order(static_cast<size_t>(rank), -1), others;
    for (size_t i = 0; i < source.size(); ++i) {
        order.at(static_cast<size_t>(from_front(destination[i], rank))) = from_front(source[i], rank);
    }
    for (int64_t dim = 0; dim < rank; ++dim) {
        if (std::find(order.begin(), order.end(), dim) == order.end()) others.push_back(dim);
    }
    auto next = others.begin();
    for (int64_t& dim : order) {
        if (dim < 0) dim = *next++;
    }
    return permute(op.term("self"), order);
}

/// A size of -1 stays what it is, which is what 1 means to Expand.
Term expand_form(TracedOperation& op) {
    const Term x = op.term("self");
    const TracedValue& sizes = op.input("size");
    if (!sizes.in_graph()) {
        std::vector<int64_t> shape = op.integers("size");
        std::replace(shape.begin(), shape.end(), int64_t{-1}, int64_t{1});
        return expand(x, {&op.graph(), op.graph().integers(shape), at::kLong});
    }
    Terms parts;
    for (const TracedValue& size : sizes.elements) {
        const bool stays = !size.in_graph() && size.seen.front().toInt() == -1;
        parts.push_back(stays ? Term{&op.graph(), op.graph().integers({1}), at::kLong} : unsqueeze(op.term(size), {0}));
    }
    return expand(x, concat_terms(parts, 0));
}

Term expand_as_form(TracedOperation& op) {
    return expand(op.term("self"), shape_of(op.term("other")));
}

/// Broadcasting to the shape of `self`, of what is copied into it.
Term copy_form(TracedOperation& op) {
    return expand(op.term("src", op.type()), shape_of(op.term("self")));
}

Term repeat_form(TracedOperation& op) {
    const Term repeats = op.shape("repeats");
    const int64_t rank = op.input("self").n_dims();
    std::vector<int64_t> added(static_cast<size_t>(op.result().n_dims() - rank));
    std::iota(added.begin(), added.end(), 0);
    const Term x = unsqueeze(op.term("self"), added);
    return {x.graph, x.graph->node("Tile", {x.name, repeats.name}), x.type};
}

/// Each element n times, one beside the other.
Term repeat_interleave_form(TracedOperation& op) {
    require(op.has("self") && !op.input("repeats").is_tensor(),
            "with as many repeats as a tensor says, its result has a size that follows from the batch");
    const int64_t rank = op.input("self").n_dims();
    const bool flat = !op.given("dim");
    const Term x = flat ? reshape(op.term("self"), {-1}) : op.term("self");
    const int64_t dim = flat ? 0 : op.dim("dim");
    std::vector<int64_t> repeats(static_cast<size_t>(flat ? 2 : rank + 1), 1);
    repeats.at(static_cast<size_t>(dim + 1)) = op.integer("repeats");
    return op.as_result(apply_ints("Expand", unsqueeze(x, {dim + 1}), {repeats}));
}

/// Each tensor in the shape of all: Expand broadcasts both ways.
Names broadcast_form(TracedOperation& op) {
    const Terms terms = op.terms("tensors");
    Names names;
    for (size_t i = 0; i < terms.size(); ++i) {
        Term x = terms[i];
        for (size_t other = 0; other < terms.size(); ++other) {
            if (other != i) x = expand(x, shape_of(terms[other]));
        }
        names.push_back(x.name);
    }
    return names;
}

Term same_or_cast_form(TracedOperation& op) {
    return cast(op.term("self"), op.type());
}

Term unchanged(TracedOperation& op) {
    const std::string argument = op.has("self") ? "self" : "input";
    require(!op.flag_or("train", false), "it is in training mode; put the model into evaluation mode");
    return op.term(argument);
}

}  // namespace

OnnxForms shape_forms() {
    OnnxForms forms = {
        {"squeeze", term_form(squeeze_form)},
        {"unsqueeze", term_form(unsqueeze_form)},
        {"permute", term_form(permute_form)},
        {"transpose", term_form(transpose_form)},
        {"swapaxes", term_form([](TracedOperation& op) { return swapped(op, op.dim("axis0"), op.dim("axis1")); })},
        {"numpy_T", term_form(reversed_form)},
        {"movedim", term_form(movedim_form)},
        {"expand", term_form(expand_form)},
        {"broadcast_to", term_form(expand_form)},
        {"expand_as", term_form(expand_as_form)},
        {"broadcast_tensors", broadcast_form},
        {"repeat", term_form(repeat_form)},
        {"tile", term_form([](TracedOperation& op) {
             const std::vector<int64_t> given = op.integers("dims");
             std::vector<int64_t> repeats(static_cast<size_t>(op.result().n_dims()), 1);
             std::copy(given.rbegin(), given.rend(), repeats.rbegin());
             const int64_t n_added = op.result().n_dims() - op.input("self").n_dims();
             std::vector<int64_t> added(static_cast<size_t>(n_added));
             std::iota(added.begin(), added.end(), 0);
             return apply_ints("Tile", unsqueeze(op.term("self"), added), {repeats});
         })},
        {"repeat_interleave", term_form(repeat_interleave_form)},
        {"copy", term_form(copy_form)},
        {"unflatten", reshape_form("sizes")},
        {"flatten", reshape_form("")},
        {"ravel", reshape_form("")},
        {"view", reshape_form("size")},
        {"reshape", reshape_form("shape")},
        {"_unsafe_view", reshape_form("size")},
        {"view_as", term_form([](TracedOperation& op) {
             const Term x = op.term("self"), shape = shape_of(op.term("other"));
             return Term{x.graph, x.graph->node("Reshape", {x.name, shape.name}), x.type};
         })},
    };
    forms["reshape_as"] = forms["view_as"];
    for (const char* name : {"t", "mT", "adjoint", "matrix_H"}) forms[name] = term_form(matrix_transpose_form);
    for (const char* name : {"to", "type_as", "_to_copy", "float", "double", "long", "int", "bool"}) {
        forms[name] = term_form(same_or_cast_form);
    }
    for (const char* name :
         {"contiguous", "clone", "detach", "alias", "lift_fresh", "dropout", "feature_dropout", "alpha_dropout",
          "feature_alpha_dropout", "positive", "resolve_conj", "resolve_neg", "requires_grad", "cpu"}) {
        forms[name] = term_form(unchanged);
    }
    return forms;
}

}  // namespace embark::onnx
