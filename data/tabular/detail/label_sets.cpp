#include "label_sets.h"

#include <algorithm>
#include <set>

#include <ATen/ATen.h>

#include "../../../core/detail/number_words.h"
#include "../../../core/error.h"
#include "../../../core/text.h"
#include "../../../predictor/predictions.h"
#include "../../table/detail/encoded_column.h"
#include "../../table/detail/format_rows.h"
#include "../../table/detail/table_impl.h"

namespace embark {

namespace {

/// The labels of one value, "a;b", without blanks around them; empty ones are none.
std::vector<std::string_view> split_labels(std::string_view value, std::string_view label_delim) {
    std::vector<std::string_view> labels;
    for (size_t begin = 0; begin <= value.size();) {
        const size_t end = std::min(value.find(label_delim, begin), value.size());
        const std::string_view label = without_blanks(value.substr(begin, end - begin));
        if (!label.empty()) labels.push_back(label);
        begin = end + label_delim.size();
    }
    return labels;
}

/// The labels of each of the column's distinct values; a word for a missing value has none.
std::vector<std::vector<std::string_view>> labels_of_values(const EncodedColumn& column,
                                                            std::string_view label_delim) {
    std::vector<std::vector<std::string_view>> labels;
    for (int64_t code = 0; code < column.values().length(); ++code) {
        const std::string_view value = column.values().GetView(code);
        const bool missing = column.has_missing_words() && std::find(kMissingWords.begin(), kMissingWords.end(),
                                                                     without_blanks(value)) != kMissingWords.end();
        labels.push_back(missing ? std::vector<std::string_view>{} : split_labels(value, label_delim));
    }
    return labels;
}

}  // namespace

std::vector<std::string> find_labels(const Table& table, const std::string& name, const std::string& label_delim) {
    const EncodedColumn column(table, name);
    std::set<std::string, std::less<>> found;
    bool any_several = false;
    for (const auto& labels : labels_of_values(column, label_delim)) {
        any_several = any_several || labels.size() > 1;
        found.insert(labels.begin(), labels.end());
    }
    require(any_several || found.empty(), "No row of target '", name, "' of ", display_name(table.source()),
            " has more than one label with ", in_quotes(label_delim), " between them, as ",
            in_quotes(found.empty() ? "" : *found.begin()),
            "; give another delimiter (label_delim, --multi-label), or take the target as classes");
    return {found.begin(), found.end()};
}

at::Tensor encode_labels(const TargetColumn& target, const Table& table) {
    const EncodedColumn column(table, target.name);
    const auto labels_of_code = labels_of_values(column, target.label_delim);
    at::Tensor encoded = at::zeros({table.rows(), target.width()}, at::kFloat);
    float* row_begin = encoded.mutable_data_ptr<float>();
    column.visit([&](int64_t row, int32_t code) {
        const std::vector<std::string_view> none;
        for (const std::string_view label : code < 0 ? none : labels_of_code[static_cast<size_t>(code)]) {
            const int64_t number = target.classes.index(label);
            if (number == 0) {
                fail(table.where(row, target.name), ": label ", in_quotes(label), " is not among the ",
                     target.width(), " of the training rows, so the model cannot know it",
                     name_hint(label, target.classes.names()));
            }
            row_begin[number - 1] = 1;
        }
        row_begin += target.width();
    });
    return encoded;
}

std::vector<std::string> label_texts(const TargetColumn& target, const at::Tensor& labels) {
    const auto& names = target.classes.names();
    return TargetPredictions{.target = target.name,
                             .classes = {names.begin() + 1, names.end()},
                             .label_delim = target.label_delim,
                             .thresholds = target.thresholds,
                             .probabilities = labels.to(at::kFloat).cpu()}
        .labels();
}

}  // namespace embark
