#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "../../core/device.h"
#include "../../predictor/tabular_encoder.h"
#include "../loaders/dataloaders.h"
#include "../loaders/stream_options.h"

namespace embark {

/// What stands in for a missing number.
enum class FillStrategy {
    median,    ///< the training values' median
    mode,      ///< the most frequent training value, the smallest of several
    constant,  ///< TabularOptions::fill_constant
};

/// How a table becomes batches for a tabular model. What is fitted, is fitted on the training rows.
struct TabularOptions {
    /// What is to be predicted, one or more columns. Text, true/false and integers of two values are classes,
    /// other numbers are values; a missing one is an Error.
    std::vector<std::string> y_names = {};
    /// Columns of categories and of numbers. Where none of any kind is named, all columns but the targets are taken:
    /// categories and numbers as cont_cat_split tells them apart, dates as dates.
    std::vector<std::string> cat_names = {};
    std::vector<std::string> cont_names = {};
    /// Columns of dates, which become their parts (add_datepart), and whether with the time of day.
    std::vector<std::string> date_names = {};
    bool date_time = false;
    /// A second form of dates beside ISO's, such as %m/%d/%Y (require_date_format says which there are); ambiguous ones
    /// are never guessed. Values of date columns that are not dates are missing, with a warning.
    std::string date_format = {};
    /// What the names of a date's parts begin with, by date, where not as usual (DatePartOptions::prefix). Filled in
    /// with the date's whole name where other columns have the usual names.
    std::map<std::string, std::string> date_prefixes = {};
    /// Columns of texts of any length, one more input each: (n, text_len) int64 of tokens.
    std::vector<std::string> text_names = {};
    TextVocabularyOptions text_vocabulary = {};
    int64_t text_len = 128;
    /// Columns to leave out where the names are not given.
    std::vector<std::string> ignore_names = {};

    /// Targets that are classes although they are numbers, and targets that are values although they have two.
    std::vector<std::string> y_classes = {};
    std::vector<std::string> y_values = {};
    /// Targets whose logarithm is learned; answers are in their own units all the same. All must be above 0.
    std::vector<std::string> y_log = {};
    /// Learn values as (y − mean) / σ; answers are in their own units all the same.
    bool scale_targets = false;

    /// FillMissing. A number that is missing though none was in training is filled the same way.
    FillStrategy fill = FillStrategy::median;
    double fill_constant = 0;
    /// For each column of numbers with missing ones in training, a category NAME_na that says where.
    bool missing_flags = true;

    /// Categorify. Categories by name in an order of their own: {{"size", {"S", "M", "L"}}}; all there are, then.
    std::map<std::string, std::vector<std::string>> ordered = {};
    /// Categories of fewer training rows are taken as `#na#`, which so learns what rare ones have in common. Those
    /// named in `ordered` stay. Not for streamed rows.
    int64_t min_count = 1;
    /// The share of categories that training hides, drawn anew for each batch, so that `#na#` learns to stand for what
    /// is not known. 0: as fastai, whose `#na#` is not trained where nothing is missing.
    double hide_categories = 0.01;
    /// Integers of more than so many values are numbers, where columns are told apart.
    int64_t max_card = 20;

    /// Normalize.
    Scaling scaling = Scaling::standard;

    /// A column that says how much each training row counts in the loss, at least 0; it is not predicted from. Losses
    /// and metrics of validation count every row alike. Not for streamed rows.
    std::string weight_name = {};

    /// Which rows are for validation; empty: random_splitter(valid_pct, seed).
    Splitter splitter = {};
    int64_t batch_size = 64;
    /// Batch size in validation; 0: ten times batch_size.
    int64_t valid_batch_size = 0;
    double valid_pct = 0.2;
    /// Seed of the split and of the permutations.
    uint64_t seed = 42;
    bool shuffle = true;
    bool drop_last = true;
    at::Device device = default_device();
};

/// The columns of `table` but `leave_out`, as categories and numbers: text, true/false and integers of at most
/// `max_card` values are categories, other numbers are numbers (fastai's cont_cat_split).
struct ColumnKinds {
    std::vector<std::string> cat_names, cont_names;
};
ColumnKinds cont_cat_split(const Table& table, const std::vector<std::string>& leave_out = {}, int64_t max_card = 20);

/// What was fitted on the training rows of a table, for tables.
class TabularData : public Preprocessing, public TabularEncoder {
public:
    TabularData() = default;
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
    /// One tensor a target: (n) int64 of classes, (n, 1) float32 of values. Throws Error, with file, row and column,
    /// for a target that is missing, or a class that training did not have.
    Tensors encode_targets(const Table& table) const;
};

/// Batches for tabular models: the inputs are (n, categories) int64 and (n, numbers) float32, either of width 0 where
/// there are none, then (n, text_len) int64 for each text; the targets one tensor each, (n) int64 of classes or (n, 1)
/// float32 of values.
class TabularDataLoaders : public DataLoaders {
public:
    /// The rows of `table`, split as the options say. Throws Error, naming the column and where it can the row, for
    /// targets that are missing or all the same, columns that are not there or have no value, and numbers that are
    /// none.
    static TabularDataLoaders from_table(const Table& table, const TabularOptions& options);

    /// As above, with the validation rows given as a table of the same columns.
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

    const TabularData& tabular() const { return *tabular_; }
    const std::vector<CategoryColumn>& categories() const { return tabular_->categories; }
    const std::vector<NumberColumn>& numbers() const { return tabular_->numbers; }
    const std::vector<TargetColumn>& targets() const { return tabular_->targets; }
    /// What they were made with, the names of columns filled in.
    const TabularOptions& tabular_options() const { return *options_; }

    /// As DataLoaders::resampled.
    TabularDataLoaders resampled(uint64_t seed) const;

    /// Rows that were not there in training, in their order, for Learner::get_preds; with targets where `table` has
    /// all of them, for Learner::validate.
    DataLoader test_dl(const Table& table, EncodingCounts* counts = nullptr) const;

    /// What a user should know of the data: a column of categories that are nearly all different.
    const std::vector<std::string>& warnings() const { return *warnings_; }

private:
    TabularDataLoaders(DataLoaders loaders, std::shared_ptr<const TabularData> tabular, TabularOptions options,
                       std::vector<std::string> warnings);
    static TabularDataLoaders stream(const std::filesystem::path& train,
                                     const std::optional<std::filesystem::path>& valid, const TabularOptions& options,
                                     const StreamOptions& stream);
    std::shared_ptr<const TabularData> tabular_;
    std::shared_ptr<const TabularOptions> options_;
    std::shared_ptr<const std::vector<std::string>> warnings_;
};

}  // namespace embark
