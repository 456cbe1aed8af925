#pragma once

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

namespace embark {

/// The days on which training ratings were given, from the first to the last, and the pairs of user and day that there
/// were, by number. 0 stands for every other day, and pair.
class CollabDays {
public:
    /// No days.
    CollabDays() = default;
    /// Of encoded users (n) and days since 1970 (n), both int64, n of at least 1.
    CollabDays(const at::Tensor& users, const at::Tensor& days);

    /// Whether there are no days.
    bool empty() const { return user_days_.empty(); }
    /// The first day, in days since 1970.
    int64_t first() const { return first_; }
    /// Rows that a table of days needs, that of 0 included; 0 without days.
    int64_t n_days() const { return empty() ? 0 : last_ - first_ + 2; }
    /// Rows that a table of pairs of user and day needs, that of 0 included; 0 without days.
    int64_t n_user_days() const { return empty() ? 0 : static_cast<int64_t>(user_days_.size()) + 1; }

    /// (n, 2) int64: the numbers of the day, and of user and day, for encoded users (n) and days since 1970 (n).
    at::Tensor encode(const at::Tensor& users, const at::Tensor& days) const;

private:
    int64_t key(int64_t user, int64_t day) const { return user * (last_ - first_ + 1) + (day - first_); }

    int64_t first_ = 0, last_ = -1;
    std::vector<int64_t> user_days_;  // keys, ascending
};

}  // namespace embark
