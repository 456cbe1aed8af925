#include "training_loop.h"

#include <torch/nn/module.h>
#include <torch/types.h>

#include "../../callbacks/detail/batch_loss.h"

namespace embark {

TrainingLoop::TrainingLoop(const DataLoaders& dls, const Model& model, const Loss& loss, TrainStep* step,
                           const Events& events)
    : dls_(dls), model_(model), loss_(loss), step_(step), events_(events) {}

void TrainingLoop::fit(TrainingState& state, int64_t n_epoch, int64_t first_pass) {
    state.n_epoch = n_epoch;
    state.has_valid = dls_.has_valid();
    bracket(events_, state, Level::fit, &Callback::before_fit, &Callback::after_cancel_fit, &Callback::after_fit, [&] {
        for (; state.epoch < n_epoch && !state.cancelled(Level::fit); ++state.epoch) {
            epoch(state, first_pass + state.epoch);
        }
    });
}

void TrainingLoop::epoch(TrainingState& state, int64_t pass) {
    bracket(events_, state, Level::epoch, &Callback::before_epoch, &Callback::after_cancel_epoch,
            &Callback::after_epoch, [&] {
                train(state, pass);
                if (dls_.has_valid() && !state.cancelled(Level::epoch)) validate(state, dls_.valid());
            });
}

void TrainingLoop::train(TrainingState& state, int64_t pass) {
    const auto batches = dls_.train().epoch(pass, state.strategy->share().of_rows());
    state.training = true;
    state.n_iter = batches.size();
    if (!state.resumes(Level::train)) state.iteration = 0;
    model_.module().train();
    bracket(events_, state, Level::train, &Callback::before_train, &Callback::after_cancel_train,
            &Callback::after_train, [&] {
                for (; state.iteration < state.n_iter && !state.cancelled(Level::train); ++state.iteration) {
                    const auto done = static_cast<double>(state.epoch) +
                                      static_cast<double>(state.iteration) / static_cast<double>(state.n_iter);
                    state.pct_train = done / static_cast<double>(state.n_epoch);
                    begin_batch(state, batches);
                    bracket(events_, state, Level::batch, &Callback::before_batch, &Callback::after_cancel_batch,
                            &Callback::after_batch, [&] { train_batch(state); });
                    ++state.train_iter;
                }
            });
}

void TrainingLoop::train_batch(TrainingState& state) {
    StepContext step(model_, loss_, *state.optimizer, events_, state);
    step_->run(step);
    step.finish();
}

void TrainingLoop::validate(TrainingState& state, const DataLoader& loader) {
    const auto batches = loader.epoch(0, state.strategy->share().of_batches());
    validate(state, batches.size(), [&] { begin_batch(state, batches); });
}

void TrainingLoop::predict(TrainingState& state, Tensors inputs) {
    validate(state, 1, [&] { state.batch = {.inputs = std::move(inputs), .targets = {}}; });
}

void TrainingLoop::validate(TrainingState& state, int64_t n_iter, const std::function<void()>& begin) {
    torch::NoGradGuard no_grad;
    state.training = false;
    state.n_iter = n_iter;
    model_.module().eval();
    bracket(events_, state, Level::validate, &Callback::before_validate, &Callback::after_cancel_validate,
            &Callback::after_validate, [&] {
                for (state.iteration = 0; state.iteration < state.n_iter && !state.cancelled(Level::validate);
                     ++state.iteration) {
                    begin();
                    bracket(events_, state, Level::batch, &Callback::before_batch, &Callback::after_cancel_batch,
                            &Callback::after_batch, [&] { evaluate_batch(state); });
                }
            });
}

void TrainingLoop::begin_batch(TrainingState& state, const DataLoader::Epoch& batches) {
    state.batch = batches[state.iteration];
    state.predictions.clear();
    state.loss.reset();
    state.loss_scale = 1;
    StepState& step = state.step;
    step.is_part = batches.is_shared();
    step.whole_rows = step.is_part ? batches.rows(state.iteration) : -1;
    step.whole_weight = -1;
    step.autograd = true;
    if (state.training) step.accumulating = false;  // else what was accumulated waits for the next training batch
}

void TrainingLoop::evaluate_batch(TrainingState& state) {
    state.predictions = model_(state.batch.inputs);
    events_.send(&Callback::after_pred, state);
    if (state.cancelled(Level::batch) || !loss_ || compared(loss_, state.batch).empty()) return;
    state.loss = batch_loss(loss_, state.predictions, state.batch);
    events_.send(&Callback::after_loss, state);
}

}  // namespace embark
