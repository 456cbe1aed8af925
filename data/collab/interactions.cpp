#include "interactions.h"

#include <algorithm>
#include <map>
#include <utility>

#include <ATen/ATen.h>

#include "../../core/error.h"
#include "../../core/text.h"
#include "../table/detail/table_impl.h"
#include "detail/interaction_pairs.h"

namespace embark {

namespace {

const std::map<std::string, InteractionSplit> kSplits = {{"random", InteractionSplit::random},
                                                         {"leave-last-out", InteractionSplit::leave_last_out},
                                                         {"temporal", InteractionSplit::temporal},
                                                         {"global-temporal", InteractionSplit::global_temporal}};

void check_options(const InteractionOptions& options) {
    const auto is_share = [](double share) { return share >= 0 && share < 1; };
    require<UsageError>(is_share(options.test_pct) && is_share(options.valid_pct) &&
                            options.test_pct + options.valid_pct < 1,
                        "Invalid shares for testing (", options.test_pct, ") and for choosing settings (",
                        options.valid_pct, "): each is from 0 to below 1, and so is their sum");
    require<UsageError>(!options.positives.lowest || !options.rating_name.empty(), "Positives of at least ",
                        options.positives.lowest.value_or(0), " need the name of the column of ratings");
}

/// The names of a vocabulary that `pairs` have, by `of`.
Vocabulary used(const Vocabulary& all, const std::vector<InteractionPair>& pairs, int64_t InteractionPair::* of) {
    std::vector<char> is_used(static_cast<size_t>(all.size()), 0);
    for (const InteractionPair& pair : pairs) is_used[static_cast<size_t>(pair.*of)] = 1;
    std::vector<std::string> names = {std::string(Vocabulary::kMissing)};
    for (size_t i = 1; i < is_used.size(); ++i) {
        if (is_used[i]) names.push_back(all.names()[i]);
    }
    return Vocabulary::from_names(std::move(names), all.spelling());
}

/// The number in `to` of each name of `from`, 0 where it has none.
std::vector<int64_t> numbers_in(const Vocabulary& to, const Vocabulary& from) {
    std::vector<int64_t> numbers(static_cast<size_t>(from.size()), 0);
    for (size_t i = 1; i < numbers.size(); ++i) numbers[i] = to.index(from.names()[i]);
    return numbers;
}

/// Pairs by the numbers of other vocabularies, ascending.
std::vector<InteractionPair> renumbered(const InteractionPairs& read, const Vocabulary& users, const Vocabulary& items,
                                        std::vector<InteractionPair> pairs) {
    const auto user = numbers_in(users, read.users), item = numbers_in(items, read.items);
    for (InteractionPair& pair : pairs) {
        pair.user = user[static_cast<size_t>(pair.user)];
        pair.item = item[static_cast<size_t>(pair.item)];
    }
    std::ranges::sort(pairs, {}, [](const InteractionPair& pair) { return std::pair(pair.user, pair.item); });
    return pairs;
}

/// Takes the pairs of users whom training has not out of those that are measured, and returns how many users those are.
int64_t drop_unknown_users(std::vector<InteractionPair>& measured, const InteractionPairs& read, const Vocabulary& known) {
    const auto numbers = numbers_in(known, read.users);
    std::vector<char> is_unknown(numbers.size(), 0);
    std::erase_if(measured, [&](const InteractionPair& pair) {
        const auto user = static_cast<size_t>(pair.user);
        if (numbers[user] == 0) is_unknown[user] = 1;
        return numbers[user] == 0;
    });
    return std::ranges::count(is_unknown, 1);
}

at::Tensor popularity_of(const std::vector<InteractionPair>& pairs, int64_t n_items) {
    const at::Tensor sums = at::zeros({n_items}, at::kDouble);
    double* sum = sums.mutable_data_ptr<double>();
    for (const InteractionPair& pair : pairs) sum[pair.item] += pair.weight;
    return sums;
}

/// Pairs of `measured` that are among `trained`, which no ranking of items that are new to a user can have, go.
int64_t drop_known_pairs(std::vector<InteractionPair>& measured, const std::vector<InteractionPair>& trained) {
    const auto before = [](const InteractionPair& a, const InteractionPair& b) {
        return std::pair(a.user, a.item) < std::pair(b.user, b.item);
    };
    return static_cast<int64_t>(std::erase_if(measured, [&](const InteractionPair& pair) {
        return pair.item != 0 && std::ranges::binary_search(trained, pair, before);
    }));
}

std::vector<InteractionPair> of_part(const std::vector<InteractionPair>& pairs,
                                     const std::vector<InteractionPart>& parts, auto&& is_wanted) {
    std::vector<InteractionPair> wanted;
    for (size_t i = 0; i < pairs.size(); ++i) {
        if (is_wanted(parts[i])) wanted.push_back(pairs[i]);
    }
    return wanted;
}

}  // namespace

Positives at_least(double lowest) {
    return {lowest};
}

InteractionSplit interaction_split_of(const std::string& name) {
    const auto found = kSplits.find(name);
    if (found != kSplits.end()) return found->second;
    std::vector<std::string> names;
    for (const auto& [known, split] : kSplits) names.push_back(known);
    fail<UsageError>("Unknown split '", name, "'", name_hint(name, names));
}

bool needs_times(InteractionSplit split) {
    return split != InteractionSplit::random;
}

InteractionPairList interaction_pairs(const Table& table, const InteractionOptions& options,
                                      std::vector<Warning>& warnings) {
    check_options(options);
    const InteractionPairs read = read_interaction_pairs(table, options);
    warnings.insert(warnings.end(), read.warnings.begin(), read.warnings.end());
    InteractionPairList list;
    for (const InteractionPair& pair : read.pairs) list.emplace_back(read.users.name(pair.user), read.items.name(pair.item));
    return list;
}

Table InteractionData::decode(const Batch& batch) const {
    const at::Tensor& x = batch.inputs.at(0);
    const Table users_column = Table::from_text({{user_name, users.decode(x.select(1, 0))}});
    if (x.size(1) == 1) return users_column;
    return users_column.with_column(item_name, items.decode(x.select(1, 1)));
}

struct Interactions::Impl {
    std::shared_ptr<const InteractionData> data;
    InteractionLists train, test;
    int64_t unknown_test_users = 0;
    at::Tensor popularity;
    std::vector<Warning> warnings;
};

/// What is learnt from and what is measured, each by vocabularies of its own where they come from different tables.
struct InteractionParts {
    InteractionPairs train_read, test_read;
    std::vector<InteractionPair> train, measured;
};

Interactions Interactions::of_parts(InteractionParts parts, const InteractionOptions& options) {
    require(!parts.train.empty(), "No pair of user and item is left to learn from; a smaller part must be for measuring");
    auto data = std::make_shared<InteractionData>();
    data->user_name = parts.train_read.user_name;
    data->item_name = parts.train_read.item_name;
    data->rating_name = "score";
    data->users = used(parts.train_read.users, parts.train, &InteractionPair::user);
    data->items = used(parts.train_read.items, parts.train, &InteractionPair::item);
    auto impl = std::make_shared<Impl>();
    impl->warnings = std::move(parts.train_read.warnings);
    const auto warn = [&](const char* code, const auto&... text) { impl->warnings.push_back({code, concat(text...)}); };

    const bool is_measured = !parts.measured.empty();
    impl->unknown_test_users = drop_unknown_users(parts.measured, parts.test_read, data->users);
    if (impl->unknown_test_users > 0) {
        warn("unknown_users", impl->unknown_test_users, impl->unknown_test_users == 1 ? " user" : " users",
             " of the measured part ", impl->unknown_test_users == 1 ? "has" : "have",
             " nothing in the training part, and cannot be measured");
    }
    const auto train = renumbered(parts.train_read, data->users, data->items, std::move(parts.train));
    auto measured = renumbered(parts.test_read, data->users, data->items, std::move(parts.measured));
    if (const int64_t known = drop_known_pairs(measured, train); known > 0) {
        warn("known_pairs", known, known == 1 ? " pair" : " pairs", " of the measured part ", known == 1 ? "is" : "are",
             " in the training part too, and ", known == 1 ? "is" : "are", " not measured: items that a user had are not "
             "recommended");
    }
    require(!is_measured || !measured.empty(), "Nothing can be measured: no user of the measured part has an item there that "
            "is new to them, and something in the training part");
    const auto unknown_items = std::ranges::count(measured, 0, &InteractionPair::item);
    if (unknown_items > 0) {
        warn("unknown_items", unknown_items, unknown_items == 1 ? " pair" : " pairs",
             " of the measured part name items that the training part has not; no model can find them, and they count "
             "as missed");
    }
    impl->train = lists_of_pairs(train, data->users.size());
    impl->test = lists_of_pairs(measured, data->users.size());
    impl->popularity = popularity_of(train, data->items.size());

    const at::Tensor pairs = at::empty({std::ssize(train), 2}, at::kLong);
    int64_t* to = pairs.mutable_data_ptr<int64_t>();
    for (const InteractionPair& pair : train) {
        *to++ = pair.user;
        *to++ = pair.item;
    }
    data->each_train_pairs = [pairs](const auto& visit) { visit(pairs); };
    if (options.user_table) {
        data->user_features = fit_side_features(*options.user_table, data->user_name, data->users, data->users.size(),
                                                impl->warnings);
    }
    if (options.item_table) {
        data->item_features = fit_side_features(*options.item_table, data->item_name, data->items, data->items.size(),
                                                impl->warnings);
    }
    impl->data = std::move(data);
    return Interactions(std::move(impl));
}

Interactions Interactions::from_table(const Table& table, const InteractionOptions& options) {
    check_options(options);
    require<UsageError>(!needs_times(options.split) || !options.time_name.empty(),
                        "A split by time needs the name of the column of times");
    InteractionPairs read = read_interaction_pairs(table, options);
    const auto parts = split_pairs(read.pairs, options);
    auto train = of_part(read.pairs, parts, [&](InteractionPart part) {
        return part == InteractionPart::train || (part == InteractionPart::valid && !options.choose_settings);
    });
    const auto wanted = options.choose_settings ? InteractionPart::valid : InteractionPart::test;
    auto measured = of_part(read.pairs, parts, [&](InteractionPart part) { return part == wanted; });
    const bool by_share = options.split != InteractionSplit::leave_last_out;
    const double share = options.choose_settings ? options.valid_pct : options.test_pct;
    require(!measured.empty() || (by_share && share == 0), "No user of ", display_name(table.source()),
            " has enough items for a part to measure on: the ", read.pairs.size(), " pairs are of ",
            read.users.size() - 1, " users");
    InteractionPairs numbers = {read.user_name, read.item_name, read.users, read.items, {}, {}};
    return of_parts({std::move(read), std::move(numbers), std::move(train), std::move(measured)}, options);
}

Interactions Interactions::from_tables(const Table& train, const Table& test, const InteractionOptions& options) {
    check_options(options);
    InteractionPairs train_read = read_interaction_pairs(train, options);
    InteractionPairs test_read = read_interaction_pairs(test, options);
    auto train_pairs = train_read.pairs, measured = test_read.pairs;
    return of_parts({std::move(train_read), std::move(test_read), std::move(train_pairs), std::move(measured)}, options);
}

const std::shared_ptr<const InteractionData>& Interactions::data() const {
    return impl_->data;
}
const Vocabulary& Interactions::users() const {
    return impl_->data->users;
}
const Vocabulary& Interactions::items() const {
    return impl_->data->items;
}
const InteractionLists& Interactions::train() const {
    return impl_->train;
}
const InteractionLists& Interactions::test() const {
    return impl_->test;
}
int64_t Interactions::unknown_test_users() const {
    return impl_->unknown_test_users;
}
const at::Tensor& Interactions::popularity() const {
    return impl_->popularity;
}
const std::vector<Warning>& Interactions::warnings() const {
    return impl_->warnings;
}

}  // namespace embark
