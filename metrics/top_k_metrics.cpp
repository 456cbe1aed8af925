#include "top_k_metrics.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>
#include <utility>

#include <ATen/ATen.h>

#include "../core/error.h"
#include "../core/text.h"

namespace embark {

namespace {

using Kind = TopKMetric::Kind;
const std::vector<std::pair<std::string, Kind>> kKinds = {
    {"recall", Kind::recall}, {"precision", Kind::precision}, {"hit_rate", Kind::hit_rate}, {"ndcg", Kind::ndcg},
    {"mrr", Kind::mrr},       {"map", Kind::map},             {"coverage", Kind::coverage}};

/// For each place of one user's ranking, from the first, whether the item there is to be found.
std::vector<char> hits_of(const int64_t* ranking, int64_t k, std::vector<int64_t>& relevant) {
    std::ranges::sort(relevant);
    std::vector<char> hits(static_cast<size_t>(k));
    for (size_t place = 0; place < hits.size(); ++place) {
        hits[place] = ranking[place] > 0 && std::ranges::binary_search(relevant, ranking[place]);
    }
    return hits;
}

/// The integer that all of `text` is.
std::optional<int64_t> integer_of(std::string_view text) {
    int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

double gain_at(size_t place) {
    return 1 / std::log2(static_cast<double>(place) + 2);
}

/// One user's figure; `n_relevant` of at least 1.
double value_of(const TopKMetric& metric, const std::vector<char>& all_hits, int64_t n_relevant) {
    const auto k = static_cast<size_t>(metric.k);
    const auto last = all_hits.begin() + metric.k;
    const auto found = static_cast<double>(std::count(all_hits.begin(), last, 1));
    const auto findable = static_cast<size_t>(std::min(n_relevant, metric.k));
    double sum = 0, best = 0, seen = 0;
    switch (metric.kind) {
        case Kind::recall: return found / static_cast<double>(n_relevant);
        case Kind::precision: return found / static_cast<double>(k);
        case Kind::hit_rate: return found > 0;
        case Kind::mrr: {
            const auto first = std::find(all_hits.begin(), last, 1);
            return first == last ? 0 : 1 / static_cast<double>(first - all_hits.begin() + 1);
        }
        case Kind::ndcg:
            for (size_t place = 0; place < k; ++place) sum += all_hits[place] ? gain_at(place) : 0;
            for (size_t place = 0; place < findable; ++place) best += gain_at(place);
            return sum / best;
        case Kind::map:
            for (size_t place = 0; place < k; ++place) {
                if (all_hits[place]) sum += ++seen / static_cast<double>(place + 1);
            }
            return sum / static_cast<double>(findable);
        case Kind::coverage: break;
    }
    return 0;
}

}  // namespace

std::string TopKMetric::name() const {
    const auto known = std::ranges::find(kKinds, kind, &std::pair<std::string, Kind>::second);
    return concat(known->first, "@", k);
}

TopKMetric top_k_metric(const std::string& name) {
    const size_t at = name.find('@');
    const std::string kind = name.substr(0, at);
    const auto known = std::ranges::find(kKinds, kind, &std::pair<std::string, Kind>::first);
    if (known == kKinds.end()) {
        std::vector<std::string> names;
        for (const auto& [other, of] : kKinds) names.push_back(other);
        fail<UsageError>("Unknown metric '", name, "' of rankings", name_hint(kind, names), ", each with a k, as ndcg@10");
    }
    const auto k = at == std::string::npos ? std::nullopt : integer_of(std::string_view(name).substr(at + 1));
    require<UsageError>(k && *k >= 1, "Invalid metric '", name, "': it needs how many items of a ranking it looks at, at ",
                        "least 1, as ", kind, "@10");
    return {known->second, *k};
}

std::vector<TopKMetric> top_k_metrics(const std::string& names) {
    std::vector<TopKMetric> metrics;
    for (size_t begin = 0; begin <= names.size();) {
        const size_t end = std::min(names.find(',', begin), names.size());
        metrics.push_back(top_k_metric(names.substr(begin, end - begin)));
        for (size_t i = 0; i + 1 < metrics.size(); ++i) {
            require<UsageError>(metrics[i].name() != metrics.back().name(), "The metric ", metrics.back().name(),
                                " is given twice");
        }
        begin = end + 1;
    }
    return metrics;
}

int64_t largest_k(const std::vector<TopKMetric>& metrics) {
    int64_t k = 1;
    for (const auto& metric : metrics) k = std::max(k, metric.k);
    return k;
}

TopKScores::TopKScores(std::vector<TopKMetric> metrics, int64_t n_items)
    : metrics_(std::move(metrics)), n_items_(n_items), sums_(metrics_.size(), 0), covered_(metrics_.size()) {
    for (size_t i = 0; i < metrics_.size(); ++i) {
        if (metrics_[i].kind == Kind::coverage) covered_[i].resize(static_cast<size_t>(n_items) + 1, 0);
    }
}

void TopKScores::add(const at::Tensor& rankings, const RelevantItems& relevant) {
    const int64_t k = largest_k(metrics_), width = rankings.size(1), n = rankings.size(0);
    require(width >= k, "Rankings of ", width, " items have no figure of the first ", k);
    const at::Tensor all = rankings.contiguous();
    const int64_t *ranking = all.const_data_ptr<int64_t>(), *offsets = relevant.offsets.const_data_ptr<int64_t>(),
                  *items = relevant.items.const_data_ptr<int64_t>();
    for (int64_t row = 0; row < n; ++row, ranking += width) {
        std::vector<int64_t> to_find(items + offsets[row], items + offsets[row + 1]);
        if (to_find.empty()) continue;
        ++users_;
        const auto n_relevant = std::ssize(to_find);
        const std::vector<char> hits = hits_of(ranking, k, to_find);
        for (size_t i = 0; i < metrics_.size(); ++i) {
            sums_[i] += value_of(metrics_[i], hits, n_relevant);
            if (covered_[i].empty()) continue;
            for (int64_t place = 0; place < metrics_[i].k; ++place) {
                if (ranking[place] > 0) covered_[i].at(static_cast<size_t>(ranking[place])) = 1;
            }
        }
    }
}

std::map<std::string, double> TopKScores::values() const {
    require(users_ > 0, "There is no user with an item to find, so that rankings cannot be measured");
    std::map<std::string, double> values;
    for (size_t i = 0; i < metrics_.size(); ++i) {
        const bool is_coverage = metrics_[i].kind == Kind::coverage;
        const auto covered = static_cast<double>(std::ranges::count(covered_[i], 1));
        values[metrics_[i].name()] = is_coverage ? covered / static_cast<double>(std::max<int64_t>(1, n_items_))
                                                 : sums_[i] / static_cast<double>(users_);
    }
    return values;
}

}  // namespace embark
