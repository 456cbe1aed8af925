// endurance soak [SECONDS]           trains, saves, loads and predicts from four threads in turn
// endurance epochs [EPOCHS]          what memory grows by over so many short epochs, after the first 100
// endurance checkpoints [BATCHES]    what a checkpoint costs after so many batches, beside one after 1,000
// Each prints its figures, and ends with 1 where memory and sizes are not flat.
#include "endurance.h"

#include <embark/callbacks/training_state.h>
#include <embark/core/error.h>
#include <embark/core/text.h>
#include <embark/data/parquet/parquet.h>
#include <embark/learners/collab_learner.h>
#include <embark/learners/tabular_learner.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iostream>
#include <iterator>

#include <torch/torch.h>
#include <unistd.h>

#include "made_ratings.h"
#include "test_files.h"

namespace embark::endurance {

Held held() {
    const auto entries = [](const char* folder) {
        return std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator());
    };
    int64_t pages = 0, resident = 0;
    std::ifstream("/proc/self/statm") >> pages >> resident;
    return {resident * sysconf(_SC_PAGESIZE) / 1024, entries("/proc/self/fd") - 1, entries("/proc/self/task")};
}

Table ratings(int64_t n) {
    return testing::made_ratings(n, 20, 10);
}

namespace {

constexpr int64_t kFirstEpochs = 100;

/// What is held after the first epochs and after the last one.
struct MemoryProbe : Callback {
    int order() const override { return 99; }
    void after_epoch(TrainingState& state) override {
        last = held();
        if (state.epoch + 1 == kFirstEpochs) first = last;
    }
    Held first, last;
};

void check_growth(const std::string& kind, Learner& learn, int64_t n_epoch) {
    constexpr int64_t kMayGrowKb = 4 * 1024;
    const auto probe = std::make_shared<MemoryProbe>();
    learn.fit(n_epoch, 1e-3, {.callbacks = {probe}});
    const int64_t grown = probe->last.resident_kb - probe->first.resident_kb;
    std::cout << kind << ": " << probe->first.resident_kb << " kB after " << kFirstEpochs << " epochs, " << grown
              << " kB more after " << n_epoch << std::endl;
    require(grown <= kMayGrowKb, "Memory of ", kind, " grew by ", grown, " kB, and may by ", kMayGrowKb);
}

void epochs(int64_t n_epoch) {
    require<UsageError>(n_epoch > kFirstEpochs, "There must be more than ", kFirstEpochs, " epochs");
    const LearnerOptions quiet = {.progress = false};
    const auto x = torch::randn({8, 2}), y = torch::randn({8, 1});
    Learner autograd(DataLoaders::from_tensors({{x}, {y}}, {{x}, {y}}, {.batch_size = 4}), torch::nn::Linear(2, 1),
                     {.loss = mse_loss_flat(), .progress = false});
    check_growth("autograd", autograd, n_epoch);

    auto tabular = tabular_learner(
        TabularDataLoaders::from_table(ratings(40), {.y_names = {"rating"}, .cat_names = {"user"}, .cont_names = {"age"}, .batch_size = 16}),
        {.layers = {4}}, quiet);
    check_growth("tabular", tabular, n_epoch);

    const testing::TemporaryFolder folder;
    write_parquet(folder.path() / "ratings.parquet", ratings(40), {.row_group_rows = 10});
    auto streamed = collab_learner(
        CollabDataLoaders::from_parquet(folder.path() / "ratings.parquet", {.batch_size = 16}, {.shuffle_buffer = 20}),
        {.n_factors = 2}, quiet);
    check_growth("streamed", streamed, n_epoch);
}

/// The size of each checkpoint, and how long it took to write, from the last callback's event of its batch to the first
/// of the next one.
class CheckpointProbe : public Callback {
public:
    CheckpointProbe(std::filesystem::path file, int64_t every) : file_(std::move(file)), every_(every) {}
    int order() const override { return 99; }
    void before_batch(TrainingState& state) override {
        if (!state.training || state.train_iter == 0 || state.train_iter % every_ != 0) return;
        seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count());
        sizes.push_back(static_cast<int64_t>(std::filesystem::file_size(file_)));
    }
    void after_batch(TrainingState&) override { begin_ = std::chrono::steady_clock::now(); }

    std::vector<double> seconds;
    std::vector<int64_t> sizes;

private:
    std::filesystem::path file_;
    int64_t every_;
    std::chrono::steady_clock::time_point begin_;
};

double median(std::vector<double> values) {
    const auto middle = values.begin() + std::ssize(values) / 2;
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

constexpr int64_t kEvery = 1'000, kCompared = 50;

/// A fit of so many batches with a checkpoint every thousand.
std::shared_ptr<CheckpointProbe> checkpointed(int64_t batches) {
    const testing::TemporaryFolder folder;
    const auto dls = CollabDataLoaders::from_table(ratings(batches * 100 / 99 + 100), {.batch_size = 1, .valid_pct = 0.01});
    auto probe = std::make_shared<CheckpointProbe>(checkpoint_path(folder.path()), kEvery);
    auto learn = collab_learner(dls, {.n_factors = 2}, {.callbacks = {probe}, .progress = false});
    learn.fit(1, 1e-4, {.checkpoint = {.dir = folder.path(), .every = kEvery}});
    return probe;
}

void checkpoints(int64_t batches) {
    require<UsageError>(batches >= 3 * kCompared * kEvery, "There must be at least ", 3 * kCompared * kEvery, " batches");
    const auto of_long = checkpointed(batches);
    // Its first ones were written long ago, when the machine was perhaps another: a new fit begins where that one ends.
    const auto of_new = checkpointed(2 * kCompared * kEvery);
    const double last = median({of_long->seconds.end() - kCompared, of_long->seconds.end()});
    const double first = median({of_new->seconds.begin(), of_new->seconds.begin() + kCompared});
    const int64_t size = of_long->sizes.front(), last_size = of_long->sizes.back();
    std::cout << "after " << kEvery << " batches: " << size << " bytes, of a new fit in " << 1e3 * first << " ms\n"
              << "after " << kEvery * std::ssize(of_long->sizes) << " batches: " << last_size << " bytes in " << 1e3 * last
              << " ms" << std::endl;
    require(static_cast<double>(last_size) <= 1.01 * static_cast<double>(size), "A checkpoint's size grew from ", size, " to ",
            last_size, " bytes, and may by 1 %");
    // A time is looked at by a person: a machine's other programs make it twice as long.
    std::cout << "the time is " << last / first << " times a new fit's, and should be at most 1.1 times" << std::endl;
}

void run(const std::vector<std::string>& words) {
    require<UsageError>(!words.empty() && words.size() <= 2, "Usage: endurance soak|epochs|checkpoints [HOW MANY]");
    const auto how_many = [&](int64_t otherwise) {
        const auto given = words.size() > 1 ? parse_int(words[1]) : otherwise;
        require<UsageError>(given && *given > 0, "'", words.back(), "' is not a number of at least 1");
        return *given;
    };
    if (words[0] == "soak") return soak(static_cast<double>(how_many(600)));
    if (words[0] == "epochs") return epochs(how_many(10'000));
    if (words[0] == "checkpoints") return checkpoints(how_many(10'000'000));
    fail<UsageError>("There is no '", words[0], "'; there are soak, epochs and checkpoints");
}

}  // namespace
}  // namespace embark::endurance

int main(int argc, char** argv) {
    try {
        embark::endurance::run({argv + 1, argv + argc});
    } catch (const std::exception& error) {
        std::cerr << "endurance: " << error.what() << "\n";
        return 1;
    }
}
