#include <chrono>

#include <torch/torch.h>

#include "experiments.h"

namespace embark::course {

namespace {

template <class Work>
double microseconds(int64_t times, Work work) {
    const auto started = std::chrono::steady_clock::now();
    for (int64_t i = 0; i < times; ++i) work();
    const std::chrono::duration<double, std::micro> passed = std::chrono::steady_clock::now() - started;
    return passed.count() / static_cast<double>(times);
}

Result run_one_hot(const Lab&) {
    const int64_t n_users = 944, n_factors = 5;
    const torch::Tensor user_factors = torch::randn({n_users, n_factors});

    // One row: user 3.
    const torch::Tensor one_hot_3 = torch::one_hot(torch::tensor(3), n_users).to(torch::kFloat);
    Result result;
    result.step("user_factors.t() @ one_hot_3", user_factors.t().mv(one_hot_3));
    result.step("user_factors[3]", user_factors[3]);
    result.assert_equal("one row", user_factors.t().mv(one_hot_3), user_factors[3]);

    // A batch, and the layer that does it.
    const torch::Tensor users = torch::randint(n_users, {64});
    const torch::Tensor one_hots = torch::one_hot(users, n_users).to(torch::kFloat);
    torch::nn::Embedding embedding(torch::nn::EmbeddingOptions(n_users, n_factors)._weight(user_factors));
    torch::NoGradGuard no_grad;
    result.assert_equal("a batch", one_hots.mm(user_factors), user_factors.index_select(0, users));
    result.assert_equal("torch::nn::Embedding", embedding(users), one_hots.mm(user_factors));

    const double multiplied =
        microseconds(300, [&] { return torch::one_hot(users, n_users).to(torch::kFloat).mm(user_factors); });
    const double looked_up = microseconds(300, [&] { return embedding(users); });
    const auto bytes = [](const torch::Tensor& tensor) { return static_cast<double>(tensor.nbytes()); };
    result.grids.push_back(
        {"A batch of 64 of 944 users",
         "",
         {"one-hot times matrix", "look-up"},
         {{"microseconds", {multiplied, looked_up}}, {"bytes of input", {bytes(one_hots), bytes(users)}}}});
    result.check({"the look-up takes less time", Relation::below, looked_up, multiplied, "the multiplication"});
    result.check(
        {"the look-up takes less memory", Relation::below, bytes(users), bytes(one_hots), "the one-hot vectors"});
    return result;
}

}  // namespace

const Experiment kOneHot = {
    .name = "one-hot",
    .title = "A one-hot vector times a matrix is a row of it",
    .notes =
        "To look a row up is the same as to multiply by a vector that is 1 at its number and 0 elsewhere; an "
        "embedding is the computational short cut, which saves time and memory.",
    .settings = "944 users with 5 factors, one row and a batch of 64",
    .conclusion =
        "An embedding layer is the product of one-hot vectors and a matrix that leaves out the zeros. The "
        "result is the same; time and memory are not.",
    .to_try = "Raise n_users to 100,000: the one-hot vectors of the batch take 26 MB, the indices still 512 bytes.",
    .run = run_one_hot};

}  // namespace embark::course
