#include "../../../core/error.h"
#include "operators.h"

namespace embark::onnx {

namespace {

/// A size that follows from the batch, or all sizes as a list.
Names size_form(TracedOperation& op) {
    if (const std::string& lengths = op.input("self").lengths; !lengths.empty()) {
        // A packed sequence has as many steps as its longest row.
        require(op.result().seen.front().isInt() && op.input("self").n_dims() == 1,
                "a packed sequence can only go into a recurrent layer and be padded again");
        return {reduce_max({&op.graph(), lengths, at::kLong}, {0}, false).name};
    }
    const Term x = op.term("self");
    if (op.has("dim")) return {size_of(x, op.dim("dim")).name};
    Names names;
    const std::vector<int64_t> sizes = op.input("self").sizes();
    for (size_t dim = 0; dim < sizes.size(); ++dim) {
        names.push_back(sizes[dim] == kFree ? size_of(x, static_cast<int64_t>(dim)).name : "");
    }
    return names;
}

Term numel_form(TracedOperation& op) {
    const Term x = op.term("self");
    return {x.graph, x.graph->node("Size", {x.name}), at::kLong};
}

/// A number made of a tensor with one element, or of another number. An integer may become a size, of which the graph
/// must know whether it is the same for every batch: so it must not come from the elements of a batch.
Term number_form(TracedOperation& op) {
    const std::string argument = op.has("a") ? "a" : "self";
    require(!op.result().seen.front().isInt() || op.input(argument).is_size,
            "it takes an integer out of a tensor, which may become a size that follows from the batch");
    const Term x = cast(op.term(argument), op.type());
    return op.input(argument).n_dims() == 0 ? x : reshape(x, {});
}

Term length_form(TracedOperation& op) {
    require(op.input("t").is_tensor(), "of a list it has no ONNX form here");
    return size_of(op.term("t"), 0);
}

/// An element of a list of sizes or tensors.
Term element_form(TracedOperation& op) {
    const TracedValue& list = op.input("list");
    const int64_t index = from_front(op.integer("idx"), static_cast<int64_t>(list.elements.size()));
    return op.term(list.elements.at(static_cast<size_t>(index)));
}

}  // namespace

OnnxForms number_forms() {
    OnnxForms forms = {
        {"size", size_form},
        {"numel", term_form(numel_form)},
        {"len", term_form(length_form)},
        {"__getitem__", term_form(element_form)},
    };
    for (const char* name :
         {"Int", "Float", "Bool", "item", "IntImplicit", "FloatImplicit", "ScalarImplicit", "prim::NumToTensor"}) {
        forms[name] = term_form(number_form);
    }
    return forms;
}

}  // namespace embark::onnx
