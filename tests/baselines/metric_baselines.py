"""The baseline of metrics; make_baselines.py writes it. Predictions are logits in float64."""

import json
import math
from functools import partial
from types import SimpleNamespace

import numpy
import torch
from fastai.metrics import Dice, DiceMulti, JaccardCoeff, JaccardCoeffMulti, exp_rmspe
from scipy import stats
from sklearn import metrics as skm

AVERAGES = ("macro", "micro", "weighted")


def metrics():
    """What scikit-learn, SciPy and fastai make of predictions and targets, by the names of Embark's metrics."""
    tensors, names = {}, {}
    for compute, cases in ((two_classes, two_class_cases), (several_classes, several_class_cases),
                           (several_labels, several_label_cases), (segmentation, segmentation_cases),
                           (regression, regression_cases)):
        for name, (predictions, targets) in cases():
            expected = {metric: number(value) for metric, value in compute(predictions, targets).items()}
            tensors |= {f"{name}.predictions": torch.tensor(predictions), f"{name}.targets": torch.tensor(targets),
                        f"{name}.expected": torch.tensor(list(expected.values()), dtype=torch.float64)}
            names[name] = json.dumps(list(expected))
    return tensors, names


def number(compute):
    """NaN also where the other library refuses."""
    try:
        return float(compute())
    except ValueError:
        return math.nan


# --- Inputs ---------------------------------------------------------------------------------------------------------


def two_class_cases():
    random = numpy.random.default_rng(7)
    logits, targets = 2 * random.normal(size=(60, 2)), random.integers(2, size=60)
    yield "two_columns", (logits, targets)
    yield "target_column", (logits, targets[:, None])
    yield "rounded_logits", (logits.round(), targets)
    yield "rare_positives", (logits, (random.random(60) < 0.1).astype(int))
    yield "one_column", (logits[:, :1], targets)
    yield "vector_rounded", (logits[:, 0].round(), targets)
    yield "all_logits_equal", (numpy.zeros((20, 2)), targets[:20])
    yield "only_class_0", (logits[:20], numpy.zeros(20, int))
    yield "only_class_1", (logits[:20], numpy.ones(20, int))
    yield "only_class_0_predicted", (numpy.stack([numpy.full(20, 9.0), logits[:20, 0]], 1), targets[:20])
    yield "all_right_of_class_0", (numpy.array([[3.0, 1.0]] * 5), numpy.zeros(5, int))
    yield "all_right_of_class_1", (numpy.array([[1.0, 3.0]] * 5), numpy.ones(5, int))
    yield "one_row", (logits[:1], targets[:1])


def several_class_cases():
    random = numpy.random.default_rng(8)
    logits, targets = 2 * random.normal(size=(80, 5)), random.integers(5, size=80)
    logits[numpy.arange(80), targets] += 1.5
    yield "five_classes", (logits, targets)
    yield "five_classes_target_column", (logits, targets[:, None])
    yield "class_missing_from_targets", (logits, numpy.where(targets == 3, 1, targets))
    without_2 = logits.copy()
    without_2[:, 2] -= 20
    yield "class_missing_from_predictions", (without_2, targets)
    yield "class_missing_from_both", (without_2, numpy.where(targets == 2, 4, targets))
    yield "one_class_only", (logits[:20], numpy.full(20, 2))
    # Two levels, so that softmax gives many equal scores; argmax takes the first of several largest.
    yield "rounded_logits_of_three", ((logits[:, :3] > 1).astype(float), targets % 3)


def several_label_cases():
    random = numpy.random.default_rng(9)
    logits, targets = random.normal(size=(20, 3)), random.integers(2, size=(20, 3))
    yield "labels", (logits, targets)
    yield "rounded_labels", (logits.round(), targets)
    yield "label_that_no_row_has", (logits, targets * numpy.array([1, 0, 1]))
    yield "label_that_is_never_predicted", (logits - numpy.array([0, 20, 0]), targets)
    yield "rows_without_a_label", (logits, targets * (numpy.arange(20) % 2)[:, None])


