#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/core/error.h>
#include <embark/core/safetensors.h>
#include <embark/modules/layers.h>
#include <embark/modules/sharded_embedding.h>

#include "fit_results.h"
#include "ranks.h"
#include "test_files.h"

namespace embark {
namespace sharded_test {

using testing::expect_alike;
using testing::FitResult;
using ::testing::HasSubstr;
using testing::run_ranks;
using testing::run_ranks_well;
using testing::TemporaryFolder;

FitResult read(const TemporaryFolder& folder, const std::string& name) {
    return testing::read_fit(folder.path(), name);
}

/// A fit of sharded tables comes to what one of ordinary tables in one process does: weights, optimizer, losses.
class SameAsOrdinaryTables : public ::testing::TestWithParam<std::string> {};

TEST_P(SameAsOrdinaryTables, with_1_and_2_and_4_processes) {
    const TemporaryFolder folder;
    for (const int size : {1, 2, 4}) run_ranks_well(GetParam(), size, folder.path());
    if (HasFailure()) return;
    for (const char* what : {"", "-records"}) {
        const auto plain = read(folder, concat("plain-1", what));
        expect_alike(plain, read(folder, concat("sharded-1", what)), 1e-6);
        expect_alike(plain, read(folder, concat("sharded-2", what)), 1e-5);
        expect_alike(plain, read(folder, concat("sharded-4", what)), 1e-5);
    }
}

INSTANTIATE_TEST_SUITE_P(ShardedEmbedding, SameAsOrdinaryTables,
                         ::testing::Values("sharded_adagrad", "sharded_adam", "sharded_sgd"),
                         [](const auto& info) { return info.param; });

TEST(ShardedEmbedding, begins_with_the_values_of_an_ordinary_one_however_many_processes_there_are) {
    const TemporaryFolder folder;
    for (const int size : {1, 2, 3}) run_ranks_well("sharded_values", size, folder.path());
    if (HasFailure()) return;
    set_seed(7);
    FitResult plain;
    for (const auto& [rows, width] : {std::pair(4, 1), std::pair(5, 3), std::pair(70'001, 9), std::pair(40'000, 32)}) {
        const torch::nn::Embedding table(rows, width);
        plain[concat(rows, " normal")] = table->weight.detach().clone();
        trunc_normal_(table->weight);
        plain[concat(rows, " truncated")] = table->weight.detach();
    }
    const auto next = torch::rand({3});
    for (const int size : {1, 2, 3}) {
        std::vector<FitResult> parts;
        for (int rank = 0; rank < size; ++rank) parts.push_back(read(folder, concat("values-", rank, "-of-", size)));
        for (const auto& part : parts) EXPECT_TRUE(part.at("next").equal(next)) << size;
        for (const auto& [name, tensor] : plain) {
            std::vector<at::Tensor> rows;
            for (const auto& part : parts) rows.push_back(part.at(name));
            EXPECT_TRUE(torch::cat(rows).equal(tensor)) << name << ", " << size << " processes";
        }
    }
}

TEST(ShardedEmbedding, looks_up_rows_and_returns_gradients_as_an_ordinary_one) {
    const TemporaryFolder folder;
    for (const int size : {1, 2, 4}) run_ranks_well("sharded_lookups", size, folder.path());
}

TEST(ShardedEmbedding, is_saved_whole_loaded_exported_and_kept_as_best_model) {
    const TemporaryFolder folder;
    for (const int size : {1, 2}) run_ranks_well("sharded_saved", size, folder.path());
    if (HasFailure()) return;
    expect_alike(read(folder, "best-1"), read(folder, "best-2"), 1e-5);
}

TEST(ShardedEmbedding, serves_a_collab_learner_with_all_it_answers) {
    const TemporaryFolder folder;
    for (const int size : {1, 2}) run_ranks_well("sharded_collab", size, folder.path());
}

/// The files of a folder with "checkpoint." in their names, sorted.
std::vector<std::string> checkpoint_files(const TemporaryFolder& folder) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path() / "checkpoints")) {
        const std::string name = entry.path().filename().string();
        if (name.starts_with("checkpoint.")) names.push_back(name);
    }
    std::sort(names.begin(), names.end());
    return names;
}

