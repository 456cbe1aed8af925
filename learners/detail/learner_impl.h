#pragma once

#include <functional>

#include "../../callbacks/detail/events.h"
#include "../../core/state_dict.h"
#include "../../optim/schedule.h"
#include "../learner.h"

namespace embark {

class BatchLog;

class TrainingLoop;

/// Lets the gradients of a module's embeddings hold the rows of a batch alone, which is what a lazy update moves, for
/// as long as it lives.
class SparseEmbeddings {
public:
    explicit SparseEmbeddings(torch::nn::Module& module);
    ~SparseEmbeddings();
    SparseEmbeddings(const SparseEmbeddings&) = delete;
    SparseEmbeddings& operator=(const SparseEmbeddings&) = delete;

private:
    std::vector<std::shared_ptr<torch::nn::Module>> changed_;
};

/// What a Learner holds, and the fit that all of its fits are made of.
struct Learner::Impl {
    Impl(DataLoaders dls_, Model model_, LearnerOptions options_);

    Optimizer& optimizer();
    /// How fits with these callbacks too work together with other processes: as a callback brings it, as the model's
    /// sharded tables do, or alone.
    std::shared_ptr<Strategy> strategy(const std::vector<std::shared_ptr<Callback>>& more = {}) const;

    /// Trains with a set of schedules for each parameter group, or with none.
    const Records& fit(int64_t n_epoch, const LearningRate& lr, const FitOptions& fit_options,
                       std::vector<Schedules> schedules = {});
    /// Runs `body` outside of a fit, with events for the Learner's own callbacks that take part in that, for `asked`,
    /// and last for `own`.
    void run_outside_fit(const std::vector<std::shared_ptr<Callback>>& asked, std::shared_ptr<Callback> own,
                         const std::function<void(TrainingLoop&, TrainingState&)>& body);
    /// Predictions for `loader` as its pass 0 has the rows.
    Predictions predictions_of(const DataLoader& loader, const std::vector<std::shared_ptr<Callback>>& callbacks);

    DataLoaders dls;
    Model model;
    LearnerOptions options;
    std::unique_ptr<Optimizer> made_optimizer;
    double default_weight_decay = 0;
    Records records;
    std::string stop_reason;
    std::shared_ptr<Strategy> last_strategy;  // of the last fit; null before the first
    bool may_diverge = false;                     // lr_find goes on until the loss does
    int64_t passes = 0;  // over the training data, by earlier fits: the number of the next permutation

private:
    void set_weight_decay(const FitOptions& fit_options);
    Events fit_events(const FitOptions& fit_options, int64_t n_epoch, const std::vector<Schedules>& schedules) const;
    /// What writes the checkpoints of a fit with these callbacks.
    std::shared_ptr<Callback> checkpointer(const FitOptions& fit_options, int64_t n_epoch,
                                           const std::vector<Schedules>& schedules,
                                           const std::vector<std::shared_ptr<Callback>>& callbacks,
                                           const std::shared_ptr<BatchLog>& log) const;
};

}  // namespace embark
