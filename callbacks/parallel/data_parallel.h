#pragma once

#include <memory>

#include "../../data/loaders/batch.h"
#include "../../distributed/process_group.h"
#include "../callback.h"

namespace embark {

class GradientExchange;
struct BatchNormSync;

/// Settings of DataParallel.
struct DataParallelOptions {
    /// How the processes that train together do it, a ProcessGroup for example; null: Strategy::from_environment().
    std::shared_ptr<Strategy> strategy = {};
    /// Give every process as many rows of a batch, some of them twice where they do not come out even, rather than let
    /// some have one less.
    bool pad = false;
    /// Gradients travel together up to this size, in millions of bytes, while the backward pass goes on.
    double bucket_mb = 25;
    /// Let batch norm take mean and variance over the rows of all processes, in Embark's own models and wherever a
    /// module has a SyncBatchNorm1d: a step costs four exchanges more for each of them.
    bool sync_batch_norm = false;
    /// Of embeddings' gradients only the rows that a batch touched travel, where that is less.
    bool sparse_embeddings = true;
};

/// Lets several processes train one model, each with its part of every batch:
///
///     Learner learn(dls, model, {.loss = mse_loss_flat(), .callbacks = {data_parallel()}});
///     learn.fit_one_cycle(5, 5e-3);
///
///     torchrun --no-python --nproc-per-node 2 ./program
///
/// Alone, as without torchrun, it does nothing. Batches stay those of one process, split over all; gradients are the
/// mean over the whole batch, so that weights are those of one process, to rounding, but for batch norm, which sees
/// the parts. Recorded losses and metrics are those over all rows, computed from whole validation batches, of which
/// each process has its share; so stops and best models are decided alike. The fit begins with the model and optimizer
/// of rank 0, which alone prints, logs and saves. Buffers, as batch norm's averages, are averaged after each step.
/// Random numbers differ between processes while a fit runs, and are rank 0's afterwards.
///
/// Tables that are split over the processes (see ShardedEmbedding) stay where they are, and send their own gradients.
///
/// All processes must train alike: the fit begins with an Error that says what differs. A callback that leaves a level
/// must do so in all processes, and one that accumulates gradients must say so (see StepState::accumulating).
class DataParallel : public Callback {
public:
    /// Meets the other processes. Throws UsageError for a bucket_mb that is not above 0, and what ProcessGroup throws.
    explicit DataParallel(DataParallelOptions options = {});
    ~DataParallel() override;
    int order() const override { return -20; }
    std::string name() const override { return "data_parallel"; }
    bool runs_outside_fit() const override { return false; }

    std::shared_ptr<Strategy> strategy() const override { return strategy_; }
    /// Bytes that this process sent in the last fit.
    int64_t bytes_sent() const;
    /// Bytes that it sent in one of the fit's training steps, on average; 0 before the first.
    double bytes_per_step() const;

    void before_fit(TrainingState& state) override;
    void before_batch(TrainingState& state) override;
    void after_pred(TrainingState& state) override;
    void before_backward(TrainingState& state) override;
    void after_cancel_backward(TrainingState& state) override;
    void after_backward(TrainingState& state) override;
    void after_cancel_batch(TrainingState& state) override;
    void after_batch(TrainingState& state) override;
    void after_fit(TrainingState& state) override;
    void cleanup_fit(TrainingState& state) override;

private:
    bool alone() const { return strategy_->decides_alone(); }
    void take_over_main_process(TrainingState& state);
    void shard_batch(TrainingState& state);
    /// This process's rows of a batch of `rows`, where `own` of them are its: at least as many as the model can be
    /// trained on.
    Batch rows_to_train(const Batch& batch, RowRange own, int64_t rows) const;
    bool must_join_collectives(const TrainingState& state) const;
    void synchronize_batch_norm(TrainingState& state, bool on);
    void settle_share(TrainingState& state);
    void send_loss(TrainingState& state);
    void finish_loss(TrainingState& state);

    DataParallelOptions options_;
    std::shared_ptr<Strategy> strategy_;
    std::unique_ptr<GradientExchange> gradients_;
    std::shared_ptr<BatchNormSync> batch_norm_;
    bool sharded_ = false;    // whether the model has tables that are split over the processes
    bool needs_two_ = false;  // rows of a batch: the model has batch norm, of this process alone
    bool idle_ = false;       // whether the validation batch at hand is another's
    bool counts_ = true;      // whether the training batch at hand has rows of this process
    bool has_row_weights_ = false;  // whether the training batch at hand has weights
    bool loss_sent_ = false;  // of the batch at hand
    double share_ = 1;        // of the batch's weight
    Batch as_shared_;         // the batch at hand as it was shared out, and what it counts
    double own_weight_ = 0;
    at::Tensor loss_;  // this process's part of it, and whether a stop was asked
    Exchange loss_exchange_;
    int64_t sent_before_ = 0, sent_before_batch_ = 0, sent_in_steps_ = 0, steps_ = 0;
};

/// DataParallel as something to give a Learner.
std::shared_ptr<DataParallel> data_parallel(DataParallelOptions options = {});

}  // namespace embark
