#include <embark/data/parquet/parquet.h>
#include <embark/learners/collab_learner.h>

#include <gmock/gmock.h>
#include <torch/torch.h>

#include <embark/callbacks/training_state.h>
#include <embark/core/error.h>
#include <embark/learners/export/exported_model.h>
#include <embark/learners/insight/feature_importance.h>
#include <embark/learners/insight/interpretation.h>
#include <embark/learners/tabular_learner.h>

#include "test_files.h"

namespace embark {
namespace streamed_fit_test {

using ::testing::HasSubstr;
using testing::message_of;
using testing::TemporaryFolder;

constexpr int64_t kRows = 600, kUsers = 30, kItems = 20;

/// Ratings that follow from user and item, in row groups of 50.
Table ratings() {
    const auto generator = at::detail::createCPUGenerator(5);
    const auto users = torch::randint(kUsers, {kRows}, generator, at::kLong);
    const auto items = torch::randint(kItems, {kRows}, generator, at::kLong);
    const auto stars = ((users % 5 + items % 3) % 5 + 1).to(at::kDouble);
    return Table::of_rows(kRows).with_column("user", users).with_column("item", items).with_column("rating", stars);
}

class StreamedFit : public ::testing::Test {
protected:
    TemporaryFolder folder_;
    std::filesystem::path file_ = folder_.path() / "ratings.parquet";

    void SetUp() override { write_parquet(file_, ratings(), {.row_group_rows = 50}); }

    CollabLearner learner(std::vector<std::shared_ptr<Callback>> callbacks = {}) const {
        const auto dls = CollabDataLoaders::from_parquet(file_, {.batch_size = 40}, {.shuffle_buffer = 120});
        set_seed(3);
        return collab_learner(dls, {.n_factors = 8, .y_range = {0, 5.5}},
                              {.metrics = {rmse()}, .callbacks = std::move(callbacks), .progress = false});
    }
};

TEST_F(StreamedFit, learns_and_answers_as_one_of_rows_in_memory) {
    auto learn = learner();
    const auto& records = learn.fit_one_cycle(12, 5e-2, {.weight_decay = 0.1});
    EXPECT_LT(records.epochs.back().valid_loss, 0.5 * records.epochs.front().valid_loss);
    EXPECT_NEAR(learn.validate().loss, records.epochs.back().valid_loss, 1e-6);

    const auto& valid = learn.collab_dls().valid();
    const Predictions predictions = learn.get_preds();
    EXPECT_EQ(predictions.targets.size(0), valid.rows());
    EXPECT_EQ(learn.results(3).rows(), 3);
    EXPECT_THAT(message_of<Error>([&] { Interpretation(learn, valid).top_losses(3); }), HasSubstr("are streamed"));

    learn.export_torchscript(folder_.path() / "ratings.pt");
    const auto exported = ExportedModel::load(folder_.path() / "ratings.pt");
    const auto best = learn.recommend("3", 5), best_exported = exported.recommend("3", 5);
    ASSERT_EQ(best.size(), best_exported.size());
    for (size_t i = 0; i < best.size(); ++i) EXPECT_EQ(best[i].name, best_exported[i].name);
}

TEST_F(StreamedFit, goes_on_from_a_checkpoint_to_the_bit) {
    struct StopAfter : Callback {
        explicit StopAfter(int64_t n_batches) : left(n_batches) {}
        int order() const override { return 99; }
        void after_batch(TrainingState&) override {
            if (--left == 0) source.request_stop();
        }
        int64_t left;
        std::stop_source source;
    };
    auto whole = learner();
    whole.fit_one_cycle(2, 5e-3);
    for (const int64_t batches : {1, 3, 7, 12, 13, 14, 20}) {
        const CheckpointOptions checkpoint{.dir = folder_.path() / std::to_string(batches), .resume = true};
        const auto stop = std::make_shared<StopAfter>(batches);
        learner({stop}).fit_one_cycle(2, 5e-3, {.stop = stop->source.get_token(), .checkpoint = checkpoint});
        auto again = learner();
        again.fit_one_cycle(2, 5e-3, {.checkpoint = checkpoint});
        for (const auto& item : whole.model().module().named_parameters()) {
            EXPECT_TRUE(at::equal(again.model().module().named_parameters()[item.key()], item.value()))
                << item.key() << " after " << batches;
        }
        EXPECT_EQ(again.records().losses, whole.records().losses);
    }
}

TEST_F(StreamedFit, a_table_with_embedded_numbers_looks_at_a_sample) {
    const TabularOptions options = {
        .y_names = {"rating"}, .cat_names = {"user"}, .cont_names = {"item"}, .y_values = {"rating"}};
    const auto dls = TabularDataLoaders::from_parquet(file_, options, {.shuffle_buffer = 120});
    auto learn = tabular_learner(
        dls, {.layers = {16}, .numbers = {.kind = NumberEmbeddingKind::piecewise_linear}, .max_values = 8},
        {.progress = false});
    learn.fit_one_cycle(3, 1e-2);
    EXPECT_LT(learn.records().epochs.back().valid_loss, learn.records().epochs.front().valid_loss);
    EXPECT_THAT(message_of<Error>([&] { feature_importance(learn); }), HasSubstr("are streamed"));
}

}  // namespace streamed_fit_test
}  // namespace embark
