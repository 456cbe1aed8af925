#include "crosstab.h"

#include <algorithm>
#include <cmath>

#include <ATen/ATen.h>
#include <nlohmann/json.hpp>

#include "../../core/error.h"
#include "../../core/text.h"
#include "../tabular/vocabulary_columns.h"
#include "table.h"

namespace embark {

namespace {

using Json = nlohmann::json;

/// The names that stand along one side, and for each row of the table its place there, −1 where it has none.
struct CrosstabSide {
    std::vector<std::string> names;
    at::Tensor places;
};

CrosstabSide side_of(const Table& table, const std::string& column, int64_t top) {
    require<UsageError>(top >= 0, "A crosstab cannot have ", top, " names; 0 stands for all");
    const Vocabulary vocabulary = fit_vocabulary(table, column, at::arange(table.rows(), at::kLong));
    const at::Tensor codes = encode_column(vocabulary, table, column);
    at::Tensor counts = at::bincount(codes, {}, vocabulary.size());
    counts[0] = 0;  // missing names
    const int64_t n = top == 0 ? vocabulary.size() - 1 : std::min(top, vocabulary.size() - 1);
    const at::Tensor order = counts.argsort(/*stable=*/true, 0, /*descending=*/true).narrow(0, 0, n);
    const at::Tensor kept = std::get<0>(order.sort());
    at::Tensor places = at::full({vocabulary.size()}, -1, at::kLong);
    places.index_put_({kept}, at::arange(n, at::kLong));
    return {vocabulary.decode(kept), places.index_select(0, codes)};
}

}  // namespace

Crosstab crosstab(const Table& table, const std::string& row, const std::string& column, const std::string& value,
                  const CrosstabOptions& options) {
    CrosstabSide rows = side_of(table, row, options.top_rows);
    CrosstabSide columns = side_of(table, column, options.top_columns);
    const auto n_rows = static_cast<int64_t>(rows.names.size()), n_columns = static_cast<int64_t>(columns.names.size());
    const at::Tensor in = at::nonzero((rows.places >= 0).logical_and(columns.places >= 0)).squeeze(1);
    const at::Tensor values = table.finite_numbers(value).index_select(0, in);
    const at::Tensor cells = rows.places.index_select(0, in) * n_columns + columns.places.index_select(0, in);
    const at::Tensor sums = at::bincount(cells, values, n_rows * n_columns).to(at::kDouble);
    const at::Tensor counts = at::bincount(cells, {}, n_rows * n_columns);
    return {std::move(rows.names), std::move(columns.names), (sums / counts).reshape({n_rows, n_columns})};
}

std::string Crosstab::text(int digits) const {
    int64_t first = 0, width = digits + 2;
    for (const auto& name : rows) first = std::max(first, std::min<int64_t>(24, display_width(name)));
    for (const auto& name : columns) width = std::max(width, std::min<int64_t>(12, display_width(name)));
    std::string text = fit_width("", first);
    for (const auto& name : columns) text += "  " + fit_width(name, width, /*right=*/true);
    text += "\n";
    const auto cells = values.accessor<double, 2>();
    for (int64_t r = 0; r < cells.size(0); ++r) {
        text += fit_width(rows[static_cast<size_t>(r)], first);
        for (int64_t c = 0; c < cells.size(1); ++c) {
            const double value = cells[r][c];
            text += "  " + fit_width(std::isnan(value) ? "" : format_number(value, digits), width, /*right=*/true);
        }
        text += "\n";
    }
    return text;
}

Plot Crosstab::plot(const std::string& title) const {
    Json data = Json::array();
    const auto cells = values.accessor<double, 2>();
    for (int64_t r = 0; r < cells.size(0); ++r) {
        for (int64_t c = 0; c < cells.size(1); ++c) {
            if (std::isnan(cells[r][c])) continue;
            data.push_back({{"row", rows[static_cast<size_t>(r)]},
                            {"column", columns[static_cast<size_t>(c)]},
                            {"value", cells[r][c]}});
        }
    }
    // Names stand in their own order; those without a value keep their place.
    const auto axis = [](const char* field, const std::vector<std::string>& names) {
        return Json{
            {"field", field}, {"type", "nominal"}, {"scale", {{"domain", names}}}, {"axis", {{"title", nullptr}}}};
    };
    const Json value = {{"field", "value"}, {"type", "quantitative"}};
    Json colour = value, text = value;
    colour["scale"] = {{"scheme", "blues"}};
    colour["legend"] = nullptr;
    text["format"] = ".2~f";
    const double middle =
        data.empty() ? 0 : (values.nan_to_num(INFINITY).min() + values.nan_to_num(-INFINITY).max()).item<double>() / 2;
    const Json dark = {{"condition", {{"test", concat("datum.value > ", middle)}, {"value", "white"}}},
                       {"value", "black"}};
    const Json tooltip = {{{"field", "row"}}, {{"field", "column"}}, text};
    const Json rectangles = {{"mark", "rect"}, {"encoding", {{"color", colour}, {"tooltip", tooltip}}}};
    const Json numbers = {{"mark", {{"type", "text"}, {"fontSize", 9}}},
                          {"encoding", {{"text", text}, {"color", dark}}}};
    return Plot(Json{{"$schema", "https://vega.github.io/schema/vega-lite/v6.json"},
                     {"title", {{"text", title}, {"anchor", "start"}, {"frame", "bounds"}}},
                     {"width", {{"step", 26}}},
                     {"height", {{"step", 22}}},
                     {"data", {{"values", data}}},
                     {"encoding", {{"x", axis("column", columns)}, {"y", axis("row", rows)}}},
                     {"layer", {rectangles, numbers}}}
                    .dump());
}

}  // namespace embark
