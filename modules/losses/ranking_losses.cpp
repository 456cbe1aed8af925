#include "ranking_losses.h"

#include <algorithm>

#include <torch/autograd.h>
#include <torch/types.h>

#include "../../core/error.h"

namespace embark {

namespace {

/// As many scores are made at once as stay in the processor's cache.
constexpr int64_t kScoresAtOnce = int64_t{1} << 17;

/// What catalogue_softmax_loss compares. Items are counted from 0 here, without the unknown one.
struct CatalogueBatch {
    at::Tensor users, items, bias, had, weights;

    int64_t rows() const { return users.size(0); }
    int64_t rows_at_once() const { return std::max<int64_t>(1, kScoresAtOnce / std::max<int64_t>(1, items.size(0))); }
};

/// Calls `visit(first, log_probabilities, had, weights)` for some rows after the others.
template <class Visit>
void each_part(const CatalogueBatch& batch, const Visit& visit) {
    const at::Tensor by_column = batch.items.t();
    for (int64_t first = 0; first < batch.rows(); first += batch.rows_at_once()) {
        const int64_t n = std::min(batch.rows_at_once(), batch.rows() - first);
        const at::Tensor scores = at::addmm(batch.bias, batch.users.narrow(0, first, n), by_column);
        visit(first, at::log_softmax(scores, 1), batch.had.narrow(0, first, n), batch.weights.narrow(0, first, n));
    }
}

/// Σ_i w_ui (−log p_ui) of each row, (n).
at::Tensor row_sums(const CatalogueBatch& batch) {
    Tensors sums;
    each_part(batch, [&](int64_t, const at::Tensor& log_p, const at::Tensor& had, const at::Tensor& weights) {
        sums.push_back((log_p.gather(1, had) * weights).sum(1).neg());
    });
    return at::cat(sums);
}

/// Σ over all rows of row_sums, with the gradients that its parts leave while their scores are there.
struct CatalogueSoftmax : torch::autograd::Function<CatalogueSoftmax> {
    static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& users,
                              const at::Tensor& items, const at::Tensor& bias, const at::Tensor& had,
                              const at::Tensor& weights) {
        const CatalogueBatch batch = {users, items, bias, had, weights};
        const at::Tensor of_users = at::empty_like(users), of_items = at::zeros_like(items, at::MemoryFormat::Contiguous);
        const at::Tensor of_bias = at::zeros_like(bias);
        at::Tensor total = at::zeros({}, users.options());
        each_part(batch, [&](int64_t first, at::Tensor log_p, const at::Tensor& part_had, const at::Tensor& part_weights) {
            total.sub_((log_p.gather(1, part_had) * part_weights).sum());
            // The slope of a score is its probability times the weights of the row, less its own weight.
            const at::Tensor slopes = log_p.exp_().mul_(part_weights.sum(1, /*keepdim=*/true));
            slopes.scatter_add_(1, part_had, part_weights.neg());
            const int64_t n = slopes.size(0);
            at::Tensor to_users = of_users.narrow(0, first, n);
            at::mm_out(to_users, slopes, items);
            of_items.addmm_(slopes.t(), users.narrow(0, first, n));
            of_bias.add_(slopes.sum(0));
        });
        context->save_for_backward({of_users, of_items, of_bias});
        return total;
    }

    static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::tensor_list gradients) {
        const auto saved = context->get_saved_variables();
        const at::Tensor& by = gradients[0];
        return {saved[0] * by, saved[1] * by, saved[2] * by, at::Tensor(), at::Tensor()};
    }
};

void check_catalogue(const Tensors& predictions, const Tensors& targets) {
    require(predictions.size() == 3 && predictions[0].dim() == 2 && predictions[1].dim() == 2 &&
                predictions[2].dim() == 1 && predictions[0].size(1) == predictions[1].size(1) &&
                predictions[1].size(0) == predictions[2].size(0),
            "The catalogue_softmax loss needs vectors of users (n, width), vectors of items (items, width) and biases "
            "(items) as predictions, as a RankingModel gives them for users alone");
    require(targets.size() == 2 && targets[0].dim() == 2 && targets[0].sizes() == targets[1].sizes() &&
                targets[0].size(0) == predictions[0].size(0) && targets[0].scalar_type() == at::kLong,
            "The catalogue_softmax loss needs what each user had as targets, items as int64 and their weights, both (n, "
            "most)");
}

at::Tensor catalogue_softmax(const Tensors& predictions, const Tensors& targets, Reduction reduction) {
    check_catalogue(predictions, targets);
    const int64_t known = predictions[1].size(0) - 1;
    CatalogueBatch batch = {predictions[0], predictions[1].narrow(0, 1, known), predictions[2].narrow(0, 1, known),
                            (targets[0] - 1).clamp_min_(0), targets[1].to(predictions[0].scalar_type())};
    const at::Tensor weights = batch.weights.sum(1);
    if (reduction == Reduction::none) return row_sums(batch) / weights.clamp_min(1e-12);
    const at::Tensor total = CatalogueSoftmax::apply(batch.users, batch.items, batch.bias, batch.had, batch.weights);
    return total / weights.sum().clamp_min(1e-12);
}

/// A loss of pairs from a function that gives each row's.
template <class OfRows>
Loss pair_loss(const std::string& name, OfRows of_rows) {
    return Loss(name, [name, of_rows](const Tensors& predictions, const Tensors& targets, Reduction reduction) {
        const at::Tensor& scores = predictions.front();
        require(scores.dim() == 2 && scores.size(1) >= 2 && targets.front().sizes() == scores.sizes(), "The ", name,
                " loss needs scores of an item and of its negatives, (n, 1 + negatives), and as many targets: it was "
                "given ", scores.sizes(), " and ", targets.front().sizes());
        const at::Tensor negatives = scores.narrow(1, 1, scores.size(1) - 1);
        const at::Tensor losses = of_rows(scores, negatives, targets.front());
        return reduction == Reduction::mean ? losses.mean() : losses;
    });
}

}  // namespace

Loss catalogue_softmax_loss() {
    return Loss("catalogue_softmax", catalogue_softmax).with_weight([](const Tensors& targets) {
        return targets.at(1).sum().item<double>();
    });
}

Loss sampled_softmax_loss() {
    return pair_loss("sampled_softmax", [](const at::Tensor& scores, const at::Tensor&, const at::Tensor& log_counts) {
        return at::log_softmax(scores - log_counts, 1).select(1, 0).neg();
    });
}

Loss bpr_loss() {
    return pair_loss("bpr", [](const at::Tensor& scores, const at::Tensor& negatives, const at::Tensor&) {
        return at::log_sigmoid(scores.narrow(1, 0, 1) - negatives).mean(1).neg();
    });
}

Loss negatives_bce_loss() {
    return pair_loss("negatives_bce", [](const at::Tensor& scores, const at::Tensor& negatives, const at::Tensor&) {
        return -(at::log_sigmoid(scores.select(1, 0)) + at::log_sigmoid(-negatives).sum(1));
    });
}

}  // namespace embark
