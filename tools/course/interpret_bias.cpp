#include <algorithm>

#include <torch/torch.h>

#include <embark/core/text.h>
#include <embark/learners/collab_learner.h>
#include <embark/plots/charts.h>

#include "data.h"
#include "experiments.h"

namespace embark::course {

namespace {

/// The mean training rating of each item by its number, and how many there are.
std::pair<at::Tensor, at::Tensor> mean_ratings(const CollabDataLoaders& dls) {
    const at::Tensor items = dls.train().data().inputs.front().select(1, 1);
    const at::Tensor ratings = dls.train().data().targets.front().flatten();
    const at::Tensor counts = torch::bincount(items, {}, dls.items().size());
    return {torch::bincount(items, ratings, dls.items().size()) / counts, counts};
}

/// Place of each value among them all, 0 the lowest.
at::Tensor ranks(const at::Tensor& values) {
    return values.argsort().argsort().to(torch::kDouble);
}

double spearman(const at::Tensor& a, const at::Tensor& b) {
    return torch::corrcoef(torch::stack({ranks(a), ranks(b)}))[0][1].item<double>();
}

std::string with_values(const std::vector<std::string>& titles, const std::vector<double>& values) {
    std::string text;
    for (size_t i = 0; i < titles.size(); ++i) text += format_number(values[i], 3) + "  " + titles[i] + "\n";
    return text;
}

std::vector<double> numbers(const at::Tensor& values) {
    const at::Tensor doubles = values.to(torch::kDouble).contiguous();
    return {doubles.const_data_ptr<double>(), doubles.const_data_ptr<double>() + doubles.numel()};
}

Result run_interpret_bias(const Lab& lab) {
    auto dls = movielens_batches(lab);
    auto learn = collab_learner(dls, {.n_factors = 50, .y_range = {0, 5.5}});
    learn.fit_one_cycle(lab.epochs(5), 5e-3, {.weight_decay = 0.1});

    Result result;
    const at::Tensor movie_bias = learn.item_bias();
    const at::Tensor order = movie_bias.argsort();
    const int64_t n = movie_bias.size(0), k = std::min<int64_t>(5, n);
    const at::Tensor lowest = order.narrow(0, 0, k), highest = order.narrow(0, n - k, k).flip(0);
    const auto bias_of = [&](const at::Tensor& items) { return numbers(movie_bias.index_select(0, items)); };
    result.step("Lowest bias", with_values(dls.items().decode(lowest), bias_of(lowest)));
    result.step("Highest bias", with_values(dls.items().decode(highest), bias_of(highest)));
    const at::Tensor both = torch::cat({highest, lowest.flip(0)});
    result.plot(
        plot_bars(dls.items().decode(both), bias_of(both), {.title = "Highest and lowest biases", .x_title = "bias"}));

    // Does sorting by the mean rating give the same? Of films with some ratings, so that the mean means something.
    const auto [means, counts] = mean_ratings(dls);
    const at::Tensor rated = (counts >= lab.size(50, 5)).nonzero().squeeze(1);
    const at::Tensor bias = movie_bias.index_select(0, rated), mean = means.index_select(0, rated);
    const at::Tensor gap = ranks(bias) - ranks(mean);
    const auto disagreement = [&](const at::Tensor& places) {
        std::string text;
        for (const int64_t i : std::vector<int64_t>(places.const_data_ptr<int64_t>(),
                                                    places.const_data_ptr<int64_t>() + places.numel())) {
            text += concat(dls.items().name(rated[i].item<int64_t>()), ": rank ", ranks(mean)[i].item<int64_t>() + 1,
                           " by mean rating, ", ranks(bias)[i].item<int64_t>() + 1, " by bias\n");
        }
        return text;
    };
    const at::Tensor by_gap = gap.argsort().contiguous();
    const int64_t m = std::min<int64_t>(5, by_gap.size(0));
    result.step("Liked less than their mean rating says (of " + std::to_string(by_gap.size(0)) + " films)",
                disagreement(by_gap.narrow(0, 0, m)));
    result.step("Liked more than their mean rating says",
                disagreement(by_gap.narrow(0, by_gap.size(0) - m, m).flip(0).contiguous()));
    const double agreement = spearman(bias, mean);
    result.grids.push_back({"Bias and mean rating", "", {"rank correlation"}, {{"value", {agreement}}}});
    result.check({"the two orders are alike", Relation::above, agreement, 0.5, "half-way"});
    result.check({"the two orders are not the same", Relation::below, agreement, 0.999, "the same order"});
    return result;
}

}  // namespace

const Experiment kInterpretBias = {
    .name = "interpret-bias",
    .title = "Films that are liked or not, whatever one's taste: item biases",
    .notes =
        "A low bias says that people dislike a film even where its kind is what they like; a high one that it is "
        "liked by all. This is not the order of mean ratings, which do not know who rated what.",
    .settings = "ML-100k, collab_learner as in collab-learner; mean ratings of films with at least 50 training ratings",
    .conclusion =
        "A bias is what remains of a film's ratings once the tastes of those who rated it are accounted "
        "for. So its order is not that of mean ratings.",
    .to_try = "List user_bias() in the same way: who rates everything high?",
    .run = run_interpret_bias};

}  // namespace embark::course
