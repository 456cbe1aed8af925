#include <embark/core/error.h>
#include <embark/data/loaders/dataloaders.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <sstream>
#include <thread>

#include <gmock/gmock.h>
#include <torch/torch.h>

#include "test_files.h"

namespace embark {
namespace dataset_test {

using embark::testing::message_of;
using embark::testing::TemporaryFolder;
using ::testing::AllOf;
using ::testing::HasSubstr;

/// Sample i is (i, a number drawn at random), its target 2i.
struct Numbers {
    int64_t n = 40;
    int64_t size() const { return n; }
    Sample get(int64_t index, Random& random) const {
        const auto drawn = torch::rand({1}, random);
        return {.inputs = {torch::cat({torch::full({1}, index, at::kFloat), drawn})},
                .targets = {torch::tensor(2 * index)}};
    }
};

/// 0, 1, 2, … below n, one after the other.
struct Stream {
    int64_t n = 10;
    int64_t at = 0;
    std::optional<std::pair<at::Tensor, at::Tensor>> next(Random& random) {
        if (at == n) return std::nullopt;
        const auto value = torch::tensor({static_cast<double>(at++), random.uniform()});
        return std::pair(value, value);
    }
};

Tensors all_inputs(const DataLoader& loader, int64_t epoch = 0, Share share = {}) {
    Tensors inputs;
    for (const Batch& batch : loader.epoch(epoch, share)) inputs.push_back(batch.inputs[0]);
    return inputs;
}

std::vector<int64_t> first_column(const DataLoader& loader, int64_t epoch = 0, Share share = {}) {
    const auto column = torch::cat(all_inputs(loader, epoch, share)).select(1, 0).to(at::kLong).contiguous();
    return {column.const_data_ptr<int64_t>(), column.const_data_ptr<int64_t>() + column.numel()};
}

bool equal(const Tensors& a, const Tensors& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](auto& x, auto& y) { return at::equal(x, y); });
}

TEST(Dataset, of_any_class_is_split_and_batched) {
    const auto dls = DataLoaders::from_dataset(Numbers(), {.batch_size = 8});
    EXPECT_EQ(dls.train().rows(), 32);
    EXPECT_EQ(dls.valid().rows(), 8);
    EXPECT_EQ(dls.train().size(), 4);
    const Batch batch = dls.one_batch();
    EXPECT_EQ(batch.inputs[0].sizes(), at::IntArrayRef({8, 2}));
    EXPECT_TRUE(at::equal(batch.inputs[0].select(1, 0).to(at::kLong) * 2, batch.targets[0]));
    EXPECT_FALSE(batch.weights.defined());
    auto rows = first_column(dls.train());
    const auto valid = first_column(dls.valid());
    rows.insert(rows.end(), valid.begin(), valid.end());
    std::sort(rows.begin(), rows.end());
    for (int64_t i = 0; i < 40; ++i) EXPECT_EQ(rows[static_cast<size_t>(i)], i);
}

TEST(Dataset, batches_are_the_same_with_0_1_and_4_workers) {
    const auto loaders = [](int64_t workers) {
        return DataLoaders::from_dataset(Numbers(), Numbers{15},
                                         {.batch_size = 7, .valid_batch_size = 4, .workers = workers});
    };
    const auto alone = loaders(0);
    for (const int64_t workers : {1, 4}) {
        const auto with = loaders(workers);
        for (const int64_t epoch : {0, 3}) {
            EXPECT_TRUE(equal(all_inputs(with.train(), epoch), all_inputs(alone.train(), epoch)));
        }
        EXPECT_TRUE(equal(all_inputs(with.valid()), all_inputs(alone.valid())));
    }
    EXPECT_FALSE(equal(all_inputs(alone.train(), 0), all_inputs(alone.train(), 1)));
    EXPECT_TRUE(equal(all_inputs(alone.valid(), 0), all_inputs(loaders(4).valid(), 0)));
}