TEST(ShardedEmbedding, goes_on_from_a_checkpoint_in_parts_to_the_bit_and_with_other_numbers_of_processes) {
    const TemporaryFolder folder;
    run_ranks_well("sharded_undisturbed", 2, folder.path());
    run_ranks_well("sharded_stopped", 2, folder.path());
    if (HasFailure()) return;
    EXPECT_THAT(checkpoint_files(folder), ::testing::SizeIs(3));
    const auto checkpoints = folder.path() / "checkpoints", kept = folder.path() / "kept";
    std::filesystem::rename(checkpoints, kept);
    for (const auto& [size, tolerance] : {std::pair(2, 0.0), std::pair(1, 1e-5), std::pair(4, 1e-5)}) {
        std::filesystem::remove_all(checkpoints);
        std::filesystem::copy(kept, checkpoints);
        run_ranks_well("sharded_resumed", size, folder.path());
        if (HasFailure()) return;
        for (const char* what : {"", "-records"}) {
            expect_alike(read(folder, concat("undisturbed", what)), read(folder, concat("resumed-", size, what)),
                         tolerance);
        }
        EXPECT_THAT(checkpoint_files(folder), ::testing::SizeIs(1 + size));
    }
}

TEST(ShardedEmbedding, keeps_the_checkpoint_before_where_the_next_is_not_finished) {
    const TemporaryFolder folder;
    run_ranks_well("sharded_undisturbed", 2, folder.path());
    for (const auto& result : run_ranks("sharded_full_disk", 2, folder.path())) {
        EXPECT_EQ(result.code, 1);
        EXPECT_THAT(result.output, HasSubstr("checkpoint.2.2-of-2.safetensors: File too large"));
    }
    EXPECT_THAT(checkpoint_files(folder), ::testing::Contains("checkpoint.1.2-of-2.safetensors"));
    EXPECT_EQ(run_ranks("sharded_killed", 2, folder.path()).back().code, 9);
    run_ranks_well("sharded_resumed", 2, folder.path());
    if (HasFailure()) return;
    expect_alike(read(folder, "undisturbed"), read(folder, "resumed-2"), 0);
}

TEST(ShardedEmbedding, refuses_a_checkpoint_of_which_a_part_is_gone) {
    const TemporaryFolder folder;
    run_ranks_well("sharded_stopped", 2, folder.path());
    for (const auto& name : checkpoint_files(folder)) {
        if (name.find("2-of-2") != std::string::npos) std::filesystem::remove(folder.path() / "checkpoints" / name);
    }
    for (const auto& result : run_ranks("sharded_resumed", 2, folder.path())) {
        EXPECT_EQ(result.code, 1);
        EXPECT_THAT(result.output, HasSubstr("2-of-2.safetensors: there is no such file"));
    }
}

TEST(ShardedEmbedding, short_epochs_end_for_all_processes_together) {
    const TemporaryFolder folder;
    for (const int size : {1, 2, 4}) run_ranks_well("sharded_short_epochs", size, folder.path());
}

TEST(ShardedEmbedding, callbacks_that_read_gradients_refuse_its_sparse_ones) {
    const TemporaryFolder folder;
    for (const char* scenario : {"sharded_clipped", "sharded_watched", "sharded_accumulated"}) {
        for (const auto& result : run_ranks(scenario, 2, folder.path())) {
            EXPECT_EQ(result.code, 1) << scenario;
            EXPECT_THAT(result.output, HasSubstr("is sparse, as lazy updates of embeddings make it")) << scenario;
        }
    }
}

TEST(ShardedEmbedding, needs_no_other_word_to_be_trained_by_all_processes) {
    const TemporaryFolder folder;
    run_ranks_well("sharded_by_itself", 2, folder.path());
    for (const auto& result : run_ranks("sharded_alone", 2, folder.path())) {
        EXPECT_EQ(result.code, 2);
        EXPECT_THAT(result.output, HasSubstr("leave out the callback data_parallel(), or give it their strategy"));
    }
}

}  // namespace sharded_test
}  // namespace embark
