#include "tabular_script.h"

#include <algorithm>
#include <string>
#include <vector>

#include <torch/torch.h>

#include "../core/error.h"
#include "../core/text.h"
#include "script_attributes.h"

namespace embark {

namespace {

using torch::jit::Module;

// Methods in TorchScript, which Python and C++ read alike. They compute what TabularData does, value by value in
// float64, so that the same numbers reach the model. (In this source dtypes are numbers: 4 is int64, 7 float64.)

constexpr const char* kRows = R"(
def _embark_rows(self, categories: Dict[str, List[str]], numbers: Dict[str, List[float]]) -> int:
    rows = -1
    for name in self._embark_category_names:
        assert name in categories, "predict needs the column '{}' among the categories".format(name)
        rows = len(categories[name]) if rows < 0 else rows
        assert len(categories[name]) == rows, "column '{}' has {} values, others have {}".format(name, len(categories[name]), rows)
    for name in self._embark_number_names:
        assert name in numbers, "predict needs the column '{}' among the numbers".format(name)
        rows = len(numbers[name]) if rows < 0 else rows
        assert len(numbers[name]) == rows, "column '{}' has {} values, others have {}".format(name, len(numbers[name]), rows)
    return rows
)";

// torch.tensor takes a list of numbers through float32, whatever dtype it is told. Three parts of 24 bits each hold all
// 53 of a float64.
constexpr const char* kDoubles = R"(
def _embark_doubles(self, values: List[float]) -> Tensor:
    total = torch.zeros([len(values)], dtype=7)
    rest = values
    for part in range(3):
        rounded = torch.tensor(rest)
        total = total + rounded.double()
        taken: List[float] = rounded.tolist()
        rest = [rest[i] - taken[i] for i in range(len(rest))]
    return total
)";

constexpr const char* kEncode = R"(
def _embark_encode(self, categories: Dict[str, List[str]], numbers: Dict[str, List[float]]) -> Tuple[Tensor, Tensor]:
    rows = self._embark_rows(categories, numbers)
    codes: List[int] = []
    for i, name in enumerate(self._embark_category_names):
        index = self._embark_category_index[i]
        for value in categories[name]:
            codes.append(index.get(value, 0))
    x_cat = torch.tensor(codes, dtype=4).reshape(len(self._embark_category_names), rows)
    values: List[float] = []
    for name in self._embark_number_names:
        values.extend(numbers[name])
    x = self._embark_doubles(values).reshape(len(self._embark_number_names), rows)
    assert not bool(x.isinf().any()), "a number is infinite or beyond 3.4e38; NaN stands for a missing one"
    fill, shift, scale, quantiles, flagged = self._embark_fitted
    missing = x.isnan()
    x_cat = torch.cat([x_cat, missing[flagged].long() + 1])
    x = self._embark_scale(torch.where(missing, fill.unsqueeze(1), x), shift.unsqueeze(1), scale.unsqueeze(1), quantiles)
    return x_cat.t().contiguous(), x.float().t().contiguous()
)";

constexpr const char* kScaleLinearly = R"(
def _embark_scale(self, x: Tensor, shift: Tensor, scale: Tensor, quantiles: Tensor) -> Tensor:
    return (x - shift) / scale
)";

constexpr const char* kScaleByRank = R"(
def _embark_scale(self, x: Tensor, shift: Tensor, scale: Tensor, quantiles: Tensor) -> Tensor:
    x = x.contiguous()
    last = quantiles.size(1) - 1
    left = torch.searchsorted(quantiles, x, right=False)
    right = torch.searchsorted(quantiles, x, right=True)
    low = quantiles.gather(1, (left - 1).clamp(0, last))
    high = quantiles.gather(1, left.clamp(0, last))
    between = (left - 1 + (x - low) / (high - low)) / last
    rank = torch.where(right > left, (left + right - 1) / 2. / last, between)
    rank = torch.where((left == 0) & (right == 0), torch.zeros_like(rank), rank)
    rank = torch.where(left > last, torch.ones_like(rank), rank).clamp(1e-7, 1 - 1e-7)
    return 1.4142135623730951 * torch.erfinv(2 * rank - 1)
)";

constexpr const char* kClassify = R"(
def _embark_classify(self, output: Tensor, target: int) -> Tuple[List[str], Tensor]:
    classes = self._embark_classes[self._embark_targets[target]]
    probabilities = torch.softmax(output, 1)
    numbers: List[int] = probabilities.argmax(1).tolist()
    labels: List[str] = []
    for number in numbers:
        labels.append(classes[number])
    return labels, probabilities
)";

constexpr const char* kValue = R"(
def _embark_value(self, output: Tensor, target: int) -> Tensor:
    mean, scale = self._embark_units[target]
    return output.double().reshape(-1) * scale + mean
)";

constexpr const char* kCountUnknown = R"(
def count_unknown(self, categories: Dict[str, List[str]]) -> Dict[str, int]:
    counts: Dict[str, int] = {}
    for i, name in enumerate(self._embark_category_names):
        index = self._embark_category_index[i]
        unknown = 0
        for value in categories[name]:
            if value != "" and value not in index:
                unknown += 1
        if unknown > 0:
            counts[name] = unknown
    return counts
)";

constexpr const char* kColumns = R"(
def columns(self) -> Tuple[List[str], List[str]]:
    return self._embark_category_names, self._embark_number_names
)";

constexpr const char* kClasses = R"(
def classes(self) -> Dict[str, List[str]]:
    return self._embark_classes
)";