def segmentation_cases():
    random = numpy.random.default_rng(11)
    yield "pictures", (random.normal(size=(3, 4, 5, 6)), random.integers(4, size=(3, 5, 6)))
    yield "pictures_of_two_classes", (random.normal(size=(3, 2, 5, 6)), random.integers(2, size=(3, 5, 6)))


def regression_cases():
    random = numpy.random.default_rng(10)
    targets = random.normal(size=50)
    predictions = targets + 0.7 * random.normal(size=50)
    yield "vectors", (predictions, targets)
    yield "column_and_vector", (predictions[:, None], targets)
    yield "rounded", (predictions.round(), targets.round())
    yield "two_columns", (predictions.reshape(-1, 2), targets.reshape(-1, 2))
    yield "far_from_zero", (1e6 + predictions, 1e6 + targets)
    yield "tiny", (1e-9 * predictions, 1e-9 * targets)
    yield "integer_targets", (predictions, targets.round().astype(int))
    yield "positive", (numpy.exp(predictions), numpy.exp(targets))
    yield "constant_targets", (predictions[:10], numpy.full(10, 0.5))
    yield "constant_predictions", (numpy.full(10, 0.25), targets[:10])
    yield "constant_error", (targets[:10].round() + 3.5, targets[:10].round() + 3)
    yield "all_right", (targets[:10], targets[:10])
    yield "all_right_and_constant", (numpy.full(10, 0.5), numpy.full(10, 0.5))
    yield "opposite", (-targets[:10], targets[:10])
    yield "two_rows", (predictions[:2], targets[:2])
    yield "one_row_of_regression", (predictions[:1], targets[:1])


# --- Metrics --------------------------------------------------------------------------------------------------------


def softmax(logits):
    return torch.tensor(logits).softmax(-1).numpy()


def class_metrics(y, predicted):
    """What needs the predicted classes alone."""
    result = {"accuracy": partial(skm.accuracy_score, y, predicted),
              "error_rate": partial(skm.zero_one_loss, y, predicted),
              "balanced_accuracy": partial(skm.balanced_accuracy_score, y, predicted),
              "cohen_kappa": partial(skm.cohen_kappa_score, y, predicted),
              "matthews_corrcoef": partial(skm.matthews_corrcoef, y, predicted)}
    for average in AVERAGES:
        result |= averaged(f"_{average}", y, predicted, average=average)
    return result


def averaged(ending, y, predicted, **settings):
    return {f"precision{ending}": partial(skm.precision_score, y, predicted, **settings),
            f"recall{ending}": partial(skm.recall_score, y, predicted, **settings),
            f"f1_score{ending}": partial(skm.f1_score, y, predicted, **settings),
            f"f2_score{ending}": partial(skm.fbeta_score, y, predicted, beta=2, **settings),
            f"f0.5_score{ending}": partial(skm.fbeta_score, y, predicted, beta=0.5, **settings),
            f"dice{ending}": partial(skm.f1_score, y, predicted, **settings),
            f"jaccard{ending}": partial(skm.jaccard_score, y, predicted, **settings)}


def two_classes(logits, targets):
    y = targets.ravel()
    # One logit is that of class 1 beside a 0 of class 0.
    both = logits if logits.shape[1:] == (2,) else numpy.stack([numpy.zeros(len(y)), logits.ravel()], axis=1)
    predicted, score = both.argmax(1), softmax(both)[:, 1]
    log_loss = partial(skm.log_loss, y, softmax(both), labels=[0, 1])
    result = class_metrics(y, predicted)
    result |= averaged("", y, predicted)
    result |= {"roc_auc_binary": partial(skm.roc_auc_score, y, score), "roc_auc": partial(skm.roc_auc_score, y, score),
               "average_precision": partial(skm.average_precision_score, y, score),
               "log_loss": log_loss, "perplexity": lambda: math.exp(log_loss())}
    if len(set(y) | set(predicted)) == 2:
        # scikit-learn knows of class 0 only where it occurs.
        result |= averaged(" of class 0", y, predicted, pos_label=0)
    return result


