#pragma once

#include <memory>
#include <vector>

#include "../core/top_items.h"
#include "predictor.h"
#include "vocabulary.h"

namespace embark {

/// Whether the file is of a model of interactions, which ranks items rather than predicts ratings.
bool ranks_items(const ExportedFile& file);

/// Rankings of all items for many users, from a file of ratings or of interactions. Copies share the model; its methods
/// may be called from several threads.
///
///     const ItemRanking ranking(Predictor::load("films.pt"));
///     const TopItems top = ranking.top(ranking.encode_users({"196", "22"}), 10);
class ItemRanking {
public:
    /// Throws Error for a file of another kind.
    explicit ItemRanking(const Predictor& predictor);

    /// The users of training, by number.
    const Vocabulary& users() const;
    /// The items of training, by number.
    const Vocabulary& items() const;
    /// (n) int64, 0 for unknown users.
    at::Tensor encode_users(const std::vector<std::string>& users) const;
    /// Where what each encoded user had in training begins in rated_items(), (users + 1) int64: the file leaves these
    /// out of what it recommends. Undefined where it does not have them.
    const at::Tensor& rated_offsets() const;
    /// Encoded items of all users, one user's after the other's. Undefined where the file does not have them.
    const at::Tensor& rated_items() const;

    /// The `k` items with the highest scores for each of `users` (n) int64, encoded, best first; fewer than k columns
    /// where there are fewer items. Without those of training, unless `include_rated`; of `allowed` (items, bool) alone
    /// where it is given. Throws UsageError for a k below 1.
    TopItems top(const at::Tensor& users, int64_t k, bool include_rated = false, const at::Tensor& allowed = {}) const;

private:
    struct Impl;
    std::shared_ptr<const Impl> impl_;
};

}  // namespace embark
