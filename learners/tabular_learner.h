#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <vector>

#include "../core/range.h"
#include "../data/tabular/tabular.h"
#include "../data/tabular/tabular_predictions.h"
#include "../modules/numeric_embedding_options.h"
#include "../modules/text_encoder_options.h"
#include "insight/label_thresholds.h"
#include "learner.h"

namespace embark {

/// What model tabular_learner makes; fastai's tabular_config and its defaults.
struct TabularLearnerOptions {
    /// Sizes of the hidden layers.
    std::vector<int64_t> layers = {200, 100};
    /// Widths of embeddings by the name of their column; others follow the rule (embedding_width).
    std::map<std::string, int64_t> emb_szs = {};
    /// Dropout after the hidden layers, one for all or one each.
    std::vector<double> ps = {};
    double embed_p = 0;  ///< dropout of the embeddings
    /// Predictions of values are kept in this range, in the target's own units; empty: unbounded.
    Range y_range = {};
    bool use_bn = true;     ///< batch norm of the hidden layers
    bool bn_final = false;  ///< batch norm of the last layer too
    bool bn_cont = true;    ///< batch norm of the numbers, where they are not embedded
    bool lin_first = true;  ///< as TabularModelOptions::lin_first
    /// How numbers are embedded; not at all in fastai. The bins of a piecewise-linear embedding are fitted here.
    NumericEmbeddingOptions numbers = {};
    /// Numbers of at most so many values in training get an embedding of each value besides (ValueEmbedder); 0: none.
    int64_t max_values = 0;
    /// A TabM ensemble of so many members that share their layers; 1: one network.
    int64_t members = 1;
    /// What reads texts, where the data have some; n_tokens follows from them and cannot be given.
    TextEncoderOptions text = {};
    /// Widths of the layers through which the rows of texts and table go together to the outputs, trained end to end
    /// (MultiInputModel).
    std::vector<int64_t> head = {128};
    /// How much each target's loss counts in their sum; empty: all the same.
    std::vector<double> target_weights = {};
    /// Weigh each class by rows / (classes · its rows) of training, as scikit-learn's class_weight="balanced", so that
    /// all classes of a target count the same in its loss. Not for streamed rows.
    bool balance_classes = false;
};

/// A Learner for tables that answers in raw values.
class TabularLearner : public Learner {
public:
    /// Of a model that takes the loaders' batches; tabular_learner() makes one by its options.
    TabularLearner(TabularDataLoaders dls, Model model, LearnerOptions options);

    /// The loaders that Learner::dls() has, as what they are.
    const TabularDataLoaders& tabular_dls() const { return tabular_dls_; }
    /// As Learner::set_dls; numbers are scaled from then on as was fitted on these data.
    void set_dls(TabularDataLoaders dls);
    /// Throws UsageError: raw values are answered by what was fitted on TabularDataLoaders.
    void set_dls(DataLoaders dls) override;

    using Learner::predict;
    /// Of encoded inputs in braces, `predict({x_cat, x_cont})`, which are never taken for a row.
    at::Tensor predict(std::initializer_list<at::Tensor> inputs) { return Learner::predict(Tensors(inputs)); }
    /// What the model says of one raw row, of its first target. Throws Error for a value that is not there, and for a
    /// value that is not a number.
    ///
    ///     learn.predict({{"age", 39}, {"workclass", "Private"}, …}).label
    Prediction predict(const RawRow& row);
    /// What the model says of one raw row, of all targets; see predict().
    std::vector<Prediction> predict_targets(const RawRow& row);

    /// What the model says of every row of a table, one entry a target. What was not there in training is counted into
    /// `counts`.
    std::vector<TargetPredictions> predict_table(const Table& table, EncodingCounts* counts = nullptr);

    /// Predicts the labels of targets with several a row by thresholds chosen on the validation rows
    /// (best_label_thresholds), in place of 0.5: here, and in files that are exported afterwards. Returns them by
    /// target, in the order of its classes. Metrics have thresholds of their own, and stay as they are. Throws
    /// UsageError without such a target, Error without validation rows.
    std::map<std::string, std::vector<float>> choose_thresholds(LabelThresholdOptions options = {});

    /// The vectors of a column's categories, (categories, width), `#na#` first, in the order of its vocabulary. Throws
    /// Error for a column that is no category, and where the model is not one with embeddings in the columns' order.
    at::Tensor embedding(const std::string& column) const;
    /// The vector of one category, (width). Throws Error for an unknown one, and names near ones.
    at::Tensor embedding(const std::string& column, const std::string& category) const;

private:
    TabularDataLoaders tabular_dls_;
};

/// Deprecated name of TabularLearnerOptions.
using TabularConfig [[deprecated("TabularLearnerOptions since 0.2")]] = TabularLearnerOptions;

/// A learner for tables, fastai's tabular_learner: a TabularModel (with texts, a MultiInputModel of it and
/// TextEncoders) with, unless asked otherwise, cross-entropy for classes and MSE for values. Metrics of values are in
/// the target's own units, losses as the values are learned. Throws UsageError for settings that cannot be right.
///
///     auto dls = TabularDataLoaders::from_table(read_csv("adult.csv"), {.y_names = {"salary"}});
///     auto learn = tabular_learner(dls, {.layers = {200, 100}}, {.metrics = {accuracy()}});
TabularLearner tabular_learner(TabularDataLoaders dls, const TabularLearnerOptions& config = {},
                               LearnerOptions options = {});

}  // namespace embark
