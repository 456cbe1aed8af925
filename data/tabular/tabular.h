#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../../core/device.h"
#include "../../predictor/tabular_encoder.h"
#include "../loaders/dataloaders.h"
#include "../loaders/stream_options.h"
#include "column_summary.h"

namespace embark {

/// What stands in for a missing number.
enum class FillStrategy {
    median,    ///< the training values' median
    mode,      ///< the most frequent training value, the smallest of several
    constant,  ///< TabularOptions::fill_constant
};

/// What is taken of a row's nearest training rows: for each of `counts` the mean target of so many, or the share of
/// each class, as numbers that the model sees besides (Neighbours). In training a row is left out of its own; exact
/// copies of it are rows like others. Validation rows, and all that come later, are compared with the training rows
/// alone, which go with the model into exported files: 8 bytes for each coordinate, value and class of a row.
struct NeighbourOptions {
    /// Columns of numbers that are the coordinates, each divided by its deviation; missing ones are filled as they are
    /// for the model. Empty: all columns of numbers.
    std::vector<std::string> columns = {};
    std::vector<int64_t> counts = {1, 3, 10, 30};  ///< how many nearest rows, ascending: one mean for each of these
};

/// How a table becomes batches for a tabular model. What is fitted, is fitted on the training rows.
struct TabularOptions {
    /// What is to be predicted, one or more columns. Text, true/false and integers (3.0 is one) of at most
    /// `max_classes` different values are classes, other numbers are values. A missing one is an Error:
    /// Table::drop_missing leaves such rows out.
    std::vector<std::string> y_names = {};
    /// Columns of categories. Where none of any kind is named, all columns but the targets are found: text, true/false
    /// and integers of at most `max_card` values are categories, other numbers are numbers, dates are dates. Left out,
    /// with a warning, is what has no value, or holds lists, structures or bytes, and what pandas names as an index of
    /// rows. Numbers and dates with something else among them, and texts that could be numbers, are an Error until they
    /// are named.
    std::vector<std::string> cat_names = {};
    std::vector<std::string> cont_names = {};  ///< columns of numbers
    /// Columns of dates, which become their parts (add_datepart).
    std::vector<std::string> date_names = {};
    bool date_time = false;  ///< whether the dates' parts have the time of day too
    /// A second form of dates beside ISO's, such as %m/%d/%Y (require_date_format says which there are); ambiguous ones
    /// are never guessed. Values of date columns that are not dates are missing, with a warning.
    std::string date_format = {};
    /// What the names of a date's parts begin with, by date, where not as usual (DatePartOptions::prefix). Filled in
    /// with the date's whole name where other columns have the usual names.
    std::map<std::string, std::string> date_prefixes = {};
    /// Columns of texts of any length, one more input each: (n, text_len) int64 of tokens.
    std::vector<std::string> text_names = {};
    TextVocabularyOptions text_vocabulary = {};  ///< which tokens of the texts get a number
    int64_t text_len = 128;  ///< tokens of each text that the model sees, the first ones; shorter texts are padded
    /// Find the other columns also where some are named, which then are what they are named as.
    bool find_others = false;
    /// Columns to leave out.
    std::vector<std::string> ignore_names = {},
        only_names = {};  ///< where not empty, the only ones to take, of whatever kind

    /// Targets that are classes although they look like values.
    std::vector<std::string> y_classes = {};
    std::vector<std::string> y_values = {};  ///< targets that are values although they look like classes
    /// Targets of which a row has several classes, one or none (a missing value stands for none), with `label_delim`
    /// between them, as "a;b"; blanks around each are removed. Not for streamed rows.
    std::vector<std::string> y_multi_label = {};
    std::string label_delim = ";";  ///< what stands between the classes of y_multi_label
    /// Targets whose logarithm is learned; answers are in their own units all the same. All must be above 0.
    std::vector<std::string> y_log = {};
    /// Learn values as (y − mean) / σ; answers are in their own units all the same.
    bool scale_targets = false;

    /// FillMissing. A number that is missing though none was in training is filled the same way.
    FillStrategy fill = FillStrategy::median;
    double fill_constant = 0;  ///< what FillStrategy::constant fills in
    /// For each column of numbers with missing ones in training, a category NAME_na that says where.
    bool missing_flags = true;