/// What `predict` answers for target number `i`, whose output is in yI: its type, and the expression.
struct TargetScript {
    std::string type, result;
};

TargetScript script_of(const TargetColumn& target, size_t i) {
    const std::string output = concat("y", i);
    if (target.is_class()) return {"Tuple[List[str], Tensor]", concat("self._embark_classify(", output, ", ", i, ")")};
    const std::string value = concat("self._embark_value(", output, ", ", i, ")");
    return {"Tensor", target.log ? concat("torch.exp(", value, ")") : value};
}

/// The method predict: a result as it is for one target, a tuple of results for several.
std::string predict_source(const std::vector<TargetColumn>& targets) {
    std::vector<std::string> outputs, types, results;
    for (size_t i = 0; i < targets.size(); ++i) {
        outputs.push_back(concat("y", i));
        const TargetScript script = script_of(targets[i], i);
        types.push_back(script.type);
        results.push_back(script.result);
    }
    const bool single = targets.size() == 1;
    const std::string type = single ? types.front() : concat("Tuple[", join(types), "]");
    const std::string result = single ? results.front() : concat("(", join(results), ")");
    return concat("def predict(self, categories: Dict[str, List[str]], numbers: Dict[str, List[float]]) -> ", type,
                  ":\n", "    x_cat, x_cont = self._embark_encode(categories, numbers)\n", "    rows = x_cat.size(0)\n",
                  "    if rows == 0:\n",  // a model need not know what to do with no row at all
                  "        x_cat, x_cont = torch.zeros([1, x_cat.size(1)]).long(), torch.zeros([1, x_cont.size(1)])\n",
                  "    ", join(outputs), " = self.forward(x_cat, x_cont)\n", "    if rows == 0:\n", "        ",
                  join(outputs), " = ", join(outputs, "[:0], "), "[:0]\n", "    return ", result, "\n");
}

at::Tensor doubles(const std::vector<double>& values) {
    return torch::tensor(values, torch::kDouble);
}

/// fill, shift and scale (numbers), quantiles (numbers, steps), and which of the numbers have a flag of missing ones.
std::vector<at::Tensor> fitted_tensors(const TabularData& data) {
    std::vector<double> fill, shift, scale;
    std::vector<at::Tensor> quantiles;
    std::vector<int64_t> flagged;
    for (const NumberColumn& column : data.numbers) {
        fill.push_back(column.fill);
        shift.push_back(column.scaler.shift());
        scale.push_back(column.scaler.scale());
        quantiles.push_back(doubles(column.scaler.quantiles()));
    }
    for (const CategoryColumn& flag : data.categories) {
        const auto number = std::find_if(data.numbers.begin(), data.numbers.end(),
                                         [&](const NumberColumn& column) { return column.name == flag.missing_in; });
        if (number != data.numbers.end()) flagged.push_back(number - data.numbers.begin());
    }
    return {doubles(fill), doubles(shift), doubles(scale),
            quantiles.empty() ? torch::zeros({0, 0}, at::kDouble) : torch::stack(quantiles),
            torch::tensor(flagged, at::kLong)};
}

void register_columns(Module& module, const TabularData& data) {
    const auto text = c10::StringType::get();
    const auto index_type = c10::DictType::create(text, c10::IntType::get());
    c10::List<std::string> categories, numbers;
    c10::List<c10::Dict<std::string, int64_t>> indices;
    for (const CategoryColumn& column : data.categories) {
        if (!column.missing_in.empty()) continue;
        categories.push_back(column.name);
        indices.push_back(script_index(column.vocabulary));
    }
    for (const NumberColumn& column : data.numbers) numbers.push_back(column.name);
    register_script_attribute(module, "category_names", c10::ListType::create(text), categories);
    register_script_attribute(module, "category_index", c10::ListType::create(index_type), indices);
    register_script_attribute(module, "number_names", c10::ListType::create(text), numbers);
    register_script_tensors(module, "fitted", fitted_tensors(data));
}

void register_targets(Module& module, const TabularData& data) {
    const auto text = c10::StringType::get();
    const auto units_type = c10::TupleType::create({c10::FloatType::get(), c10::FloatType::get()});
    c10::List<std::string> names;
    c10::Dict<std::string, c10::List<std::string>> classes;
    c10::List<std::tuple<double, double>> units;
    for (size_t i = 0; i < data.targets.size(); ++i) {
        const TargetColumn& target = data.targets[i];
        names.push_back(target.name);
        units.push_back({target.mean, target.scale});
        if (target.is_class()) classes.insert(target.name, c10::List<std::string>(data.target_classes(i)));
    }
    register_script_attribute(module, "targets", c10::ListType::create(text), names);
    register_script_attribute(module, "classes", c10::DictType::create(text, c10::ListType::create(text)), classes);
    register_script_attribute(module, "units", c10::ListType::create(units_type), units);
}

}  // namespace

void add_tabular_methods(Module& module, const TabularData& data) {
    require_free_names(module, {"predict", "count_unknown", "columns", "classes"});
    register_columns(module, data);
    register_targets(module, data);
    const bool by_rank = !data.numbers.empty() && data.numbers.front().scaler.scaling() == Scaling::quantile;
    module.define(kRows);
    module.define(by_rank ? kScaleByRank : kScaleLinearly);
    module.define(kDoubles);
    module.define(kEncode);
    module.define(kClassify);
    module.define(kValue);
    module.define(predict_source(data.targets));
    module.define(kCountUnknown);
    module.define(kColumns);
    module.define(kClasses);
}

}  // namespace embark
