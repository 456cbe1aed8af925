#include <embark/learners/learner.h>

#include <gmock/gmock.h>
#include <torch/torch.h>

#include <embark/callbacks/training_state.h>
#include <embark/core/error.h>

#include "test_files.h"

namespace embark {
namespace dataset_fit_test {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::message_of;
using testing::TemporaryFolder;

/// Sequences of 1 to 9 numbers with noise, whose mean is to be found.
struct NoisyMeans {
    int64_t n = 60;
    int64_t size() const { return n; }
    std::pair<at::Tensor, at::Tensor> get(int64_t index, Random& random) const {
        const auto mean = torch::full({1}, static_cast<double>(index % 5), at::kFloat);
        return {mean + 0.1 * torch::randn({1 + index % 9}, random), mean};
    }
};

/// The same, endless.
struct EndlessMeans {
    int64_t index = 0;
    std::pair<at::Tensor, at::Tensor> next(Random& random) { return NoisyMeans().get(index++, random); }
};

struct MaskedMeanImpl : torch::nn::Module {
    at::Tensor forward(const at::Tensor& values, const at::Tensor& mask) {
        const auto hidden = torch::relu(first(values.unsqueeze(2))) * mask.unsqueeze(2);
        return second(dropout(hidden.sum(1) / mask.sum(1, true)));
    }
    torch::nn::Linear first = register_module("first", torch::nn::Linear(1, 8));
    torch::nn::Dropout dropout = register_module("dropout", torch::nn::Dropout(0.1));
    torch::nn::Linear second = register_module("second", torch::nn::Linear(8, 1));
};
TORCH_MODULE(MaskedMean);

at::Tensor lengths(int64_t n) {
    return 1 + torch::arange(n) % 9;
}

DatasetOptions options(int64_t workers = 2) {
    return {.batch_size = 8,
            .sampler = by_length_sampler(lengths(60)),
            .transforms = {[](Sample& sample, Random& random) {
                sample.inputs[0] = sample.inputs[0] + 0.01 * random.uniform();
            }},
            .collate = pad_collate({.mask = true}),
            .workers = workers};
}

Learner learner(const DataLoaders& dls, std::vector<std::shared_ptr<Callback>> callbacks = {}) {
    set_seed(3);
    return Learner(dls, MaskedMean(), {.loss = mse_loss_flat(), .callbacks = std::move(callbacks), .progress = false});
}

Learner sequence_learner(int64_t workers = 2, std::vector<std::shared_ptr<Callback>> callbacks = {}) {
    return learner(DataLoaders::from_dataset(NoisyMeans(), NoisyMeans{20}, options(workers)), std::move(callbacks));
}

struct StopAfter : Callback {
    explicit StopAfter(int64_t n_batches) : left(n_batches) {}
    int order() const override { return 99; }
    void after_batch(TrainingState&) override {
        if (--left == 0) source.request_stop();
    }
    int64_t left;
    std::stop_source source;
};

void expect_same(const Learner& a, const Learner& b, int64_t after) {
    for (const auto& item : a.model().module().named_parameters()) {
        EXPECT_TRUE(at::equal(b.model().module().named_parameters()[item.key()], item.value()))
            << item.key() << " after " << after;
    }
    EXPECT_EQ(a.records().losses, b.records().losses) << after;
}

TEST(DatasetFit, learns_validates_and_predicts_in_order) {
    auto learn = sequence_learner();
    const auto& records = learn.fit_one_cycle(20, 2e-2);
    EXPECT_LT(records.epochs.back().valid_loss, 0.2 * records.epochs.front().valid_loss);
    EXPECT_NEAR(learn.validate().loss, records.epochs.back().valid_loss, 1e-6);
    const Predictions predictions = learn.get_preds();
    EXPECT_TRUE(at::equal(predictions.targets.flatten(), (torch::arange(20) % 5).to(at::kFloat)));
    EXPECT_LT((predictions.predictions - predictions.targets).abs().mean().item<double>(), 0.5);
    EXPECT_EQ(learn.get_preds(learn.dls().train()).predictions.size(0), 60);
    EXPECT_EQ(learn.results(3).rows(), 3);
    EXPECT_FALSE(learn.lr_find({.num_it = 10, .show = false}).losses.empty());
}

TEST(DatasetFit, is_the_same_with_any_number_of_workers) {
    const auto fitted = [](int64_t workers) {
        auto learn = sequence_learner(workers);
        learn.fit(2, 1e-2);
        return learn;
    };
    const Learner alone = fitted(0);
    for (const int64_t workers : {1, 4}) expect_same(alone, fitted(workers), workers);
}

TEST(DatasetFit, goes_on_from_a_checkpoint_to_the_bit) {
    const auto endless = [](std::vector<std::shared_ptr<Callback>> callbacks = {}) {
        DatasetOptions given = options();
        given.sampler = {};
        given.rows_per_epoch = 60, given.valid_rows_per_epoch = 20;
        return learner(DataLoaders::from_dataset(EndlessMeans(), EndlessMeans(), given), std::move(callbacks));
    };
    const auto by_number = [](std::vector<std::shared_ptr<Callback>> callbacks = {}) {
        return sequence_learner(2, std::move(callbacks));
    };
    const TemporaryFolder folder;
    const auto check = [&](const std::string& name, auto make) {
        auto whole = make();
        whole.fit_one_cycle(2, 5e-3);
        for (const int64_t batches : {1, 4, 7, 8, 9, 12}) {
            const CheckpointOptions checkpoint{.dir = folder.path() / concat(name, batches), .resume = true};
            const auto stop = std::make_shared<StopAfter>(batches);
            make({stop}).fit_one_cycle(2, 5e-3, {.stop = stop->source.get_token(), .checkpoint = checkpoint});
            auto again = make();
            again.fit_one_cycle(2, 5e-3, {.checkpoint = checkpoint});
            expect_same(whole, again, batches);
        }
    };
    check("by number", by_number);
    check("endless", endless);
}

TEST(DatasetFit, is_not_resumed_with_another_sampler_or_other_transforms) {
    const TemporaryFolder folder;
    const CheckpointOptions checkpoint{.dir = folder.path(), .resume = true};
    const auto stop = std::make_shared<StopAfter>(3);
    sequence_learner(2, {stop}).fit(2, 1e-3, {.stop = stop->source.get_token(), .checkpoint = checkpoint});
    DatasetOptions other = options();
    other.sampler = by_length_sampler(lengths(60), 1);
    other.transforms.push_back({"none", [](Sample&) {}});
    auto again = learner(DataLoaders::from_dataset(NoisyMeans(), NoisyMeans{20}, other));
    EXPECT_THAT(message_of<Error>([&] { again.fit(2, 1e-3, {.checkpoint = checkpoint}); }),
                AllOf(HasSubstr("sampler of the training rows"), HasSubstr("transforms of the training rows")));
}

TEST(DatasetFit, is_not_resumed_with_another_collate_function) {
    const auto made = [](Collate collate) {
        DatasetOptions given = options();
        given.collate = std::move(collate);
        return DataLoaders::from_dataset(NoisyMeans(), NoisyMeans{20}, given);
    };
    const Collate of_own = [pad = pad_collate({.mask = true})](const std::vector<Sample>& samples) {
        return pad(samples);
    };
    const auto doubled = [pad = pad_collate({.mask = true})](double factor) -> Collate {
        return [=](const std::vector<Sample>& samples) {
            Batch batch = pad(samples);
            batch.inputs[0] = batch.inputs[0] * factor;
            return batch;
        };
    };
    const std::vector<Collate> all = {pad_collate({.mask = true}), pad_collate({.value = 1, .mask = true}), of_own,
                                      doubled(2), doubled(3)};
    for (size_t first = 0; first < all.size(); ++first) {
        const TemporaryFolder folder;
        const CheckpointOptions checkpoint{.dir = folder.path(), .resume = true};
        const auto stop = std::make_shared<StopAfter>(3);
        learner(made(all[first]), {stop}).fit(2, 1e-3, {.stop = stop->source.get_token(), .checkpoint = checkpoint});
        for (size_t second = 0; second < all.size(); ++second) {
            auto again = learner(made(all[second]));
            if (first == second) continue;
            EXPECT_THAT(message_of<Error>([&] { again.fit(2, 1e-3, {.checkpoint = checkpoint}); }),
                        HasSubstr("collate function of the training rows"))
                << first << ", " << second;
        }
        EXPECT_NO_THROW(learner(made(all[first])).fit(2, 1e-3, {.checkpoint = checkpoint}));
    }
}

TEST(DatasetFit, predictions_can_be_averaged_over_random_transforms) {
    auto learn = sequence_learner();
    const Predictions plain = learn.get_preds(), mean = learn.tta(3);
    EXPECT_EQ(mean.predictions.sizes(), plain.predictions.sizes());
    EXPECT_TRUE(at::equal(mean.targets, plain.targets));
    EXPECT_TRUE(at::equal(mean.predictions, learn.tta(3).predictions));
    EXPECT_FALSE(at::equal(mean.predictions, plain.predictions));
    EXPECT_TRUE(at::allclose(mean.predictions, plain.predictions, 0, 0.1));
    EXPECT_TRUE(at::allclose(learn.tta(1, 1).predictions, plain.predictions));
    EXPECT_FALSE(at::equal(learn.tta(1, 0).predictions, learn.tta(2, 0).predictions));
    EXPECT_THROW(learn.tta(0), UsageError);
    EXPECT_THROW(learn.tta(1, 2), UsageError);
}

TEST(DatasetFit, a_sample_that_cannot_be_read_ends_the_fit_with_one_sentence) {
    struct Broken : NoisyMeans {
        std::pair<at::Tensor, at::Tensor> get(int64_t index, Random& random) const {
            require(index != 33, "the file is gone");
            return NoisyMeans::get(index, random);
        }
    };
    auto learn = learner(DataLoaders::from_dataset(Broken(), NoisyMeans{20}, options()));
    EXPECT_THAT(message_of<Error>([&] { learn.fit(1); }),
                HasSubstr("Sample 33 of the training data set: the file is gone"));
}

}  // namespace dataset_fit_test
}  // namespace embark
