#include "collab_days.h"

#include <algorithm>

#include <ATen/ATen.h>

namespace embark {

CollabDays::CollabDays(const at::Tensor& users, const at::Tensor& days)
    : first_(days.min().item<int64_t>()), last_(days.max().item<int64_t>()) {
    const at::Tensor of_users = users.contiguous(), of_days = days.contiguous();
    const auto *user = of_users.const_data_ptr<int64_t>(), *day = of_days.const_data_ptr<int64_t>();
    for (int64_t i = 0; i < of_users.numel(); ++i) user_days_.push_back(key(user[i], day[i]));
    std::ranges::sort(user_days_);
    user_days_.erase(std::unique(user_days_.begin(), user_days_.end()), user_days_.end());
}

at::Tensor CollabDays::encode(const at::Tensor& users, const at::Tensor& days) const {
    const at::Tensor of_users = users.contiguous(), of_days = days.contiguous();
    const auto *user = of_users.const_data_ptr<int64_t>(), *day = of_days.const_data_ptr<int64_t>();
    const at::Tensor encoded = at::zeros({of_users.numel(), 2}, at::kLong);
    auto* to = encoded.mutable_data_ptr<int64_t>();
    for (int64_t i = 0; i < of_users.numel(); ++i, to += 2) {
        if (day[i] < first_ || day[i] > last_) continue;
        to[0] = day[i] - first_ + 1;
        const auto pair = std::ranges::lower_bound(user_days_, key(user[i], day[i]));
        if (pair != user_days_.end() && *pair == key(user[i], day[i])) to[1] = pair - user_days_.begin() + 1;
    }
    return encoded;
}

}  // namespace embark
