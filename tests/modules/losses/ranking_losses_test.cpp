#include <embark/modules/losses/ranking_losses.h>

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/core/error.h>

#include "baselines.h"
#include "test_files.h"

namespace embark {
namespace ranking_losses_test {

using ::testing::HasSubstr;
using testing::largest_difference;
using testing::message_of;

/// Vectors of users and items and what the users had, some of it of other weight, in lists of different lengths.
struct Catalogue {
    at::Tensor users, items, bias, had, weights;

    explicit Catalogue(int64_t n_users = 40, int64_t n_items = 9000, int64_t width = 6) {
        torch::manual_seed(n_users);
        const auto exact = torch::TensorOptions().dtype(torch::kDouble).requires_grad(true);
        users = torch::randn({n_users, width}, exact);
        items = torch::randn({n_items, width}, exact);
        bias = torch::randn({n_items}, exact);
        had = torch::randint(1, n_items, {n_users, 7});
        weights = torch::randint(1, 4, {n_users, 7}).to(torch::kDouble);
        for (int64_t row = 0; row < n_users; ++row) {
            had[row].slice(0, 1 + row % 7).fill_(-1);
            weights[row].slice(0, 1 + row % 7).fill_(0);
        }
    }
    Tensors predictions() const { return {users, items, bias}; }
    Tensors targets() const { return {had, weights}; }
    Tensors leaves() const { return {users, items, bias}; }

