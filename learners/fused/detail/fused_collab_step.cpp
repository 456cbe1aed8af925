#include "fused_collab_step.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <typeinfo>
#include <unordered_map>
#include <utility>

#include <torch/torch.h>

#include "../../../callbacks/gradients.h"
#include "../../../core/detail/parallel.h"
#include "../../../core/error.h"
#include "../../../modules/dot_product.h"
#include "../../../modules/losses/losses.h"

namespace embark {

namespace {

/// Of these classes themselves: one derived from them may have another forward.
std::optional<DotProductTables> tables_of(const torch::nn::Module& module) {
    if (typeid(module) == typeid(DotProductBiasImpl)) {
        const auto& model = dynamic_cast<const DotProductBiasImpl&>(module);
        return DotProductTables{model.user_factors->weight, model.item_factors->weight,
                                model.user_bias->weight,    model.item_bias->weight,
                                model.options.y_range,      model.user_factors->options.sparse()};
    }
    if (typeid(module) == typeid(DotProductImpl)) {
        const auto& model = dynamic_cast<const DotProductImpl&>(module);
        return DotProductTables{model.user_factors->weight, model.item_factors->weight,          {}, {},
                                model.options.y_range,      model.user_factors->options.sparse()};
    }
    return std::nullopt;
}

/// Why a fit with these tables goes through autograd; empty where it need not.
std::string obstacle(const DotProductTables& tables, const FitParts& fit) {
    if (!fit.loss.same_kind(mse_loss_flat())) return concat("the ", fit.loss.name(), " loss has no fused step");
    if (!fit.optimizer.steps_rows()) return "the optimizer has no fused step";
    if (fit.weighted) return "the ratings have weights";
    for (const auto& table : tables.all()) {
        if (!is_plain_and_trained(table)) return "a part of the model is frozen, or not in float32 on the CPU";
        if (find_parameter(fit.optimizer, table) == nullptr)
            return "the optimizer does not have all of the model's parameters";
    }
    return {};
}

/// Ratings that are worked on at a time: the factors of their items are still in a core's cache when the gradients of
/// their users are computed.
constexpr int64_t kPiece = 256;
/// Ratings that are worth a thread. Threads that wait for less cost more than they bring.
constexpr int64_t kGrain = 1024;

int64_t pieces_of(const BatchRows& rows) {
    return (std::ssize(rows.by_row) + kPiece - 1) / kPiece;
}

/// Calls `work(piece, first, last)` for the distinct rows of each piece of the batch: those whose first rating lies in
/// it. The pieces are the same whatever the number of threads, and each row is one thread's.
template <class Work>
void for_pieces(const BatchRows& rows, const Work& work) {
    const auto row_at = [&](int64_t rating) {
        return std::lower_bound(rows.starts.begin(), rows.starts.end() - 1, rating) - rows.starts.begin();
    };
    const auto work_on = [&](int64_t begin, int64_t end) {
        for (int64_t piece = begin; piece < end; ++piece) {
            const int64_t first = row_at(piece * kPiece), last = row_at((piece + 1) * kPiece);
            if (first < last) work(piece, first, last);
        }
    };
    const int64_t pieces = pieces_of(rows);
    if (pieces == 1) return work_on(0, 1);
    parallel_for(pieces, kGrain / kPiece, work_on);
}

dot_kernels::Order order_of(const BatchRows& rows) {
    return {rows.distinct.data(), rows.by_row.data(), rows.starts.data(), std::ssize(rows.by_row),
            std::ssize(rows.distinct)};
}

}  // namespace

Tensors DotProductTables::all() const {
    Tensors tables = {user_factors, item_factors, user_bias, item_bias};
    std::erase_if(tables, [](const auto& table) { return !table.defined(); });
    return tables;
}

void FusedCollabStep::run(StepContext& step) {
    TrainingState& state = step.state();
    if (!supports(state.batch) || guard_.needs_autograd()) return autograd_.run(step);
    state.step.autograd = false;
    state.step.row_gradients.clear();
    const bool goes_on = FusedStepGuard::send([&] { return train(step); });
    if (!goes_on && !state.step.row_gradients.empty()) guard_.check_gradients();
    guard_.show_gradients();
    if (!goes_on) keep_gradients(state);
    state.step.row_gradients.clear();
}

/// Says whether the batch came to its end.
bool FusedCollabStep::train(StepContext& step) {
    TrainingState& state = step.state();
    guard_.begin(state);
    state.predictions = {forward(state.batch)};
    guard_.predicted(state);
    if (!step.after_pred(std::move(state.predictions))) return false;
    guard_.check_predictions(state);
    state.loss = at::scalar_tensor(loss_, at::kFloat);
    guard_.scored(state);
    if (!step.after_loss(std::move(state.loss))) return false;

    const auto gradients = [&] {
        guard_.check_predictions(state);
        guard_.check_loss(state);
        guard_.check_weights();
        backward(state);
        guard_.hide_gradients();
    };
    const auto move = [this, &step] {
        const auto& rows = step.state().step.row_gradients;
        if (!rows.empty()) guard_.check_gradients();
        step.optimizer().step_rows(rows);
    };
    return step.backward(gradients) && step.step(move);
}

/// A batch that was left keeps its gradients, in the parameters, so that the next one's are added to them.
void FusedCollabStep::keep_gradients(TrainingState& state) const {
    for (const auto& [parameter, rows, values] : state.step.row_gradients) {
        // Ascending, as a checkpoint gives them back: what is added to them later is added in the same order then.
        const auto [ids, order] = torch::tensor(at::ArrayRef<int64_t>(rows.data(), rows.size())).sort();
        const auto numbers = torch::tensor(at::ArrayRef<float>(values.data(), values.size()))
                                 .view({ids.size(0), parameter.size(1)})
                                 .index_select(0, order);
        parameter.mutable_grad() =
            tables_.sparse
                ? at::sparse_coo_tensor(ids.unsqueeze(0), numbers, parameter.sizes())
                : at::zeros(parameter.sizes(), parameter.options().requires_grad(false)).index_add_(0, ids, numbers);
    }
}

bool FusedCollabStep::supports(const Batch& batch) {
    if (batch.weights.defined() || batch.inputs.size() != 1 || batch.targets.size() != 1) return false;
    const auto &x = batch.inputs.front(), &y = batch.targets.front();
    return x.is_cpu() && x.scalar_type() == at::kLong && x.dim() == 2 && x.size(1) == 2 && x.size(0) > 0 &&
           y.is_cpu() && y.is_floating_point() && y.numel() == x.size(0);
}

at::Tensor FusedCollabStep::forward(const Batch& batch) {
    const at::Tensor x = batch.inputs.front().contiguous();
    const at::Tensor y = batch.targets.front().to(at::kFloat).contiguous();
    const at::Tensor predictions = at::empty({x.size(0), 1}, at::kFloat);
    take_rows(x);
    slopes_.resize(static_cast<size_t>(x.size(0)));
    losses_.assign(static_cast<size_t>(pieces_of(users_.rows)), 0);
    const auto numbers_of = [](const at::Tensor& bias) { return bias.defined() ? bias.const_data_ptr<float>() : nullptr; };
    const dot_kernels::Model model = {.items = items_.rows.ids.data(),
                                      .user_factors = tables_.user_factors.const_data_ptr<float>(),
                                      .item_factors = tables_.item_factors.const_data_ptr<float>(),
                                      .user_bias = numbers_of(tables_.user_bias),
                                      .item_bias = numbers_of(tables_.item_bias),
                                      .width = tables_.user_factors.size(1),
                                      .targets = y.const_data_ptr<float>(),
                                      .low = static_cast<float>(tables_.y_range.low),
                                      .high = static_cast<float>(tables_.y_range.high)};
    const dot_kernels::Outputs outputs = {predictions.mutable_data_ptr<float>(), slopes_.data()};
    for_pieces(users_.rows, [&](int64_t piece, int64_t first, int64_t last) {
        losses_[static_cast<size_t>(piece)] =
            dot_kernels::user_side(order_of(users_.rows), first, last, model, outputs, users_.gradients());
    });
    loss_ = std::accumulate(losses_.begin(), losses_.end(), 0.) / static_cast<double>(x.size(0));
    return predictions;
}

void FusedCollabStep::take_rows(const at::Tensor& x) {
    const auto* columns = x.const_data_ptr<int64_t>();
    const int64_t n = x.size(0);
    const auto take_users = [&] { users_.take(columns, n, tables_.user_factors, "user"); };
    const auto take_items = [&] { items_.take(columns + 1, n, tables_.item_factors, "item"); };
    if (n >= 2 * kGrain) return parallel_for_each(2, [&](int64_t i) { i == 0 ? take_users() : take_items(); });
    take_users();
    take_items();
}

void FusedCollabStep::Side::take(const int64_t* column, int64_t count, const at::Tensor& table, const char* what) {
    rows.take(column, count, table.size(0), what);
    gradient.resize(rows.distinct.size() * static_cast<size_t>(table.size(1)));
    bias_gradient.resize(rows.distinct.size());
}

TouchedRows FusedCollabStep::Side::touched(int64_t width) {
    const auto n = std::ssize(rows.distinct);
    return {
        at::from_blob(rows.distinct.data(), {n}, at::kLong),
        {at::from_blob(gradient.data(), {n, width}, at::kFloat), at::from_blob(bias_gradient.data(), {n}, at::kFloat)}};
}

void FusedCollabStep::Side::add_up(const std::vector<std::vector<TouchedRows>>& of_ranks, size_t table) {
    rows.distinct.clear();
    gradient.clear();
    bias_gradient.clear();
    std::unordered_map<int64_t, size_t> places;
    for (const auto& tables : of_ranks) {
        const auto& [indices, values] = tables[table];
        const auto* ids = indices.const_data_ptr<int64_t>();
        const auto *numbers = values[0].const_data_ptr<float>(), *biases = values[1].const_data_ptr<float>();
        const int64_t width = values[0].size(1);
        for (int64_t i = 0; i < indices.size(0); ++i, numbers += width) {
            const auto [found, is_new] = places.try_emplace(ids[i], rows.distinct.size());
            if (is_new) {
                rows.distinct.push_back(ids[i]);
                gradient.resize(gradient.size() + static_cast<size_t>(width), 0);
                bias_gradient.push_back(0);
            }
            float* sum = gradient.data() + static_cast<int64_t>(found->second) * width;
            for (int64_t j = 0; j < width; ++j) sum[j] += numbers[j];
            bias_gradient[found->second] += biases[i];
        }
    }
}

void FusedCollabStep::backward(TrainingState& state) {
    if (state.loss_scale != 1) {
        const auto scale = static_cast<float>(state.loss_scale);
        for (auto* numbers : {&slopes_, &users_.gradient, &users_.bias_gradient}) {
            for (float& number : *numbers) number *= scale;
        }
    }
    const dot_kernels::Slopes slopes = {slopes_.data(), users_.rows.ids.data(), tables_.user_factors.const_data_ptr<float>(),
                                        tables_.user_factors.size(1)};
    for_pieces(items_.rows, [&](int64_t, int64_t first, int64_t last) {
        dot_kernels::row_gradients(order_of(items_.rows), first, last, slopes, items_.gradients());
    });
    auto &user_rows = users_.rows.distinct, &item_rows = items_.rows.distinct;
    if (!state.strategy->decides_alone() && !state.step.accumulating) {
        // No process has more of a table's rows than of the batch's.
        const int64_t most = state.strategy->share().largest_part(state.rows()), width = tables_.user_factors.size(1);
        const auto all =
            gather_touched_rows(*state.strategy, {users_.touched(width), items_.touched(width)}, {most, most});
        users_.add_up(all, 0);
        items_.add_up(all, 1);
    }
    state.step.row_gradients.push_back({tables_.user_factors, user_rows, users_.gradient});
    state.step.row_gradients.push_back({tables_.item_factors, item_rows, items_.gradient});
    if (!tables_.user_bias.defined()) return;
    state.step.row_gradients.push_back({tables_.user_bias, user_rows, users_.bias_gradient});
    state.step.row_gradients.push_back({tables_.item_bias, item_rows, items_.bias_gradient});
}

StepOffer offer_fused_collab_step(const FitParts& fit) {
    auto tables = tables_of(fit.model.module());
    if (!tables) return {};
    std::string reason = obstacle(*tables, fit);
    if (!reason.empty()) return {.obstacle = std::move(reason)};
    return {.step = std::make_shared<FusedCollabStep>(std::move(*tables))};
}

}  // namespace embark
