#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

namespace embark {

/// A figure of the first k items of rankings: "ndcg@10". Each but coverage is a mean over users.
struct TopKMetric {
    /// The figures that there are.
    enum class Kind {
        recall,     ///< items found / items that there are to find
        precision,  ///< items found / k
        hit_rate,   ///< 1 where any is found, else 0
        /// Σ 1/log₂(place + 1) of the items found, over the highest that could be (Järvelin and Kekäläinen 2002)
        ndcg,
        mrr,      ///< 1 / the place of the first one found, 0 where none is
        map,      ///< Σ precision at the place of each one found / min(k, items that there are to find)
        coverage  ///< items that are in any of the rankings / all items
    };
    Kind kind = Kind::ndcg;  ///< what is computed
    int64_t k = 10;          ///< items of each ranking that are looked at, the first ones
    /// As top_k_metric() takes it: "ndcg@10".
    std::string name() const;
};

/// The metric called so. Throws UsageError for another name, and for a k below 1.
TopKMetric top_k_metric(const std::string& name);
/// Those of a list, "ndcg@10,recall@20". Throws as above, and UsageError for one that comes twice and an empty list.
std::vector<TopKMetric> top_k_metrics(const std::string& names);
/// The largest k of these.
int64_t largest_k(const std::vector<TopKMetric>& metrics);

/// What there is to find: the items of row r are items[offsets[r]] … items[offsets[r + 1] − 1], int64 on the CPU, in any
/// order, each once; 0 stands for an item that no ranking can have, and may come several times.
struct RelevantItems {
    at::Tensor offsets,  ///< (rows + 1): where each row's begin in `items`
        items;           ///< of all rows, one after the other
};

/// Adds up rankings of users, some at a time.
class TopKScores {
public:
    /// `n_items`: all that can be ranked, for coverage.
    TopKScores(std::vector<TopKMetric> metrics, int64_t n_items);
    /// Rankings, (n, at least the largest k) int64 on the CPU, best first, −1 where there are no more, of n users with
    /// what they have to find. Users who have nothing to find are not counted. Throws Error for fewer columns.
    void add(const at::Tensor& rankings, const RelevantItems& relevant);
    /// Users who were counted.
    int64_t users() const { return users_; }
    /// By name. Throws Error where no user was counted.
    std::map<std::string, double> values() const;

private:
    std::vector<TopKMetric> metrics_;
    int64_t n_items_;
    int64_t users_ = 0;
    std::vector<double> sums_;
    /// By place of the metric, of those of coverage: whether each item was in a ranking.
    std::vector<std::vector<char>> covered_;
};

}  // namespace embark
