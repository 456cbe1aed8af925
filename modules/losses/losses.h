#pragma once

#include <vector>

#include "loss.h"

namespace embark {

// The "flat" losses bring predictions and targets to one shape first, so that (n, 1) and (n) agree, as fastai's do.
// Weights are one number a class, finite and not negative; without any all classes count the same.

/// Mean of (p − y)²; both sides flattened.
Loss mse_loss_flat();
/// Mean of |p − y|; both sides flattened.
Loss l1_loss_flat();

/// Settings of cross_entropy_loss_flat; PyTorch's names and defaults.
struct CrossEntropyOptions {
    /// How much each class counts.
    std::vector<double> weight = {};
    /// Share ε of the target that is spread evenly over all classes, from 0 to 1.
    double label_smoothing = 0;
    /// Targets of this value are left out.
    int64_t ignore_index = -100;
};

/// Softmax cross-entropy of (…, classes) logits with int64 classes: of each value l = −log softmax(p)[y], with label
/// smoothing (1 − ε)·w[y]·l + ε/classes·Σ_c −w[c]·log softmax(p)[c], and the mean Σ w[y]·l / Σ w[y] over the values
/// that are not ignored. Reduction::none gives w[y]·l, 0 where ignored, of each value, and the mean of these over the
/// values of a row: rows are not divided by the weights, which would make them depend on one another. So the mean is
/// the sum of the rows divided by the sum of their weights.
Loss cross_entropy_loss_flat(CrossEntropyOptions options = {});

/// fastai's LabelSmoothingCrossEntropyFlat: cross_entropy_loss_flat with eps of the target spread over all classes.
Loss label_smoothing_cross_entropy_flat(double eps = 0.1);

/// Settings of focal_loss_flat; fastai's defaults.
struct FocalOptions {
    /// How much less the examples count that the model is sure of; 0 is the cross-entropy.
    double gamma = 2;
    /// How much each class counts: α of the paper.
    std::vector<double> weight = {};
};

/// Focal loss (Lin et al., arXiv:1708.02002) of (…, classes) logits with int64 classes: mean of −w[y]·(1 − p_y)^γ·log
/// p_y with p = softmax of the logits. As in fastai the mean is one over values, not over weights; other than in fastai
/// the weights stand outside p_y, as in the paper.
Loss focal_loss_flat(FocalOptions options = {});

/// Settings of bce_with_logits_loss_flat.
struct BceWithLogitsOptions {
    /// How much each column of the target counts: one number for all, or one a column.
    std::vector<double> weight = {};
    /// How much positive targets count beside negative ones: one number for all columns, or one a column.
    std::vector<double> pos_weight = {};
    /// Probability above which a prediction is decoded as true.
    double thresh = 0.5;
};

/// Binary cross-entropy of logits with targets in [0, 1], q the sigmoid of the logits: mean over all values of
/// −w·(pos_weight·y·log q + (1 − y)·log(1 − q)), PyTorch's. Both sides flattened; columns are the prediction's last
/// dimension, one where it is (n).
Loss bce_with_logits_loss_flat(BceWithLogitsOptions options = {});

/// Settings of bce_loss_flat.
struct BceOptions {
    /// How much each column of the target counts: one number for all, or one a column.
    std::vector<double> weight = {};
    /// Probability above which a prediction is decoded as true.
    double thresh = 0.5;
};

/// Binary cross-entropy of probabilities, the outputs of a model that ends in a sigmoid, with targets in [0, 1]: mean
/// of −w·(y·log p + (1 − y)·log(1 − p)), logarithms not below −100 as in PyTorch. Throws Error where a prediction on
/// the CPU is not in [0, 1].
Loss bce_loss_flat(BceOptions options = {});

}  // namespace embark
