// What an exported file of tables has besides the model: methods on raw values, and their attributes.
#include <algorithm>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <nlohmann/json.hpp>

#include "../../../core/error.h"
#include "../../../core/text.h"
#include "../../../predictor/detail/tabular_encoder_json.h"
#include "../../../predictor/predictions.h"
#include "../../loaders/detail/script_attributes.h"
#include "../../loaders/detail/spelling_script.h"
#include "../../table/date_parts.h"
#include "../tabular.h"
#include "date_script.h"
#include "text_script.h"

namespace embark {

namespace {

// Methods in TorchScript, which Python and C++ read alike. They compute what TabularData does, value by value in
// float64, so that the same numbers reach the model. (In this source dtypes are numbers: 4 is int64, 7 float64.)

constexpr const char* kExpand = R"(
def _embark_expand(self, categories: Dict[str, List[str]], numbers: Dict[str, List[float]]) -> Tuple[Dict[str, List[str]], Dict[str, List[float]]]:
    if len(self._embark_date_names) == 0:
        return categories, numbers
    all_categories, all_numbers = categories.copy(), numbers.copy()
    for i, name in enumerate(self._embark_date_names):
        assert name in categories, "predict needs the column '{}' among the categories".format(name)
        dates: List[List[float]] = []
        for text in categories[name]:
            dates.append(self._embark_date_parts(text, self._embark_date_formats[i]))
        for date, column, part, kind in self._embark_date_columns:
            if date == i and kind == 2:
                values: List[float] = []
                for d in dates:
                    values.append(d[part] if len(d) > 0 else float("nan"))
                all_numbers[column] = values
            elif date == i:
                texts: List[str] = []
                for d in dates:
                    if len(d) == 0:
                        texts.append("")
                    elif kind == 1:
                        texts.append("true" if d[part] != 0 else "false")
                    else:
                        texts.append(str(int(d[part])))
                all_categories[column] = texts
    return all_categories, all_numbers
)";

constexpr const char* kText = R"(
def _embark_text(self, texts: List[str], which: int) -> Tensor:
    index = self._embark_text_index[which]
    length = self._embark_text_length[which]
    numbers: List[int] = []
    for text in texts:
        tokens = self._embark_tokens(text)
        for i in range(length):
            numbers.append(index.get(tokens[i], 1) if i < len(tokens) else 0)
    return torch.tensor(numbers, dtype=4).reshape(len(texts), length)
)";

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
    for name in self._embark_text_names:
        assert name in categories, "predict needs the column '{}' among the categories".format(name)
        rows = len(categories[name]) if rows < 0 else rows
        assert len(categories[name]) == rows, "column '{}' has {} values, others have {}".format(name, len(categories[name]), rows)
    return rows
)";

// What is infinite as float32, 3.4028235677973366e38 and more, no model can take.
//
// torch.tensor takes a list of numbers through float32, whatever dtype it is told, but integers as they are: a float64
// is an integer of 53 bits times a power of 2. That is multiplied in two steps, since no float64 holds all such powers.
constexpr const char* kDoubles = R"(
def _embark_doubles(self, values: List[float]) -> Tensor:
    rough = torch.tensor(values)
    integers: List[int] = []
    powers: List[int] = []
    for value in values:
        mantissa, power = torch.frexp(value if value == value else 0.0)
        integers.append(int(mantissa * 9007199254740992.0))
        powers.append(power - 53)
    power = torch.tensor(powers, dtype=4)
    half = torch.div(power, 2, rounding_mode="floor")
    exact = torch.tensor(integers, dtype=4).double() * torch.pow(2.0, half.double()) * torch.pow(2.0, (power - half).double())
    return torch.where(rough.isnan(), rough.double(), exact)
)";

