#include "derived_fit.h"

#include <algorithm>
#include <utility>

#include <ATen/ATen.h>

#include "../../../core/error.h"
#include "../../../core/text.h"
#include "tabular_columns.h"

namespace embark {

namespace {

/// The place of a column among the rows' own numbers.
size_t own_number(const std::string& name, const TabularData& data, const char* what) {
    std::vector<std::string> names;
    for (const NumberColumn& column : data.own_numbers()) names.push_back(column.name);
    const auto found = std::ranges::find(names, name);
    require(found != names.end(), what, " name '", name, "', which is not a column of numbers that the model sees",
            name_hint(name, names));
    return static_cast<size_t>(found - names.begin());
}

/// What a row's neighbours give it of each target, (rows, numbers) float64.
at::Tensor target_numbers(const TabularData& data, const Tensors& targets) {
    std::vector<at::Tensor> parts;
    for (size_t i = 0; i < targets.size(); ++i) {
        const TargetColumn& target = data.targets[i];
        const bool one_class = target.is_class() && !target.is_multi_label();
        const at::Tensor numbers = one_class ? at::one_hot(targets[i], target.width()) : targets[i];
        parts.push_back(numbers.reshape({-1, target.width()}).to(at::kDouble));
    }
    return at::cat(parts, 1).contiguous();
}

Neighbours fit_neighbours(const TabularData& data, const NeighbourOptions& options, const at::Tensor& values,
                          const Tensors& targets) {
    Neighbours fitted{.columns = options.columns, .scales = {}, .counts = options.counts};
    if (fitted.columns.empty()) {
        for (const NumberColumn& column : data.own_numbers()) fitted.columns.push_back(column.name);
    }
    require(!fitted.columns.empty(),
            "Rows without numbers have no coordinates by which one is near to another; leave "
            "the neighbours out");
    std::ranges::sort(fitted.counts);
    const int64_t n_rows = values.size(0);
    require(fitted.counts.back() < n_rows, "The ", fitted.counts.back(),
            " nearest training rows are asked for, and a row has ", n_rows - 1, " others; ask for fewer");
    require(n_rows <= TabularOptions::kMostNeighbours, "Neighbours are looked for among at most ",
            TabularOptions::kMostNeighbours, " training rows, and there are ", n_rows, "; leave them out");
    std::vector<at::Tensor> points;
    for (const std::string& name : fitted.columns) {
        const at::Tensor column =
            values.select(1, static_cast<int64_t>(own_number(name, data, "The neighbours' columns")));
        // A column of one value sets no rows apart.
        const auto deviation = column.std(/*unbiased=*/false).item<double>();
        fitted.scales.push_back(deviation > 0 ? deviation : 1);
        points.push_back(column / fitted.scales.back());
    }
    fitted.points = at::stack(points);
    fitted.targets = target_numbers(data, targets);
    return fitted;
}

void require_free_name(const std::string& name, const TabularData& data, const Table& table) {
    const auto is_it = [&](const auto& column) { return column.name == name; };
    require(
        !table.has(name) && std::ranges::none_of(data.categories, is_it) && std::ranges::none_of(data.numbers, is_it),
        "The model would see a number '", name,
        "' that is derived from others, and there is a column of that name; "
        "rename that one, or derive the number once");
}

}  // namespace

at::Tensor own_values(const TabularData& data, const Table& table, const at::Tensor& rows) {
    std::vector<at::Tensor> columns;
    for (const NumberColumn& column : data.own_numbers()) {
        const at::Tensor values = table.numbers(column.name).to(at::kDouble).index_select(0, rows);
        columns.push_back(at::where(values.isnan(), column.fill, values));
    }
    return columns.empty() ? at::empty({rows.numel(), 0}, at::kDouble) : at::stack(columns, 1);
}

at::Tensor fit_derived(TabularData& data, const Table& table, const TabularOptions& options, const at::Tensor& train,
                       const Tensors& targets) {
    if (options.rotated.empty() && !options.neighbours) return {};
    const at::Tensor values = own_values(data, table, train);
    for (const auto& [x, y] : options.rotated) {
        for (const std::string& name : {x, y}) own_number(name, data, "The rotated columns");
    }
    std::optional<Neighbours> neighbours;
    if (options.neighbours) neighbours = fit_neighbours(data, *options.neighbours, values, targets);
    // Set at once, before which all numbers are the rows' own.
    TabularData derived = data;
    derived.rotated = options.rotated;
    derived.neighbours = std::move(neighbours);
    for (const DerivedNumber& number : derived_numbers(derived)) {
        require_free_name(number.name, derived, table);
        derived.numbers.push_back({.name = number.name});
    }
    const at::Tensor numbers = derive_numbers(derived, values, /*are_neighbours=*/true);
    for (int64_t i = 0; i < numbers.size(1); ++i) {
        NumberColumn& column = derived.numbers[data.numbers.size() + static_cast<size_t>(i)];
        column.scaler = NumberScaler::fit(options.scaling, numbers.select(1, i).contiguous());
    }
    data = std::move(derived);
    return numbers;
}

}  // namespace embark