    /// PyTorch's own operations, on all scores at once.
    at::Tensor row_losses() const {
        const at::Tensor scores = (users.mm(items.t()) + bias).slice(1, 1);
        const at::Tensor log_p = torch::log_softmax(scores, 1);
        return -(log_p.gather(1, (had - 1).clamp_min(0)) * weights).sum(1);
    }
};

Tensors gradients_of(const at::Tensor& loss, const Tensors& leaves) {
    return torch::autograd::grad({loss}, leaves);
}

TEST(RankingLosses, softmax_over_the_catalogue_is_that_of_all_scores_at_once) {
    const Catalogue catalogue;
    const at::Tensor expected = catalogue.row_losses().sum() / catalogue.weights.sum();
    const at::Tensor loss = catalogue_softmax_loss()(catalogue.predictions(), catalogue.targets());
    EXPECT_NEAR(loss.item<double>(), expected.item<double>(), 1e-10);
    const Tensors gradients = gradients_of(loss, catalogue.leaves()), others = gradients_of(expected, catalogue.leaves());
    for (size_t i = 0; i < others.size(); ++i) EXPECT_LE(largest_difference(gradients[i], others[i]), 1e-12) << i;
    // The unknown item is not in the catalogue.
    EXPECT_EQ(gradients[1][0].abs().sum().item<double>(), 0);
}

TEST(RankingLosses, softmax_in_float32_has_gradients_within_1e6_of_double_precision) {
    const Catalogue catalogue;
    Tensors plain;
    for (const at::Tensor& leaf : catalogue.leaves()) plain.push_back(leaf.detach().to(at::kFloat).requires_grad_());
    const at::Tensor loss = catalogue_softmax_loss()(plain, {catalogue.had, catalogue.weights.to(at::kFloat)});
    const Tensors gradients = gradients_of(loss, plain);
    const Tensors exact = gradients_of(catalogue.row_losses().sum() / catalogue.weights.sum(), catalogue.leaves());
    for (size_t i = 0; i < exact.size(); ++i) EXPECT_LE(largest_difference(gradients[i], exact[i]), 1e-6) << i;
}

TEST(RankingLosses, softmax_gives_each_users_own_loss_too) {
    const Catalogue catalogue(5, 20);
    const at::Tensor rows = catalogue_softmax_loss()(catalogue.predictions(), catalogue.targets(), Reduction::none);
    EXPECT_LE(largest_difference(rows, catalogue.row_losses() / catalogue.weights.sum(1)), 1e-12);
    EXPECT_DOUBLE_EQ(catalogue_softmax_loss().weight(catalogue.targets()), catalogue.weights.sum().item<double>());
}

TEST(RankingLosses, a_user_who_had_nothing_counts_for_nothing) {
    Catalogue catalogue(5, 20);
    const at::Tensor before = catalogue_softmax_loss()(catalogue.predictions(), catalogue.targets());
    const auto with_none = [](const at::Tensor& tensor, double value) {
        return torch::cat({tensor.detach(), torch::full({1, tensor.size(1)}, value, tensor.options().requires_grad(false))});
    };
    const at::Tensor after = catalogue_softmax_loss()({with_none(catalogue.users, 1), catalogue.items, catalogue.bias},
                                                      {with_none(catalogue.had, -1), with_none(catalogue.weights, 0)});
    EXPECT_NEAR(before.item<double>(), after.item<double>(), 1e-12);
}

/// Scores of an item and three negatives, and the logarithms of how often these are drawn.
struct Pairs {
    at::Tensor scores = torch::randn({30, 4}, torch::TensorOptions().dtype(torch::kDouble).requires_grad(true));
    at::Tensor log_counts = torch::randn({30, 4}, torch::kDouble);
    Pairs() { log_counts.select(1, 0).zero_(); }
};

TEST(RankingLosses, of_pairs_are_their_formulas) {
    torch::manual_seed(1);
    const Pairs pairs;
    const auto rows = [&](const Loss& loss) { return loss({pairs.scores}, {pairs.log_counts}, Reduction::none); };
    const auto own = pairs.scores.select(1, 0), others = pairs.scores.slice(1, 1);
    EXPECT_LE(largest_difference(rows(bpr_loss()), (1 + (others - own.unsqueeze(1)).exp()).log().mean(1)), 1e-12);
    EXPECT_LE(largest_difference(rows(negatives_bce_loss()), (1 + (-own).exp()).log() + (1 + others.exp()).log().sum(1)),
              1e-12);
    const auto corrected = (pairs.scores - pairs.log_counts).exp();
    EXPECT_LE(largest_difference(rows(sampled_softmax_loss()), (corrected.sum(1) / corrected.select(1, 0)).log()), 1e-12);
    for (const Loss& loss : {bpr_loss(), negatives_bce_loss(), sampled_softmax_loss()}) {
        EXPECT_NEAR(loss({pairs.scores}, {pairs.log_counts}).item<double>(), rows(loss).mean().item<double>(), 1e-12);
    }
}

TEST(RankingLosses, of_pairs_have_gradients_that_differences_confirm) {
    torch::manual_seed(2);
    const Pairs pairs;
    for (const Loss& loss : {bpr_loss(), negatives_bce_loss(), sampled_softmax_loss()}) {
        const at::Tensor gradient = gradients_of(loss({pairs.scores}, {pairs.log_counts}), {pairs.scores}).front();
        const at::Tensor exact = pairs.scores.detach();
        for (int64_t column = 0; column < 4; ++column) {
            at::Tensor up = exact.clone(), down = exact.clone();
            up[3][column] += 1e-5;
            down[3][column] -= 1e-5;
            const double slope = (loss({up}, {pairs.log_counts}) - loss({down}, {pairs.log_counts})).item<double>() / 2e-5;
            EXPECT_NEAR(gradient[3][column].item<double>(), slope, 1e-8) << loss.name();
        }
    }
}

TEST(RankingLosses, sampled_softmax_has_the_whole_catalogues_sum_on_average) {
    // Three items and the one that the user had; each of the two negatives is one of the others, by these shares.
    const std::vector<double> scores = {0.3, -1.0, 2.0}, shares = {0.2, 0.5, 0.3};
    const double own = 0.7;
    double expected_sum = 0;
    for (size_t a = 0; a < 3; ++a) {
        for (size_t b = 0; b < 3; ++b) {
            const at::Tensor row = torch::tensor({{own, scores[a], scores[b]}}, torch::kDouble);
            const at::Tensor log_counts = torch::tensor({{0.0, std::log(2 * shares[a]), std::log(2 * shares[b])}}, torch::kDouble);
            // The loss is log(sum / exp(own)).
            const double loss = sampled_softmax_loss()({row}, {log_counts}).item<double>();
            expected_sum += shares[a] * shares[b] * std::exp(loss + own);
        }
    }
    double whole = std::exp(own);
    for (const double score : scores) whole += std::exp(score);
    EXPECT_NEAR(expected_sum, whole, 1e-9);
}

TEST(RankingLosses, of_other_shapes_are_refused) {
    const Catalogue catalogue(5, 20);
    EXPECT_THAT(message_of<Error>([&] { catalogue_softmax_loss()({catalogue.users}, catalogue.targets()); }),
                HasSubstr("vectors of users"));
    EXPECT_THAT(message_of<Error>([&] { catalogue_softmax_loss()(catalogue.predictions(), {catalogue.had}); }),
                HasSubstr("what each user had as targets"));
    EXPECT_THAT(message_of<Error>([&] { bpr_loss()({torch::zeros({3, 1})}, {torch::zeros({3, 1})}); }),
                HasSubstr("scores of an item and of its negatives"));
}

}  // namespace ranking_losses_test
}  // namespace embark
