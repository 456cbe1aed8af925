#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/core/error.h>
#include <embark/modules/factorization_model.h>

namespace embark {
namespace factorization_model_test {

using ::testing::HasSubstr;

constexpr int64_t kUsers = 12, kItems = 9, kFeatures = 5, kDays = 4, kUserDays = 6;

/// Lists of random entries below `n_entries`, ascending, of which the first is empty.
Bags random_bags(int64_t rows, int64_t n_entries) {
    std::vector<int64_t> offsets = {0}, indices;
    std::vector<float> weights;
    for (int64_t row = 0; row < rows; ++row) {
        for (int64_t entry = 1; row > 0 && entry < n_entries; ++entry) {
            if (torch::rand({}).item<double>() < 0.5) continue;
            indices.push_back(entry);
            weights.push_back(torch::rand({}).item<float>());
        }
        offsets.push_back(static_cast<int64_t>(indices.size()));
    }
    return {torch::tensor(offsets), torch::tensor(indices), torch::tensor(weights)};
}

FactorizationOptions options_with_all(int64_t members = 1) {
    return {.n_users = kUsers,
            .n_items = kItems,
            .n_factors = 3,
            .offset = 3.5,
            .y_range = {1, 5},
            .n_days = kDays,
            .n_user_days = kUserDays,
            .user_terms = {{"rated", random_bags(kUsers, kItems), kItems, true},
                           {"user_feature", random_bags(kUsers, kFeatures), kFeatures}},
            .item_terms = {{"rater", random_bags(kItems, kUsers), kUsers, true}},
            .members = members,
            .init_std = 0.5};
}

FactorizationModel model_of(FactorizationOptions options, bool fused = true) {
    options.fused = fused;
    FactorizationModel model(options);
    at::NoGradGuard no_grad;
    for (auto& parameter : model->parameters()) parameter.normal_(0, 0.5);
    return model;
}

at::Tensor random_batch(int64_t n, bool days = true) {
    std::vector<at::Tensor> columns = {torch::randint(kUsers, {n}), torch::randint(kItems, {n})};
    if (days) {
        columns.push_back(torch::randint(kDays, {n}));
        columns.push_back(torch::randint(kUserDays, {n}));
    }
    return torch::stack(columns, 1).to(at::kLong);
}

/// Copies the numbers of one model to another of the same sizes.
void copy_parameters(FactorizationModel& from, FactorizationModel& to) {
    at::NoGradGuard no_grad;
    for (const auto& item : from->named_parameters()) to->named_parameters()[item.key()].copy_(item.value());
}

/// One side's vector of factors and bias for member `m`, in double precision, from the definition.
std::vector<double> slow_vector(const FactorizationModelImpl::Side& side, int64_t row, int64_t partner, bool training,
                                int64_t m, int64_t k) {
    std::vector<double> sum(static_cast<size_t>(k) + 1, 0);
    const auto add = [&](const torch::nn::Embedding& factors, const torch::nn::Embedding& bias, int64_t r, double w) {
        for (int64_t j = 0; j < k; ++j) sum[static_cast<size_t>(j)] += w * factors->weight[r][m * k + j].item<double>();
        sum.back() += w * bias->weight[r][m].item<double>();
    };
    add(side.factors, side.bias, row, 1);
    for (const auto& term : side.terms) {
        for (int64_t e = term.bags.offsets[row].item<int64_t>(); e < term.bags.offsets[row + 1].item<int64_t>(); ++e) {
            const auto entry = term.bags.indices[e].item<int64_t>();
            if (training && term.leave_one_out && entry == partner) continue;
            add(term.factors, term.bias, entry, term.bags.weights[e].item<double>());
        }
    }
    return sum;
}

double slow_score(FactorizationModel& model, const at::Tensor& x, int64_t m) {
    const auto user = x[0].item<int64_t>(), item = x[1].item<int64_t>();
    const int64_t k = model->options.n_factors;
    const auto u = slow_vector(model->users, user, item, model->is_training(), m, k);
    const auto v = slow_vector(model->items, item, user, model->is_training(), m, k);
    double score = model->options.offset + u.back() + v.back();
    for (int64_t j = 0; j < k; ++j) score += u[static_cast<size_t>(j)] * v[static_cast<size_t>(j)];
    if (x.numel() == 4) {
        score += model->day_bias->weight[x[2]][m].item<double>() + model->user_day_bias->weight[x[3]][m].item<double>();
    }
    return score;
}

void expect_near(const at::Tensor& a, const at::Tensor& b, double tolerance, const std::string& what) {
    ASSERT_EQ(a.sizes(), b.sizes()) << what;
    const double scale = std::max(1., b.abs().max().item<double>());
    EXPECT_LE((a - b).abs().max().item<double>(), tolerance * scale) << what;
}

TEST(FactorizationModel, is_its_formula_in_training_and_in_eval_mode) {
    torch::manual_seed(1);
    for (const bool fused : {true, false}) {
        for (const int64_t members : {1, 3}) {
            auto model = model_of(options_with_all(members), fused);
            for (const bool training : {true, false}) {
                model->train(training);
                const auto x = random_batch(50, training);
                const auto y = model->forward(x).to(at::kDouble);
                ASSERT_EQ(y.sizes(), (std::vector<int64_t>{50, 1}));
                for (int64_t i = 0; i < 50; ++i) {
                    double expected = 0;
                    for (int64_t m = 0; m < members && !training; ++m) {
                        expected += std::clamp(slow_score(model, x[i], m), 1., 5.) / static_cast<double>(members);
                    }
                    if (training) expected = slow_score(model, x[i], i % members);
                    EXPECT_NEAR(y[i][0].item<double>(), expected, 1e-5);
                }
            }
        }
    }
}

TEST(FactorizationModel, gradients_of_one_node_are_autograds) {
    torch::manual_seed(2);
    for (const int64_t members : {1, 4}) {
        auto fused = model_of(options_with_all(members)), plain = model_of(fused->options, false);
        copy_parameters(fused, plain);
        for (const int64_t n : {1, 7, 600}) {
            const auto x = random_batch(n);
            const auto of_result = torch::randn(fused->forward(x).sizes());
            for (auto* model : {&fused, &plain}) {
                (*model)->zero_grad();
                ((*model)->forward(x) * of_result).sum().backward();
            }
            for (const auto& item : plain->named_parameters()) {
                const auto& of_plain = item.value().grad();
                const auto& of_fused = fused->named_parameters()[item.key()].grad();
                ASSERT_TRUE(of_plain.defined() && of_fused.defined()) << item.key();
                expect_near(of_fused, of_plain, 1e-6, item.key());
            }
        }
    }
}

TEST(FactorizationModel, one_node_gives_the_same_bits_on_any_number_of_threads) {
    torch::manual_seed(3);
    auto model = model_of(options_with_all(8));
    const auto x = random_batch(2000);
    std::vector<at::Tensor> first;
    const int threads = at::get_num_threads();
    for (const int n : {1, 2, 3}) {
        at::set_num_threads(n);
        model->zero_grad();
        model->forward(x).square().sum().backward();
        std::vector<at::Tensor> gradients;
        for (const auto& parameter : model->parameters()) gradients.push_back(parameter.grad().clone());
        if (first.empty()) first = gradients;
        for (size_t i = 0; i < first.size(); ++i) EXPECT_TRUE(gradients[i].equal(first[i])) << n << " threads, " << i;
    }
    at::set_num_threads(threads);
}

TEST(FactorizationModel, added_up_predicts_the_same_and_has_no_terms) {
    torch::manual_seed(4);
    for (const bool clip : {true, false}) {
        for (const int64_t members : {1, 3}) {
            auto options = options_with_all(members);
            options.clip = clip;
            auto model = model_of(options);
            model->eval();
            const auto x = random_batch(100, /*days=*/false);
            const auto whole = model->added_up();
            EXPECT_TRUE(whole->users.terms.empty() && whole->buffers().empty());
            expect_near(whole->forward(x), model->forward(x), 1e-6, "predictions");
        }
    }
}

TEST(FactorizationModel, a_row_without_its_own_rating_keeps_every_other) {
    // Of two rows of one user, one was rated and one was not: nothing is left out of the other's sum.
    FactorizationOptions options{.n_users = 2, .n_items = 3, .n_factors = 1};
    options.user_terms = {{"rated", {torch::tensor({0, 0, 1}, at::kLong), torch::tensor({1}, at::kLong), torch::ones({1})},
                           3, true}};
    auto model = model_of(options);
    {
        at::NoGradGuard no_grad;
        for (auto& parameter : model->parameters()) parameter.zero_();
        model->users.terms[0].bias->weight[1][0] = 2;
    }
    const auto y = model->forward(torch::tensor({{1, 1}, {1, 2}}));
    EXPECT_EQ(y[0].item<float>(), 0);
    EXPECT_EQ(y[1].item<float>(), 2);
}

template <class Call>
std::string message_of(const Call& call) {
    try {
        call();
    } catch (const Error& error) {
        return error.what();
    }
    return "nothing was thrown";
}

TEST(FactorizationModel, refuses_what_can_never_be_right) {
    const auto with = [](const auto& change) {
        auto options = options_with_all();
        change(options);
        return message_of([&] { FactorizationModel model(options); });
    };
    EXPECT_THAT(with([](auto& o) { o.n_factors = 0; }), HasSubstr("n_factors 0"));
    EXPECT_THAT(with([](auto& o) { o.members = 0; }), HasSubstr("members 0"));
    EXPECT_THAT(with([](auto& o) { o.n_users = 0; }), HasSubstr("numbers of users (0)"));
    EXPECT_THAT(with([](auto& o) { o.user_terms[0].name = "user"; }), HasSubstr("called 'user'"));
    EXPECT_THAT(with([](auto& o) { o.item_terms[0].name = "rated"; }), HasSubstr("called 'rated'"));
    EXPECT_THAT(with([](auto& o) { o.user_terms[0].rows = 2; }), HasSubstr("of a table that has 2"));
    EXPECT_THAT(with([](auto& o) { o.user_terms[0].bags.offsets = torch::zeros({3}, at::kLong); }),
                HasSubstr("a list for each of the 12 rows"));
    auto model = model_of(options_with_all());
    EXPECT_THAT(message_of([&] { model->forward(torch::zeros({2, 3}, at::kLong)); }), HasSubstr("not [2, 3]"));
    model->users.factors->options.sparse(true);
    EXPECT_THAT(message_of([&] { model->forward(random_batch(2)); }), HasSubstr("cannot be updated lazily"));
}

TEST(FactorizationModel, an_unknown_row_is_said_by_the_operations) {
    auto model = model_of(options_with_all());
    EXPECT_THROW(model->forward(torch::tensor({{kUsers, int64_t{0}}})), c10::Error);
    EXPECT_THROW(model->forward(torch::tensor({{int64_t{-1}, int64_t{0}}})), c10::Error);
}

TEST(FactorizationModel, is_cloned_and_moved_with_its_bags) {
    torch::manual_seed(5);
    auto model = model_of(options_with_all());
    const auto copy = std::dynamic_pointer_cast<FactorizationModelImpl>(model->clone());
    const auto x = random_batch(20);
    EXPECT_TRUE(copy->forward(x).equal(model->forward(x)));
    model->to(at::kDouble);
    copy->to(at::kDouble);
    expect_near(copy->forward(x), model->forward(x), 1e-9, "double precision");
    EXPECT_EQ(model->forward(x).scalar_type(), at::kDouble);
    copy->to(at::kHalf);
    EXPECT_THAT(message_of([&] { copy->forward(x); }), HasSubstr("keeps them as integers"));
}

}  // namespace factorization_model_test
}  // namespace embark
