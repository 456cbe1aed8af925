#include <embark/core/error.h>
#include <embark/data/loaders/dataloaders.h>

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "test_files.h"

namespace embark {
namespace collate_test {

using embark::testing::message_of;
using ::testing::HasSubstr;

/// Sample i is i + 1 ones, its target one number for each.
struct Sequences {
    int64_t size() const { return 5; }
    Sample get(int64_t i) const {
        return {.inputs = {at::ones({i + 1}), at::full({2}, i)}, .targets = {at::full({i + 1}, i, at::kLong)}};
    }
};

DatasetOptions collated_by(Collate collate) {
    return {.batch_size = 3, .shuffle = false, .drop_last = false, .collate = std::move(collate), .workers = 1};
}

TEST(Collate, stacks_samples_of_one_shape_and_names_those_of_another) {
    const std::vector<Sample> samples = {{.inputs = {at::zeros({2, 3})}, .index = 4},
                                         {.inputs = {at::ones({2, 3})}, .index = 7}};
    const Batch batch = stack_collate(samples);
    EXPECT_EQ(batch.inputs[0].sizes(), at::IntArrayRef({2, 2, 3}));
    EXPECT_TRUE(batch.targets.empty());
    const auto dls = DataLoaders::from_dataset(Sequences(), Sequences(), collated_by({}));
    EXPECT_EQ(message_of<Error>([&] { dls.one_batch(); }),
              "Batch 0 of the training data set: input 0 of sample 1 has shape [2], that of sample 0 [1]; make them "
              "of one shape, as resize() does with pictures, or pad them with pad_collate()");
}

TEST(Collate, pads_to_the_longest_of_the_batch) {
    const auto collate = pad_collate({.value = -1, .lengths = true, .mask = true, .target_value = -100});
    const auto dls = DataLoaders::from_dataset(Sequences(), Sequences(), collated_by(collate));
    const Batch batch = dls.train().epoch(0)[1];
    ASSERT_EQ(batch.inputs.size(), 4);
    EXPECT_TRUE(
        at::equal(batch.inputs[0], at::tensor({1.f, 1.f, 1.f, 1.f, -1.f, 1.f, 1.f, 1.f, 1.f, 1.f}).view({2, 5})));
    EXPECT_TRUE(at::equal(batch.inputs[1], at::tensor({3, 3, 4, 4}).view({2, 2})));
    EXPECT_TRUE(at::equal(batch.inputs[2], at::tensor({4, 5})));
    EXPECT_TRUE(at::equal(batch.inputs[3], batch.inputs[0] == 1));
    EXPECT_TRUE(at::equal(batch.targets[0], at::tensor({3, 3, 3, 3, -100, 4, 4, 4, 4, 4}).view({2, 5})));
    EXPECT_EQ(dls.train().epoch(0)[0].inputs[0].size(1), 3);
}

TEST(Collate, pads_in_the_dimension_it_is_told) {
    const std::vector<Sample> samples = {{.inputs = {at::ones({2, 3})}}, {.inputs = {at::ones({2, 1})}}};
    const Batch batch = pad_collate({.dim = 1, .mask = true})(samples);
    EXPECT_EQ(batch.inputs[0].sizes(), at::IntArrayRef({2, 2, 3}));
    EXPECT_EQ(batch.inputs[0].sum().item<double>(), 8);
    EXPECT_EQ(batch.inputs[1].sum().item<int64_t>(), 4);
    EXPECT_THAT(message_of<Error>([&] { pad_collate()(samples); }), HasSubstr("they may differ in dimension 0 alone"));
    EXPECT_THAT(message_of<UsageError>([] { pad_collate({.dim = -1}); }), HasSubstr("dimension -1"));
}

TEST(Collate, of_ones_own_is_any_function_that_gives_a_row_for_each_sample) {
    const auto longest = [](const std::vector<Sample>& samples) {
        std::vector<int64_t> lengths;
        for (const Sample& sample : samples) lengths.push_back(sample.inputs[0].size(0));
        return Batch{.inputs = {at::tensor(lengths, at::kLong)}, .targets = {}};
    };
    const auto dls = DataLoaders::from_dataset(Sequences(), Sequences(), collated_by(longest));
    EXPECT_TRUE(at::equal(dls.one_batch().inputs[0], at::tensor({1, 2, 3})));
    const auto short_one = [](const std::vector<Sample>&) { return Batch{.inputs = {at::zeros({1})}, .targets = {}}; };
    EXPECT_THAT(message_of<Error>(
                    [&] { DataLoaders::from_dataset(Sequences(), Sequences(), collated_by(short_one)).one_batch(); }),
                HasSubstr("a row for each of 3 samples, and gave one of shape [1]"));
}

TEST(Collate, weights_come_by_themselves) {
    struct Weighted : Sequences {
        Sample get(int64_t i) const {
            Sample sample = Sequences::get(i);
            sample.weight = static_cast<double>(i);
            return sample;
        }
    };
    const auto dls = DataLoaders::from_dataset(Weighted(), Weighted(), collated_by(pad_collate({.target_value = 0})));
    EXPECT_TRUE(at::equal(dls.one_batch().weights, at::arange(3, at::kFloat)));
}

}  // namespace collate_test
}  // namespace embark
