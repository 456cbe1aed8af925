#include "fused_collab_step.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include <torch/torch.h>

#include "../callbacks/gradients.h"
#include "../core/error.h"
#include "../distributed/process_group.h"
#include "../modules/dot_product.h"
#include "dot_product_kernels.h"
#include "fused_row_exchange.h"

namespace embark {

namespace {

std::optional<DotProductTables> tables_of(const torch::nn::Module& module) {
    if (const auto* model = dynamic_cast<const DotProductBiasImpl*>(&module)) {
        return DotProductTables{model->user_factors->weight, model->item_factors->weight, model->user_bias->weight,
                                model->item_bias->weight, model->options.y_range};
    }
    if (const auto* model = dynamic_cast<const DotProductImpl*>(&module)) {
        return DotProductTables{
            model->user_factors->weight, model->item_factors->weight, {}, {}, model->options.y_range};
    }
    return std::nullopt;
}

/// A table that the loops can go through and that is trained.
bool is_plain(const at::Tensor& table) {
    return table.is_cpu() && table.scalar_type() == at::kFloat && table.is_contiguous() && table.requires_grad();
}

/// Why a fit with these tables goes through autograd; empty where it need not.
std::string obstacle(const DotProductTables& tables, const Loss& loss, const Optimizer& optimizer, const Events& events,
                     bool weighted, bool allowed) {
    if (!allowed) return "fused_step is off";
    if (!loss.same_kind(mse_loss_flat())) return concat("the ", loss.name(), " loss has no fused step");
    if (!optimizer.steps_rows()) return "the optimizer has no fused step";
    if (weighted) return "the ratings have weights";
    for (const auto& table : {tables.user_factors, tables.item_factors, tables.user_bias, tables.item_bias}) {
        if (!table.defined()) continue;
        if (!is_plain(table)) return "a part of the model is frozen, or not in float32 on the CPU";
        if (find_parameter(optimizer, table) == nullptr)
            return "the optimizer does not have all of the model's parameters";
    }
    for (const auto& callback : events.callbacks()) {
        if (callback->needs_autograd()) return concat("the callback '", callback->name(), "' needs it");
    }
    return {};
}

}  // namespace

FusedCollabStep::FusedCollabStep(DotProductTables tables, const Model& model, const Loss& loss, Optimizer& optimizer)
    : tables_(std::move(tables)), optimizer_(optimizer), autograd_(model, loss, optimizer) {}

void FusedCollabStep::run(const Events& events, TrainingState& state) {
    if (!knows(state.batch)) return autograd_.run(events, state);
    state.autograd = false;
    forward(state);
    events.send(&Callback::after_pred, state);
    if (state.cancelled(Level::batch)) return;
    state.loss = at::scalar_tensor(loss_, at::kFloat);
    events.send(&Callback::after_loss, state);
    if (state.cancelled(Level::batch)) return;

    state.row_gradients.clear();  // of a batch that was left early
    bracket(events, state, Level::backward, &Callback::before_backward, &Callback::after_cancel_backward,
            &Callback::after_backward, [&] { backward(state); });
    if (state.cancelled(Level::batch)) return;
    bracket(events, state, Level::step, &Callback::before_step, &Callback::after_cancel_step, &Callback::after_step,
            [&] { optimizer_.step_rows(state.row_gradients); });
    state.row_gradients.clear();
}

bool FusedCollabStep::knows(const Batch& batch) const {
    if (batch.weights.defined() || batch.inputs.size() != 1 || batch.targets.size() != 1) return false;
    const auto &x = batch.inputs.front(), &y = batch.targets.front();
    return x.is_cpu() && x.scalar_type() == at::kLong && x.dim() == 2 && x.size(1) == 2 && x.size(0) > 0 &&
           y.is_cpu() && y.is_floating_point() && y.numel() == x.size(0);
}

void FusedCollabStep::Rows::forget() {
    for (const int64_t id : distinct) place_of[static_cast<size_t>(id)] = -1;
}

void FusedCollabStep::Rows::take(const int64_t* column, int64_t count, int64_t n_rows, const char* what) {
    ids.resize(static_cast<size_t>(count));
    slots.resize(ids.size());
    if (place_of.empty()) place_of.assign(static_cast<size_t>(n_rows), -1);
    forget();
    distinct.clear();
    for (size_t i = 0; i < ids.size(); ++i) {
        const int64_t id = column[2 * i];
        require(id >= 0 && id < n_rows, "The ", what, " ", id, " of a batch is none of the model's ", n_rows,
                ": numbers go from 0 to ", n_rows - 1);
        int32_t& place = place_of[static_cast<size_t>(id)];
        if (place < 0) {
            place = static_cast<int32_t>(distinct.size());
            distinct.push_back(id);
        }
        ids[i] = id;
        slots[i] = place;
    }
}

void FusedCollabStep::forward(TrainingState& state) {
    const at::Tensor x = state.batch.inputs.front().contiguous();
    const at::Tensor y = state.batch.targets.front().to(at::kFloat).contiguous();
    const int64_t n = x.size(0);
    users_.take(x.const_data_ptr<int64_t>(), n, tables_.user_factors.size(0), "user");
    items_.take(x.const_data_ptr<int64_t>() + 1, n, tables_.item_factors.size(0), "item");
    dots_.resize(static_cast<size_t>(n));
    slopes_.resize(dots_.size());
    dot_kernels::dots({users_.ids.data(), items_.ids.data(), n, tables_.user_factors.const_data_ptr<float>(),
                       tables_.item_factors.const_data_ptr<float>(), tables_.user_factors.size(1)},
                      dots_.data());

    const bool biases = tables_.user_bias.defined(), ranged = !tables_.y_range.empty();
    const float* user_bias = biases ? tables_.user_bias.const_data_ptr<float>() : nullptr;
    const float* item_bias = biases ? tables_.item_bias.const_data_ptr<float>() : nullptr;
    const auto low = static_cast<float>(tables_.y_range.low), high = static_cast<float>(tables_.y_range.high);
    const float* target = y.const_data_ptr<float>();
    const at::Tensor predictions = at::empty({n, 1}, at::kFloat);
    auto* prediction = predictions.mutable_data_ptr<float>();
    double total = 0;
    for (int64_t i = 0; i < n; ++i) {
        float score = dots_[i], slope = 1;
        if (biases) score += user_bias[users_.ids[i]] + item_bias[items_.ids[i]];
        if (ranged) {
            const float share = 1 / (1 + std::exp(-score));
            score = share * (high - low) + low;
            slope = share * (1 - share) * (high - low);
        }
        const float error = score - target[i];
        prediction[i] = score;
        slopes_[i] = 2 * error * slope / static_cast<float>(n);
        total += static_cast<double>(error) * error;
    }
    loss_ = total / static_cast<double>(n);
    state.predictions = {predictions};
}

void FusedCollabStep::backward(TrainingState& state) {
    if (state.loss_scale != 1) {
        for (float& slope : slopes_) slope *= static_cast<float>(state.loss_scale);
    }
    const int64_t width = tables_.user_factors.size(1), n = static_cast<int64_t>(slopes_.size());
    for (Rows* rows : {&users_, &items_}) {
        rows->gradient.assign(rows->distinct.size() * static_cast<size_t>(width), 0);
        rows->bias_gradient.assign(rows->distinct.size(), 0);
        for (size_t i = 0; i < slopes_.size(); ++i) rows->bias_gradient[rows->slots[i]] += slopes_[i];
    }
    dot_kernels::add_gradients({users_.ids.data(), items_.ids.data(), n, tables_.user_factors.const_data_ptr<float>(),
                                tables_.item_factors.const_data_ptr<float>(), width},
                               slopes_.data(), users_.slots.data(), items_.slots.data(), users_.gradient.data(),
                               items_.gradient.data());
    if (state.processes != nullptr) {
        const int64_t size = state.processes->size();
        const TouchedRows tables[] = {{users_.distinct, users_.gradient, users_.bias_gradient},
                                      {items_.distinct, items_.gradient, items_.bias_gradient}};
        // What must be cleared of place_of for the next batch is this process's own.
        users_.forget();
        items_.forget();
        add_up_touched_rows(*state.processes, width, (state.rows() + size - 1) / size, tables);
    }
    state.row_gradients.push_back({tables_.user_factors, users_.distinct, users_.gradient});
    state.row_gradients.push_back({tables_.item_factors, items_.distinct, items_.gradient});
    if (!tables_.user_bias.defined()) return;
    state.row_gradients.push_back({tables_.user_bias, users_.distinct, users_.bias_gradient});
    state.row_gradients.push_back({tables_.item_bias, items_.distinct, items_.bias_gradient});
}

ChosenStep choose_step(const Model& model, const Loss& loss, Optimizer& optimizer, const Events& events, bool weighted,
                       bool fused_allowed) {
    auto tables = tables_of(model.module());
    if (!tables) return {std::make_unique<AutogradStep>(model, loss, optimizer), {}};
    const std::string reason = obstacle(*tables, loss, optimizer, events, weighted, fused_allowed);
    if (!reason.empty()) {
        return {std::make_unique<AutogradStep>(model, loss, optimizer), "Training through autograd: " + reason};
    }
    return {std::make_unique<FusedCollabStep>(std::move(*tables), model, loss, optimizer),
            "Training by the fused step"};
}

}  // namespace embark
