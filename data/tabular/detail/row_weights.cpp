#include "row_weights.h"

#include <algorithm>
#include <utility>

#include <ATen/ATen.h>

#include "../../../core/detail/number_words.h"
#include "../../../core/error.h"
#include "../../../core/text.h"
#include "../../table/detail/row_values.h"

namespace embark {

TabularOptions without_weight_column(TabularOptions options) {
    const std::string& name = options.weight_name;
    if (name.empty()) return options;
    for (const auto* names :
         {&options.y_names, &options.cat_names, &options.cont_names, &options.date_names, &options.text_names}) {
        require<UsageError>(std::find(names->begin(), names->end(), name) == names->end(), "Column '", name,
                            "' has the rows' weights, and is named as a target or as a column to predict from, too");
    }
    if (std::find(options.ignore_names.begin(), options.ignore_names.end(), name) == options.ignore_names.end()) {
        options.ignore_names.push_back(name);
    }
    return options;
}

at::Tensor row_weights(const Table& table, const TabularOptions& options) {
    const std::string& name = options.weight_name;
    if (name.empty()) return {};
    const RowValues<double> weights = read_finite_numbers(table, name);
    const auto is_refused = [](double weight) { return weight < 0 || is_beyond_float(weight); };
    if (const auto row = weights.find(is_refused)) {
        weights.with([&](auto weight_of) {
            fail(table.where(*row, name), ": ", weight_of(*row),
                 " is not a weight; weights are numbers of at least 0, up to 3.4e38");
        });
    }
    require(weights.find([](double weight) { return weight > 0; }).has_value(), "Column '", name,
            "' has no weight above 0, so no row would count");
    return weights.tensor().to(at::kFloat);
}

void require_streamable(const TabularOptions& options) {
    require<UsageError>(options.weight_name.empty(),
                        "Weights of rows are not read from streamed files: leave weight_name ", options.weight_name,
                        " out, or read the file as a table");
    require<UsageError>(options.min_count <= 1,
                        "The rows of a category are not counted in streamed files: leave min_count ", options.min_count,
                        " out, or read the file as a table");
    require<UsageError>(options.y_multi_label.empty(), "Targets of several labels a row, as '",
                        join(options.y_multi_label), "', are not read from streamed files; read the file as a table");
    require<UsageError>(options.rotated.empty() && !options.neighbours,
                        "Numbers derived from others, rotated columns and neighbours, are not made of streamed files; "
                        "leave them out, or read the file as a table");
}

}  // namespace embark
