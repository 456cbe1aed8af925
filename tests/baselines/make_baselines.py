#!/usr/bin/env python3
"""Makes the baselines in this folder with PyTorch and fastai, for the C++ tests to compare with.

    benchmarks/peers/setup-fastai                                               # once: build/fastai-venv
    build/fastai-venv/bin/python tests/baselines/make_baselines.py              # writes the files
    build/fastai-venv/bin/python tests/baselines/make_baselines.py --check      # compares, writes nothing
    build/fastai-venv/bin/python tests/baselines/make_baselines.py lr_find      # only this one

The environment needs torch 2.13.0, fastai 2.8.12 and safetensors; setup-fastai installs the pinned versions. What each
file holds is described in README.md beside this script. Inputs are drawn from seeded generators and stored with the
results, so that a test needs nothing but the file.
"""

import argparse
import json
import logging
import math
import sys
import tempfile
import warnings
from collections import Counter
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import torch
from fastai.callback.core import Callback
from fastai.callback.mixup import MixUp
from fastai.callback.schedule import (
    SchedCos, SchedExp, SchedLin, SchedNo, SchedPoly, combine_scheds, combined_cos, minimum, slide, steep, valley)
from fastai.collab import EmbeddingDotBias
from fastai.data.core import DataLoaders
from fastai.data.load import DataLoader
from fastai.data.transforms import RandomSplitter
from fastai.layers import Embedding, sigmoid_range
from fastai.learner import AvgLoss, AvgSmoothLoss, Learner
from fastai.losses import CrossEntropyLossFlat, MSELossFlat
from fastai.optimizer import Adam, Lamb, Larc, Lookahead, QHAdam, RAdam, RMSProp, SGD, ranger
from fastai.tabular.core import Categorify, TabularPandas, add_datepart
from fastai.torch_core import TensorBase, to_detach
from safetensors import safe_open
from safetensors.torch import save_file
from sklearn.decomposition import PCA
from sklearn.model_selection import GroupKFold, StratifiedKFold
from torch import nn

from fastai_files import fastai_collab, fastai_tabular
from image_baselines import images
from loss_baselines import losses, plain
from metric_baselines import metrics
from tabular_baselines import number_scalers, tabular_procs
from tabular_model_baselines import number_embeddings, tabm, tabular_model

FOLDER = Path(__file__).resolve().parent


# --- Schedules and what depends on progress -------------------------------------------------------------------------


def one_cycle():
    """fit_one_cycle's learning rate and momentum at every step, as a real Learner's recorder saw them."""
    settings = {
        "notes": dict(n_epoch=5, n_iter=1250, lr_max=5e-3),
        "small": dict(n_epoch=3, n_iter=7, lr_max=0.01, div=10.0, div_final=1e3, pct_start=0.4, moms=(0.9, 0.8, 0.97)),
    }
    tensors = {}
    for name, chosen in settings.items():
        fit = dict(chosen)
        learn = tiny_learner(fit.pop("n_iter"))
        with learn.no_bar(), learn.no_logging():
            learn.fit_one_cycle(fit.pop("n_epoch"), **fit)
        for hyper in ("lr", "mom"):
            values = [float(value) for value in learn.recorder.hps[hyper]]
            tensors[f"{name}.{hyper}"] = torch.tensor(values, dtype=torch.float64)
    return tensors, {name: json.dumps(chosen) for name, chosen in settings.items()}


def tiny_learner(n_iter):
    """A Learner of one linear layer with `n_iter` training batches of one row."""
    rows = [(torch.ones(1) * i / n_iter, torch.zeros(1)) for i in range(n_iter)]
    dls = DataLoaders(DataLoader(rows, bs=1), DataLoader(rows[:1], bs=1))
    return Learner(dls, nn.Linear(1, 1), loss_func=MSELossFlat())


