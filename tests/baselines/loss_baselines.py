"""The baseline of losses; make_baselines.py writes it."""

from functools import partial

import torch
from fastai.losses import (
    BCELossFlat, BCEWithLogitsLossFlat, CrossEntropyLossFlat, FocalLossFlat, L1LossFlat, LabelSmoothingCrossEntropyFlat,
    MSELossFlat)
from torch import nn
from torch.nn import functional

LOSSES_OF_CLASSES = (BCEWithLogitsLossFlat, CrossEntropyLossFlat, FocalLossFlat, LabelSmoothingCrossEntropyFlat)
CLASS_WEIGHTS = torch.tensor([0.5, 1, 2, 0.125])
COLUMN_WEIGHTS = torch.tensor([1, 0.25, 3])
POS_WEIGHTS = torch.tensor([2, 0.5, 1.5])


class WeightedFocalLoss(FocalLossFlat):
    """The paper's weighted focal loss. fastai's own takes p from the weighted cross-entropy, so that it is no
    probability any more."""

    def __init__(self, gamma, reduction="mean"):
        super().__init__(gamma=gamma)
        self.mean, self.gamma = reduction == "mean", gamma

    def __call__(self, prediction, target):
        cross_entropy = functional.cross_entropy(prediction, target, reduction="none")
        weighted = functional.cross_entropy(prediction, target, weight=CLASS_WEIGHTS, reduction="none")
        values = (1 - torch.exp(-cross_entropy)) ** self.gamma * weighted
        return values.mean() if self.mean else values


