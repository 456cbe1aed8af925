#include <embark/core/error.h>
#include <embark/data/loaders/dataloaders.h>

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "test_files.h"

namespace embark {
namespace transforms_test {

using embark::testing::message_of;
using ::testing::HasSubstr;

/// Pictures of 2 channels, 4 × 6, whose pixels tell where they were.
struct Pictures {
    int64_t size() const { return 64; }
    Sample get(int64_t) const {
        const at::Tensor pixels = at::arange(24, at::kFloat).view({1, 4, 6});
        return {.inputs = {at::cat({pixels, pixels + 100})}, .targets = {at::tensor(1)}};
    }
};

DataLoaders with(std::vector<Transform> transforms, std::vector<BatchTransform> batch_transforms = {},
                 int64_t workers = 0) {
    return DataLoaders::from_dataset(Pictures(), Pictures(),
                                     {.batch_size = 64,
                                      .transforms = std::move(transforms),
                                      .batch_transforms = std::move(batch_transforms),
                                      .workers = workers});
}

at::Tensor first_input(const DataLoader& loader, int64_t epoch = 0) {
    return loader.epoch(epoch)[0].inputs[0];
}

TEST(Transform, what_is_random_is_for_training_alone) {
    const auto dls =
        with({[](Sample& sample, Random& random) { sample.inputs[0] = sample.inputs[0] + random.uniform(); },
              [](Sample& sample) { sample.inputs[0] = sample.inputs[0] * 2; }},
             {[](Batch& batch, Random& random) { batch.inputs[0] = batch.inputs[0] + at::rand({}, random) * 1000; },
              [](Batch& batch) { batch.inputs[0] = batch.inputs[0] + 1; }});
    const at::Tensor plain = Pictures().get(0).inputs[0] * 2 + 1;
    EXPECT_TRUE(at::equal(first_input(dls.valid())[0], plain));
    EXPECT_TRUE(at::equal(first_input(dls.train().in_order())[5], plain));
    const at::Tensor trained = first_input(dls.train());
    EXPECT_FALSE(at::allclose(trained[0], trained[1]));
    EXPECT_FALSE(at::equal(trained, first_input(dls.train(), 1)));
    EXPECT_TRUE(at::equal(trained, first_input(dls.train(), 0)));
}

TEST(Transform, draws_the_same_numbers_with_any_number_of_workers) {
    const auto loaders = [](int64_t workers) { return with({random_crop(3, 1), random_flip()}, {}, workers); };
    for (const int64_t workers : {1, 4}) {
        EXPECT_TRUE(at::equal(first_input(loaders(workers).train(), 2), first_input(loaders(0).train(), 2)));
    }
}

TEST(Transform, is_done_with_the_probability_it_is_given) {
    const auto add = [](Sample& sample) { sample.inputs[0] = sample.inputs[0] + 1; };
    const auto share = [&](double p) {
        const auto dls = with({sometimes(p, Transform("add", add))});
        return (first_input(dls.train()).select(1, 0).select(1, 0).select(1, 0)).mean().item<double>();
    };
    EXPECT_EQ(share(0), 0);
    EXPECT_EQ(share(1), 1);
    EXPECT_NEAR(share(0.3), 0.3, 0.2);
    EXPECT_EQ(first_input(with({sometimes(1, Transform("add", add))}).valid()).min().item<double>(), 0);
    EXPECT_THAT(message_of<UsageError>([&] { sometimes(1.5, Transform(add)); }), HasSubstr("probability 1.5"));
    EXPECT_EQ(sometimes(0.5, Transform("add", add)).name(), "add with probability 0.5");
    EXPECT_NE(with({random_flip()}).train().facts(), with({random_flip(0.2)}).train().facts());
    EXPECT_NE(with({}, {normalize({0}, {1})}).train().facts(), with({}).train().facts());
}

TEST(Transform, crops_and_flips_pictures) {
    const at::Tensor flipped = first_input(with({random_flip(1)}).train())[0];
    EXPECT_TRUE(at::equal(flipped, Pictures().get(0).inputs[0].flip(2)));
    const at::Tensor crops = first_input(with({random_crop(3)}).train());
    EXPECT_EQ(crops.sizes(), at::IntArrayRef({64, 2, 3, 3}));
    EXPECT_TRUE(at::equal(crops.select(1, 0) + 100, crops.select(1, 1)));
    const at::Tensor corners = crops.select(1, 0).select(1, 0).select(1, 0);
    EXPECT_EQ(std::get<0>(at::_unique(corners)).numel(), 2 * 4);
    EXPECT_EQ(first_input(with({random_crop(6, 1)}).train()).size(3), 6);
    EXPECT_THAT(message_of<Error>([] { with({random_crop(5)}).one_batch(); }),
                HasSubstr("random_crop cannot take 5 × 5 pixels from a picture of 4 × 6"));
    EXPECT_THROW(random_crop(0), UsageError);
}

TEST(Transform, resizes_and_normalizes_samples_and_batches) {
    const auto of_samples = with({resize(2, 3), normalize({1, 2}, {2, 4})});
    const auto of_batches = with({}, {resize(2, 3), normalize({1, 2}, {2, 4})});
    const at::Tensor resized = first_input(of_samples.valid());
    EXPECT_EQ(resized.sizes(), at::IntArrayRef({64, 2, 2, 3}));
    EXPECT_TRUE(at::allclose(resized, first_input(of_batches.valid())));
    EXPECT_TRUE(at::allclose(of_batches.valid().first_rows(2).inputs[0], resized.narrow(0, 0, 2)));
    EXPECT_TRUE(at::allclose(first_input(with({normalize({1, 2}, {2, 4})}).valid())[0][1],
                             (Pictures().get(0).inputs[0][1] - 2) / 4));
    const at::Tensor bytes = resize(2, 2).of(at::full({1, 4, 4}, 201, at::kByte));
    EXPECT_TRUE(at::equal(bytes, at::full({1, 2, 2}, 201, at::kByte)));
    EXPECT_THAT(message_of<Error>([] { with({normalize({1}, {1})}).one_batch(); }),
                HasSubstr(" of the training data set: normalize was given 1 mean"));
    EXPECT_THROW(normalize({1}, {0}), UsageError);
}

TEST(Transform, of_batches_works_on_tensors_in_memory) {
    const auto dls = DataLoaders::from_tensors({.inputs = {at::zeros({20, 2})}, .targets = {}},
                                               {.batch_size = 4, .batch_transforms = {[](Batch& batch, Random& random) {
                                                                     batch.inputs[0] =
                                                                         batch.inputs[0] + at::randn({4, 2}, random);
                                                                 }}});
    EXPECT_GT(first_input(dls.train()).abs().min().item<double>(), 0);
    EXPECT_EQ(first_input(dls.valid()).abs().max().item<double>(), 0);
    EXPECT_FALSE(at::equal(dls.train().epoch(0)[0].inputs[0], dls.train().epoch(0)[1].inputs[0]));
}

}  // namespace transforms_test
}  // namespace embark
