#include "data_parallel.h"

#include <algorithm>
#include <cmath>

#include <torch/types.h>

#include "../../core/error.h"
#include "../../core/tensors.h"
#include "../../modules/detail/norm_layers.h"
#include "../../modules/losses/loss.h"
#include "../../modules/sync_batch_norm.h"
#include "../../optim/model_state.h"
#include "../../optim/optimizer.h"
#include "../detail/batch_loss.h"
#include "../training_state.h"
#include "detail/gradient_exchange.h"
#include "detail/same_fit.h"
#include "detail/sharded_tables.h"

namespace embark {

namespace {

/// What `share` has of a batch's `rows`; where padded they go on from the batch's start beyond its end.
RowRange part_of(int64_t rows, const Share& share, bool pad) {
    if (!pad) return share.part(rows);
    const int64_t each = share.largest_part(rows);
    return {share.rank * each, (share.rank + 1) * each};
}

/// Rows `part` of `batch`, which go on from its start beyond its end.
Batch rows_of(const Batch& batch, RowRange part) {
    const auto rows = torch::arange(part.begin, part.end).remainder(batch.size());
    return batch.take(rows.to(batch.inputs.front().device()));
}

bool has_batch_norm(const torch::nn::Module& model) {
    const auto parts = model.modules();
    return std::any_of(parts.begin(), parts.end(), [](const auto& part) { return is_batch_norm(*part); });
}

}  // namespace

DataParallel::DataParallel(DataParallelOptions options) : options_(std::move(options)) {
    require<UsageError>(std::isfinite(options_.bucket_mb) && options_.bucket_mb > 0, "Invalid bucket_mb ",
                        options_.bucket_mb, ": it must be a number above 0");
    strategy_ = options_.strategy ? options_.strategy : Strategy::from_environment();
}

DataParallel::~DataParallel() = default;

int64_t DataParallel::bytes_sent() const {
    return strategy_->bytes_sent() - sent_before_;
}

double DataParallel::bytes_per_step() const {
    return steps_ == 0 ? 0 : static_cast<double>(sent_in_steps_) / static_cast<double>(steps_);
}

void DataParallel::before_fit(TrainingState& state) {
    if (alone()) return;
    sent_before_ = strategy_->bytes_sent();
    sent_in_steps_ = steps_ = 0;
    require_same_fit(*strategy_, state);
    take_over_main_process(state);
    // Rank 0 goes on as it would alone.
    auto seed = rng_state();
    strategy_->broadcast(seed);
    const auto words =
        seed.sum().item<int64_t>() + seed.slice(0, 0, 64).to(at::kLong).dot(torch::arange(64)).item<int64_t>();
    if (options_.sync_batch_norm) synchronize_batch_norm(state, true);
    needs_two_ = !options_.sync_batch_norm && has_batch_norm(*state.model);
    if (!strategy_->is_main_process()) set_seed(static_cast<uint64_t>(words * 1'000'003 + strategy_->share().rank));
}

void DataParallel::take_over_main_process(TrainingState& state) {
    TensorFile own = ModelState::tensors(*state.model, state.optimizer);
    const ShardedTables tables(*state.model);
    sharded_ = !tables.empty();
    // Of sharded tables each has rows of its own, which stay.
    TensorFile rows = tables.take_from(own);
    TensorFile shared = strategy_->broadcast(own);
    if (strategy_->is_main_process()) return;
    shared.tensors.merge(rows.tensors);
    ModelState(std::move(shared), "the model of rank 0").restore(*state.model, *state.optimizer);
}

void DataParallel::synchronize_batch_norm(TrainingState& state, bool on) {
    batch_norm_ = on ? std::make_shared<BatchNormSync>() : nullptr;
    if (on) batch_norm_->add_up = [strategy = strategy_](at::Tensor& values) { strategy->all_reduce(values); };
    bool any = false;
    for (const auto& part : state.model->modules()) {
        if (auto* norm = dynamic_cast<SyncBatchNorm1dImpl*>(part.get())) {
            norm->synchronize(batch_norm_);
            any = true;
        }
    }
    require<UsageError>(any || !on, "sync_batch_norm is for models with batch norm, and ", state.model->name(),
                        " has no SyncBatchNorm1d");
}

void DataParallel::before_batch(TrainingState& state) {
    if (alone()) return;
    if (state.training) {
        sent_before_batch_ = strategy_->bytes_sent();
        return shard_batch(state);
    }
    // Whole batches, so that metrics of a batch are what they would be in one process.
    idle_ = !strategy_->share().has_batch(state.iteration);
    if (idle_ && !must_join_collectives(state)) state.cancel(Level::batch);
}

bool DataParallel::must_join_collectives(const TrainingState& state) const {
    // A last round of fewer batches than processes: those without one must look up rows as often as the others.
    const bool last = state.iteration + 1 == state.n_iter && !strategy_->share().ends_round(state.iteration);
    return sharded_ && last && strategy_->share().rank > state.iteration % strategy_->share().size;
}

void DataParallel::after_pred(TrainingState& state) {
    if (state.training) loss_sent_ = false;  // of this round of the step
    if (alone() || state.training || !idle_) return;
    state.predictions.clear();
    state.cancel(Level::batch);
}

void DataParallel::shard_batch(TrainingState& state) {
    StepState& step = state.step;
    const Batch whole = state.batch;
    const int64_t rows = state.rows();
    RowRange own = part_of(rows, strategy_->share(), options_.pad);
    step.whole_rows = options_.pad ? own.size() * strategy_->share().size : rows;
    if (step.is_part) {
        own = {0, own.size()};
        step.whole_weight = static_cast<double>(step.whole_rows);
    } else {
        step.whole_weight =
            batch_weight(*state.loss_func, step.whole_rows == rows ? whole : rows_of(whole, {0, step.whole_rows}));
    }
    has_row_weights_ = whole.weights.defined();
    counts_ = own.size() > 0;
    if (batch_norm_) batch_norm_->counts = counts_;
    state.batch = rows_to_train(whole, own, rows);
    as_shared_ = state.batch;
    own_weight_ = counts_ ? batch_weight(*state.loss_func, state.batch) : 0;
}

Batch DataParallel::rows_to_train(const Batch& batch, RowRange own, int64_t rows) const {
    const int64_t needed = needs_two_ && rows > 1 ? 2 : 1;
    if (own.size() >= needed) return rows_of(batch, own);
    // Where there are fewer rows than processes, some join in with rows that count nothing; and beside a single row of
    // its own, batch norm gets another that counts nothing.
    Batch more = rows_of(batch, {own.begin, own.begin + needed});
    if (own.size() == 0) return more;
    more.weights = more.weights.defined() ? more.weights.clone() : at::ones({needed}, more.inputs.front().device());
    more.weights.narrow(0, own.size(), needed - own.size()).zero_();
    return more;
}

void DataParallel::before_backward(TrainingState& state) {
    if (alone()) return;
    send_loss(state);
    state.loss_scale *= share_;
    if (!state.step.autograd) return;
    // The mean of rows that all count nothing is not a number, and has no gradient.
    if (share_ == 0 && !std::isfinite(state.loss.item<double>())) state.loss = state.predictions.front().sum() * 0;
    if (!gradients_ || !gradients_->is_of_trained_parameters()) {
        const GradientExchangeOptions options{.bucket_bytes = static_cast<int64_t>(options_.bucket_mb * 1e6),
                                              .sparse_embeddings = options_.sparse_embeddings};
        gradients_.reset();
        gradients_ = std::make_unique<GradientExchange>(*strategy_, state, options);
    }
    gradients_->begin();
}

void DataParallel::send_loss(TrainingState& state) {
    if (loss_.defined()) loss_exchange_.wait();  // of a batch that was left with its whole epoch
    settle_share(state);
    const double part = share_ == 0 ? 0 : state.loss.item<double>() * share_;
    loss_ = at::tensor({part, strategy_->stop_proposed() ? 1.0 : 0.0}, at::kDouble);
    loss_exchange_ = strategy_->start_all_reduce(loss_);
    loss_sent_ = true;
}

void DataParallel::settle_share(TrainingState& state) {
    const Batch& batch = state.batch;
    const bool weighted = state.loss_func->has_weight();
    const bool changed =
        !batch.weights.is_same(as_shared_.weights) ||
        (weighted && !same_tensors(compared(*state.loss_func, batch), compared(*state.loss_func, as_shared_)));
    if (changed) own_weight_ = counts_ ? batch_weight(*state.loss_func, batch) : 0;
    // What nobody has seen the whole of is added up.
    const bool differs = weighted || has_row_weights_;
    if (changed || (differs && state.step.is_part)) state.step.whole_weight = strategy_->all_reduce(own_weight_);
    share_ = own_weight_ > 0 ? own_weight_ / state.step.whole_weight : 0;
}

void DataParallel::after_cancel_backward(TrainingState& state) {
    if (!alone()) finish_loss(state);
}

void DataParallel::after_backward(TrainingState& state) {
    if (alone()) return;
    finish_loss(state);
    if (state.step.autograd && !state.step.accumulating) gradients_->finish();
}

void DataParallel::finish_loss(TrainingState& state) {
    if (!loss_.defined()) return;
    loss_exchange_.wait();
    // Where the loss was: a gradient scaler asks for its device.
    state.loss = at::full({}, loss_[0].item<double>(), at::TensorOptions(at::kDouble).device(state.loss.device()));
    if (loss_[1].item<double>() > 0) strategy_->agree_on_stop();
    loss_.reset();
}

void DataParallel::after_cancel_batch(TrainingState& state) {
    if (alone() || !state.training) return;
    // Left before its backward pass, a batch is recorded all the same.
    if (!loss_sent_ && state.loss.defined()) send_loss(state);
    finish_loss(state);
}

void DataParallel::after_batch(TrainingState& state) {
    if (alone() || !state.training) return;
    average_buffers(*strategy_, *state.model);
    ++steps_;
    sent_in_steps_ += strategy_->bytes_sent() - sent_before_batch_;
}

void DataParallel::after_fit(TrainingState&) {
    if (alone()) return;
    auto random = rng_state();
    strategy_->broadcast(random);
    set_rng_state(random);
}

void DataParallel::cleanup_fit(TrainingState& state) {
    if (batch_norm_) synchronize_batch_norm(state, false);
    gradients_.reset();
    loss_exchange_ = {};
    loss_.reset();
    as_shared_ = {};
}

std::shared_ptr<DataParallel> data_parallel(DataParallelOptions options) {
    return std::make_shared<DataParallel>(std::move(options));
}

}  // namespace embark
