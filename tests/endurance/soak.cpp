#include <embark/callbacks/checkpoint/save_model.h>
#include <embark/core/error.h>
#include <embark/learners/collab_learner.h>
#include <embark/learners/tabular_learner.h>
#include <embark/predictor/predictor.h>

#include <algorithm>
#include <chrono>
#include <iomanip>
#include <iostream>
#include <thread>
#include <vector>

#include "endurance.h"
#include "test_files.h"

namespace embark::endurance {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// One model of each kind through all that a program does with one.
class Round {
public:
    explicit Round(std::filesystem::path folder)
        : folder_(std::move(folder)),
          collab_(CollabDataLoaders::from_table(ratings(400), {.batch_size = 32, .seed = 1})),
          tabular_(TabularDataLoaders::from_table(
              ratings(400), {.y_names = {"rating"}, .cat_names = {"user", "item"}, .cont_names = {"age"}, .batch_size = 32, .seed = 1})) {}

    /// How many predictions were made.
    int64_t run() const {
        const LearnerOptions options = {.callbacks = {save_model({.path = folder_ / "best.safetensors"})}, .progress = false};
        const FitOptions fit = {.checkpoint = {.dir = folder_ / "run", .every = 5}};
        auto ratings_model = collab_learner(collab_, {.n_factors = 4}, options);
        ratings_model.fit_one_cycle(2, 1e-2, fit);
        auto table_model = tabular_learner(tabular_, {.layers = {8}}, options);
        table_model.fit_one_cycle(2, 1e-2, fit);
        table_model.save(folder_ / "table.safetensors");
        table_model.load(folder_ / "table.safetensors");
        ratings_model.export_torchscript(folder_ / "ratings.pt");
        table_model.export_torchscript(folder_ / "table.pt");
        return predict(Predictor::load(folder_ / "ratings.pt"), Predictor::load(folder_ / "table.pt"));
    }

private:
    static int64_t predict(const Predictor& ratings_model, const Predictor& table_model) {
        constexpr int64_t kThreads = 4, kRounds = 50;
        std::vector<std::jthread> threads;
        for (int64_t i = 0; i < kThreads; ++i) {
            threads.emplace_back([&, user = std::to_string(i)] {
                for (int64_t j = 0; j < kRounds; ++j) {
                    ratings_model.predict({user}, {"1"});
                    ratings_model.recommend(user, 3);
                    table_model.predict_columns({{"user", {user}}, {"item", {"1"}}, {"age", {30}}});
                }
            });
        }
        return 3 * kThreads * kRounds;
    }

    std::filesystem::path folder_;
    CollabDataLoaders collab_;
    TabularDataLoaders tabular_;
};

void print(double seconds, int64_t rounds, int64_t predictions, const Held& now) {
    std::cout << std::fixed << std::setprecision(0) << std::setw(6) << seconds << std::setw(9) << rounds << std::setw(13)
              << predictions << std::setw(10) << now.resident_kb / 1024 << std::setw(13) << now.descriptors << std::setw(9)
              << now.threads << std::endl;
}

}  // namespace

void soak(double seconds) {
    const testing::TemporaryFolder folder;
    const Round round(folder.path());
    std::cout << "     s   rounds  predictions        MB  descriptors  threads\n";
    const auto begin = Clock::now();
    const double warm = seconds / 4;  // allocators and LibTorch's own threads have what they need by then
    Held most;                        // while warming up
    Held now;
    int64_t rounds = 0, predictions = 0;
    double shown = 0;
    while (seconds_since(begin) < seconds || rounds < 8) {
        predictions += round.run();
        ++rounds;
        now = held();
        if (seconds_since(begin) < warm || rounds <= 4) {
            most = {std::max(most.resident_kb, now.resident_kb), std::max(most.descriptors, now.descriptors),
                    std::max(most.threads, now.threads)};
        }
        if (seconds_since(begin) < shown) continue;
        print(seconds_since(begin), rounds, predictions, now);
        shown = seconds_since(begin) + seconds / 10;
    }
    print(seconds_since(begin), rounds, predictions, now);
    constexpr int64_t kMayGrowKb = 16 * 1024;
    require(now.resident_kb - most.resident_kb <= kMayGrowKb, "Memory grew by ", (now.resident_kb - most.resident_kb) / 1024,
            " MB after the first quarter of the time");
    require(now.descriptors <= most.descriptors, "There are ", now.descriptors, " descriptors, and there were ",
            most.descriptors, " in the first quarter of the time");
    require(now.threads <= most.threads, "There are ", now.threads, " threads, and there were ", most.threads,
            " in the first quarter of the time");
}

}  // namespace embark::endurance