    /// Categorify. Categories by name in an order of their own: {{"size", {"S", "M", "L"}}}; all there are, then.
    std::map<std::string, std::vector<std::string>> ordered = {};
    /// Categories of fewer training rows are taken as `#na#`, which so learns what rare ones have in common. Those
    /// named in `ordered` and parts of dates stay. Not for streamed rows.
    int64_t min_count = 1;
    /// The share of categories that training hides, drawn anew for each batch, so that `#na#` learns to stand for what
    /// is not known. 0: as fastai, whose `#na#` is not trained where nothing is missing.
    double hide_categories = 0.01;
    /// Integers of more than so many values are numbers, where columns are told apart.
    int64_t max_card = 20, max_classes = 10;  ///< targets of more integers than so many are values

    /// Normalize.
    Scaling scaling = Scaling::standard;

    /// Pairs of columns of numbers in one unit, as {{"latitude", "longitude"}}, of which the model sees sum and
    /// difference besides. Not for streamed rows.
    std::vector<RotatedColumns> rotated = {};
    /// Numbers made of the nearest training rows; the search takes time that grows with the square of the rows, a
    /// second or two for 20,000 rows of 8 coordinates. Not for streamed rows, nor for more than kMostNeighbours
    /// training rows.
    std::optional<NeighbourOptions> neighbours = {};
    static constexpr int64_t kMostNeighbours = 200'000;  ///< the most training rows that `neighbours` takes

    /// A column that says how much each training row counts in the loss, at least 0; it is not predicted from. Losses
    /// and metrics of validation count every row alike. Not for streamed rows.
    std::string weight_name = {};

    /// Which rows are for validation; empty: random_splitter(valid_pct, seed). Neither goes with validation rows that
    /// are given.
    Splitter splitter = {};
    int64_t batch_size = 64;  ///< rows in a training batch
    /// Batch size in validation; 0: ten times batch_size.
    int64_t valid_batch_size = 0;
    double valid_pct = 0.2;  ///< share of the rows that is for validation, where no splitter is given
    /// Seed of the split and of the permutations.
    uint64_t seed = 42;
    bool shuffle = true;    ///< a new permutation of the rows each epoch; false: in the table's order
    bool drop_last = true;  ///< leave out the last, short training batch (never the only one), as fastai does
    /// Which rows a training epoch has, in the place of `shuffle`; it is told of all rows of the table. Not for
    /// streamed rows.
    Sampler sampler = {};
    at::Device device = default_device();  ///< where the batches' tensors are
};

/// The columns of a table as categories and numbers; see cont_cat_split.
struct ColumnKinds {
    std::vector<std::string> cat_names,  ///< columns of categories
        cont_names;                      ///< columns of numbers
};
/// The columns of `table` but `leave_out`: text, true/false and integers of at most `max_card` values are categories,
/// other numbers are numbers (fastai's cont_cat_split).
ColumnKinds cont_cat_split(const Table& table, const std::vector<std::string>& leave_out = {}, int64_t max_card = 20);

/// What from_table would take the columns of `table` for, without a target too, and what it would warn of or refuse,
/// as far as that can be seen before anything is learned. Throws UsageError for names that contradict one another,
/// Error for names that are not the table's and named columns that cannot be read.
TableDescription describe(const Table& table, const TabularOptions& options = {});

/// What is to be said of a table whose encoding gave `counts`: values that training did not have.
std::vector<Warning> new_value_warnings(const EncodingCounts& counts, const Table& table);

/// What was fitted on the training rows of a table, for tables.
class TabularData : public Preprocessing, public TabularEncoder {
public:
    TabularData() = default;
    /// Of what an encoder was fitted to, as an exported file has it.
    explicit TabularData(TabularEncoder encoder) : TabularEncoder(std::move(encoder)) {}

    std::map<std::string, Vocabulary> classes() const override;
    std::vector<std::string> target_classes(size_t target) const override;
    std::function<at::Tensor(const at::Tensor&)> target_decoder(size_t target) const override;
    Table decode(const Batch& batch) const override;
    Table with_predictions(Table table, const Tensors& predictions) const override;
    void export_to(ExportContext& file) const override;
    std::string fitted() const override;