def schedules():
    """Each schedule at 21 equally spaced positions."""
    cases = {
        "SchedLin(1, 3)": SchedLin(1, 3),
        "SchedCos(0.002, 0.05)": SchedCos(0.002, 0.05),
        "SchedCos(0.95, 0.85)": SchedCos(0.95, 0.85),
        "SchedNo(0.3, 0.7)": SchedNo(0.3, 0.7),
        "SchedExp(1e-7, 10)": SchedExp(1e-7, 10),
        "SchedPoly(2, 0.5, 3)": SchedPoly(2, 0.5, 3),
        "SchedPoly(0, 1, 0.5)": SchedPoly(0, 1, 0.5),
        "combined_cos(0.25, 0.0002, 0.005, 5e-8)": combined_cos(0.25, 0.0002, 0.005, 5e-8),
        "combined_cos(0.3, 0.95, 0.85, 0.95)": combined_cos(0.3, 0.95, 0.85, 0.95),
        "combine_scheds([0.25, 0.5, 0.25], [SchedLin(0, 1), SchedNo(2, 2), SchedExp(3, 0.03)])":
            combine_scheds([0.25, 0.5, 0.25], [SchedLin(0, 1), SchedNo(2, 2), SchedExp(3, 0.03)]),
    }
    positions = [i / 20 for i in range(21)]
    return {"positions": positions, "values": {name: [float(f(p)) for p in positions] for name, f in cases.items()}}


# --- Optimizer ------------------------------------------------------------------------------------------------------


def adam_scheduled():
    """fastai's Adam over 50 steps with given gradients, learning rate and momentum scheduled, in two precisions."""
    steps, wd = 50, 0.1
    generator = torch.Generator().manual_seed(1)
    initial = {name: torch.randn(shape, generator=generator)
               for name, shape in (("weight", (7, 5)), ("embedding", (11, 3)), ("bias", (5,)))}
    gradients = {name: torch.randn((steps, *value.shape), generator=generator) for name, value in initial.items()}
    # As in training, a row of the embedding has a gradient only where its category is in the batch.
    gradients["embedding"] *= torch.rand((steps, 11, 1), generator=generator) < 0.3
    lr_at, mom_at = combined_cos(0.25, 4e-4, 0.01, 1e-7), combined_cos(0.25, 0.95, 0.85, 0.95)
    lr = [lr_at(i / steps) for i in range(steps)]
    mom = [mom_at(i / steps) for i in range(steps)]

    tensors = {"lr": torch.tensor(lr, dtype=torch.float64), "mom": torch.tensor(mom, dtype=torch.float64)}
    tensors |= {f"initial.{name}": value for name, value in initial.items()}
    tensors |= {f"gradient.{name}": value for name, value in gradients.items()}
    for dtype in (torch.float32, torch.float64):
        after = run_adam(initial, gradients, lr, mom, wd, dtype)
        tensors |= {f"{str(dtype).removeprefix('torch.')}.{name}": value for name, value in after.items()}
    return tensors, {"wd": str(wd), "without_decay": "bias", "sqr_mom": "0.99", "eps": "1e-5",
                     "after_steps": "10 20 30 40 50"}


def run_adam(initial, gradients, lr, mom, wd, dtype):
    """The parameters after every tenth step, stacked."""
    parameters = {name: nn.Parameter(value.to(dtype, copy=True)) for name, value in initial.items()}
    optimizer = Adam(list(parameters.values()), lr=lr[0], wd=wd)
    optimizer.state[parameters["bias"]]["do_wd"] = False
    after = {name: [] for name in parameters}
    for step in range(len(lr)):
        optimizer.set_hypers(lr=lr[step], mom=mom[step])
        for name, parameter in parameters.items():
            parameter.grad = gradients[name][step].to(dtype)
        optimizer.step()
        if (step + 1) % 10 == 0:
            for name, parameter in parameters.items():
                after[name].append(parameter.detach().clone())
    return {name: torch.stack(values) for name, values in after.items()}


def optimizers():
    """fastai's optimizers over 30 steps with given gradients, lr and mom scheduled, in two precisions."""
    steps = 30
    generator = torch.Generator().manual_seed(7)
    shapes = {"weight": (4, 3), "bias": (3,), "late": (5,)}
    initial = {name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}
    gradients = {name: torch.randn((steps, *shape), generator=generator) for name, shape in shapes.items()}
    # So that rates that are fitted to sizes come to their bounds in some steps, and do not in others.
    initial["late"] *= 20
    gradients["weight"] *= torch.linspace(0.1, 2, steps).view(-1, 1, 1)
    lr_at, mom_at = combined_cos(0.25, 2e-3, 0.05, 1e-6), combined_cos(0.25, 0.95, 0.85, 0.95)
    lr, mom = ([at(i / steps) for i in range(steps)] for at in (lr_at, mom_at))

    tensors = {"lr": torch.tensor(lr, dtype=torch.float64), "mom": torch.tensor(mom, dtype=torch.float64)}
    tensors |= {f"initial.{name}": value for name, value in initial.items()}
    tensors |= {f"gradient.{name}": value for name, value in gradients.items()}
    for case, make in optimizer_cases().items():
        for dtype in (torch.float32, torch.float64):
            after = run_optimizer(make, initial, gradients, lr, mom, dtype)
            prefix = f"{case}.{str(dtype).removeprefix('torch.')}"
            tensors |= {f"{prefix}.{name}": value for name, value in after.items()}
    return tensors, {"wd": "0.1", "without_decay": "bias", "after_steps": "5 10 15 20 25 30"}


