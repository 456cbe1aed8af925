#include <algorithm>

#include "../../../core/error.h"
#include "operators.h"

namespace embark::onnx {

namespace {

/// An empty 1-d tensor may be joined with any other, and adds nothing.
Terms joined_terms(TracedOperation& op) {
    const TracedValue& list = op.input("tensors");
    Terms terms;
    for (const TracedValue& element : list.elements) {
        const bool is_nothing = element.n_dims() == 1 && element.size(0) == 0 && op.result().n_dims() > 1;
        if (!is_nothing) terms.push_back(cast(op.term(element), op.type()));
    }
    return terms;
}

Term cat_form(TracedOperation& op) {
    return concat_terms(joined_terms(op), from_front(op.integer("dim"), op.result().n_dims()));
}

Term stack_form(TracedOperation& op) {
    const int64_t dim = from_front(op.integer("dim"), op.result().n_dims());
    Terms terms = joined_terms(op);
    for (Term& term : terms) term = unsqueeze(term, {dim});
    return concat_terms(terms, dim);
}

/// hstack, vstack and column_stack: `op.result()` says along which dimension.
Term joined_along(TracedOperation& op, int64_t dim, int64_t least_rank) {
    Terms terms = joined_terms(op);
    const TracedValue& list = op.input("tensors");
    for (size_t i = 0; i < terms.size(); ++i) {
        if (list.elements[i].n_dims() < least_rank) terms[i] = unsqueeze(terms[i], {0});
    }
    return concat_terms(terms, dim);
}

/// Pieces of the sizes that the example's have.
Names split_form(TracedOperation& op) {
    const TracedValue& list = op.result();
    const int64_t dim = op.dim("dim");
    std::vector<int64_t> sizes;
    for (const TracedValue& piece : list.elements) {
        sizes.push_back(piece.size(dim));
        require(sizes.back() != kFree, "it splits dimension ", dim, ", the size of which follows from the batch");
    }
    const Term x = op.term("self");
    if (sizes.size() == 1) return {x.name};
    return x.graph->nodes("Split", {x.name, x.graph->integers(sizes)}, sizes.size(), {{"axis", dim}});
}

Names unbind_form(TracedOperation& op) {
    const int64_t dim = op.dim("dim");
    op.fixed_size("self", dim);
    const Term x = op.term("self");
    Names names;
    for (size_t i = 0; i < op.result().elements.size(); ++i) {
        const std::string index = x.graph->integer(static_cast<int64_t>(i));
        names.push_back(x.graph->node("Gather", {x.name, index}, {{"axis", dim}}));
    }
    return names;
}

/// meshgrid: each 1-d tensor along its own dimension of what all make.
Names meshgrid_form(TracedOperation& op) {
    const bool swap = op.has("indexing") && op.text("indexing") == "xy";
    const Terms terms = op.terms("tensors");
    const auto rank = static_cast<int64_t>(terms.size());
    Names names;
    Terms sizes;
    for (const Term& term : terms) sizes.push_back(shape_of(term));
    if (swap && rank > 1) std::swap(sizes[0], sizes[1]);
    const Term shape = concat_terms(sizes, 0);
    for (int64_t i = 0; i < rank; ++i) {
        std::vector<int64_t> own(static_cast<size_t>(rank), 1);
        const int64_t dim = swap && i < 2 && rank > 1 ? 1 - i : i;
        own[static_cast<size_t>(dim)] = -1;
        names.push_back(expand(reshape(terms[static_cast<size_t>(i)], own), shape).name);
    }
    return names;
}

}  // namespace

OnnxForms joining_forms() {
    OnnxForms forms = {
        {"cat", term_form(cat_form)},
        {"concat", term_form(cat_form)},
        {"concatenate", term_form(cat_form)},
        {"stack", term_form(stack_form)},
        {"hstack",
         term_form([](TracedOperation& op) { return joined_along(op, op.result().n_dims() > 1 ? 1 : 0, 1); })},
        {"vstack", term_form([](TracedOperation& op) { return joined_along(op, 0, 2); })},
        {"unbind", unbind_form},
        {"meshgrid", meshgrid_form},
    };
    for (const char* name : {"split", "split_with_sizes", "chunk", "unsafe_chunk", "unsafe_split", "tensor_split",
                             "unsafe_split_with_sizes"}) {
        forms[name] = split_form;
    }
    return forms;
}

}  // namespace embark::onnx
