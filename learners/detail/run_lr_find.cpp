#include "run_lr_find.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "../../callbacks/training_state.h"
#include "../../core/error.h"
#include "../../optim/optimizer.h"
#include "../../optim/schedule.h"
#include "../learner.h"

namespace embark {

namespace {

/// fastai's LRFinder: raises the learning rate batch by batch, and ends the fit once the loss diverges.
class LrFinder : public Callback {
public:
    explicit LrFinder(const LrFindOptions& options)
        : options_(options), schedule_(sched_exp(options.start_lr, options.end_lr)) {}
    int order() const override { return 60; }
    std::string name() const override { return "lr_finder"; }

    void before_batch(TrainingState& state) override {
        const auto done = static_cast<double>(state.train_iter) / static_cast<double>(options_.num_it);
        state.optimizer->set_hyper("lr", schedule_(done));
    }

    void after_batch(TrainingState& state) override {
        if (state.records.smooth_losses.empty()) return;
        const double loss = state.records.smooth_losses.back();
        best_ = std::min(best_, loss);
        const bool diverged = options_.stop_div && !(loss <= 4 * best_);  // a NaN diverges too
        if (diverged || state.train_iter + 1 >= options_.num_it) state.cancel(Level::fit, "lr_find is done");
    }

    void before_validate(TrainingState& state) override { state.cancel(Level::validate); }

private:
    LrFindOptions options_;
    Schedule schedule_;
    double best_ = std::numeric_limits<double>::infinity();
};

void check(const LrFindOptions& options) {
    require<UsageError>(options.num_it >= 1, "Invalid num_it ", options.num_it, ": at least 1 is needed");
    require<UsageError>(options.start_lr > 0 && options.start_lr < options.end_lr && std::isfinite(options.end_lr),
                        "Invalid learning rates ", options.start_lr, " to ", options.end_lr,
                        ": lr_find goes from a small one above 0 to a larger one");
}

}  // namespace

LrFind run_lr_find(Learner& learner, const LrFindOptions& options) {
    check(options);
    const int64_t n_epoch = options.num_it / learner.dls().train().size() + 1;
    const Records& records =
        learner.fit(n_epoch, options.start_lr, {.callbacks = {std::make_shared<LrFinder>(options)}});
    auto found = suggest_lr(records.hypers.at("lr"), records.smooth_losses, options.num_it);
    if (options.show && found.valley.lr) std::fprintf(stderr, "lr_find: valley %.2e\n", *found.valley.lr);
    if (options.show && !found.valley.lr) {
        std::fprintf(stderr, "lr_find: no suggestion, %s\n", found.valley.reason.c_str());
    }
    return found;
}

}  // namespace embark
