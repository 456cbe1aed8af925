#include "collab_ratings.h"

#include <ATen/ATen.h>

#include "../../../core/error.h"
#include "../../loaders/detail/largest_target.h"
#include "../../table/detail/table_impl.h"

namespace embark {

CollabColumns resolve_columns(const std::vector<std::string>& names, const std::string& source,
                              const CollabOptions& options) {
    const auto resolve = [&](const std::string& given, size_t position, const char* what) {
        if (!given.empty()) return names[static_cast<size_t>(find_column(given, names, source))];
        require(position < names.size(), "No column of ", what, " was named, and ", display_name(source), " has only ",
                names.size(), names.size() == 1 ? " column" : " columns", "; users, items and ratings are three");
        return names[position];
    };
    const CollabColumns columns = {resolve(options.user_name, 0, "users"), resolve(options.item_name, 1, "items"),
                                   resolve(options.rating_name, 2, "ratings")};
    const auto require_different = [](const std::string& a, const std::string& b, const char* what) {
        require(a != b, "Column '", a, "' cannot hold both the ", what, "; name a column for each");
    };
    require_different(columns.user, columns.item, "users and the items");
    require_different(columns.user, columns.rating, "users and the ratings");
    require_different(columns.item, columns.rating, "items and the ratings");
    return columns;
}

void set_names(CollabData& data, const CollabColumns& columns) {
    data.user_name = columns.user;
    data.item_name = columns.item;
    data.rating_name = columns.rating;
}

RowValues<float> read_ratings(const Table& table, const std::string& column) {
    require(table.rows() > 0, "There are no ratings in ", display_name(table.source()));
    const RowValues<double> ratings = read_finite_numbers(table, column);
    if (const auto row = ratings.find(is_beyond_targets)) {
        fail(table.where(*row, column), ": the rating is too large to train with, at most ", kLargestTarget,
             " is; correct it, leave the row out, or give ratings in a larger unit");
    }
    return ratings.map([](double value) { return static_cast<float>(value); });
}

TensorDataset encode_ratings(const RowValues<int64_t>& users, const RowValues<int64_t>& items,
                             const RowValues<float>& ratings, const at::Tensor& rows) {
    const RowOrder order(rows, users.rows());
    const at::Tensor x = at::empty({rows.numel(), 2}, at::kLong), y = at::empty({rows.numel(), 1}, at::kFloat);
    scatter_rows<int64_t>({users, items}, order, x);
    scatter_rows<float>({ratings}, order, y);
    return {.inputs = {x}, .targets = {y}};
}

}  // namespace embark