def losses():
    """Flat losses of predictions and targets whose shapes agree only after flattening."""
    generator = torch.Generator().manual_seed(3)
    rand = partial(torch.rand, generator=generator)
    randn = partial(torch.randn, generator=generator)
    randint = partial(torch.randint, generator=generator)

    def ignored(shape, ignore_index):
        target = randint(4, shape)
        target[:, 1] = ignore_index
        return target

    weighted = partial(CrossEntropyLossFlat, weight=CLASS_WEIGHTS)
    cases = {
        "mse.column_and_vector": (MSELossFlat, randn(12, 1), randn(12)),
        "mse.vector_and_column": (MSELossFlat, randn(12), randn(12, 1)),
        "mse.two_columns": (MSELossFlat, randn(6, 2), randn(6, 2)),
        "mse.integer_target": (MSELossFlat, randn(12, 1), randint(1, 6, (12,))),
        "l1.column_and_vector": (L1LossFlat, randn(12, 1), randn(12)),
        "l1.two_columns": (L1LossFlat, randn(6, 2), randn(6, 2)),
        "cross_entropy.classes": (CrossEntropyLossFlat, 2 * randn(10, 4), randint(4, (10,))),
        "cross_entropy.target_column": (CrossEntropyLossFlat, 2 * randn(10, 4), randint(4, (10, 1))),
        "cross_entropy.sequence": (CrossEntropyLossFlat, 2 * randn(3, 5, 4), randint(4, (3, 5))),
        "bce_with_logits.column_and_vector": (BCEWithLogitsLossFlat, 3 * randn(10, 1), rand(10)),
        "bce_with_logits.integer_target": (BCEWithLogitsLossFlat, 3 * randn(10), randint(2, (10, 1))),
        "bce_with_logits.large_logits": (BCEWithLogitsLossFlat, 60 * randn(8, 3), randint(2, (8, 3)).float()),
        "cross_entropy.ignored": (CrossEntropyLossFlat, 2 * randn(4, 3, 4), ignored((4, 3), -100)),
        "cross_entropy_weighted.classes": (weighted, 2 * randn(10, 4), randint(4, (10,))),
        "cross_entropy_weighted.sequence": (weighted, 2 * randn(3, 5, 4), randint(4, (3, 5))),
        "cross_entropy_weighted_ignored.sequence":
            (partial(weighted, ignore_index=2), 2 * randn(4, 3, 4), ignored((4, 3), 2)),
        "cross_entropy_smoothed.classes": (LabelSmoothingCrossEntropyFlat, 2 * randn(10, 4), randint(4, (10,))),
        "cross_entropy_smoothed.sequence": (LabelSmoothingCrossEntropyFlat, 2 * randn(3, 5, 4), randint(4, (3, 5))),
        # fastai has this combination too, but smooths without the weights.
        "cross_entropy_weighted_smoothed.classes":
            (partial(weighted, label_smoothing=0.2), 2 * randn(10, 4), randint(4, (10,))),
        "focal.classes": (FocalLossFlat, 2 * randn(10, 4), randint(4, (10,))),
        "focal.sequence": (FocalLossFlat, 2 * randn(3, 5, 4), randint(4, (3, 5))),
        "focal_weighted.classes": (partial(WeightedFocalLoss, gamma=0.5), 2 * randn(10, 4), randint(4, (10,))),
        "bce_with_logits_weighted.columns":
            (partial(nn.BCEWithLogitsLoss, weight=COLUMN_WEIGHTS, pos_weight=POS_WEIGHTS),
             3 * randn(8, 3), randint(2, (8, 3)).float()),
        "bce_with_logits_pos_weight.column":
            (partial(BCEWithLogitsLossFlat, pos_weight=torch.tensor(2.5)), 3 * randn(8, 1), rand(8, 1)),
        "bce.column_and_vector": (BCELossFlat, rand(10, 1), rand(10)),
        "bce.certain": (BCELossFlat, torch.tensor([0.0, 0, 1, 1]), torch.tensor([0, 1, 0, 1])),
        "bce_weighted.columns": (partial(nn.BCELoss, weight=COLUMN_WEIGHTS), rand(8, 3), randint(2, (8, 3)).float()),
        "cross_entropy_axis.pictures": (partial(CrossEntropyLossFlat, axis=1), 2 * randn(2, 4, 3, 5), randint(4, (2, 3, 5))),
        "cross_entropy_weighted_axis.pictures": (partial(weighted, axis=1), 2 * randn(2, 4, 3, 5), randint(4, (2, 3, 5))),
        "focal_axis.pictures": (partial(FocalLossFlat, axis=1), 2 * randn(2, 4, 3, 5), randint(4, (2, 3, 5))),
        "module_huber.columns": (partial(nn.HuberLoss, delta=0.7), randn(6, 2), randn(6, 2)),
        "module_bce_with_logits.columns":
            (partial(nn.BCEWithLogitsLoss, weight=COLUMN_WEIGHTS, pos_weight=POS_WEIGHTS),
             3 * randn(8, 3), randint(2, (8, 3)).float()),
        "module_cross_entropy.pictures":
            (partial(nn.CrossEntropyLoss, weight=CLASS_WEIGHTS, ignore_index=2), 2 * randn(2, 4, 3, 5),
             ignored((2, 3, 5), 2)),
        "module_soft_margin.labels": (nn.MultiLabelSoftMarginLoss, randn(6, 3), randint(2, (6, 3)).float()),
    }
    tensors = {}
    for name, (loss_class, prediction, target) in cases.items():
        tensors |= {f"{name}.{what}": tensor for what, tensor in one_loss(loss_class, prediction, target).items()}
    return tensors, {}


def one_loss(loss_class, prediction, target):
    loss = loss_class()
    variable = prediction.clone().requires_grad_()
    mean = loss(variable, target)
    mean.backward()
    rows = plain(loss_class(reduction="none")(prediction, target)).view(len(prediction), -1).mean(dim=1)
    result = {"prediction": prediction, "target": target, "mean": plain(mean), "rows": rows,
              "gradient": plain(variable.grad)}
    if isinstance(loss, LOSSES_OF_CLASSES):
        activation = loss.activation(prediction)
        result |= {"activation": plain(activation), "decoded": plain(loss.decodes(activation)).long()}
    return result


def plain(tensor):
    """fastai's tensor subclasses are of no use outside it."""
    return tensor.detach().as_subclass(torch.Tensor).clone()