// Tensors of more than 32768 numbers LibTorch works on with all its threads, which wait for one another at every
// operation; so a table is encoded in parts of fewer.
constexpr const char* kEncode = R"(
def _embark_encode_part(self, categories: Dict[str, List[str]], numbers: Dict[str, List[float]], begin: int, end: int) -> Tuple[Tensor, Tensor]:
    codes: List[int] = []
    for i, name in enumerate(self._embark_category_names):
        index = self._embark_category_index[i]
        spelling = self._embark_category_spelling[i]
        for value in categories[name][begin:end]:
            code = index.get(value, 0)
            if code == 0 and spelling > 0:
                code = index.get(self._embark_spell(value, spelling), 0)
            codes.append(code)
    x_cat = torch.tensor(codes, dtype=4).reshape(len(self._embark_category_names), end - begin)
    values: List[float] = []
    for name in self._embark_number_names:
        for number in numbers[name][begin:end]:  # NaN is neither, and of an infinite one _embark_doubles makes another
            assert not (number >= 3.4028235677973366e38 or number <= -3.4028235677973366e38), "column '{}': {} is not a number up to 3.4e38; NaN stands for a missing one".format(name, number)
            values.append(number)
    x = self._embark_doubles(values).reshape(len(self._embark_number_names), end - begin)
    fill, shift, scale, quantiles, flagged = self._embark_fitted
    missing = x.isnan()
    x_cat = torch.cat([x_cat, missing[flagged].long() + 1])
    x = self._embark_derive(torch.where(missing, fill.unsqueeze(1), x))
    x = self._embark_scale(x, shift.unsqueeze(1), scale.unsqueeze(1), quantiles)
    return x_cat.t(), x.float().t()

def _embark_encode(self, categories: Dict[str, List[str]], numbers: Dict[str, List[float]]) -> Tuple[Tensor, Tensor]:
    rows = self._embark_rows(categories, numbers)
    step = max(32768 // (len(self._embark_category_names) + len(self._embark_number_names) + 1), 1)
    x_cat: List[Tensor] = []
    x_cont: List[Tensor] = []
    for begin in range(0, max(rows, 1), step):
        codes, values = self._embark_encode_part(categories, numbers, begin, min(begin + step, rows))
        x_cat.append(codes)
        x_cont.append(values)
    return torch.cat(x_cat).contiguous(), torch.cat(x_cont).contiguous()
)";

constexpr const char* kDeriveNothing = R"(
def _embark_derive(self, x: Tensor) -> Tensor:
    return x
)";

// Neighbours are looked for in parts of the rows, so that the distances of each take some 32 MB.
constexpr const char* kDerive = R"(
def _embark_neighbour_means(self, x: Tensor, points: Tensor, targets: Tensor, counts: List[int]) -> Tensor:
    distances = torch.zeros([x.size(1), points.size(1)], dtype=7)
    for i in range(points.size(0)):
        apart = x[i].unsqueeze(1) - points[i].unsqueeze(0)
        distances = distances + apart * apart
    nearest = torch.topk(distances, counts[-1], 1, False)[0]
    means: List[Tensor] = []
    for count in counts:
        near = (distances <= nearest[:, count - 1:count] * (1 + 1e-9)).double()
        means.append(torch.matmul(near, targets) / near.sum(1, True))
    return torch.cat(means, 1).float().double().t()

def _embark_derive(self, x: Tensor) -> Tensor:
    pairs, places, scales, points, targets = self._embark_derived
    numbers = [x]
    for pair in range(pairs.size(0)):
        a, b = x[pairs[pair, 0]], x[pairs[pair, 1]]
        numbers += [(a + b).unsqueeze(0), (a - b).unsqueeze(0)]
    if points.size(1) > 0:
        coordinates = x[places] / scales.unsqueeze(1)
        step = max(4194304 // points.size(1), 1)
        means: List[Tensor] = []
        for begin in range(0, max(x.size(1), 1), step):
            part = coordinates[:, begin:begin + step]
            means.append(self._embark_neighbour_means(part, points, targets, self._embark_neighbour_counts))
        numbers.append(torch.cat(means, 1))
    return torch.cat(numbers)
)";

constexpr const char* kScaleLinearly = R"(
def _embark_scale(self, x: Tensor, shift: Tensor, scale: Tensor, quantiles: Tensor) -> Tensor:
    return (x - shift) / scale
)";

constexpr const char* kRankOf = R"(
def _embark_rank(self, x: Tensor, quantiles: Tensor) -> Tensor:
    x = x.contiguous()
    last = quantiles.size(1) - 1
    left = torch.searchsorted(quantiles, x, right=False)
    right = torch.searchsorted(quantiles, x, right=True)
    low = quantiles.gather(1, (left - 1).clamp(0, last))
    high = quantiles.gather(1, left.clamp(0, last))
    between = (left - 1 + (x - low) / (high - low)) / last
    rank = torch.where(right > left, (left + right - 1).double() / 2. / last, between)
    rank = torch.where((left == 0) & (right == 0), torch.zeros_like(rank), rank)
    rank = torch.where(left > last, torch.ones_like(rank), rank).clamp(1e-7, 1 - 1e-7)
    return 1.4142135623730951 * torch.erfinv(2 * rank - 1)
)";

