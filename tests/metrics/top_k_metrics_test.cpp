#include <embark/metrics/top_k_metrics.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/core/error.h>
#include <embark/core/top_items.h>

#include "baselines.h"
#include "test_files.h"

namespace embark {
namespace top_k_metrics_test {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::message_of;

/// Each row's relevant items, one after the other.
RelevantItems relevant_of(const std::vector<std::vector<int64_t>>& rows) {
    std::vector<int64_t> offsets = {0}, items;
    for (const auto& row : rows) {
        items.insert(items.end(), row.begin(), row.end());
        offsets.push_back(static_cast<int64_t>(items.size()));
    }
    return {torch::tensor(offsets), torch::tensor(items, torch::kLong)};
}

std::map<std::string, double> values_of(const std::string& metrics, const at::Tensor& rankings,
                                        const std::vector<std::vector<int64_t>>& relevant, int64_t n_items = 9) {
    TopKScores scores(top_k_metrics(metrics), n_items);
    scores.add(rankings, relevant_of(relevant));
    return scores.values();
}

TEST(TopKMetrics, are_what_their_formulas_say_of_one_ranking) {
    const auto values = values_of("recall@4,precision@4,hit_rate@4,ndcg@4,mrr@4,map@4,coverage@4",
                                  torch::tensor({{5, 2, 7, 1}}), {{2, 1, 8}});
    EXPECT_DOUBLE_EQ(values.at("recall@4"), 2.0 / 3);
    EXPECT_DOUBLE_EQ(values.at("precision@4"), 0.5);
    EXPECT_DOUBLE_EQ(values.at("hit_rate@4"), 1);
    const double ideal = 1 + 1 / std::log2(3) + 0.5;
    EXPECT_DOUBLE_EQ(values.at("ndcg@4"), (1 / std::log2(3) + 1 / std::log2(5)) / ideal);
    EXPECT_DOUBLE_EQ(values.at("mrr@4"), 0.5);
    EXPECT_DOUBLE_EQ(values.at("map@4"), (0.5 + 2.0 / 4) / 3);
    EXPECT_DOUBLE_EQ(values.at("coverage@4"), 4.0 / 9);
}

TEST(TopKMetrics, look_at_the_first_k_alone) {
    const auto values = values_of("recall@1,recall@2,precision@2,mrr@1", torch::tensor({{5, 2}}), {{2}});
    EXPECT_EQ(values.at("recall@1"), 0);
    EXPECT_EQ(values.at("recall@2"), 1);
    EXPECT_EQ(values.at("precision@2"), 0.5);
    EXPECT_EQ(values.at("mrr@1"), 0);
}

TEST(TopKMetrics, are_means_over_the_users_who_have_something_to_find) {
    TopKScores scores(top_k_metrics("hit_rate@1"), 9);
    scores.add(torch::tensor({{1}, {2}, {3}}), relevant_of({{1}, {}, {4}}));
    scores.add(torch::tensor({{4}}), relevant_of({{4}}));
    EXPECT_EQ(scores.users(), 3);
    EXPECT_DOUBLE_EQ(scores.values().at("hit_rate@1"), 2.0 / 3);
}

TEST(TopKMetrics, count_items_that_no_ranking_can_have_as_missed) {
    const auto values = values_of("recall@2,ndcg@2", torch::tensor({{3, -1}}), {{3, 0, 0}});
    EXPECT_DOUBLE_EQ(values.at("recall@2"), 1.0 / 3);
    EXPECT_DOUBLE_EQ(values.at("ndcg@2"), 1 / (1 + 1 / std::log2(3)));
}

TEST(TopKMetrics, equal_scikit_learns_ndcg_on_rankings_of_scores_with_ties) {
    int64_t compared = 0;
    const auto baseline = testing::json_baseline("rankings.json");
    for (const auto& one : baseline.at("figures")) {
        // There is no item 0 here, so that all numbers are one higher.
        const auto scores = one.at("scores").get<std::vector<float>>();
        at::Tensor all = torch::cat({torch::zeros({1}), torch::tensor(scores)}).unsqueeze(0);
        std::vector<int64_t> seen, relevant;
        for (const int64_t item : one.at("seen")) seen.push_back(item + 1);
        for (const int64_t item : one.at("relevant")) relevant.push_back(item + 1);
        const TopItems top = top_items(all, 10, {.begins = torch::tensor({0}), .ends = torch::tensor({std::ssize(seen)}),
                                                 .excluded = torch::tensor(seen, torch::kLong)});
        for (const auto& [k, expected] : one.at("ndcg").items()) {
            const auto values = values_of("ndcg@" + k, top.items, {relevant});
            EXPECT_NEAR(values.at("ndcg@" + k), expected.get<double>(), 1e-9);
            ++compared;
        }
    }
    EXPECT_GT(compared, 80);
}

/// All metrics of one user by their formulas, place by place; `to_find` has 0 as often as there are unknown items.
std::map<std::string, double> slow_values(const std::vector<int64_t>& ranking, const std::vector<int64_t>& to_find, int64_t k) {
    const auto is_hit = [&](int64_t place) {
        const int64_t item = ranking[static_cast<size_t>(place)];
        return item > 0 && std::count(to_find.begin(), to_find.end(), item) > 0;
    };
    double found = 0, gain = 0, best = 0, first = 0, precisions = 0;
    const auto n = static_cast<int64_t>(to_find.size());
    for (int64_t place = 0; place < k; ++place) {
        const double discount = std::log(2) / std::log(static_cast<double>(place + 2));
        if (place < n) best += discount;
        if (!is_hit(place)) continue;
        found += 1;
        gain += discount;
        precisions += found / static_cast<double>(place + 1);
        if (first == 0) first = 1 / static_cast<double>(place + 1);
    }
    return {{"recall", found / static_cast<double>(n)}, {"precision", found / static_cast<double>(k)},
            {"hit_rate", found > 0 ? 1.0 : 0.0}, {"ndcg", gain / best}, {"mrr", first},
            {"map", precisions / static_cast<double>(std::min(n, k))}};
}

TEST(TopKMetrics, are_those_of_a_slow_reference_on_random_rankings) {
    torch::manual_seed(7);
    constexpr int64_t kUsers = 60, kItems = 15, kLongest = 12;
    for (const int64_t k : {1, 2, 5, 12}) {
        std::vector<int64_t> rankings;
        std::vector<std::vector<int64_t>> to_find;
        std::map<std::string, double> sums;
        std::set<int64_t> covered;
        double users = 0;
        for (int64_t user = 0; user < kUsers; ++user) {
            // Short lists end with -1; some users have nothing to find, some an unknown item.
            const at::Tensor order = torch::randperm(kItems, torch::kLong) + 1, wanted = torch::rand({kItems}) < 0.2;
            std::vector<int64_t> ranking(order.const_data_ptr<int64_t>(), order.const_data_ptr<int64_t>() + kLongest);
            std::fill(ranking.begin() + (user % 4 == 0 ? user % kLongest : kLongest), ranking.end(), -1);
            to_find.emplace_back(user % 5 == 0 ? user % 3 : 0, 0);
            for (int64_t item = 1; item <= kItems && user % 7 != 0; ++item) {
                if (wanted[item - 1].item<bool>()) to_find.back().push_back(item);
            }
            rankings.insert(rankings.end(), ranking.begin(), ranking.end());
            if (to_find.back().empty()) continue;
            ++users;
            for (const auto& [name, value] : slow_values(ranking, to_find.back(), k)) sums[name] += value;
            for (int64_t place = 0; place < k; ++place) {
                if (ranking[static_cast<size_t>(place)] > 0) covered.insert(ranking[static_cast<size_t>(place)]);
            }
        }
        std::string names = concat("coverage@", k);
        for (const auto& [name, sum] : sums) names += concat(",", name, "@", k);
        const auto values = values_of(names, torch::tensor(rankings).view({kUsers, kLongest}), to_find, kItems);
        for (const auto& [name, sum] : sums) EXPECT_NEAR(values.at(concat(name, "@", k)), sum / users, 1e-9) << name << "@" << k;
        EXPECT_NEAR(values.at(concat("coverage@", k)), static_cast<double>(covered.size()) / kItems, 1e-9);
    }
}

TEST(TopKMetrics, that_are_not_there_are_named) {
    EXPECT_THAT(message_of<UsageError>([] { top_k_metric("ndgc@10"); }), HasSubstr("did you mean 'ndcg'"));
    for (const char* name : {"ndcg", "ndcg@", "ndcg@0", "ndcg@-3", "ndcg@ten", "ndcg@1.5", "ndcg@99999999999999999999"}) {
        EXPECT_THAT(message_of<UsageError>([&] { top_k_metric(name); }), HasSubstr("at least 1, as ndcg@10")) << name;
    }
    EXPECT_THROW(top_k_metrics(""), UsageError);
    EXPECT_THROW(top_k_metrics("ndcg@10,"), UsageError);
    EXPECT_THAT(message_of<UsageError>([] { top_k_metrics("ndcg@10,ndcg@10"); }), HasSubstr("given twice"));
    EXPECT_THROW(TopKScores({}, 3).values(), Error);
    EXPECT_THROW(values_of("ndcg@3", torch::tensor({{1, 2}}), {{1}}), Error);
}

/// The `k` best by sorting.
std::vector<int64_t> sorted_best(const at::Tensor& scores, int64_t k, const std::vector<char>& may) {
    std::vector<int64_t> items;
    for (int64_t i = 1; i < scores.numel(); ++i) {
        if (may[static_cast<size_t>(i)]) items.push_back(i);
    }
    const float* score = scores.const_data_ptr<float>();
    std::ranges::stable_sort(items, [&](int64_t a, int64_t b) { return score[a] > score[b]; });
    items.resize(static_cast<size_t>(k), -1);
    return items;
}

TEST(TopItems, are_those_of_a_stable_sort_whatever_is_left_out) {
    torch::manual_seed(3);
    for (const int64_t n_items : {2, 31, 100, 5000}) {
        const int64_t rows = 70, width = 3, k = 12;
        // Few different vectors, so that there are ties, in products too.
        const at::Tensor users = torch::randint(-2, 3, {rows, width}).to(at::kFloat);
        const at::Tensor items = torch::randint(-2, 3, {n_items, width}).to(at::kFloat);
        const at::Tensor bias = torch::randint(0, 2, {n_items}).to(at::kFloat);
        const at::Tensor allowed = torch::rand({n_items}) > 0.2;
        const at::Tensor drop = torch::rand({rows, n_items}) > 0.7;
        const at::Tensor counts = drop.sum(1);
        const RankedAmong among = {.begins = counts.cumsum(0) - counts, .ends = counts.cumsum(0),
                                   .excluded = drop.nonzero().select(1, 1).contiguous(), .allowed = allowed};
        const at::Tensor scores = users.mm(items.t()) + bias;
        const TopItems of_scores = top_items(scores, k, among), of_products = top_products(users, items, bias, k, among);
        for (int64_t row = 0; row < rows; ++row) {
            const at::Tensor may = allowed.logical_and(drop[row].logical_not()).contiguous();
            const std::vector<char> mask(may.const_data_ptr<bool>(), may.const_data_ptr<bool>() + n_items);
            const at::Tensor expected = torch::tensor(sorted_best(scores[row].contiguous(), k, mask));
            EXPECT_TRUE(of_scores.items[row].equal(expected)) << n_items << " items, row " << row;
            EXPECT_TRUE(of_products.items[row].equal(expected)) << n_items << " items, row " << row;
        }
    }
}

TEST(TopItems, leave_out_what_is_not_a_number) {
    const float nan = std::nanf("");
    const TopItems top = top_items(torch::tensor({{9.F, 1.F, nan, 3.F, nan, 2.F}}), 4, {});
    EXPECT_TRUE(top.items.equal(torch::tensor({{3, 5, 1, -1}}))) << top.items;
}

}  // namespace top_k_metrics_test
}  // namespace embark
