#include "factorization_pass.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <ATen/autocast_mode.h>
#include <torch/csrc/jit/frontend/tracer.h>
#include <torch/torch.h>

#include "../../core/detail/parallel.h"
#include "../../core/error.h"
#include "../../core/tensors.h"
#include "../factorization_model.h"
#include "bag_kernels.h"

namespace embark {

namespace {

namespace kernels = bag_kernels;
using FactorizationSide = FactorizationModelImpl::Side;

/// Rows and columns that are worth a thread.
constexpr int64_t kRowGrain = 256, kColumnGrain = 16;

kernels::BagLists lists_of(const Bags& bags) {
    return {bags.offsets.const_data_ptr<int64_t>(), bags.indices.const_data_ptr<int64_t>(),
            bags.weights.const_data_ptr<float>()};
}

/// Users or items of a batch. Of the pass's parameters `first` are the factors, `first` + 1 the biases, and so on for
/// each term.
struct BatchSide {
    size_t first = 0;
    at::Tensor rows;           // (n)
    at::Tensor distinct = {};  // (d)
    // (n): the row of the tables, and of the sums of `distinct`, that each takes its numbers from, where these are cut
    // into slices.
    at::Tensor table_slices = {}, sum_slices = {};
    std::vector<Bags> bags = {};
    Tensors own = {};  // for each term (n) weights that are left out, or undefined
};

/// A pass, from the rows of a batch to its scores, and what the way back needs.
struct FactorizationPass : torch::CustomClassHolder {
    BatchSide users, items;
    /// (n, members · n_factors), as they were multiplied.
    at::Tensor user_factors, item_factors;
    /// (n) slices of the tables of days that there are, whose parameters come last.
    Tensors days;
    /// Whose scores each row has: in training one, its own, and then every table's row is cut into a slice for each member.
    int64_t members = 1, slices = 1;
    double offset = 0;
};

const int64_t* numbers(const at::Tensor& rows) {
    return rows.const_data_ptr<int64_t>();
}

bool is_plain_table(const torch::nn::Embedding& table) {
    const auto& weight = table->weight;
    return weight.is_cpu() && weight.scalar_type() == at::kFloat && weight.is_contiguous();
}

bool are_plain(const FactorizationSide& side) {
    if (!is_plain_table(side.factors) || !is_plain_table(side.bias)) return false;
    return std::ranges::all_of(side.terms, [](const auto& term) {
        return is_plain_table(term.factors) && is_plain_table(term.bias) && term.bags.weights.scalar_type() == at::kFloat;
    });
}

bool are_rows_of(const at::Tensor& rows, const torch::nn::Embedding& table) {
    const auto [least, most] = at::aminmax(rows);
    return least.item<int64_t>() >= 0 && most.item<int64_t>() < table->weight.size(0);
}

BatchSide batch_side(const FactorizationSide& side, at::Tensor rows, const at::Tensor& partners, bool training,
                     int64_t slices, Tensors& parameters) {
    BatchSide batch{.first = parameters.size(), .rows = std::move(rows)};
    auto [distinct, places] = at::_unique(batch.rows, /*sorted=*/true, /*return_inverse=*/true);
    batch.distinct = std::move(distinct);
    batch.table_slices = member_slices(batch.rows, slices);
    batch.sum_slices = member_slices(places, slices);
    parameters.insert(parameters.end(), {side.factors->weight, side.bias->weight});
    for (const auto& term : side.terms) {
        parameters.insert(parameters.end(), {term.factors->weight, term.bias->weight});
        batch.bags.push_back(term.bags);
        batch.own.push_back(training && term.leave_one_out ? own_weights(term.bags, batch.rows, partners)
                                                           : at::Tensor());
    }
    return batch;
}

/// The vectors of a batch's rows in the tables `which` (0 factors, 1 biases): (n, width).
at::Tensor add_up_vectors(const FactorizationPass& pass, const BatchSide& side, const BatchSide& partners,
                          at::TensorList parameters, size_t which) {
    const at::Tensor& table = parameters[side.first + which];
    const int64_t whole = table.size(1), width = whole / pass.slices;
    const int64_t n = side.rows.numel(), d = side.distinct.numel();
    const at::Tensor sums = at::empty({d, whole}, at::kFloat), vectors = at::empty({n, width}, at::kFloat);
    auto *sum = sums.mutable_data_ptr<float>(), *to = vectors.mutable_data_ptr<float>();
    parallel_for(d, kRowGrain / 4, [&](int64_t begin, int64_t end) {
        const int64_t* rows = numbers(side.distinct) + begin;
        kernels::take(table.const_data_ptr<float>(), rows, end - begin, whole, sum + begin * whole);
        for (size_t t = 0; t < side.bags.size(); ++t) {
            const auto* of_term = parameters[side.first + 2 * (t + 1) + which].const_data_ptr<float>();
            kernels::add_bags(lists_of(side.bags[t]), rows, end - begin, of_term, whole, sum + begin * whole);
        }
    });
    parallel_for(n, kRowGrain, [&](int64_t begin, int64_t end) {
        kernels::take(sum, numbers(side.sum_slices) + begin, end - begin, width, to + begin * width);
        for (size_t t = 0; t < side.bags.size(); ++t) {
            if (!side.own[t].defined()) continue;
            kernels::subtract(side.own[t].const_data_ptr<float>() + begin,
                              parameters[side.first + 2 * (t + 1) + which].const_data_ptr<float>(),
                              numbers(partners.table_slices) + begin, end - begin, width, to + begin * width);
        }
    });
    return vectors;
}

/// Calls f(columns) for parts of a matrix's `width` columns.
template <class F>
void each_columns(int64_t width, const F& f) {
    parallel_for(width, kColumnGrain, [&](int64_t begin, int64_t end) { f(kernels::Columns{width, begin, end}); });
}

/// Adds the gradients of one side's tables `which`: each row's is its slopes times `others` (n, width), or 1.
void add_side_gradients(const FactorizationPass& pass, const BatchSide& side, const BatchSide& partners,
                        const float* slopes, const at::Tensor& others, at::TensorList parameters, size_t which,
                        Tensors& gradients) {
    const int64_t whole = parameters[side.first + which].size(1), width = whole / pass.slices;
    const int64_t n = side.rows.numel(), d = side.distinct.numel();
    const float* other = others.defined() ? others.const_data_ptr<float>() : nullptr;
    const at::Tensor sums = at::zeros({d, whole}, at::kFloat);
    auto* sum = sums.mutable_data_ptr<float>();
    for (size_t t = 0; t <= side.bags.size(); ++t) {
        auto& gradient = gradients[side.first + 2 * t + which];
        gradient = at::zeros_like(parameters[side.first + 2 * t + which]);
    }
    const auto data = [&](size_t table) { return gradients[side.first + 2 * table + which].mutable_data_ptr<float>(); };
    const auto add_products = [&](const float* scales, const at::Tensor& rows, float* to) {
        const kernels::SlopeRows by = {slopes, scales, n, pass.members, width / pass.members};
        each_columns(width, [&](kernels::Columns columns) {
            kernels::add_products(by, other, numbers(rows), columns, to);
        });
    };
    add_products(nullptr, side.sum_slices, sum);
    each_columns(whole, [&](kernels::Columns columns) {
        kernels::add_to_rows(sum, numbers(side.distinct), d, columns, data(0));
        for (size_t t = 0; t < side.bags.size(); ++t) {
            kernels::add_to_bags(lists_of(side.bags[t]), numbers(side.distinct), d, sum, columns, data(t + 1));
        }
    });
    for (size_t t = 0; t < side.own.size(); ++t) {
        if (!side.own[t].defined()) continue;
        const at::Tensor negative = side.own[t].neg();
        add_products(negative.const_data_ptr<float>(), partners.table_slices, data(t + 1));
    }
}

/// (n, members)
at::Tensor score(FactorizationPass& pass, at::TensorList parameters) {
    const auto &users = pass.users, &items = pass.items;
    pass.user_factors = add_up_vectors(pass, users, items, parameters, 0);
    pass.item_factors = add_up_vectors(pass, items, users, parameters, 0);
    at::Tensor scores = add_up_vectors(pass, users, items, parameters, 1);
    scores.add_(add_up_vectors(pass, items, users, parameters, 1)).add_(pass.offset);
    const size_t first_day = parameters.size() - pass.days.size();
    for (size_t i = 0; i < pass.days.size(); ++i) {
        scores.add_(parameters[first_day + i].view({-1, pass.members}).index_select(0, pass.days[i]));
    }
    const int64_t width = pass.user_factors.size(1);
    const auto *a = pass.user_factors.const_data_ptr<float>(), *b = pass.item_factors.const_data_ptr<float>();
    auto* to = scores.mutable_data_ptr<float>();
    parallel_for(scores.size(0), kRowGrain, [&](int64_t begin, int64_t end) {
        kernels::add_dots(a + begin * width, b + begin * width, end - begin, pass.members, width / pass.members,
                          to + begin * pass.members);
    });
    return scores;
}

class FactorizationNode : public torch::autograd::Function<FactorizationNode> {
public:
    static at::Tensor forward(torch::autograd::AutogradContext* context,
                              const c10::intrusive_ptr<FactorizationPass>& pass, at::TensorList parameters) {
        const at::AutoDispatchBelowAutograd below;
        at::Tensor scores = score(*pass, parameters);
        context->save_for_backward(parameters.vec());
        context->saved_data["pass"] = torch::IValue::make_capsule(pass);
        return scores;
    }