def optimizer_cases():
    """What makes each optimizer, by the name of the case. RMSProp's eps is not there: fastai ignores it."""
    kinds = {"sgd": SGD, "sgd_momentum": partial(SGD, mom=0.9), "rmsprop": RMSProp,
             "rmsprop_momentum": partial(RMSProp, mom=0.9), "adam": Adam, "radam": RAdam,
             "sadam": partial(RAdam, beta=2.0), "qhadam": QHAdam, "qhadam_nu": partial(QHAdam, nu_1=0.4, nu_2=0.8),
             "larc": Larc, "larc_plain": partial(Larc, mom=0.0, trust_coeff=0.3),
             "lars": partial(Larc, clip=False, trust_coeff=0.3), "lamb": Lamb, "ranger": ranger}
    cases = {}
    for name, kind in kinds.items():
        cases[name] = partial(kind, wd=0.1)
        cases[f"{name}_l2"] = partial(kind, wd=0.1, decouple_wd=False)
    cases["lookahead_sgd"] = lambda parameters, lr: Lookahead(SGD(parameters, lr=lr, mom=0.9, wd=0.1), k=4, alpha=0.8)
    return cases


def run_optimizer(make, initial, gradients, lr, mom, dtype):
    """The parameters after every fifth step, stacked. `late` has a gradient in every third step alone."""
    parameters = {name: nn.Parameter(value.to(dtype, copy=True)) for name, value in initial.items()}
    optimizer = make(list(parameters.values()), lr=lr[0])
    optimizer.state[parameters["bias"]]["do_wd"] = False
    after = {name: [] for name in parameters}
    for step in range(len(lr)):
        # A mom of 0 in hypers is one that the optimizer does not use.
        scheduled = {"mom": mom[step]} if optimizer.hypers[0]["mom"] else {}
        optimizer.set_hypers(lr=lr[step], **scheduled)
        for name, parameter in parameters.items():
            has_gradient = name != "late" or step % 3 == 2
            parameter.grad = gradients[name][step].to(dtype, copy=True) if has_gradient else None
        optimizer.step()
        if (step + 1) % 5 == 0:
            for name, parameter in parameters.items():
                after[name].append(parameter.detach().clone())
    return {name: torch.stack(values) for name, values in after.items()}


# --- Models ---------------------------------------------------------------------------------------------------------

# Embark's parameter names by those of fastai's EmbeddingDotBias.
PARAMETER_NAMES = {"u_weight.weight": "user_factors.weight", "i_weight.weight": "item_factors.weight",
                   "u_bias.weight": "user_bias.weight", "i_bias.weight": "item_bias.weight"}


class DotProduct(nn.Module):
    """The course's model without biases, which fastai itself does not carry; parameters named as EmbeddingDotBias'."""

    def __init__(self, n_factors, n_users, n_items, y_range=None):
        super().__init__()
        self.u_weight, self.i_weight = Embedding(n_users, n_factors), Embedding(n_items, n_factors)
        self.y_range = y_range

    def forward(self, x):
        dot = (self.u_weight(x[:, 0]) * self.i_weight(x[:, 1])).sum(dim=1)
        return dot if self.y_range is None else sigmoid_range(dot, *self.y_range)


