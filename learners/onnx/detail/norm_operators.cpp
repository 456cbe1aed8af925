#include <cmath>
#include <limits>

#include <ATen/core/Reduction.h>

#include "../../../core/error.h"
#include "operators.h"
#include "reductions.h"

namespace embark::onnx {

namespace {

Term norm_form(TracedOperation& op) {
    const double p = op.has("p") ? op.number_or("p", 2) : op.number_or("ord", 2);
    const Term x = op.term("self", computing_type(op.type()));
    return vector_norm(x, p, op.dims("dim"), op.flag_or("keepdim", false));
}

Term frobenius_norm_form(TracedOperation& op) {
    return vector_norm(op.term("self"), 2, op.dims("dim"), op.flag_or("keepdim", false));
}

/// linalg_norm of vectors; matrices have other norms.
Term linalg_norm_form(TracedOperation& op) {
    const bool of_vector = op.given("dim") ? op.integers("dim").size() == 1 : op.input("self").n_dims() == 1;
    require(of_vector || !op.given("ord"), "as a matrix's norm it has no ONNX form here; use linalg_vector_norm");
    return norm_form(op);
}

Term cosine_similarity_form(TracedOperation& op) {
    const Term a = op.term("x1", op.type()), b = op.term("x2", op.type());
    const int64_t dim = op.integer("dim") < 0 ? op.integer("dim") : op.integer("dim") - (op.result().n_dims() + 1);
    const auto lifted = [&](const Term& x) {
        const Term length = sqrt(reduce_sum(x * x, {dim}, true));
        return maximum(length, number_like(x, op.number("eps")));
    };
    return reduce_sum((a / lifted(a)) * (b / lifted(b)), {dim}, false);
}

Term pairwise_distance_form(TracedOperation& op) {
    const Term difference = op.term("x1", op.type()) - op.term("x2", op.type()) + op.number("eps");
    return vector_norm(difference, op.number("p"), {-1}, op.flag("keepdim"));
}

/// A loss of each element, or their mean or sum.
OnnxForm loss_form(Term (*loss)(const Term&)) {
    return term_form([loss](TracedOperation& op) {
        const Term each = loss(op.term("self", op.type()) - op.term("target", op.type()));
        const int64_t reduction = op.integer("reduction");
        if (reduction == at::Reduction::None) return each;
        const auto reduce = reduction == at::Reduction::Mean ? reduce_mean : reduce_sum;
        return reduce(each, op.dims("dim"), false);
    });
}

}  // namespace

Term vector_norm(const Term& x, double p, const std::vector<int64_t>& dims, bool keep) {
    const Term size = abs(x);
    if (p == 2) return sqrt(reduce_sum(x * x, dims, keep));
    if (p == 1) return reduce_sum(size, dims, keep);
    if (p == std::numeric_limits<double>::infinity()) return reduce_max(size, dims, keep);
    if (p == -std::numeric_limits<double>::infinity()) return reduce_min(size, dims, keep);
    if (p == 0) return reduce_sum(cast(!(x == 0), x.type), dims, keep);
    const Term sum = reduce_sum(apply("Pow", {size, number_like(x, p)}), dims, keep);
    return apply("Pow", {sum, number_like(x, 1 / p)});
}

OnnxForms norm_forms() {
    return {
        {"norm", term_form(norm_form)},
        {"linalg_vector_norm", term_form(norm_form)},
        {"linalg_norm", term_form(linalg_norm_form)},
        {"frobenius_norm", term_form(frobenius_norm_form)},
        {"cosine_similarity", term_form(cosine_similarity_form)},
        {"pairwise_distance", term_form(pairwise_distance_form)},
        {"mse_loss", loss_form([](const Term& x) { return x * x; })},
        {"l1_loss", loss_form(abs)},
    };
}

}  // namespace embark::onnx
