#include "factorization_model.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <tuple>
#include <utility>

#include <torch/torch.h>

#include "../core/error.h"
#include "detail/bag_sums.h"
#include "detail/factorization_pass.h"

namespace embark {

namespace {

void check_term(const FactorizationTerm& term, int64_t rows, std::set<std::string>& names) {
    require<UsageError>(!term.name.empty() && term.name.find('.') == std::string::npos && names.insert(term.name).second,
                        "A FactorizationTerm cannot be called '", term.name,
                        "': each has a name of its own, without a point, other than user, item and day");
    require<UsageError>(term.bags.defined() && term.bags.offsets.numel() == rows + 1 &&
                            term.bags.indices.numel() == term.bags.weights.numel(),
                        "The bags of the term '", term.name, "' must have a list for each of the ", rows,
                        " rows that they are added to, and a weight for each index");
    if (term.bags.indices.numel() == 0) return;
    const auto last = term.bags.indices.max().item<int64_t>(), first = term.bags.indices.min().item<int64_t>();
    require<UsageError>(first >= 0 && last < term.rows, "The bags of the term '", term.name, "' name the rows ", first,
                        " to ", last, " of a table that has ", term.rows);
}

void check_options(const FactorizationOptions& options) {
    require<UsageError>(options.n_factors >= 1, "Invalid n_factors ", options.n_factors, ": at least 1 is needed");
    require<UsageError>(options.n_users >= 1 && options.n_items >= 1, "Invalid numbers of users (", options.n_users,
                        ") and items (", options.n_items, "): at least 1 of each is needed");
    require<UsageError>(options.members >= 1, "Invalid number of members ", options.members, ": at least 1 is needed");
    require<UsageError>(options.n_days >= 0 && options.n_user_days >= 0, "Invalid numbers of days: at least 0 is needed");
    require<UsageError>(options.init_std >= 0, "Invalid init_std ", options.init_std, ": at least 0 is needed");
    check_y_range(options.y_range);
    std::set<std::string> names = {"user", "item", "day", "user_day"};
    for (const auto& term : options.user_terms) check_term(term, options.n_users, names);
    for (const auto& term : options.item_terms) check_term(term, options.n_items, names);
}

at::TensorOptions table_options(const FactorizationModelImpl::Side& side) {
    return side.factors->weight.options().requires_grad(false);
}

struct Vectors {
    at::Tensor factors, bias;
};

/// The vectors of `rows`, whatever is left out.
Vectors vectors_of(const FactorizationModelImpl::Side& side, const at::Tensor& rows) {
    Vectors sum = {side.factors->weight.index_select(0, rows), side.bias->weight.index_select(0, rows)};
    for (const auto& term : side.terms) {
        sum.factors = sum.factors + bag_sums(term.bags, rows, term.factors->weight);
        sum.bias = sum.bias + bag_sums(term.bags, rows, term.bias->weight);
    }
    return sum;
}

/// Of a table whose rows are cut into `n_slices` each, those that `slices` (n) name (see member_slices).
at::Tensor take_slices(const at::Tensor& table, const at::Tensor& slices, int64_t n_slices) {
    return (n_slices == 1 ? table : table.view({-1, table.size(1) / n_slices})).index_select(0, slices);
}

/// The vectors of a batch's `rows` (n) with `partners` (n) on the other side; with several slices, one of them for each.
Vectors batch_vectors(const FactorizationModelImpl::Side& side, const at::Tensor& rows, const at::Tensor& partners,
                      bool training, int64_t n_slices) {
    if (side.terms.empty()) {
        const auto of_rows = member_slices(rows, n_slices);
        return {take_slices(side.factors->weight, of_rows, n_slices), take_slices(side.bias->weight, of_rows, n_slices)};
    }
    const auto [distinct, places] = at::_unique(rows, /*sorted=*/true, /*return_inverse=*/true);
    Vectors sum = vectors_of(side, distinct);
    const auto of_sums = member_slices(places, n_slices), of_partners = member_slices(partners, n_slices);
    sum = {take_slices(sum.factors, of_sums, n_slices), take_slices(sum.bias, of_sums, n_slices)};
    for (const auto& term : side.terms) {
        if (!training || !term.leave_one_out) continue;
        const auto own = own_weights(with_integers(term.bags), rows, partners).to(table_options(side)).unsqueeze(1);
        sum.factors = sum.factors - own * take_slices(term.factors->weight, of_partners, n_slices);
        sum.bias = sum.bias - own * take_slices(term.bias->weight, of_partners, n_slices);
    }
    return sum;
}

}  // namespace

FactorizationModelImpl::FactorizationModelImpl(FactorizationOptions options_) : options(std::move(options_)) {
    check_options(options);
    reset();
}

torch::nn::Embedding FactorizationModelImpl::table(const std::string& name, int64_t rows, int64_t width, double std) {
    torch::nn::Embedding layer(rows, width);
    {
        at::NoGradGuard no_grad;
        if (std > 0) {
            layer->weight.normal_(0, std);
        } else {
            layer->weight.zero_();
        }
    }
    return register_module(name, std::move(layer));
}

FactorizationModelImpl::Side FactorizationModelImpl::register_side(const std::string& name, int64_t rows,
                                                                   const std::vector<FactorizationTerm>& terms) {
    const int64_t width = options.members * options.n_factors;
    Side side = {.factors = table(name + "_factors", rows, width, options.init_std),
                 .bias = table(name + "_bias", rows, options.members, 0),
                 .terms = {}};
    for (const auto& term : terms) {
        side.terms.push_back(
            {.factors = table(term.name + "_factors", term.rows, width, options.init_std),
             .bias = table(term.name + "_bias", term.rows, options.members, 0),
             .bags = {.offsets = register_buffer(term.name + "_offsets", term.bags.offsets.clone()),
                      .indices = register_buffer(term.name + "_indices", term.bags.indices.clone()),
                      .weights = register_buffer(term.name + "_weights", term.bags.weights.clone())},
             .leave_one_out = term.leave_one_out});
    }
    return side;
}

void FactorizationModelImpl::reset() {
    users = register_side("user", options.n_users, options.user_terms);
    items = register_side("item", options.n_items, options.item_terms);
    if (options.n_days > 0) day_bias = table("day_bias", options.n_days, options.members, 0);
    if (options.n_user_days > 0) user_day_bias = table("user_day_bias", options.n_user_days, options.members, 0);
}

void FactorizationModelImpl::pretty_print(std::ostream& stream) const {
    stream << "embark::FactorizationModel(n_users=" << options.n_users << ", n_items=" << options.n_items
           << ", n_factors=" << options.n_factors;
    for (const auto& term : options.user_terms) stream << ", users+=" << term.name << " of " << term.rows;
    for (const auto& term : options.item_terms) stream << ", items+=" << term.name << " of " << term.rows;
    if (options.n_days > 0) stream << ", days=" << options.n_days;
    if (options.n_user_days > 0) stream << ", user_days=" << options.n_user_days;
    if (options.members > 1) stream << ", members=" << options.members;
    if (!options.y_range.empty()) {
        stream << (options.clip ? ", clipped to (" : ", y_range=(") << options.y_range.low << ", "
               << options.y_range.high << ")";
    }
    stream << ")";
}

/// (n, members), in training (n, 1).
at::Tensor FactorizationModelImpl::scores(const at::Tensor& x) {
    if (auto sum = one_node_scores(*this, x)) return *std::move(sum);
    const bool training = is_training();
    const int64_t slices = training ? options.members : 1, members = options.members / slices;
    const auto user = x.select(1, 0), item = x.select(1, 1);
    const Vectors u = batch_vectors(users, user, item, training, slices),
                  v = batch_vectors(items, item, user, training, slices);
    const auto products = u.factors * v.factors;
    const auto dots = members == 1 ? products.sum(1, /*keepdim=*/true)
                                   : products.unflatten(1, {members, options.n_factors}).sum(2);
    auto sum = dots + u.bias + v.bias + options.offset;
    if (x.size(1) == 2) return sum;
    for (const auto& [table, column] : {std::pair(day_bias, 2), std::pair(user_day_bias, 3)}) {
        if (table) sum = sum + take_slices(table->weight, member_slices(x.select(1, column), slices), slices);
    }
    return sum;
}

at::Tensor FactorizationModelImpl::forward(const at::Tensor& x) {
    require(x.dim() == 2 && (x.size(1) == 2 || x.size(1) == 4), "A FactorizationModel takes (n, 2) users and items, or ",
            "(n, 4) with days and user-days, not ", x.sizes());
    require(!users.factors->options.sparse(),
            "A FactorizationModel cannot be updated lazily: its sums touch rows that a batch does not name; train it with "
            "embedding_update = dense");
    auto sum = scores(x);
    if (!options.y_range.empty()) {
        if (!options.clip) {
            sum = sigmoid_range(sum, options.y_range);
        } else if (!is_training()) {
            sum = sum.clamp(options.y_range.low, options.y_range.high);
        }
    }
    return sum.size(1) == 1 ? sum : sum.mean(1, /*keepdim=*/true);
}

std::shared_ptr<FactorizationModelImpl> FactorizationModelImpl::added_up() {
    FactorizationOptions plain = options;
    plain.user_terms.clear();
    plain.item_terms.clear();
    plain.n_days = plain.n_user_days = 0;
    plain.init_std = 0;
    auto model = std::make_shared<FactorizationModelImpl>(plain);
    at::NoGradGuard no_grad;
    for (const auto& [from, to] : {std::pair(&users, &model->users), std::pair(&items, &model->items)}) {
        const auto rows = at::arange(from->factors->weight.size(0), from->factors->weight.options().dtype(at::kLong));
        const Vectors sum = vectors_of(*from, rows);
        to->factors->weight.set_data(sum.factors);
        to->bias->weight.set_data(sum.bias);
    }
    model->eval();
    return model;
}

/// What users rated: the term of users whose own entry is left out.
const FactorizationModelImpl::Side::Term* FactorizationModelImpl::rated_term() const {
    const auto term = std::ranges::find_if(users.terms, [](const auto& each) { return each.leave_one_out; });
    return term == users.terms.end() ? nullptr : &*term;
}

bool FactorizationModelImpl::knows_new_users() const {
    return rated_term() != nullptr && (options.clip || options.y_range.empty());
}

Tensors FactorizationModelImpl::new_user_parts() {
    require<UsageError>(knows_new_users(), "A new user can be known by ratings where the model adds up what users rated, "
                                           "and its predictions are clipped to the range, not brought there by a sigmoid");
    at::NoGradGuard no_grad;
    const auto whole = added_up();
    const auto vectors = [&](const torch::nn::Embedding& table) {
        const auto& weight = table->weight;
        return weight.to(at::kCPU, at::kDouble).view({weight.size(0), options.members, options.n_factors}).transpose(0, 1).contiguous();
    };
    const auto biases = [](const torch::nn::Embedding& table) {
        return table->weight.to(at::kCPU, at::kDouble).t().contiguous();
    };
    at::Tensor prior = at::full({options.n_factors + 1}, options.new_user_decay, at::kDouble);
    prior[-1] = options.new_user_bias_decay;
    const double none = std::numeric_limits<double>::infinity();
    const bool ranged = !options.y_range.empty();
    const auto numbers = at::tensor({options.offset, ranged ? options.y_range.low : -none,
                                     ranged ? options.y_range.high : none}, at::kDouble);
    return {vectors(whole->items.factors), biases(whole->items.bias), vectors(rated_term()->factors),
            biases(rated_term()->bias), prior.diag(), numbers};
}

at::Tensor FactorizationModelImpl::new_user_predictions(const at::Tensor& rated_items, const at::Tensor& ratings) {
    const Tensors parts = new_user_parts();
    const auto &factors = parts[0], &bias = parts[1], &prior = parts[4], &numbers = parts[5];
    const double share = 1 / std::sqrt(static_cast<double>(rated_items.numel()));
    const auto rated = parts[2].index_select(1, rated_items) * share, rated_b = parts[3].index_select(1, rated_items) * share;
    const auto sums = rated.sum(1, /*keepdim=*/true), sums_b = rated_b.sum(1, /*keepdim=*/true);
    const auto seen = factors.index_select(1, rated_items);
    const auto left = ratings - numbers[0] - bias.index_select(1, rated_items) - (sums_b - rated_b) -
                      ((sums - rated) * seen).sum(2);
    const auto known = at::cat({seen, at::ones_like(seen.narrow(2, 0, 1))}, 2), of_known = known.transpose(1, 2);
    const auto own = at::linalg_solve(of_known.matmul(known) + prior, of_known.matmul(left.unsqueeze(2)));
    const auto user = sums.transpose(1, 2) + own.narrow(1, 0, options.n_factors);
    const auto scores = numbers[0] + sums_b + own.select(1, options.n_factors) + bias + factors.matmul(user).squeeze(2);
    return scores.clamp(numbers[1], numbers[2]).mean(0);
}

}  // namespace embark