def dot_product_bias():
    """Predictions, loss and gradients of the collaborative-filtering models, with and without a range."""
    n_users, n_items, n_factors, rows, y_range = 30, 40, 50, 64, (0, 5.5)
    generator = torch.Generator().manual_seed(2)
    # Wider than fastai's initialisation, so that gradients of every parameter are far from 0.
    weights = {"user_factors.weight": 0.3 * torch.randn(n_users, n_factors, generator=generator),
               "item_factors.weight": 0.3 * torch.randn(n_items, n_factors, generator=generator),
               "user_bias.weight": 0.5 * torch.randn(n_users, 1, generator=generator),
               "item_bias.weight": 0.5 * torch.randn(n_items, 1, generator=generator)}
    x = torch.stack([torch.randint(n, (rows,), generator=generator) for n in (n_users, n_items)], dim=1)
    y = torch.randint(1, 6, (rows, 1), generator=generator).float()

    tensors = {"x": x, "y": y} | {f"weights.{name}": value for name, value in weights.items()}
    for case, model in (("bias_range", EmbeddingDotBias(n_factors, n_users, n_items, y_range)),
                        ("bias", EmbeddingDotBias(n_factors, n_users, n_items)),
                        ("dot_range", DotProduct(n_factors, n_users, n_items, y_range)),
                        ("dot", DotProduct(n_factors, n_users, n_items))):
        tensors |= {f"{case}.{name}": value for name, value in loss_and_gradients(model, weights, x, y).items()}
    return tensors, {"y_range": json.dumps(y_range), "loss": "MSELossFlat"}


def loss_and_gradients(model, weights, x, y):
    parameters = {PARAMETER_NAMES[name]: parameter for name, parameter in model.named_parameters()}
    for name, parameter in parameters.items():
        parameter.data.copy_(weights[name])
    prediction = model(x)
    loss = MSELossFlat()(prediction, y)
    loss.backward()
    gradients = {f"gradient.{name}": parameter.grad for name, parameter in parameters.items()}
    # fastai's tensor subclasses are of no use outside it.
    return {"prediction": plain(prediction), "loss": plain(loss)} | gradients


def text_encoder():
    """PyTorch's recurrent layers on texts, pooled: outputs, and gradients of the sum of outputs times `factor`."""
    generator = torch.Generator().manual_seed(14)
    lengths = torch.tensor([4, 7, 1, 0, 3, 7])
    tokens = torch.randint(1, 20, (6, 7), generator=generator) * (torch.arange(7) < lengths[:, None])
    tensors = {"tokens": tokens}
    for case, kind, layers, bidirectional, last in (
            ("gru", nn.GRU, 1, True, False), ("lstm", nn.LSTM, 1, True, False),
            ("gru_forward", nn.GRU, 1, False, False), ("gru_deep_last", nn.GRU, 2, True, True),
            ("lstm_forward_last", nn.LSTM, 1, False, True)):
        torch.manual_seed(15)
        embedding = nn.Embedding(20, 5, padding_idx=0)
        rnn = kind(5, 4, num_layers=layers, bidirectional=bidirectional, batch_first=True)
        pooled = torch.stack([pool_text(rnn, embedding, row[:n], last) for row, n in zip(tokens, lengths)])
        factor = torch.randn(pooled.shape, generator=generator)
        (pooled * factor).sum().backward()
        parameters = [("embedding.weight", embedding.weight)]
        parameters += [(f"rnn.{name}", parameter) for name, parameter in rnn.named_parameters()]
        tensors |= {f"{case}.output": pooled.detach(), f"{case}.factor": factor}
        tensors |= {f"{case}.weights.{name}": parameter.detach() for name, parameter in parameters}
        tensors |= {f"{case}.gradient.{name}": parameter.grad for name, parameter in parameters}
    return tensors, {"cases": "gru lstm gru_forward gru_deep_last lstm_forward_last"}


def pool_text(rnn, embedding, tokens, last):
    """One text by itself, without padding; a text of no tokens is 0."""
    directions = 2 if rnn.bidirectional else 1
    if len(tokens) == 0:
        return torch.zeros(rnn.hidden_size * directions * (1 if last else 2))
    outputs, state = rnn(embedding(tokens)[None])
    if last:
        state = state[0] if isinstance(state, tuple) else state
        return state[-directions:].reshape(-1)
    return torch.cat([outputs[0].mean(0), outputs[0].amax(0)])