constexpr const char* kScaleByRank = R"(
def _embark_scale(self, x: Tensor, shift: Tensor, scale: Tensor, quantiles: Tensor) -> Tensor:
    return self._embark_rank(x, quantiles)
)";

// The quantiles of a column that has none are all 0.
constexpr const char* kScaleEither = R"(
def _embark_scale(self, x: Tensor, shift: Tensor, scale: Tensor, quantiles: Tensor) -> Tensor:
    by_rank = quantiles.select(1, 0) < quantiles.select(1, quantiles.size(1) - 1)
    return torch.where(by_rank.unsqueeze(1), self._embark_rank(x, quantiles), (x - shift) / scale)
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

constexpr const char* kLabels = R"(
def _embark_labels(self, output: Tensor, target: int) -> Tuple[List[str], Tensor]:
    classes = self._embark_classes[self._embark_targets[target]]
    probabilities = torch.sigmoid(output)
    rows: List[List[float]] = probabilities.tolist()
    labels: List[str] = []
    for row in rows:
        names: List[str] = []
        for i, probability in enumerate(row):
            if probability > self._embark_label_thresholds[target][i]:
                names.append(classes[i])
        labels.append(self._embark_label_delims[target].join(names))
    return labels, probabilities
)";

constexpr const char* kValue = R"(
def _embark_value(self, output: Tensor, target: int) -> Tensor:
    mean, scale = self._embark_units[target]
    return output.double().reshape(-1) * scale + mean
)";

// What EncodingCounts has. count_unknown, of unknown categories and unreadable dates together, is from before.
constexpr const char* kCounts = R"(
def _embark_unreadable(self, categories: Dict[str, List[str]]) -> Dict[str, int]:
    counts: Dict[str, int] = {}
    for i, name in enumerate(self._embark_date_names):
        for text in categories[name]:
            if not self._embark_is_missing_word(self._embark_without_blanks(text)):
                if len(self._embark_date_parts(text, self._embark_date_formats[i])) == 0:
                    counts[name] = counts.get(name, 0) + 1
    return counts

def _embark_unknown(self, categories: Dict[str, List[str]]) -> Dict[str, int]:
    counts: Dict[str, int] = {}
    for i, name in enumerate(self._embark_category_names):
        n = self._embark_count_unknown(categories[name], self._embark_category_index[i], self._embark_category_spelling[i])
        if n > 0:
            counts[name] = n
    return counts

def encoding_counts(self, categories: Dict[str, List[str]], numbers: Dict[str, List[float]]) -> Dict[str, Dict[str, int]]:
    all_categories, all_numbers = self._embark_expand(categories, numbers)
    self._embark_rows(all_categories, all_numbers)
    flagged: List[int] = self._embark_fitted[4].tolist()
    filled: Dict[str, int] = {}
    for i, name in enumerate(self._embark_number_names):
        if i not in flagged:
            for number in all_numbers[name]:
                if torch.isnan(number):  # LibTorch takes number != number for false
                    filled[name] = filled.get(name, 0) + 1
    return {"unknown": self._embark_unknown(all_categories), "filled": filled, "unreadable": self._embark_unreadable(categories)}

def count_unknown(self, categories: Dict[str, List[str]]) -> Dict[str, int]:
    no_numbers: Dict[str, List[float]] = {}
    all_categories, no_numbers = self._embark_expand(categories, no_numbers)
    counts = self._embark_unreadable(categories)
    for name, n in self._embark_unknown(all_categories).items():
        counts[name] = n
    return counts
)";

// Numbers as read_number reads them; TorchScript's own float(text) takes others too.
constexpr const char* kRowValues = R"(
def _embark_skip_digits(self, word: str, i: int) -> int:
    while i < len(word) and ord(word[i]) >= 48 and ord(word[i]) <= 57:
        i += 1
    return i

def _embark_is_number(self, word: str) -> bool:
    begin = 1 if len(word) > 0 and (word[0] == "-" or word[0] == "+") else 0
    end = self._embark_skip_digits(word, begin)
    digits = end - begin
    if end < len(word) and word[end] == ".":
        point = end
        end = self._embark_skip_digits(word, point + 1)
        digits += end - point - 1
    if digits > 0 and end < len(word) and (word[end] == "e" or word[end] == "E"):
        end += 1
        if end < len(word) and (word[end] == "-" or word[end] == "+"):
            end += 1
        digits = self._embark_skip_digits(word, end) - end
        end += digits
    return digits > 0 and end == len(word)