def several_classes(logits, targets):
    y, classes = targets.ravel(), range(logits.shape[1])
    probabilities = softmax(logits)
    log_loss = partial(skm.log_loss, y, probabilities, labels=classes)
    result = class_metrics(y, logits.argmax(1))
    result |= {"roc_auc": partial(skm.roc_auc_score, y, probabilities, multi_class="ovr", labels=classes),
               "average_precision": partial(skm.average_precision_score, y, probabilities),
               "log_loss": log_loss, "perplexity": lambda: math.exp(log_loss())}
    if len(numpy.unique(logits)) > 2:
        # Where logits are equal scikit-learn counts the last classes first, unlike argmax.
        result |= {f"top_{k}_accuracy": partial(skm.top_k_accuracy_score, y, logits, k=k, labels=classes)
                   for k in (1, 2, 5)}
    return result


def several_labels(logits, targets):
    y, p = targets, torch.tensor(logits).sigmoid().numpy()
    # fastai's metrics of these names, but in float64; its accuracy_multi is over all values.
    result = {"accuracy_multi": partial(skm.accuracy_score, y.ravel(), p.ravel() > 0.5),
              "accuracy_multi above 0.3": partial(skm.accuracy_score, y.ravel(), p.ravel() > 0.3),
              "roc_auc_multi": partial(skm.roc_auc_score, y, logits, average="macro"),
              "average_precision_multi": partial(skm.average_precision_score, y, logits, average="macro")}
    for ending, average, thresh in (("", "macro", 0.5), ("_micro", "micro", 0.5), ("_weighted", "weighted", 0.5),
                                    (" above 0.3", "macro", 0.3)):
        settings = {"average": average, "zero_division": 0}
        result |= {f"precision_multi{ending}": partial(skm.precision_score, y, p > thresh, **settings),
                   f"recall_multi{ending}": partial(skm.recall_score, y, p > thresh, **settings),
                   f"f1_score_multi{ending}": partial(skm.f1_score, y, p > thresh, **settings)}
    return result


def segmentation(logits, targets):
    """fastai's metrics of pictures, whose classes are dimension 1, from all pixels."""
    learn = SimpleNamespace(pred=torch.tensor(logits), y=torch.tensor(targets))
    y, predicted = targets.ravel(), logits.argmax(1).ravel()
    result = {"accuracy along axis 1": partial(skm.accuracy_score, y, predicted),
              "dice_macro along axis 1": partial(accumulated, DiceMulti(axis=1), learn),
              "jaccard_macro along axis 1": partial(accumulated, JaccardCoeffMulti(axis=1), learn)}
    if logits.shape[1] == 2:
        result |= {"dice along axis 1": partial(accumulated, Dice(axis=1), learn),
                   "jaccard along axis 1": partial(accumulated, JaccardCoeff(axis=1), learn)}
    return result


def accumulated(metric, learn):
    metric.reset()
    metric.accumulate(learn)
    return metric.value


def regression(predictions, targets):
    p, y = predictions.ravel(), targets.ravel().astype(float)
    result = {"mse": partial(skm.mean_squared_error, y, p), "rmse": partial(skm.root_mean_squared_error, y, p),
            "mae": partial(skm.mean_absolute_error, y, p), "msle": partial(skm.mean_squared_log_error, y, p),
            "mape": partial(skm.mean_absolute_percentage_error, y, p),
            "r2_score": partial(skm.r2_score, y, p), "explained_variance": partial(skm.explained_variance_score, y, p),
            "pearson_corrcoef": lambda: stats.pearsonr(p, y)[0],
            "spearman_corrcoef": lambda: stats.spearmanr(p, y)[0]}
    if numpy.isfinite(numpy.exp(y)).all():
        result["exp_rmspe"] = partial(exp_rmspe.func, torch.tensor(p), torch.tensor(y))
    return result