def mix_up():
    """One batch through MixUp, whose shares and partners are drawn from the default generator, seeded."""
    rows, seed = 16, 5
    generator = torch.Generator().manual_seed(11)
    x = torch.randn(rows, 3, 2, generator=generator)
    numbers, classes = torch.randn(rows, 1, generator=generator), torch.randint(4, (rows,), generator=generator)
    logits = torch.randn(rows, 4, generator=generator)
    tensors = {"x": x, "numbers": numbers, "classes": classes, "logits": logits}
    for case, loss_func, y in (("numbers", MSELossFlat(), numbers), ("classes", CrossEntropyLossFlat(), classes)):
        callback = MixUp()
        callback.learn = learn = SimpleNamespace(xb=(x,), x=x, yb=(y,), y=y, training=True, loss_func=loss_func)
        callback.before_train()
        torch.manual_seed(seed)
        callback.before_batch()
        tensors |= {f"{case}.lambda": callback.lam, f"{case}.x": learn.xb[0], f"{case}.y": learn.yb[0]}
        if case == "classes":
            tensors[f"{case}.loss"] = learn.loss_func(logits, *learn.yb)
    return {name: plain(tensor) for name, tensor in tensors.items()}, {"seed": str(seed), "alpha": "0.4"}


def pca():
    """scikit-learn's principal components of more vectors than numbers, and of fewer; fastai's differ in sign alone."""
    generator = torch.Generator().manual_seed(13)
    tensors = {}
    for case, shape in (("tall", (12, 4)), ("wide", (5, 8))):
        x = torch.randn(shape, generator=generator, dtype=torch.float64) * torch.arange(1, shape[1] + 1) + 3
        found = PCA(3, svd_solver="full").fit(x.numpy())
        projected = torch.tensor(found.transform(x.numpy()))
        assert torch.allclose(projected.abs(), plain(x.as_subclass(TensorBase).pca(3)).abs())
        tensors |= {f"{case}.x": x, f"{case}.projected": projected, f"{case}.components": torch.tensor(found.components_),
                    f"{case}.explained_variance_ratio": torch.tensor(found.explained_variance_ratio_)}
    return tensors, {}


# --- What is recorded -----------------------------------------------------------------------------------------------


def smooth_loss():
    """fastai's running averages of losses: train_loss (exponential) and valid_loss (weighted by batch size)."""
    generator = torch.Generator().manual_seed(4)
    batch_losses = 2 * torch.exp(-torch.arange(120) / 40) + 0.3 * torch.rand(120, generator=generator)
    result = {"losses": batch_losses.tolist(), "smooth": {}}
    for beta in (0.98, 0.9):
        average = AvgSmoothLoss(beta=beta)
        average.reset()
        values = []
        for loss in batch_losses:
            average.accumulate(SimpleNamespace(loss=loss))
            values.append(average.value.item())
        result["smooth"][str(beta)] = values

    batch_sizes = [64, 64, 64, 17, 1]
    average = AvgLoss()
    average.reset()
    for size, loss in zip(batch_sizes, batch_losses):
        average.accumulate(SimpleNamespace(loss=loss, yb=(torch.zeros(size),), to_detach=to_detach))
    result["average"] = {"losses": batch_losses[:5].tolist(), "batch_sizes": batch_sizes, "value": average.value.item()}
    return result


