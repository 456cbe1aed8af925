#pragma once

#include <embark/data/table/table.h>

#include <ATen/ATen.h>

namespace embark::testing {

/// `n` ratings by so many users of so many items, with the users' ages.
inline Table made_ratings(int64_t n, int64_t n_users, int64_t n_items) {
    const auto i = at::arange(n);
    const auto user = i * 7 % n_users, item = i * 13 % n_items;
    return Table::of_rows(n)
        .with_column("user", user)
        .with_column("item", item)
        .with_column("rating", ((user % 5 + item % 3) % 5 + 1).to(at::kDouble))
        .with_column("age", (user * 3 % 47 + 18).to(at::kDouble));
}

}  // namespace embark::testing
