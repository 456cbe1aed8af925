#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "../core/tensors.h"
#include "date_parts.h"
#include "derived_numbers.h"
#include "encoding_counts.h"
#include "number_scaler.h"
#include "raw_row.h"
#include "text_vocabulary.h"
#include "vocabulary.h"

namespace embark {

/// A category that the model sees: a column's, or whether a number is missing.
struct CategoryColumn {
    std::string name;       ///< the column's, or "<column>_na"
    Vocabulary vocabulary;  ///< its categories, by number
    /// The column of numbers whose missing ones it tells; empty for a column of the table's own.
    std::string missing_in = {};
};

/// A continuous column that the model sees.
struct NumberColumn {
    std::string name;  ///< of the column
    /// What stands in for a missing one, before it is scaled.
    double fill = 0;
    NumberScaler scaler = {};  ///< fitted on the training values
};

/// A date, which the model sees as its parts, categories and numbers of their own.
struct DateColumn {
    std::string name;   ///< of the column
    bool time = false;  ///< whether its parts have the time of day too
    /// A second form of its texts, as date_parts reads it.
    std::string format = {};
    /// What the names of its parts begin with where that is not what add_datepart would choose.
    std::optional<std::string> prefix = {};
};

/// How add_datepart makes its columns.
DatePartOptions date_part_options(const DateColumn& date);

/// The columns that a date becomes, named as add_datepart does.
std::vector<DatePartColumn> columns_of(const DateColumn& date);

/// A text, which the model sees as its first `max_len` tokens.
struct TextColumn {
    std::string name;                ///< of the column
    TextVocabulary vocabulary = {};  ///< its tokens, by number
    int64_t max_len = 0;             ///< longer texts are cut, shorter ones padded
};

/// What is predicted.
struct TargetColumn {
    std::string name;  ///< of the column
    /// The classes, `#na#` first; class c of the model is number c + 1 here. Empty but for `#na#` where it is a value.
    Vocabulary classes = {};
    /// What stands between the classes of a row that may have several, or none, as in "a;b"; empty where it has one.
    std::string label_delim = {};
    /// The probability above which a row gets each of these, in the order of the classes; empty: 0.5.
    std::vector<float> thresholds = {};
    bool log = false;  ///< whether the model learns its logarithm; of values alone
    /// The model learns (y − mean) / scale of a value, or of its logarithm.
    double mean = 0, scale = 1;  ///< 1 where values are learned as they are

    /// Whether it is classes rather than a value.
    bool is_class() const { return classes.size() > 1; }
    /// Whether a row may have several classes.
    bool is_multi_label() const { return !label_delim.empty(); }
    /// How many numbers a model gives for it: one a class, or one.
    int64_t width() const { return is_class() ? classes.size() - 1 : 1; }
    /// A model's output (n, width) as probabilities: softmax of classes, sigmoid of several labels a row; values as they
    /// are.
    at::Tensor activation(const at::Tensor& output) const;
    /// The same of one row, in its place.
    void activate(double* first) const;
    /// A model's value in the target's own units; float64 of the same shape.
    at::Tensor decode(const at::Tensor& output) const;
    /// One of a model's values in the target's own units.
    double decode(double output) const;
};

/// What was fitted on the training rows of a table, and makes a model's inputs of raw values: (n, categories) int64,
/// (n, numbers) float32, and (n, max_len) int64 for each text.
class TabularEncoder {
public:
    std::vector<CategoryColumn> categories;  ///< in the order of the first input's columns
    /// The rows' own numbers, then those derived from them (derived_numbers).
    std::vector<NumberColumn> numbers;
    std::vector<RotatedColumns> rotated;   ///< pairs that numbers are derived from
    std::optional<Neighbours> neighbours;  ///< what numbers are derived from nearest rows by
    std::vector<DateColumn> dates;         ///< columns that categories and numbers are made of
    std::vector<TextColumn> texts;         ///< one more input each
    std::vector<TargetColumn> targets;     ///< in the order of the model's outputs

    /// How many of the numbers are derived from others.
    int64_t n_derived() const { return 2 * std::ssize(rotated) + (neighbours ? neighbours->width() : 0); }
    /// The numbers that are columns of the table, or parts of its dates.
    std::span<const NumberColumn> own_numbers() const {
        return std::span(numbers).first(numbers.size() - static_cast<size_t>(n_derived()));
    }
    /// The numbers that are derived from these.
    std::span<const NumberColumn> derived_columns() const {
        return std::span(numbers).last(static_cast<size_t>(n_derived()));
    }

    /// The columns that rows must have to be predicted from, in the order of training.
    std::vector<std::string> input_names() const;
    /// The names of the classes that target `target` has, in their order; empty where it is a value.
    std::vector<std::string> target_classes(size_t target) const;

    /// The inputs of one row, (1, …) each. Values may stand in any order, with others beside them. Throws Error for a
    /// value that is not there, and for a value that is not a number; a date that is none is missing. Counts what is
    /// new into `counts` where it is given.
    Tensors encode(const RawRow& row, EncodingCounts* counts = nullptr) const;
    /// All categories and numbers of one row, to where they are wanted.
    void encode(const RawRow& row, int64_t* codes, float* numbers, EncodingCounts* counts = nullptr) const;
    /// The inputs of many rows; messages count these from 0. Throws Error for columns of unequal length too.
    Tensors encode_columns(const RawColumns& columns, EncodingCounts* counts = nullptr) const;
};

}  // namespace embark