def _embark_raw_columns(self, rows: List[Dict[str, str]]) -> Tuple[Dict[str, List[str]], Dict[str, List[float]]]:
    text_names, number_names = self._embark_raw_names
    categories: Dict[str, List[str]] = {}
    numbers: Dict[str, List[float]] = {}
    for name in text_names:
        texts: List[str] = []
        for i, row in enumerate(rows):
            assert name in row, "row {} has no '{}'".format(i + 1, name)
            texts.append(row[name])
        categories[name] = texts
    for name in number_names:
        values: List[float] = []
        for i, row in enumerate(rows):
            assert name in row, "row {} has no '{}'".format(i + 1, name)
            word = self._embark_without_blanks(row[name])
            missing = self._embark_is_missing_word(word)
            assert missing or self._embark_is_number(word), "row {}, column '{}': '{}' is not a number".format(i + 1, name, row[name])
            values.append(float("nan") if missing else float(word))
        numbers[name] = values
    return categories, numbers
)";

constexpr const char* kColumns = R"(
def columns(self) -> Tuple[List[str], List[str]]:
    return self._embark_raw_names
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
    if (target.is_class()) {
        const char* method = target.is_multi_label() ? "labels" : "classify";
        return {"Tuple[List[str], Tensor]", concat("self._embark_", method, "(", output, ", ", i, ")")};
    }
    const std::string value = concat("self._embark_value(", output, ", ", i, ")");
    return {"Tensor", target.log ? concat("torch.exp(", value, ")") : value};
}

/// The methods predict and predict_rows: a result as it is for one target, a tuple of results for several.
std::string predict_source(const TabularData& data) {
    std::vector<std::string> inputs = {"x_cat", "x_cont"}, outputs, types, results;
    std::string encode = "    x_cat, x_cont = self._embark_encode(categories, numbers)\n";
    std::string one_row =
        "        x_cat, x_cont = torch.zeros([1, x_cat.size(1)]).long(), torch.zeros([1, x_cont.size(1)])\n";
    for (size_t i = 0; i < data.texts.size(); ++i) {
        inputs.push_back(concat("x_text", i));
        encode +=
            concat("    x_text", i, " = self._embark_text(categories[self._embark_text_names[", i, "]], ", i, ")\n");
        one_row += concat("        x_text", i, " = torch.zeros([1, ", data.texts[i].max_len, "]).long()\n");
    }
    for (size_t i = 0; i < data.targets.size(); ++i) {
        outputs.push_back(concat("y", i));
        const TargetScript script = script_of(data.targets[i], i);
        types.push_back(script.type);
        results.push_back(script.result);
    }
    const bool single = outputs.size() == 1;
    const std::string type = single ? types.front() : concat("Tuple[", join(types), "]");
    const std::string result = single ? results.front() : concat("(", join(results), ")");
    return concat("def predict(self, categories: Dict[str, List[str]], numbers: Dict[str, List[float]]) -> ", type,
                  ":\n", "    categories, numbers = self._embark_expand(categories, numbers)\n", encode,
                  "    rows = x_cat.size(0)\n", "    if rows == 0:\n",
                  one_row,  // a model need not know what to do with no row at all
                  "    ", join(outputs), " = self.forward(", join(inputs), ")\n", "    if rows == 0:\n", "        ",
                  join(outputs), " = ", join(outputs, "[:0], "), "[:0]\n", "    return ", result, "\n\n",
                  "def predict_rows(self, rows: List[Dict[str, str]]) -> ", type, ":\n",
                  "    categories, numbers = self._embark_raw_columns(rows)\n",
                  "    return self.predict(categories, numbers)\n");
}

at::Tensor doubles(const std::vector<double>& values) {
    return at::tensor(values, at::kDouble);
}