TEST(Dataset, workers_and_those_without_sum_up_alike_on_one_thread) {
    struct Sums {
        int64_t size() const { return 6; }
        at::Tensor get(int64_t, Random& random) const {
            return torch::stack({torch::randn({400'000}, random).sum(), torch::tensor(1.f * at::get_num_threads())});
        }
    };
    const int threads = at::get_num_threads();
    at::set_num_threads(2);
    const auto sums = [](int64_t workers) {
        const auto dls = DataLoaders::from_dataset(Sums(), Sums(), {.batch_size = 2, .workers = workers});
        const Tensors all = all_inputs(dls.train());
        EXPECT_EQ(at::get_num_threads(), 2);
        std::thread([] { EXPECT_EQ(at::get_num_threads(), 2); }).join();
        return torch::cat(all);
    };
    const auto alone = sums(0);
    EXPECT_EQ(alone.select(1, 1).max().item<double>(), 1);
    EXPECT_TRUE(at::equal(alone, sums(3)));
    at::set_num_threads(threads);
}

TEST(Dataset, a_pass_can_be_entered_and_left_anywhere) {
    for (const int64_t workers : {0, 3}) {
        const auto dls = DataLoaders::from_dataset(Numbers(), Numbers(), {.batch_size = 4, .workers = workers});
        const Tensors whole = all_inputs(dls.train(), 2);
        const auto epoch = dls.train().epoch(2);
        for (const int64_t i : {6, 7, 2, 3, 9, 0}) EXPECT_TRUE(at::equal(epoch[i].inputs[0], whole[i])) << i;
    }
}

TEST(Dataset, the_default_generator_is_left_alone) {
    torch::manual_seed(5);
    const auto expected = torch::rand({3});
    torch::manual_seed(5);
    DataLoaders::from_dataset(Numbers()).one_batch();
    EXPECT_TRUE(at::equal(torch::rand({3}), expected));
}

TEST(Dataset, each_epoch_draws_other_numbers_and_validation_the_same) {
    const auto dls = DataLoaders::from_dataset(Numbers(), Numbers(), {.batch_size = 40, .shuffle = false});
    const auto drawn = [](const DataLoader& loader, int64_t epoch) {
        return loader.epoch(epoch)[0].inputs[0].select(1, 1);
    };
    EXPECT_FALSE(at::equal(drawn(dls.train(), 0), drawn(dls.train(), 1)));
    EXPECT_TRUE(at::equal(drawn(dls.valid(), 0), drawn(dls.valid(), 0)));
    EXPECT_EQ(std::get<0>(at::_unique(drawn(dls.train(), 0))).numel(), 40);
}

TEST(Dataset, workers_have_no_gradients) {
    struct Scaled {
        at::Tensor scale = torch::ones({1}, at::kFloat).requires_grad_();
        int64_t size() const { return 8; }
        at::Tensor get(int64_t index) const { return scale * static_cast<double>(index); }
    };
    for (const int64_t workers : {0, 1}) {
        const auto dls = DataLoaders::from_dataset(Scaled(), Scaled(), {.batch_size = 4, .workers = workers});
        EXPECT_FALSE(dls.one_batch().inputs[0].requires_grad());
        EXPECT_TRUE(dls.one_batch().targets.empty());
    }
}

TEST(Dataset, samples_may_have_weights) {
    struct Weighted {
        int64_t size() const { return 6; }
        std::tuple<at::Tensor, at::Tensor, double> get(int64_t i) const {
            return {torch::full({2}, i), torch::tensor(i), 0.5 * static_cast<double>(i)};
        }
    };
    const auto dls = DataLoaders::from_dataset(Weighted(), Weighted(), {.batch_size = 6, .shuffle = false});
    EXPECT_TRUE(dls.train().is_weighted());
    EXPECT_TRUE(at::equal(dls.one_batch().weights, torch::arange(6, at::kFloat) / 2));
}

TEST(Dataset, several_inputs_and_targets_come_as_vectors_of_tensors) {
    struct Many {
        size_t size() const { return 6; }
        std::pair<std::vector<at::Tensor>, std::tuple<at::Tensor, at::Tensor>> get(size_t) const {
            return {{torch::zeros({2}), torch::ones({3, 4})}, {torch::tensor(1), torch::tensor(2.0)}};
        }
    };
    const Batch batch = DataLoaders::from_dataset(Many(), Many(), {.batch_size = 6}).one_batch();
    EXPECT_EQ(batch.inputs[1].sizes(), at::IntArrayRef({6, 3, 4}));
    EXPECT_EQ(batch.targets.size(), 2);
}

TEST(Dataset, one_whose_get_is_not_const_has_a_copy_for_each_thread) {
    struct Counting {
        int64_t calls = 0;
        std::atomic<bool>* met;
        bool busy = false;
        int64_t size() const { return 200; }
        at::Tensor get(int64_t index) {
            if (std::exchange(busy, true)) *met = true;
            std::this_thread::sleep_for(std::chrono::microseconds(50));
            busy = false;
            return torch::tensor({static_cast<float>(index)});
        }
    };
    std::atomic<bool> met = false;
    const auto dls =
        DataLoaders::from_dataset(Counting{.met = &met}, Counting{.met = &met}, {.batch_size = 4, .workers = 4});
    EXPECT_EQ(all_inputs(dls.train()).size(), 50);
    EXPECT_FALSE(met);
}

TEST(Dataset, one_that_derives_from_dataset_can_be_shared) {
    struct Own : Dataset {
        int64_t size() const override { return 4; }
        Sample get(int64_t index, Random&) const override { return {.inputs = {torch::tensor(index)}}; }
    };
    const auto own = std::make_shared<Own>();
    EXPECT_EQ(DataLoaders::from_dataset(own, Own(), {.batch_size = 4}).train().size(), 1);
    EXPECT_THAT(message_of<UsageError>([] { DataLoaders::from_dataset(std::shared_ptr<Own>()); }),
                HasSubstr("is null"));
}

void put(std::ofstream& out, uint32_t number) {
    for (const int shift : {24, 16, 8, 0}) out.put(static_cast<char>(number >> shift));
}

/// The test part of MNIST, of which the class demands 10,000 pictures: picture i is all i % 256, its digit i % 10.
void write_mnist(const std::filesystem::path& folder) {
    std::ofstream images(folder / "t10k-images-idx3-ubyte", std::ios::binary);
    std::ofstream labels(folder / "t10k-labels-idx1-ubyte", std::ios::binary);
    for (const uint32_t number : {2051u, 10000u, 28u, 28u}) put(images, number);
    for (const uint32_t number : {2049u, 10000u}) put(labels, number);
    for (int i = 0; i < 10000; ++i) {
        images << std::string(size_t{28} * 28, static_cast<char>(i % 256));
        labels.put(static_cast<char>(i % 10));
    }
}

TEST(Dataset, of_torch_is_taken_as_it_is_and_with_its_transforms) {
    const TemporaryFolder folder;
    write_mnist(folder.path());
    using torch::data::datasets::MNIST;
    const MNIST mnist(folder.path().string(), MNIST::Mode::kTest);
    const DatasetOptions options{.batch_size = 50, .shuffle = false, .workers = 2};
    const Batch plain = DataLoaders::from_dataset(mnist, mnist, options).one_batch();
    EXPECT_EQ(plain.inputs[0].sizes(), at::IntArrayRef({50, 1, 28, 28}));
    EXPECT_TRUE(at::allclose(plain.inputs[0].select(1, 0).select(1, 3).select(1, 4), torch::arange(50) / 255.0));
    EXPECT_TRUE(at::equal(plain.targets[0], torch::arange(50) % 10));

    const auto normalized = MNIST(mnist).map(torch::data::transforms::Normalize<>(0.5, 0.25));
    const auto stacked =
        MNIST(mnist).map(torch::data::transforms::Normalize<>(0.5, 0.25)).map(torch::data::transforms::Stack<>());
    const Batch of_examples = DataLoaders::from_dataset(normalized, normalized, options).one_batch();
    const Batch of_stacked = DataLoaders::from_dataset(stacked, options).one_batch();
    EXPECT_TRUE(at::allclose(of_examples.inputs[0], (plain.inputs[0] - 0.5) / 0.25));
    EXPECT_EQ(of_stacked.inputs[0].sizes(), plain.inputs[0].sizes());
    EXPECT_EQ(of_stacked.targets[0].sizes(), at::IntArrayRef({50}));
    const torch::data::datasets::TensorDataset rows(torch::arange(12).view({6, 2}));
    EXPECT_EQ(DataLoaders::from_dataset(rows, rows, options).train().first_rows(4).inputs[0].sizes(),
              at::IntArrayRef({4, 2}));
}

TEST(Dataset, without_numbers_begins_anew_where_it_ends) {
    for (const int64_t workers : {0, 1, 4}) {
        const auto dls = DataLoaders::from_dataset(
            Stream{7}, Stream{5},
            {.batch_size = 4, .drop_last = false, .workers = workers, .rows_per_epoch = 18, .valid_rows_per_epoch = 5});
        EXPECT_EQ(dls.train().size(), 5);
        EXPECT_THAT(first_column(dls.train()),
                    ::testing::ElementsAre(0, 1, 2, 3, 4, 5, 6, 0, 1, 2, 3, 4, 5, 6, 0, 1, 2, 3));
        EXPECT_THAT(first_column(dls.valid()), ::testing::ElementsAre(0, 1, 2, 3, 4));
        const Tensors whole = all_inputs(dls.train(), 1);
        const auto epoch = dls.train().epoch(1);
        for (const int64_t i : {3, 4, 1}) EXPECT_TRUE(at::equal(epoch[i].inputs[0], whole[i])) << i;
        EXPECT_FALSE(equal(all_inputs(dls.train(), 2), whole));
    }
}

TEST(Dataset, without_numbers_may_begin_somewhere_at_random) {
    struct Wave {
        double phase = 0;
        void start(Random& random) { phase = random.uniform(); }
        at::Tensor next() { return torch::tensor({phase += 1}); }
    };
    const DatasetOptions options{.batch_size = 3, .rows_per_epoch = 6, .valid_rows_per_epoch = 3};
    const auto dls = DataLoaders::from_dataset(Wave(), Wave(), options);
    const auto first = [&](int64_t epoch) { return dls.train().epoch(epoch)[0].inputs[0][0].item<double>(); };
    EXPECT_NE(first(0), first(1));
    EXPECT_EQ(first(1),
              DataLoaders::from_dataset(Wave(), Wave(), options).train().epoch(1)[0].inputs[0][0].item<double>());
}

TEST(Dataset, each_of_several_processes_makes_its_own_samples) {
    struct Recorded {
        std::atomic<int64_t>* made;
        int64_t size() const { return 24; }
        at::Tensor get(int64_t index) const {
            ++*made;
            return torch::tensor({index, index});
        }
    };
    std::atomic<int64_t> made = 0;
    const auto dls =
        DataLoaders::from_dataset(Recorded{&made}, Recorded{&made}, {.batch_size = 8, .valid_batch_size = 8});
    const auto whole = all_inputs(dls.train(), 1);
    Tensors parts;
    made = 0;
    for (const int64_t rank : {0, 1, 2}) {
        const auto epoch = dls.train().epoch(1, {.rank = rank, .size = 3});
        EXPECT_TRUE(epoch.is_shared());
        parts.push_back(epoch[1].inputs[0]);
    }
    EXPECT_EQ(made, 8);
    EXPECT_TRUE(at::equal(torch::cat(parts), whole[1]));

    const auto valid = all_inputs(dls.valid());
    for (const int64_t rank : {0, 1}) {
        const auto epoch = dls.valid().epoch(0, Share{rank, 2}.of_batches());
        for (int64_t i = 0; i < 3; ++i) {
            if (i % 2 == rank)
                EXPECT_TRUE(at::equal(epoch[i].inputs[0], valid[i]));
            else
                EXPECT_EQ(epoch[i].size(), 1);
        }
    }
    const DataLoader one(DataLoader(dls.train().source(), {.batch_size = 2}));
    EXPECT_EQ(one.epoch(0, {.rank = 2, .size = 3})[0].size(), 1);
}

TEST(Dataset, of_which_something_is_wrong_says_what_and_where) {
    struct Broken {
        std::function<Sample(int64_t)> make;
        int64_t n = 20;
        int64_t size() const { return n; }
        Sample get(int64_t index) const { return make(index); }
    };
    const auto good = [](int64_t) { return Sample{.inputs = {torch::zeros({2})}, .targets = {torch::tensor(1)}}; };
    const auto message = [&](std::function<Sample()> bad, int64_t workers) {
        const Broken data{[=](int64_t i) { return i == 17 ? bad() : good(i); }};
        const auto dls = DataLoaders::from_dataset(data, Broken{good}, {.batch_size = 5, .workers = workers});
        return message_of<Error>([&] { all_inputs(dls.train()); });
    };
    for (const int64_t workers : {0, 3}) {
        EXPECT_EQ(message([]() -> Sample { throw std::runtime_error("the file is gone"); }, workers),
                  "Sample 17 of the training data set: the file is gone");
        EXPECT_EQ(message([]() -> Sample { throw 5; }, workers),
                  "Sample 17 of the training data set: something that is no std::exception was thrown");
        EXPECT_THAT(message([] { return Sample{.inputs = {torch::zeros({2}).view({7})}}; }, workers),
                    AllOf(HasSubstr("Sample 17 of the training data set: shape '[7]' is invalid"),
                          ::testing::Not(HasSubstr("\n"))));
        EXPECT_EQ(message([] { return Sample(); }, workers), "Sample 17 of the training data set: it has no inputs");
        EXPECT_EQ(message([] { return Sample{.inputs = {at::Tensor()}}; }, workers),
                  "Sample 17 of the training data set: input 0 is undefined");
        EXPECT_EQ(message([] { return Sample{.inputs = {torch::zeros({2})}}; }, workers),
                  "Sample 17 of the training data set: it has 0 targets, sample 0 1");
        EXPECT_EQ(message([&] { return Sample{good(0).inputs, good(0).targets, 1.0}; }, workers),
                  "Sample 17 of the training data set: it has a weight, and sample 0 has none");
        EXPECT_THAT(message([&] { return Sample{{torch::zeros({3})}, good(0).targets}; }, workers),
                    AllOf(HasSubstr(" of the training data set: input 0 of sample "), HasSubstr("has shape [3]")));
        EXPECT_THAT(message([&] { return Sample{{torch::zeros({2}, at::kLong)}, good(0).targets}; }, workers),
                    HasSubstr("all need one type"));
    }
    EXPECT_THAT(message_of<Error>([&] { DataLoaders::from_dataset(Broken{good, 0}, Broken{good}); }),
                HasSubstr("There are no samples in the training data set"));
    const Broken negative{[&](int64_t) { return Sample{good(0).inputs, {}, -1.0}; }};
    EXPECT_EQ(message_of<Error>([&] { DataLoaders::from_dataset(negative); }),
              "Sample 0 of the data set: its weight is -1; it must be a finite number of at least 0");
}

TEST(Dataset, options_that_cannot_be_are_refused) {
    const auto message = [](auto data, DatasetOptions options) {
        return message_of<UsageError>([&] { DataLoaders::from_dataset(data, data, options); });
    };
    EXPECT_THAT(message(Numbers(), {.workers = -1}), HasSubstr("Invalid number of workers -1"));
    EXPECT_THAT(message(Numbers(), {.prefetch = 0}), HasSubstr("Invalid prefetch 0"));
    EXPECT_THAT(message(Numbers(), {.batch_size = 0}), HasSubstr("Invalid batch size: 0"));
    EXPECT_THAT(message(Numbers(), {.rows_per_epoch = 5}), HasSubstr("rows_per_epoch is for data sets with next()"));
    EXPECT_THAT(message(Stream(), {}), HasSubstr("set rows_per_epoch"));
    EXPECT_THAT(message(Stream(), {.sampler = random_sampler(), .rows_per_epoch = 5, .valid_rows_per_epoch = 5}),
                HasSubstr("A sampler chooses rows by their numbers, and those of the training data set"));
    EXPECT_THAT(message_of<UsageError>([] { DataLoaders::from_dataset(Stream(), {.rows_per_epoch = 5}); }),
                HasSubstr("cannot be split at random"));
    EXPECT_THAT(message_of<Error>([] {
                    DataLoaders::from_dataset(Stream{0}, Stream(), {.rows_per_epoch = 5, .valid_rows_per_epoch = 5});
                }),
                HasSubstr("no samples in the training data set"));
}

TEST(Dataset, threads_end_when_a_pass_is_left) {
    struct Slow {
        std::atomic<int64_t>* made;
        int64_t size() const { return 1'000'000; }
        at::Tensor get(int64_t index) const {
            ++*made;
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
            return torch::tensor({index});
        }
    };
    std::atomic<int64_t> made = 0;
    const auto dls =
        DataLoaders::from_dataset(Slow{&made}, Slow{&made}, {.batch_size = 100'000, .workers = 3, .prefetch = 4});
    made = 0;
    EXPECT_EQ(DataLoader(dls.train().source(), {.batch_size = 5}).one_batch().size(), 5);
    const int64_t after = made;
    EXPECT_LT(after, 5 * 13 + 3);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_EQ(made, after);
}

TEST(Dataset, no_more_batches_are_made_than_prefetch_says) {
    struct Counted {
        std::atomic<int64_t>* made;
        int64_t size() const { return 1000; }
        at::Tensor get(int64_t index) const {
            ++*made;
            return torch::tensor({index});
        }
    };
    std::atomic<int64_t> made = 0;
    const auto dls =
        DataLoaders::from_dataset(Counted{&made}, Counted{&made}, {.batch_size = 1, .workers = 2, .prefetch = 3});
    made = 0;
    const auto epoch = dls.train().epoch(0);
    epoch[0];
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    EXPECT_EQ(made, 1 + 2 * 3);
}

TEST(Dataset, loaders_of_it_do_what_others_do) {
    const auto dls = DataLoaders::from_dataset(Numbers(), Numbers{10}, {.batch_size = 8, .workers = 2});
    EXPECT_EQ(dls.decoded_batch(3).rows(), 3);
    std::ostringstream shown;
    dls.show_batch(shown, 2);
    EXPECT_THAT(shown.str(), AllOf(HasSubstr("input_0[0]"), HasSubstr("target_0")));
    EXPECT_TRUE(at::equal(dls.train().in_order().epoch(0)[0].inputs[0].select(1, 0), torch::arange(8, at::kFloat)));
    EXPECT_TRUE(at::equal(dls.valid().first_rows(3).inputs[0], dls.valid().epoch(0)[0].inputs[0].narrow(0, 0, 3)));
    EXPECT_EQ(dls.train().first_rows(0).size(), 0);
    EXPECT_EQ(dls.train().sample().size(), 40);
    EXPECT_THAT(message_of<Error>([&] { dls.train().data(); }), HasSubstr("made when their turn comes"));
    const auto drawn = first_column(dls.resampled(3).train());
    EXPECT_EQ(drawn.size(), 40);
    EXPECT_LT(std::set<int64_t>(drawn.begin(), drawn.end()).size(), 35);
    EXPECT_TRUE(dls.train().facts().contains("first sample"));
}

}  // namespace dataset_test
}  // namespace embark
