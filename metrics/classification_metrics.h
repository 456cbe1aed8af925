#pragma once

#include "metric.h"

namespace embark {

// Predictions are logits: (…, classes) with as many targets as rows of logits, or (n) and (n, 1), one logit of class 1
// beside class 0. Targets are classes, (n) or (n, 1), integers of any type. The predicted class is the one with
// the largest logit, the first of several such; with one logit it is 1 where the logit is above 0. Where the classes
// are another dimension than the last there is Metric::along_axis.

/// Share of rows whose predicted class is the target; higher is better.
Metric accuracy();
/// 1 − accuracy; lower is better.
Metric error_rate();
/// Share of rows whose target is among the k classes with the largest logits, in the order of the classes where logits
/// are equal, so that k = 1 is the accuracy. Its name is "top_5_accuracy". Higher is better. Throws UsageError for k
/// < 1.
Metric top_k_accuracy(int64_t k = 5);
/// Of several yes-or-no targets in one row, the share of values where sigmoid(logit) > thresh agrees with the target
/// (not 0 is yes). Logits and targets have as many values. Higher is better.
Metric accuracy_multi(double thresh = 0.5);

/// Mean of −log of the probability of the target, the cross-entropy: softmax of several logits, sigmoid of one. Other
/// than scikit-learn's, probabilities are not cut off at 2⁻⁵². Lower is better.
Metric log_loss();
/// e to the log_loss over all predictions; lower is better.
Metric perplexity();

/// How the precision, recall or F-score of several classes become one; scikit-learn's names.
enum class Average {
    binary,    ///< that of one class, of two
    macro,     ///< the mean over the classes that occur among targets or predictions
    micro,     ///< that of all classes' counts together
    weighted,  ///< the mean over classes, weighted by how often they occur among the targets
};

/// Settings of precision, recall, f1_score and fbeta; scikit-learn's names and defaults.
struct ClassAverageOptions {
    Average average = Average::binary;  ///< how the classes' figures become one
    /// The class that Average::binary looks at, 0 or 1.
    int64_t pos_label = 1;
};
/// Deprecated name of ClassAverageOptions.
using ClassAverage [[deprecated("ClassAverageOptions since 0.2")]] = ClassAverageOptions;

// With TP, FP and FN the right, wrong and missed predictions of a class. Where a denominator is 0, the value is 0, as
// scikit-learn's. Average::binary throws Error for a model of more than two classes, and UsageError for a pos_label
// that is neither 0 nor 1; other averages have their name behind the metric's, as in "f1_score_macro".

/// TP / (TP + FP); higher is better.
Metric precision(ClassAverageOptions options = {});
/// TP / (TP + FN); higher is better.
Metric recall(ClassAverageOptions options = {});
/// (1 + β²)·TP / ((1 + β²)·TP + β²·FN + FP), which counts recall as β times as important as precision; named "f2_score"
/// for β = 2. Higher is better. Throws UsageError unless beta is finite and not negative.
Metric fbeta(double beta, ClassAverageOptions options = {});
/// fbeta with β = 1, the harmonic mean of precision and recall; higher is better.
Metric f1_score(ClassAverageOptions options = {});
/// f1_score under the name that it has in segmentation, 2·TP / (2·TP + FN + FP): `dice().along_axis(1)` is fastai's
/// Dice, with Average::macro its DiceMulti. Higher is better.
Metric dice(ClassAverageOptions options = {});
/// Jaccard's coefficient, the intersection over the union of a class' predictions and targets, TP / (TP + FN + FP);
/// with Average::macro fastai's JaccardCoeffMulti. Higher is better.
Metric jaccard(ClassAverageOptions options = {});

// Metrics of several yes-or-no targets in one row, its labels: logits and targets are (n, labels), a target that is not
// 0 is yes, and a label is predicted where sigmoid(logit) > thresh. They are fastai's of the same names.

/// Settings of precision_multi, recall_multi and f1_score_multi. An average other than macro has its name behind the
/// metric's, as in "f1_score_multi_micro"; Average::binary is a UsageError.
struct LabelAverageOptions {
    double thresh = 0.5;               ///< the probability above which a label is predicted
    Average average = Average::macro;  ///< how the labels' figures become one
};
/// Precision of each label, averaged over all labels; higher is better.
Metric precision_multi(LabelAverageOptions options = {});
/// Recall of each label, averaged over all labels; higher is better.
Metric recall_multi(LabelAverageOptions options = {});
/// F1 of each label, averaged over all labels; higher is better.
Metric f1_score_multi(LabelAverageOptions options = {});
/// The mean over labels of each one's area under the ROC curve; NaN where no row, or every row, has one of the labels.
/// Higher is better.
Metric roc_auc_multi();
/// The mean over labels of each one's average precision. Higher is better.
Metric average_precision_multi();

/// Mean over the classes that occur among the targets of the recall of each; higher is better.
Metric balanced_accuracy();
/// Cohen's κ = (accuracy − chance) / (1 − chance), chance being the accuracy of the same predictions put in any order;
/// NaN where targets and predictions are all of one class. Higher is better.
Metric cohen_kappa();
/// Matthews' correlation coefficient, for several classes Gorodkin's R_K, from −1 to 1; 0 where targets or predictions
/// are all of one class. Higher is better.
Metric matthews_corrcoef();

// The ranking metrics look at scores: one logit itself; of two logits their difference, which orders rows as softmax[:,
// 1] does; of more the softmax in float64. Rows of equal score count as such. NaN where a score is NaN.

/// Area under the ROC curve of two classes, 0 and 1: the probability that a row of class 1 has a higher score than one
/// of class 0, an equal score counting half. NaN where only one class occurs. Throws Error for more than two logits.
/// Higher is better.
Metric roc_auc_binary();
/// The same for any number of classes: the mean over classes of the area for that class against all others
/// (scikit-learn's multi_class="ovr", average="macro"). NaN where a class does not occur among the targets. Higher is
/// better.
Metric roc_auc();
/// Average precision Σ (R_i − R_{i−1})·P_i over the scores from the highest on, P and R being precision and recall of
/// the rows down to there. Of two classes that of class 1, 0 where it does not occur; of more the mean over classes as
/// in roc_auc, NaN where one does not occur. Higher is better.
Metric average_precision();

}  // namespace embark
