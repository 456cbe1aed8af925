#include "tabular_graph.h"

#include <algorithm>
#include <map>
#include <optional>

#include <ATen/ATen.h>
#include <nlohmann/json.hpp>

#include "../../../core/error.h"
#include "../../../core/text.h"
#include "../../../predictor/detail/tabular_encoder_json.h"
#include "date_graph.h"
#include "file_metadata.h"
#include "forward_rows.h"
#include "spelling_graph.h"
#include "tabular_answers.h"
#include "tabular_numbers.h"

namespace embark::onnx {

namespace {

/// `values` side by side.
std::string side_by_side(Graph& graph, const Names& values) {
    return values.size() == 1 ? values.front() : graph.node("Concat", values, {{"axis", int64_t{1}}});
}

/// Makes the model's inputs of raw columns, in a graph.
class RowsGraph {
public:
    RowsGraph(Graph& graph, const TabularEncoder& encoder) : graph_(graph), encoder_(encoder) {
        for (const std::string& name : encoder.input_names()) add_input(name);
        for (const DateColumn& date : encoder.dates) {
            const DateParts parts = add_date(graph, date, date.name);
            for (const DatePartColumn& column : columns_of(date)) parts_.emplace(column.name, DatePart{parts, column});
        }
        add_numbers_and_codes();
    }

    /// The model's inputs: codes, numbers, and the tokens of each text.
    Names inputs() const {
        Names inputs = {codes_, numbers_};
        for (const TextColumn& text : encoder_.texts) inputs.push_back(text.name);
        return inputs;
    }

    /// Tensors of the inputs' shapes and types, with two rows.
    Tensors example() const {
        Tensors example = {at::zeros({2, static_cast<int64_t>(encoder_.categories.size())}, at::kLong),
                           at::zeros({2, static_cast<int64_t>(encoder_.numbers.size())}, at::kFloat)};
        for (const TextColumn& text : encoder_.texts) example.push_back(at::zeros({2, text.max_len}, at::kLong));
        return example;
    }

    /// The rows whose numbers no model can take; empty where there are no numbers.
    const std::string& refused() const { return refused_; }

private:
    using CategoryIterator = std::vector<CategoryColumn>::const_iterator;

    /// A column that a part of a date becomes.
    struct DatePart {
        DateParts parts;
        DatePartColumn column;
    };

    void add_input(const std::string& name) {
        const auto is = [&](const auto& column) { return column.name == name; };
        const auto has = [&](const auto& columns) { return std::any_of(columns.begin(), columns.end(), is); };
        const auto text = std::find_if(encoder_.texts.begin(), encoder_.texts.end(), is);
        if (text != encoder_.texts.end()) {
            graph_.input(name, Type::int64, {"rows", concat(text->max_len)},
                         concat("text: the numbers of its first ", text->max_len,
                                " tokens, of the metadata's "
                                "`vocabulary.",
                                name, "`; 1 is any unknown one, and 0 stands where no more follow"));
        } else if (has(encoder_.numbers)) {
            graph_.input(name, Type::float64, {"rows", "1"}, "number; NaN is missing");
        } else if (has(encoder_.dates)) {
            graph_.input(name, Type::string, {"rows", "1"},
                         "date, as 2024-01-31; \"\" and what is no date are missing");
        } else {
            graph_.input(name, Type::string, {"rows", "1"},
                         "category; \"\" is missing; unknown values are answered as such");
        }
    }

    void add_numbers_and_codes() {
        Names values, codes;
        for (const NumberColumn& column : encoder_.own_numbers()) {
            const auto part = parts_.find(column.name);
            values.push_back(part == parts_.end() ? column.name
                                                  : date_number(graph_, part->second.parts, part->second.column));
        }
        std::optional<NumberValues> numbers;
        if (!values.empty()) numbers = add_numbers(graph_, values, encoder_);
        for (auto category = encoder_.categories.begin(); category != encoder_.categories.end();) {
            const auto next = end_of_date(category);
            codes.push_back(next == category ? code(*category, numbers) : date_codes_of(category, next));
            category = std::max(next, category + 1);
        }
        if (numbers) refused_ = numbers->refused;
        numbers_ = numbers ? numbers->scaled : no_columns(Type::float32);
        codes_ = codes.empty() ? no_columns(Type::int64) : side_by_side(graph_, codes);
    }

    /// Where the categories end that are parts of the same date as `first`; `first` where it is not a part of one.
    CategoryIterator end_of_date(CategoryIterator first) const {
        std::string date;
        return std::find_if(first, encoder_.categories.end(), [&](const CategoryColumn& column) {
            const auto part = parts_.find(column.name);
            if (part == parts_.end() || !column.missing_in.empty()) return true;
            if (date.empty()) date = part->second.parts.values;
            return part->second.parts.values != date;
        });
    }

    /// int64[rows, categories].
    std::string date_codes_of(CategoryIterator first, CategoryIterator last) {
        std::vector<DateCategory> categories;
        for (auto column = first; column != last; ++column) {
            categories.push_back({parts_.at(column->name).column, column->vocabulary});
        }
        return date_codes(graph_, parts_.at(first->name).parts, categories);
    }

    /// int64[rows, 1].
    std::string code(const CategoryColumn& column, const std::optional<NumberValues>& numbers) {
        if (column.missing_in.empty()) return category_codes(graph_, column.name, column.vocabulary);
        const auto number = std::find_if(encoder_.numbers.begin(), encoder_.numbers.end(),
                                         [&](const NumberColumn& number) { return number.name == column.missing_in; });
        require(numbers && number != encoder_.numbers.end(), "The category '", column.name,
                "' tells what is missing in '", column.missing_in, "', and there is no such column of numbers");
        // 1 is False and 2 is True.
        const std::string which = graph_.integers({number - encoder_.numbers.begin()});
        const std::string is_missing = graph_.node("Gather", {numbers->missing, which}, {{"axis", int64_t{1}}});
        return graph_.node("Add", {graph_.cast(is_missing, Type::int64), graph_.integer(1)});
    }

    /// As many rows as there are, with no columns.
    std::string no_columns(Type type) {
        const std::string none = graph_.integers({0});
        const std::string any = graph_.node("Shape", {encoder_.input_names().at(0)});
        const std::string rows = graph_.node("Slice", {any, none, graph_.integers({1})});
        const std::string shape = graph_.node("Concat", {rows, none}, {{"axis", int64_t{0}}});
        const std::string zeros = graph_.node("ConstantOfShape", {shape});  // float32
        return type == Type::float32 ? zeros : graph_.cast(zeros, type);
    }

    Graph& graph_;
    const TabularEncoder& encoder_;
    std::map<std::string, DatePart> parts_;
    std::string codes_, numbers_, refused_;
};

}  // namespace

std::string tabular_predict(const ExportedFile& file) {
    require(file.info().kind == "tabular" && file.has_method("predict"), file.name(),
            " has no method predict for rows of a table, so no ONNX file of it can be made; its ", "kind is ",
            file.info().kind, ", and its methods are ", join(file.info().methods, "; "));
    const TabularEncoder encoder =
        tabular_encoder_from_json(nlohmann::json::parse(file.info().description).at("preprocessing"));
    Graph graph;
    const RowsGraph rows(graph, encoder);
    const auto outputs = forward_rows(graph, file.module(), rows.inputs(), rows.example());
    give_answers(graph, outputs, encoder, rows.refused());
    return graph.model("predict", file_metadata(file.info()));
}

}  // namespace embark::onnx