/// fill (own numbers), shift and scale (numbers), quantiles (numbers, steps), and which of the numbers have a flag of
/// missing ones.
std::vector<at::Tensor> fitted_tensors(const TabularData& data) {
    std::vector<double> fill, shift, scale;
    std::vector<at::Tensor> quantiles;
    std::vector<int64_t> flagged;
    size_t n_quantiles = 0;
    for (const NumberColumn& column : data.numbers) {
        n_quantiles = std::max(n_quantiles, column.scaler.quantiles().size());
    }
    for (const NumberColumn& column : data.own_numbers()) fill.push_back(column.fill);
    for (const NumberColumn& column : data.numbers) {
        shift.push_back(column.scaler.shift());
        scale.push_back(column.scaler.scale());
        const auto& own = column.scaler.quantiles();
        quantiles.push_back(own.empty() ? at::zeros({static_cast<int64_t>(n_quantiles)}, at::kDouble) : doubles(own));
    }
    for (const CategoryColumn& flag : data.categories) {
        const auto number = std::find_if(data.numbers.begin(), data.numbers.end(),
                                         [&](const NumberColumn& column) { return column.name == flag.missing_in; });
        if (number != data.numbers.end()) flagged.push_back(number - data.numbers.begin());
    }
    return {doubles(fill), doubles(shift), doubles(scale),
            quantiles.empty() ? at::zeros({0, 0}, at::kDouble) : at::stack(quantiles), at::tensor(flagged, at::kLong)};
}

/// The columns that a caller gives: texts of all kinds, and numbers.
void add_raw_names(ExportContext& file, const TabularData& data) {
    c10::List<std::string> texts, numbers;
    for (const std::string& name : data.input_names()) {
        const bool is_number = std::any_of(data.numbers.begin(), data.numbers.end(),
                                           [&](const NumberColumn& column) { return column.name == name; });
        (is_number ? numbers : texts).push_back(name);
    }
    file.attribute("_embark_raw_names", c10::ivalue::Tuple::create({texts, numbers}));
}

void add_columns(ExportContext& file, const TabularData& data) {
    c10::List<std::string> categories, numbers;
    c10::List<c10::Dict<std::string, int64_t>> indices;
    c10::List<int64_t> spellings;
    for (const CategoryColumn& column : data.categories) {
        if (!column.missing_in.empty()) continue;
        categories.push_back(column.name);
        spellings.push_back(static_cast<int64_t>(column.vocabulary.spelling()));
        indices.push_back(script_index(column.vocabulary));
    }
    for (const NumberColumn& column : data.own_numbers()) numbers.push_back(column.name);
    file.attribute("_embark_category_names", categories);
    file.attribute("_embark_category_index", indices);
    file.attribute("_embark_category_spelling", spellings);
    file.attribute("_embark_number_names", numbers);
    add_raw_names(file, data);
    file.attribute("_embark_fitted", script_tensors(fitted_tensors(data)));
}

/// Adds `_embark_derive`, and what it needs: the places of rotated pairs (pairs, 2), those of the neighbours'
/// coordinates, their scales, points (coordinates, rows) and targets (rows, numbers).
void add_derived(ExportContext& file, const TabularData& data) {
    if (data.n_derived() == 0) return file.define(kDeriveNothing);
    const auto places_of = [&](const std::vector<std::string>& names) {
        std::vector<int64_t> places;
        for (const std::string& name : names) {
            places.push_back(std::ranges::find(data.numbers, name, &NumberColumn::name) - data.numbers.begin());
        }
        return at::tensor(places, at::kLong);
    };
    at::Tensor pairs = at::empty({0, 2}, at::kLong);
    for (const auto& [x, y] : data.rotated) pairs = at::cat({pairs, places_of({x, y}).unsqueeze(0)});
    const Neighbours none{.points = at::empty({0, 0}, at::kDouble), .targets = at::empty({0, 0}, at::kDouble)};
    const Neighbours& neighbours = data.neighbours ? *data.neighbours : none;
    file.attribute("_embark_derived", script_tensors({pairs, places_of(neighbours.columns), doubles(neighbours.scales),
                                                      neighbours.points, neighbours.targets}));
    file.attribute("_embark_neighbour_counts", c10::List<int64_t>(neighbours.counts));
    file.define(kDerive);
}

void add_dates(ExportContext& file, const TabularData& data) {
    c10::List<std::string> names, formats;
    c10::List<std::tuple<int64_t, std::string, int64_t, int64_t>> columns;
    for (size_t i = 0; i < data.dates.size(); ++i) {
        names.push_back(data.dates[i].name);
        formats.push_back(data.dates[i].format);
        for (const DatePartColumn& column : columns_of(data.dates[i])) {
            // 0 is an integer that is a category, 1 true or false, 2 a number.
            const int64_t kind = column.is_number ? 2 : column.is_flag ? 1 : 0;
            columns.push_back({static_cast<int64_t>(i), column.name, static_cast<int64_t>(column.part), kind});
        }
    }
    file.attribute("_embark_date_names", names);
    file.attribute("_embark_date_formats", formats);
    file.attribute("_embark_date_columns", columns);
}