    using TabularEncoder::encode;
    /// A model's inputs for every row, as those of raw values. Columns may stand in any order, with others beside them.
    /// Throws Error for a column that is not there, and for a value that is not a number, with file, row and column.
    /// Counts what is new into `counts` where it is given.
    Tensors encode(const Table& table, EncodingCounts* counts = nullptr) const;
    /// One tensor a target, as TabularDataLoaders has them. Throws Error, with file, row and column,
    /// for a target that is missing, or a class that training did not have.
    Tensors encode_targets(const Table& table) const;
};

/// Batches for tabular models: the inputs are (n, categories) int64 and (n, numbers) float32, either of width 0 where
/// there are none, then (n, text_len) int64 for each text; the targets one tensor each, (n) int64 of classes, (n,
/// classes) float32 of 0 and 1 where a row may have several, or (n, 1) float32 of values.
class TabularDataLoaders : public DataLoaders {
public:
    /// The rows of `table`, split as the options say. Throws Error, naming the column and where it can the row, for
    /// targets that are missing or all the same, columns that are not there or have no value, and numbers that are
    /// none.
    static TabularDataLoaders from_table(const Table& table, const TabularOptions& options);

    /// As above, with the validation rows given as a table of the same columns. Throws UsageError for a splitter or a
    /// valid_pct beside it.
    static TabularDataLoaders from_tables(const Table& train, const Table& valid, const TabularOptions& options);

    /// Rows of a Parquet file or of all those in a folder, which are read again in every epoch, row group by row group:
    /// for more than fits into memory. A first pass finds all categories and classes, and fits the rest on
    /// `stream.fit_rows` rows. For validation every row is drawn by itself with probability `valid_pct` (0: none).
    /// Throws what from_table throws, and UsageError for a splitter, since that would need all rows at once.
    static TabularDataLoaders from_parquet(const std::filesystem::path& path, const TabularOptions& options,
                                           const StreamOptions& stream = {});

    /// As above, with the validation rows given as files of the same columns.
    static TabularDataLoaders from_parquet(const std::filesystem::path& train, const std::filesystem::path& valid,
                                           const TabularOptions& options, const StreamOptions& stream = {});

    /// What was fitted on the training rows.
    const TabularData& tabular() const { return *tabular_; }
    /// The categories that the model sees, in the order of the first input's columns.
    const std::vector<CategoryColumn>& categories() const { return tabular_->categories; }
    /// The numbers that the model sees, in the order of the second input's columns.
    const std::vector<NumberColumn>& numbers() const { return tabular_->numbers; }
    /// What is predicted, in the order of the batches' targets.
    const std::vector<TargetColumn>& targets() const { return tabular_->targets; }
    /// What they were made with, the names of columns filled in.
    const TabularOptions& tabular_options() const { return *options_; }

    /// As DataLoaders::resampled.
    TabularDataLoaders resampled(uint64_t seed) const;

    /// The same rows, with a threshold for each label of each target (TargetColumn::thresholds), none for the others.
    TabularDataLoaders with_thresholds(const std::vector<std::vector<float>>& thresholds) const;

    /// Rows that were not there in training, in their order, for Learner::get_preds; with targets where `table` has
    /// all of them, for Learner::validate.
    DataLoader test_dl(const Table& table, EncodingCounts* counts = nullptr) const;

    /// What each column of the table was taken for, in its order, and what was found in it. Of a validation table of
    /// its own it says nothing; of Parquet files that are streamed, what their sample says.
    const std::vector<ColumnSummary>& columns() const { return description_->columns; }
    /// What a user should know of the data; docs/tabular.md lists the codes.
    const std::vector<Warning>& warnings() const { return description_->warnings; }

private:
    TabularDataLoaders(DataLoaders loaders, std::shared_ptr<const TabularData> tabular, TabularOptions options,
                       TableDescription description);
    static TabularDataLoaders stream(const std::filesystem::path& train,
                                     const std::optional<std::filesystem::path>& valid, const TabularOptions& options,
                                     const StreamOptions& stream);
    std::shared_ptr<const TabularData> tabular_;
    std::shared_ptr<const TabularOptions> options_;
    std::shared_ptr<const TableDescription> description_;
};

}  // namespace embark
