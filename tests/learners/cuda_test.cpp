// Training on a CUDA device. Skipped, and said so, where it is missing.
#include <embark/embark.h>

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/cuda.h>
#include <torch/script.h>
#include <torch/torch.h>

#include "test_files.h"

namespace embark {
namespace cuda_test {

using ::testing::HasSubstr;
using testing::message_of;
using testing::TemporaryFolder;

const at::Device kCuda(at::kCUDA, 0);

class Cuda : public ::testing::Test {
protected:
    void SetUp() override {
        if (torch::cuda::device_count() == 0) GTEST_SKIP() << "no CUDA device: training on one is not tested here";
    }
};

/// Ratings from 1 to 5 of 100 users and 50 items, by what user and item have in common.
Table made_ratings() {
    std::vector<std::string> users, items, ratings;
    for (int i = 0; i < 4000; ++i) {
        const int user = i * 37 % 100, item = i * 61 % 50;
        users.push_back(concat("u", user));
        items.push_back(concat("i", item));
        ratings.push_back(std::to_string(1 + (user % 5 + item % 5) / 2));
    }
    return Table::from_text({{"user", users}, {"item", items}, {"rating", ratings}});
}

CollabLearner ratings_learner(at::Device device, std::vector<std::shared_ptr<Callback>> callbacks = {}) {
    const auto dls = CollabDataLoaders::from_table(made_ratings(), {.seed = 1, .device = device});
    set_seed(3);
    return collab_learner(dls, {.n_factors = 8, .y_range = {0, 5.5}},
                          {.callbacks = std::move(callbacks), .progress = false});
}

/// The largest difference between parameters of two models.
double distance(const Learner& a, const Learner& b) {
    double largest = 0;
    const auto of_a = a.model().module().parameters(), of_b = b.model().module().parameters();
    for (size_t i = 0; i < of_a.size(); ++i) {
        largest = std::max(largest, (of_a[i].detach().cpu() - of_b[i].detach().cpu()).abs().max().item<double>());
    }
    return largest;
}

TEST_F(Cuda, is_the_default_device) {
    EXPECT_TRUE(default_device().is_cuda());
    EXPECT_TRUE(DataLoaderOptions().device.is_cuda());
}

TEST_F(Cuda, ends_with_the_weights_of_the_cpu) {
    auto on_cpu = ratings_learner(at::kCPU), on_cuda = ratings_learner(kCuda);
    on_cpu.fit_one_cycle(2, 5e-3);
    on_cuda.fit_one_cycle(2, 5e-3);
    EXPECT_TRUE(on_cuda.model().module().parameters().front().is_cuda());
    EXPECT_LT(distance(on_cpu, on_cuda), 1e-4);
    EXPECT_NEAR(on_cpu.validate().loss, on_cuda.validate().loss, 1e-4);
    EXPECT_TRUE(on_cuda.get_preds().predictions.is_cpu());
}

TEST_F(Cuda, trains_in_half_precision_with_and_without_a_scaler) {
    for (const AmpMode mode : {AmpMode::fp16, AmpMode::bf16}) {
        auto learn =
            ratings_learner(kCuda, {std::make_shared<MixedPrecision>(MixedPrecisionOptions{.amp_mode = mode})});
        const double before = learn.validate().loss;
        learn.fit_one_cycle(4, 1e-2);
        EXPECT_LT(learn.validate().loss, 0.5 * before);
        EXPECT_EQ(learn.model().module().parameters().front().scalar_type(), at::kFloat);
    }
}

TEST_F(Cuda, goes_on_from_a_checkpoint) {
    const TemporaryFolder folder;
    auto undisturbed = ratings_learner(kCuda), stopped = ratings_learner(kCuda), resumed = ratings_learner(kCuda);
    undisturbed.fit_one_cycle(3, 5e-3);
    std::stop_source stop;
    stop.request_stop();
    stopped.fit_one_cycle(3, 5e-3, {.stop = stop.get_token(), .checkpoint = {.dir = folder.path()}});
    resumed.fit_one_cycle(3, 5e-3, {.checkpoint = {.dir = folder.path(), .resume = true}});
    EXPECT_LT(distance(undisturbed, resumed), 1e-5);  // sums of gradients are added up in any order there
}

TEST_F(Cuda, exports_a_file_for_any_machine) {
    const TemporaryFolder folder;
    auto learn = ratings_learner(kCuda);
    learn.fit_one_cycle(1, 5e-3);
    learn.export_torchscript(folder.path() / "model.pt");
    auto exported = torch::jit::load((folder.path() / "model.pt").string());
    for (const auto& parameter : exported.parameters()) EXPECT_TRUE(parameter.is_cpu());
    const auto answer =
        exported.get_method("predict")({std::vector<std::string>{"u3"}, std::vector<std::string>{"i7"}});
    EXPECT_NEAR(answer.toTensor().item<double>(), learn.predict("u3", "i7"), 1e-5);
}

TEST_F(Cuda, refuses_lazy_updates) {
    const auto dls = CollabDataLoaders::from_table(made_ratings(), {.device = kCuda});
    EXPECT_THAT(message_of<UsageError>([&] { collab_learner(dls, {}, {.embedding_update = EmbeddingUpdate::lazy}); }),
                HasSubstr("embedding_update = lazy trains on the CPU, and the batches are on cuda:0"));
}

}  // namespace cuda_test
}  // namespace embark
