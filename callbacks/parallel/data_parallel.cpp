#include "data_parallel.h"

#include <cmath>

#include <torch/types.h>

#include "../../core/error.h"
#include "../../core/tensors.h"
#include "../../distributed/main_process.h"
#include "../../distributed/row_range.h"
#include "../../modules/sync_batch_norm.h"
#include "../../optim/model_state.h"
#include "../../optim/optimizer.h"
#include "../training_state.h"
#include "detail/gradient_exchange.h"
#include "detail/same_fit.h"
#include "detail/sharded_tables.h"

namespace embark {

namespace {

/// What rank `rank` of `size` has of a batch's `rows`; where padded they go on from the batch's start beyond its end.
RowRange part_of(int64_t rows, int64_t rank, int64_t size, bool pad) {
    if (!pad) return even_range(rows, rank, size);
    const int64_t each = (rows + size - 1) / size;
    return {rank * each, (rank + 1) * each};
}

/// Rows `part` of `batch`, which go on from its start beyond its end.
Batch rows_of(const Batch& batch, RowRange part) {
    const auto rows = torch::arange(part.begin, part.end).remainder(batch.size());
    return batch.take(rows.to(batch.inputs.front().device()));
}

}  // namespace

DataParallel::DataParallel(DataParallelOptions options) : options_(std::move(options)) {
    require<UsageError>(std::isfinite(options_.bucket_mb) && options_.bucket_mb > 0, "Invalid bucket_mb ",
                        options_.bucket_mb, ": it must be a number above 0");
    processes_ = options_.processes ? options_.processes : ProcessGroup::from_environment();
    if (processes_ && processes_->size() == 1) processes_.reset();
}

DataParallel::~DataParallel() = default;

int64_t DataParallel::bytes_sent() const {
    return processes_ ? processes_->bytes_sent() - sent_before_ : 0;
}

double DataParallel::bytes_per_step() const {
    return steps_ == 0 ? 0 : static_cast<double>(sent_in_steps_) / static_cast<double>(steps_);
}

void DataParallel::before_fit(TrainingState& state) {
    if (!processes_) return;
    sent_before_ = processes_->bytes_sent();
    sent_in_steps_ = steps_ = 0;
    state.processes = processes_.get();
    require_same_fit(*processes_, state);
    take_over_main_process(state);
    // Rank 0 goes on as it would alone.
    auto seed = rng_state();
    processes_->broadcast(seed);
    const auto words =
        seed.sum().item<int64_t>() + seed.slice(0, 0, 64).to(at::kLong).dot(torch::arange(64)).item<int64_t>();
    if (options_.sync_batch_norm) synchronize_batch_norm(state, true);
    if (!processes_->is_main_process()) set_seed(static_cast<uint64_t>(words * 1'000'003 + processes_->rank()));
}

void DataParallel::take_over_main_process(TrainingState& state) {
    TensorFile own = ModelState::tensors(*state.model, state.optimizer);
    const ShardedTables tables(*state.model);
    sharded_ = !tables.empty();
    // Of sharded tables each has rows of its own, which stay.
    TensorFile rows = tables.take_from(own);
    TensorFile shared = broadcast(*processes_, own);
    if (processes_->is_main_process()) return;
    shared.tensors.merge(rows.tensors);
    ModelState(std::move(shared), "the model of rank 0").restore(*state.model, *state.optimizer);
}

void DataParallel::synchronize_batch_norm(TrainingState& state, bool on) {
    batch_norm_ = on ? std::make_shared<BatchNormSync>() : nullptr;
    if (on) batch_norm_->add_up = [processes = processes_](at::Tensor& values) { processes->all_reduce(values); };
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
    if (!processes_) return;
    if (state.training) {
        sent_before_batch_ = processes_->bytes_sent();
        state.stop_agreed = false;
        return shard_batch(state);
    }
    // Whole batches, so that metrics of a batch are what they would be in one process.
    idle_ = state.iteration % processes_->size() != processes_->rank();
    if (idle_ && !must_join_collectives(state)) state.cancel(Level::batch);
}

bool DataParallel::must_join_collectives(const TrainingState& state) const {
    // A last round of fewer batches than processes: those without one must look up rows as often as the others.
    const int64_t left = state.n_iter % processes_->size();
    return sharded_ && state.iteration + 1 == state.n_iter && processes_->rank() >= left && left > 0;
}

void DataParallel::after_pred(TrainingState& state) {
    if (!processes_ || state.training || !idle_) return;
    state.predictions.clear();
    state.cancel(Level::batch);
}

void DataParallel::shard_batch(TrainingState& state) {
    const int64_t rows = state.rows();
    RowRange part = part_of(rows, processes_->rank(), processes_->size(), options_.pad);
    if (state.is_part) part = {0, part.size()};
    const int64_t own = part.size();
    state.whole_rows = options_.pad ? own * processes_->size() : rows;
    if (state.is_part) {
        state.whole_weight = static_cast<double>(state.whole_rows);
    } else if (options_.pad && state.whole_rows != rows) {
        state.whole_weight = rows_of(state.batch, {0, state.whole_rows}).weight();
    } else {
        state.whole_weight = state.batch.weight();
    }
    // Where there are fewer rows than processes, some go through the motions with a row that counts nothing.
    state.batch = rows_of(state.batch, own == 0 ? RowRange{0, 1} : part);
    if (batch_norm_) batch_norm_->counts = own > 0;
    share_ = own == 0 || state.whole_weight == 0 ? 0 : state.batch.weight() / state.whole_weight;
}

void DataParallel::after_loss(TrainingState& state) {
    if (!processes_ || !state.training) return;
    const double part = share_ == 0 ? 0 : state.loss.item<double>() * share_;
    loss_ = at::tensor({part, state.stop_asked ? 1.0 : 0.0}, at::kDouble);
    loss_exchange_ = processes_->start_all_reduce(loss_);
}

void DataParallel::before_backward(TrainingState& state) {
    if (!processes_) return;
    state.loss_scale *= share_;
    if (!state.autograd) return;
    if (!gradients_) {
        const GradientExchangeOptions options{.bucket_bytes = static_cast<int64_t>(options_.bucket_mb * 1e6),
                                              .sparse_embeddings = options_.sparse_embeddings};
        gradients_ = std::make_unique<GradientExchange>(*processes_, state, options);
    }
    gradients_->begin();
}

void DataParallel::after_cancel_backward(TrainingState& state) {
    if (processes_) finish_loss(state);
}

void DataParallel::after_backward(TrainingState& state) {
    if (!processes_) return;
    finish_loss(state);
    if (state.autograd && !state.accumulating) gradients_->finish();
}

void DataParallel::finish_loss(TrainingState& state) {
    if (!loss_.defined()) return;
    loss_exchange_.wait();
    state.loss = torch::scalar_tensor(loss_[0].item<double>(), at::kDouble);
    state.stop_agreed = loss_[1].item<double>() > 0;
    loss_.reset();
}

void DataParallel::after_batch(TrainingState& state) {
    if (!processes_ || !state.training) return;
    average_buffers(*processes_, *state.model);
    ++steps_;
    sent_in_steps_ += processes_->bytes_sent() - sent_before_batch_;
}

void DataParallel::after_fit(TrainingState&) {
    if (!processes_) return;
    auto random = rng_state();
    processes_->broadcast(random);
    set_rng_state(random);
}

void DataParallel::cleanup_fit(TrainingState& state) {
    if (batch_norm_) synchronize_batch_norm(state, false);
    gradients_.reset();
    loss_exchange_ = {};
    loss_.reset();
}

std::shared_ptr<DataParallel> data_parallel(DataParallelOptions options) {
    return std::make_shared<DataParallel>(std::move(options));
}

}  // namespace embark