void add_texts(ExportContext& file, const TabularData& data) {
    c10::List<std::string> names;
    c10::List<c10::Dict<std::string, int64_t>> indices;
    c10::List<int64_t> lengths;
    for (const TextColumn& column : data.texts) {
        names.push_back(column.name);
        lengths.push_back(column.max_len);
        const auto& tokens = column.vocabulary.tokens();
        c10::Dict<std::string, int64_t> index;
        for (size_t i = 2; i < tokens.size(); ++i) index.insert(tokens[i], static_cast<int64_t>(i));
        indices.push_back(index);
    }
    file.attribute("_embark_text_names", names);
    file.attribute("_embark_text_index", indices);
    file.attribute("_embark_text_length", lengths);
}

bool has_multi_label(const TabularData& data) {
    return std::any_of(data.targets.begin(), data.targets.end(),
                       [](const TargetColumn& target) { return target.is_multi_label(); });
}

void add_targets(ExportContext& file, const TabularData& data) {
    c10::List<std::string> names;
    c10::Dict<std::string, c10::List<std::string>> classes;
    c10::List<std::string> delims;
    c10::List<c10::List<double>> thresholds;
    c10::List<std::tuple<double, double>> units;
    for (size_t i = 0; i < data.targets.size(); ++i) {
        const TargetColumn& target = data.targets[i];
        names.push_back(target.name);
        units.push_back({target.mean, target.scale});
        delims.push_back(target.label_delim);
        const std::vector<float> chosen = label_thresholds(target);
        thresholds.push_back(c10::List<double>(std::vector<double>(chosen.begin(), chosen.end())));
        if (target.is_class()) classes.insert(target.name, c10::List<std::string>(data.target_classes(i)));
    }
    file.attribute("_embark_targets", names);
    file.attribute("_embark_classes", classes);
    file.attribute("_embark_units", units);
    if (!has_multi_label(data)) return;
    file.attribute("_embark_label_delims", delims);
    file.attribute("_embark_label_thresholds", thresholds);
}

/// Whether the model answers encoded rows with what each target needs.
bool predicts_targets(const ExportContext& file, const TabularData& data) {
    const Tensors outputs = file.forward(file.example());
    return std::equal(outputs.begin(), outputs.end(), data.targets.begin(), data.targets.end(),
                      [](const at::Tensor& output, const TargetColumn& target) {
                          return output.dim() == 2 && output.size(1) == target.width();
                      });
}

FileDescription description_of(const TabularData& data) {
    FileDescription description{.kind = "tabular", .inputs = data.input_names(), .preprocessing = to_json(data).dump()};
    for (const TargetColumn& target : data.targets) description.outputs.push_back(target.name);
    for (const auto& [name, vocabulary] : data.classes()) description.vocabulary_sizes[name] = vocabulary.size();
    return description;
}

}  // namespace

void TabularData::export_to(ExportContext& file) const {
    if (!predicts_targets(file, *this)) return;
    for (const char* method : {"predict", "predict_rows", "encoding_counts", "count_unknown", "columns", "classes"}) file.require_free(method);
    add_columns(file, *this);
    add_dates(file, *this);
    add_texts(file, *this);
    add_targets(file, *this);
    add_spelling_methods(file);
    const auto is_by_rank = [](const NumberColumn& column) { return column.scaler.scaling() == Scaling::quantile; };
    const bool any_by_rank = std::any_of(numbers.begin(), numbers.end(), is_by_rank);
    const bool all_by_rank = std::all_of(numbers.begin(), numbers.end(), is_by_rank);
    const char* scale = !any_by_rank ? kScaleLinearly : all_by_rank ? kScaleByRank : kScaleEither;
    if (any_by_rank) file.define(kRankOf);
    add_derived(file, *this);
    if (has_multi_label(*this)) file.define(kLabels);
    const std::string predict = predict_source(*this);
    for (const char* source :
         {kDateScript, kTextScript, kExpand, kText, kRows, scale, kDoubles, kEncode,
          kClassify, kValue, kRowValues, predict.c_str(), kCounts, kColumns, kClasses}) {
        file.define(source);
    }
    file.describe(description_of(*this));
}

std::string TabularData::fitted() const {
    return to_json(*this).dump();
}

}  // namespace embark