def lr_find():
    """Curves of learning-rate finders, whole, and what fastai's four suggestions make of each."""
    result = []
    for name, lrs, curve in (real_curve(), *synthetic_curves()):
        # As Learner.lr_find does before it asks for suggestions.
        num_it, kept_lrs, kept = 100, torch.tensor(lrs), torch.tensor(curve)
        kept_lrs, kept = kept_lrs[num_it // 10:-5], kept[num_it // 10:-5]
        if kept.isnan().any():
            first_nan = kept.isnan().nonzero().min()
            kept_lrs, kept = kept_lrs[:first_nan], kept[:first_nan]
        suggestions = {f.__name__: f(kept_lrs, kept, num_it)[0] for f in (valley, slide, minimum, steep)}
        # JSON has no NaN.
        written = [None if math.isnan(loss) else loss for loss in curve]
        result.append({"name": name, "num_it": num_it, "lrs": lrs, "losses": written, "suggestions": suggestions})
    return result


def real_curve():
    """fastai's lr_find of an EmbeddingDotBias on ratings made of random biases."""
    torch.manual_seed(5)
    users, items = torch.randint(200, (6400,)), torch.randint(150, (6400,))
    ratings = (3.5 + torch.randn(200)[users] + torch.randn(150)[items]).round().clamp(1, 5)
    rows = list(zip(torch.stack([users, items], dim=1), ratings))
    dls = DataLoaders(DataLoader(rows, bs=64), DataLoader(rows[:64], bs=64))
    with tempfile.TemporaryDirectory() as folder:
        learn = Learner(dls, EmbeddingDotBias(20, 200, 150, (0, 5.5)), loss_func=MSELossFlat(), path=folder)
        with learn.no_bar():
            learn.lr_find(show_plot=False)
    lrs, curve = ([float(value) for value in values] for values in (learn.recorder.lrs, learn.recorder.losses))
    return "dot_product_bias_on_random_ratings", lrs, curve


def synthetic_curves():
    lrs = [1e-7 * (10 / 1e-7) ** (i / 100) for i in range(100)]
    logs = [math.log10(lr) for lr in lrs]
    noise = torch.rand(100, generator=torch.Generator().manual_seed(6)).tolist()

    def descent(x, steepness=2.0):
        return 1 / (1 + math.exp(steepness * (x + 3)))

    yield "valley_then_divergence", lrs, [0.4 + descent(x) + math.exp(3 * (x - 0.2)) for x in logs]
    yield "noisy_valley", lrs, [0.4 + descent(x) + math.exp(3 * (x - 0.2)) + 0.05 * r for x, r in zip(logs, noise)]
    yield "falls_throughout", lrs, [3 - 0.001 * i + descent(x, 1.0) for i, x in enumerate(logs)]
    yield "rises_throughout", lrs, [1 + 0.001 * i + math.exp(2 * x) for i, x in enumerate(logs)]
    yield "stopped_at_70", lrs[:70], [0.5 + descent(x - 2) + math.exp(9 * (x + 2.1)) for x in logs[:70]]
    yield "nan_at_80", lrs, [0.4 + descent(x) if i < 80 else math.nan for i, x in enumerate(logs)]


# --- Data -----------------------------------------------------------------------------------------------------------


def random_splitter():
    """Row numbers of RandomSplitter's parts, in its order."""
    result = []
    for rows, valid_pct, seed in ((50, 0.2, 42), (10, 0.3, 7), (101, 0.25, 0), (7, 0.5, 123456789)):
        train, valid = RandomSplitter(valid_pct=valid_pct, seed=seed)(range(rows))
        result.append({"rows": rows, "valid_pct": valid_pct, "seed": seed,
                       "train": [int(i) for i in train], "valid": [int(i) for i in valid]})
    # Of many rows, only how the parts begin.
    train, valid = RandomSplitter(valid_pct=0.2, seed=42)(range(100_000))
    result.append({"rows": 100_000, "valid_pct": 0.2, "seed": 42, "train_rows": len(train), "valid_rows": len(valid),
                   "train_begins": [int(i) for i in train[:20]], "valid_begins": [int(i) for i in valid[:20]]})
    return result


def vocabulary():
    """Categorify's vocabulary of a column's training rows, and the numbers of all its rows."""
    columns = {
        "text": ["b", "a", "c", "b", "B", "aa", "zz", "a"],
        "text_with_missing": ["red", None, "blue", "red", None, "green", "violet", None],
        "punctuation_and_accents": ["Zebra", "zebra", "Ärger", "a b", "a-b", "Émile", "_", "日本"],
        "integer": [10, 9, -1, 100, 9, 2, 7, 10],
        "large_integer": [2**53 + 1, 2**53, 3, 2**62, 2**53, 5, 2**53 + 2, 3],
    }
    train_rows = [0, 1, 2, 3, 4, 5]
    result = []
    for name, values in columns.items():
        frame = pd.DataFrame({name: values})
        table = TabularPandas(frame, procs=[Categorify], cat_names=[name], splits=(train_rows, [6, 7]))
        result.append({"name": name, "values": [None if value is None else str(value) for value in values],
                       "train_rows": train_rows, "vocabulary": [str(item) for item in table.classes[name]],
                       "codes": [int(code) for code in table.items.sort_index()[name]]})
    return result


def folds():
    """What scikit-learn's folds are determined to be: the counts of stratified ones, the rows of those by group."""
    generator = torch.Generator().manual_seed(12)
    stratified, groups = [], []
    for k, shares in ((3, (0.6, 0.3, 0.1)), (5, (0.5, 0.5)), (4, (0.7, 0.1, 0.1, 0.1))):
        drawn = torch.multinomial(torch.tensor(shares), 97, replacement=True, generator=generator).tolist()
        classes = [f"class {number}" for number in drawn]
        parts = StratifiedKFold(k, shuffle=True, random_state=1).split(classes, classes)
        counts = [dict(sorted(Counter(classes[row] for row in valid).items())) for _, valid in parts]
        stratified.append({"k": k, "classes": classes, "counts": counts})
    # No two groups of one size, whose order would be anyone's choice.
    for k, sizes in ((2, (5, 3, 1)), (3, (1, 2, 4, 7, 8, 9, 11)), (4, (30, 1, 2, 3, 4, 5))):
        names = [f"group {number}" for number, size in enumerate(sizes) for _ in range(size)]
        names = [names[i] for i in torch.randperm(len(names), generator=generator).tolist()]
        valid = [part.tolist() for _, part in GroupKFold(k).split(names, groups=names)]
        groups.append({"k": k, "groups": names, "valid": valid})
    return {"stratified": stratified, "groups": groups}


def date_parts():
    """fastai's add_datepart of dates at the ends of months, years and ISO weeks, and of dates drawn at random."""
    days = [date(year, month, day) for year in (1899, 1900, 1968, 1970, 2000, 2015, 2020, 2021, 2024)
            for month, day in ((1, 1), (1, 2), (1, 4), (2, 28), (3, 1), (3, 31), (4, 1), (6, 30), (9, 30), (10, 1),
                               (12, 28), (12, 29), (12, 30), (12, 31))]
    days += [date(year, 2, 29) for year in (1904, 1968, 2000, 2020, 2024)]
    generator = torch.Generator().manual_seed(13)
    seconds = torch.randint(-4_000_000_000, 6_000_000_000, (200,), generator=generator).tolist()
    texts = [str(day) for day in days] + [str(datetime(1970, 1, 1) + timedelta(seconds=second)) for second in seconds]
    # fastai takes every date for nanoseconds, which pandas' are no longer unless asked for: Elapsed would be wrong.
    dates = pd.to_datetime(pd.Series(texts), format="ISO8601").astype("datetime64[ns]")
    frame = add_datepart(pd.DataFrame({"saleDate": dates}), "saleDate", time=True)
    columns = {name: [float(value) for value in frame[name]] for name in frame}
    return {"dates": texts, "names": list(frame), "columns": columns}


# --- Fits of parameter groups ---------------------------------------------------------------------------------------


def fits():
    """Learning rates of three parameter groups at every step, and the weights at the end, of fastai's fits."""
    generator = torch.Generator().manual_seed(9)
    x = torch.randn(24, 4, generator=generator, dtype=torch.float64)
    y = torch.randn(24, 1, generator=generator, dtype=torch.float64)
    torch.manual_seed(10)
    initial = {name: value.clone() for name, value in three_groups().state_dict().items()}
    cases = {
        "flat_cos": lambda learn: learn.fit_flat_cos(2, 0.01),
        "sgdr": lambda learn: learn.fit_sgdr(2, 1, 0.01),
        "slice": lambda learn: learn.fit_one_cycle(2, slice(1e-4, 1e-2)),
        "slice_last": lambda learn: learn.fit_one_cycle(2, slice(1e-2)),
        "frozen": lambda learn: (learn.freeze_to(1), learn.fit(2, 0.01)),
        "fine_tune": lambda learn: learn.fine_tune(2, 0.01),
    }
    tensors = {"x": x, "y": y} | {f"initial.{name}": value for name, value in initial.items()}
    for case, fit in cases.items():
        model = three_groups()
        model.load_state_dict(initial)
        rates = Rates()
        batches = partial(DataLoader, list(zip(x, y)), bs=4)
        learn = Learner(DataLoaders(batches(), batches()), model, loss_func=MSELossFlat(), wd=0.1, cbs=[rates],
                        splitter=lambda m: [list(part.parameters()) for part in (m[0], m[1:4], m[4])])
        with learn.no_bar(), learn.no_logging():
            fit(learn)
        tensors[f"{case}.lr"] = torch.tensor(rates.seen, dtype=torch.float64)
        tensors |= {f"{case}.final.{name}": value for name, value in model.state_dict().items()}
    return tensors, {"groups": "0; 1 and 3; 4", "wd": "0.1", "batch_size": "4"}


def three_groups():
    model = nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 3), nn.Linear(3, 1))
    return model.double()