    static Tensors backward(torch::autograd::AutogradContext* context, Tensors of_outputs) {
        require(!at::GradMode::is_enabled(), "A FactorizationModel in one node of autograd has no second derivatives; "
                                             "make it with fused = false");
        const auto pass =
            c10::static_intrusive_pointer_cast<FactorizationPass>(context->saved_data.at("pass").toCapsule());
        const Tensors parameters = context->get_saved_variables();
        const at::AutoDispatchBelowAutograd below;
        Tensors gradients(parameters.size());
        const at::Tensor of_scores = of_outputs.front().contiguous();
        const auto* slopes = of_scores.const_data_ptr<float>();
        const auto &users = pass->users, &items = pass->items;
        for (const size_t which : {0, 1}) {
            const at::Tensor none;
            add_side_gradients(*pass, users, items, slopes, which == 0 ? pass->item_factors : none, parameters, which,
                               gradients);
            add_side_gradients(*pass, items, users, slopes, which == 0 ? pass->user_factors : none, parameters, which,
                               gradients);
        }
        const size_t first_day = parameters.size() - pass->days.size();
        for (size_t i = 0; i < pass->days.size(); ++i) {
            const at::Tensor& table = parameters[first_day + i];
            gradients[first_day + i] =
                at::zeros_like(table).view({-1, pass->members}).index_add_(0, pass->days[i], of_scores).view_as(table);
        }
        gradients.insert(gradients.begin(), at::Tensor());  // of the pass
        return gradients;
    }
};

}  // namespace

at::Tensor member_slices(const at::Tensor& rows, int64_t slices) {
    return slices == 1 ? rows : rows * slices + at::arange(rows.numel(), rows.options()).remainder_(slices);
}

at::Tensor own_weights(const Bags& bags, const at::Tensor& rows, const at::Tensor& partners) {
    const Bags on_cpu = {bags.offsets.cpu(), bags.indices.cpu(), bags.weights.to(at::kCPU, at::kFloat)};
    const at::Tensor of_rows = rows.cpu().contiguous(), of_partners = partners.cpu().contiguous();
    const auto lists = lists_of(on_cpu);
    const at::Tensor weights = at::zeros({of_rows.numel()}, at::kFloat);
    auto* to = weights.mutable_data_ptr<float>();
    for (int64_t i = 0; i < of_rows.numel(); ++i) {
        const int64_t row = numbers(of_rows)[i], partner = numbers(of_partners)[i];
        const int64_t *begin = lists.indices + lists.offsets[row], *end = lists.indices + lists.offsets[row + 1];
        const auto* found = std::lower_bound(begin, end, partner);
        if (found != end && *found == partner) to[i] = lists.weights[found - lists.indices];
    }
    return weights;
}

std::optional<at::Tensor> one_node_scores(const FactorizationModelImpl& model, const at::Tensor& x) {
    if (!model.options.fused || at::autocast::is_autocast_enabled(at::kCPU) || torch::jit::tracer::isTracing() ||
        !x.is_cpu() || x.scalar_type() != at::kLong || x.size(0) == 0 || !are_plain(model.users) ||
        !are_plain(model.items)) {
        return std::nullopt;
    }
    const at::Tensor columns = x.t().contiguous();
    if (!are_rows_of(columns[0], model.users.factors) || !are_rows_of(columns[1], model.items.factors)) return std::nullopt;
    auto pass = c10::make_intrusive<FactorizationPass>();
    Tensors parameters;
    const bool training = model.is_training();
    pass->slices = training ? model.options.members : 1;
    pass->members = model.options.members / pass->slices;
    pass->users = batch_side(model.users, columns[0], columns[1], training, pass->slices, parameters);
    pass->items = batch_side(model.items, columns[1], columns[0], training, pass->slices, parameters);
    pass->offset = model.options.offset;
    for (const auto& [table, column] : {std::pair(model.day_bias, 2), std::pair(model.user_day_bias, 3)}) {
        if (!table || columns.size(0) == 2) continue;
        if (!is_plain_table(table) || !are_rows_of(columns[column], table)) return std::nullopt;
        pass->days.push_back(member_slices(columns[column], pass->slices));
        parameters.push_back(table->weight);
    }
    if (at::GradMode::is_enabled()) return FactorizationNode::apply(pass, at::TensorList(parameters));
    return score(*pass, parameters);
}

}  // namespace embark
