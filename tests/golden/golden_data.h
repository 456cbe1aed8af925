#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <embark/callbacks/early_stopping.h>
#include <embark/callbacks/gradient_accumulation.h>
#include <embark/callbacks/reduce_lr_on_plateau.h>
#include <embark/core/error.h>
#include <embark/core/tensors.h>
#include <embark/data/table/table.h>
#include <embark/learners/collab_learner.h>
#include <embark/learners/tabular_learner.h>
#include <embark/optim/optimizers.h>

/// Data and fits of the golden files; see README.md. What stands here made files that are kept, so it is only added to.
namespace embark::golden {

/// Integers that follow from a seed, the same with every compiler and processor: splitmix64.
class Numbers {
public:
    explicit Numbers(uint64_t seed) : state_(seed) {}

    /// One from 0 to `n` − 1.
    int below(int n) {
        uint64_t word = state_ += 0x9E3779B97F4A7C15u;
        word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9u;
        word = (word ^ (word >> 27)) * 0x94D049BB133111EBu;
        return static_cast<int>((word ^ (word >> 31)) % static_cast<uint64_t>(n));
    }

private:
    uint64_t state_;
};

/// About 200 ratings, 1 to 5, of 24 users and 12 films.
inline Table ratings() {
    const std::vector<std::string> films = {"Alien", "Amélie", "Brazil", "Duel", "Fargo",   "Gilda",
                                            "Laura", "M",      "Ran",    "Rope", "Solaris", "七人の侍"};
    Numbers random(1);
    std::vector<std::string> user, film, rating;
    for (int u = 1; u <= 24; ++u) {
        for (int i = 0; i < 12; ++i) {
            if (random.below(10) < 3) continue;
            const int liked = 2 * ((u + i) % 3) + random.below(2);
            user.push_back(std::to_string(u));
            film.push_back(films[static_cast<size_t>(i)]);
            rating.push_back(std::to_string(liked == 0 ? 1 : liked));
        }
    }
    return Table::from_text({{"user", user}, {"film", film}, {"rating", rating}});
}

/// A hundredth of `hundredths`, as text.
inline std::string decimal(int hundredths) {
    const std::string rest = std::to_string(hundredths % 100);
    return std::to_string(hundredths / 100) + (rest.size() < 2 ? ".0" : ".") + rest;
}

/// Flats: categories (city with missing ones, state with an order, rooms), numbers (size, age with missing ones, income
/// very skewed), a date and a text, either sometimes missing; and what follows from them: let (yes or no), grade (A, B,
/// C) and price (above 0).
inline Table flats(int rows, uint64_t seed) {
    const std::vector<std::string> cities = {"Åbo", "Lima", "Oslo", "Rome"}, states = {"poor", "fair", "good"};
    const std::vector<std::string> dates = {"2022-12-31", "2023-01-01T00:00:00Z", "2023-03-31 08:30",
                                            "2023-06-05", "2023-10-01",           "2024-02-29 23:59:59"};
    const std::vector<std::string> words = {"It's", "a", "flat", "near", "the", "park,", "sehr", "schön", "駅", "🙂"};
    Numbers random(seed);
    std::vector<std::string> city, state, room, size, age, income, sold, note, let, grade, price;
    for (int row = 0; row < rows; ++row) {
        const int c = random.below(4), s = random.below(3), r = 1 + random.below(3), d = random.below(6);
        const int metres = 2000 * r + random.below(4000), years = random.below(9000), wage = random.below(100);
        const bool lovely = random.below(2) == 0;
        const int worth = 20 * c + 15 * s + metres / 100 - years / 200 + 5 * d + (lovely ? 30 : 0) + random.below(20);
        std::string text = lovely ? "Lovely!" : "awful.";
        for (int n = 1 + random.below(6); n > 0; --n) text += " " + words[static_cast<size_t>(random.below(10))];
        city.push_back(random.below(10) == 0 ? "" : cities[static_cast<size_t>(c)]);
        state.push_back(states[static_cast<size_t>(s)]);
        room.push_back(std::to_string(r));
        size.push_back(decimal(metres));
        age.push_back(random.below(8) == 0 ? "" : decimal(years));
        income.push_back(decimal(wage * wage * wage));
        sold.push_back(random.below(15) == 0 ? "" : dates[static_cast<size_t>(d)]);
        note.push_back(random.below(15) == 0 ? "" : text);
        let.push_back(worth + wage > 190 ? "yes" : "no");
        grade.push_back(worth < 100 ? "C" : worth < 150 ? "B" : "A");
        price.push_back(decimal(100 * (worth + 60)));
    }
    return Table::from_text({{"city", city},
                             {"state", state},
                             {"rooms", room},
                             {"size", size},
                             {"age", age},
                             {"income", income},
                             {"sold_date", sold},
                             {"note", note},
                             {"let", let},
                             {"grade", grade},
                             {"price", price}});
}

/// How the flats' columns are read, all but targets, dates and texts. On the CPU, where a batch has the same numbers
/// everywhere.
inline TabularOptions flat_options(std::vector<std::string> targets) {
    return {.y_names = std::move(targets),
            .cat_names = {"city", "state", "rooms"},
            .cont_names = {"size", "age", "income"},
            .ordered = {{"state", {"poor", "fair", "good"}}},
            .batch_size = 16,
            .device = at::kCPU};
}

/// A learner and its fit, of which there are the saved state at the end and a checkpoint from the middle. They draw no
/// random numbers but those that are the same on every processor: none of dropout.
struct Fit {
    std::string name;
    /// The learner before the fit.
    std::function<std::unique_ptr<Learner>()> make;
    std::function<void(Learner& learn, const FitOptions& options)> train;
};

inline void one_cycle(Learner& learn, const FitOptions& options) {
    learn.fit_one_cycle(3, 5e-2,
                        {.callbacks = options.callbacks, .stop = options.stop, .checkpoint = options.checkpoint});
}

inline std::unique_ptr<Learner> ratings_learner(const CollabModelOptions& model, LearnerOptions options) {
    options.progress = false;
    set_seed(1);
    const auto dls = CollabDataLoaders::from_table(ratings(), {.batch_size = 16, .device = at::kCPU});
    return std::make_unique<CollabLearner>(collab_learner(dls, model, std::move(options)));
}

inline std::unique_ptr<Learner> flats_learner(const TabularOptions& data, const TabularLearnerOptions& model,
                                              LearnerOptions options = {}) {
    options.progress = false;
    set_seed(1);
    const auto dls = TabularDataLoaders::from_table(flats(120, 2), data);
    return std::make_unique<TabularLearner>(tabular_learner(dls, model, std::move(options)));
}

/// DotProductBias by the fused step, with Adam.
inline std::unique_ptr<Learner> collab_learner_of_fit() {
    return ratings_learner({.n_factors = 5, .y_range = {0, 5.5}}, {.metrics = {mae()}});
}

/// DotProduct with lazy updates by Adagrad.
inline std::unique_ptr<Learner> lazy_learner_of_fit() {
    return ratings_learner({.n_factors = 5, .y_range = {0, 5.5}, .bias = false},
                           {.optimizer = adagrad(), .embedding_update = EmbeddingUpdate::lazy});
}

/// Classes and values by autograd, with Adam, batch norm and hidden categories, which are drawn at random.
inline std::unique_ptr<Learner> tabular_learner_of_fit() {
    TabularOptions data = flat_options({"let", "price"});
    data.scale_targets = true;
    data.hide_categories = 0.05;
    return flats_learner(data, {.layers = {10, 6}});
}

/// Values with ranger, which is Lookahead around RAdam, and callbacks that have much to go on from.
inline std::unique_ptr<Learner> callbacks_learner_of_fit() {
    TabularOptions data = flat_options({"price"});
    data.scale_targets = true;
    data.hide_categories = 0;
    return flats_learner(
        data, {.layers = {8}, .y_range = {0, 400}, .use_bn = false},
        {.optimizer = ranger(),
         .metrics = {rmse()},
         .callbacks = {std::make_shared<GradientAccumulation>(GradientAccumulationOptions{.n_acc = 48}),
                       // Nothing improves by so much: after the fourth epoch the rate falls, whatever the processor.
                       std::make_shared<ReduceLROnPlateau>(
                           ReduceLROnPlateauOptions{.min_delta = 1e9, .patience = 3, .factor = 2}),
                       std::make_shared<EarlyStopping>(EarlyStoppingOptions{.patience = 9, .restore_best = true})}});
}

/// All fits, those of later versions at the end.
inline const std::vector<Fit>& fits() {
    static const std::vector<Fit> all = {
        {.name = "collab", .make = collab_learner_of_fit, .train = one_cycle},
        {.name = "lazy",
         .make = lazy_learner_of_fit,
         .train = [](Learner& learn, const FitOptions& options) { learn.fit(3, 0.2, options); }},
        {.name = "tabular", .make = tabular_learner_of_fit, .train = one_cycle},
        {.name = "callbacks", .make = callbacks_learner_of_fit, .train = [](Learner& learn, const FitOptions& options) {
             learn.fit(6, 5e-2, options);
         }}};
    return all;
}

inline const Fit& fit_of(const std::string& name) {
    for (const Fit& fit : fits()) {
        if (fit.name == name) return fit;
    }
    fail("There is no golden fit '", name, "'");
}

/// What a learner that was loaded is trained further, so that it shows whether its optimizer's state came back.
inline void train_further(Learner& learn) {
    set_seed(2);
    learn.fit(1, 1e-2);
}

}  // namespace embark::golden