class Rates(Callback):
    """Each parameter group's learning rate at every training batch."""
    order = 90

    def __init__(self):
        self.seen = []

    def before_batch(self):
        if self.training:
            self.seen.append([float(hypers["lr"]) for hypers in self.opt.hypers])


def restarts_2018():
    """The learning rates of fastai 0.7's CosAnneal (cycle_len 1, cycle_mult 2, 3 cycles), by its own bookkeeping."""
    lr, batches, cycle_mult, n_cycles = 0.01, 40, 2, 3
    rates, length, cycle_iter = [], batches, 0
    for iteration in range(sum(batches * cycle_mult**cycle for cycle in range(n_cycles))):
        if iteration < length / 20:
            rates.append(lr / 100)
            cycle_iter += 1
            continue
        rates.append(lr / 2 * (math.cos(math.pi * cycle_iter / length) + 1))
        cycle_iter += 1
        if cycle_iter == length:
            cycle_iter = 0
            length *= cycle_mult
    return {"lr": lr, "batches": batches, "cycle_mult": cycle_mult, "n_cycles": n_cycles, "rates": rates}


# --- Files ----------------------------------------------------------------------------------------------------------

TENSOR_BASELINES = (one_cycle, adam_scheduled, dot_product_bias, fastai_collab, fastai_tabular, images, losses, metrics, fits, mix_up, number_scalers, optimizers,
                    tabular_model, number_embeddings, tabm, text_encoder, pca)
JSON_BASELINES = (schedules, smooth_loss, lr_find, random_splitter, folds, date_parts, vocabulary, restarts_2018,
                  tabular_procs)
BASELINES = {make.__name__: make for make in TENSOR_BASELINES + JSON_BASELINES}


def path_of(make):
    return FOLDER / f"{make.__name__}{'.safetensors' if make in TENSOR_BASELINES else '.json'}"


def write(make):
    path = path_of(make)
    if make in TENSOR_BASELINES:
        tensors, metadata = make()
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path, metadata)
        path.chmod(0o644)
    else:
        path.write_text(json.dumps(make(), indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
    print(f"{path.name}: {path.stat().st_size} bytes")


def check(make):
    """Names of what differs between a baseline made now and the committed file."""
    path = path_of(make)
    if make in JSON_BASELINES:
        return list(json_differences(json.loads(json.dumps(make())), json.loads(path.read_text(encoding="utf-8")), ""))
    tensors, metadata = make()
    with safe_open(path, "pt") as file:
        committed = {name: file.get_tensor(name) for name in file.keys()}
        differences = [] if (file.metadata() or {}) == metadata else ["metadata"]
    differences += sorted(tensors.keys() ^ committed.keys())
    both = sorted(tensors.keys() & committed.keys())
    return differences + [name for name in both if not same(tensors[name], committed[name])]


def same(made, committed):
    """Equal but for rounding, which may differ between processors."""
    if made.dtype != committed.dtype or made.shape != committed.shape:
        return False
    if not made.is_floating_point():
        return made.equal(committed)
    tolerance = 1e-5 if made.dtype == torch.float32 else 1e-12
    return torch.allclose(made, committed, rtol=tolerance, atol=tolerance, equal_nan=True)


def json_differences(made, committed, where):
    if isinstance(made, dict) and isinstance(committed, dict) and made.keys() == committed.keys():
        for key in made:
            yield from json_differences(made[key], committed[key], f"{where}/{key}")
    elif isinstance(made, list) and isinstance(committed, list) and len(made) == len(committed):
        for i, (left, right) in enumerate(zip(made, committed)):
            yield from json_differences(left, right, f"{where}/{i}")
    elif isinstance(made, float) and isinstance(committed, float):
        if not math.isclose(made, committed, rel_tol=1e-5):
            yield where
    elif made != committed:
        yield where


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"only these: {', '.join(BASELINES)}")
    parser.add_argument("--check", action="store_true", help="compare with the files instead of writing them")
    options = parser.parse_args()
    for name in options.names:
        if name not in BASELINES:
            parser.error(f"there is no baseline '{name}'; there are: {', '.join(BASELINES)}")

    torch.set_num_threads(1)
    failed = False
    for make in [BASELINES[name] for name in options.names] or BASELINES.values():
        if not options.check:
            write(make)
            continue
        differences = check(make)
        failed |= bool(differences)
        verdict = "differs in " + ", ".join(differences[:10]) if differences else "as committed"
        print(f"{path_of(make).name}: {verdict}")
    return 1 if failed else 0


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    logging.disable()
    sys.exit(main())
