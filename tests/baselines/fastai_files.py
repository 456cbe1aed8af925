"""Baselines of files that fastai itself saved; make_baselines.py writes them."""

import tempfile
from pathlib import Path

import numpy
import torch
from fastai.collab import EmbeddingDotBias
from fastai.data.core import DataLoaders
from fastai.data.load import DataLoader
from fastai.learner import Learner
from fastai.losses import MSELossFlat
from fastai.tabular.model import TabularModel

from loss_baselines import plain

ROWS = 24


def fastai_collab():
    """An EmbeddingDotBias, saved as by default: the optimizer's state beside the weights."""
    torch.manual_seed(17)
    x = torch.stack([torch.randint(1, n, (ROWS,)) for n in (5, 6)], dim=1)
    model = EmbeddingDotBias(3, 5, 6, y_range=(0, 5.5))
    return {"x": x} | saved(model, [x], 5 * torch.rand(ROWS), with_opt=True), {}


def fastai_tabular():
    """A TabularModel, saved without the optimizer's state."""
    torch.manual_seed(18)
    x_cat = torch.stack([torch.randint(n, (ROWS,)) for n in (4, 6)], dim=1)
    x_cont = 3 + 2 * torch.randn(ROWS, 3)
    model = TabularModel([(4, 2), (6, 3)], 3, 2, [4], y_range=(-1, 4))
    return {"x_cat": x_cat, "x_cont": x_cont} | saved(model, [x_cat, x_cont], torch.randn(ROWS, 2), with_opt=False), {}


def saved(model, inputs, targets, with_opt):
    """The file of Learner.save(), as bytes, after a little training, and what the model says in eval mode."""
    rows = list(zip(*inputs, targets))
    dls = DataLoaders(DataLoader(rows, bs=8), DataLoader(rows, bs=8))
    with tempfile.TemporaryDirectory() as folder:
        learn = Learner(dls, model, loss_func=MSELossFlat(), path=folder)
        with learn.no_bar(), learn.no_logging():
            learn.fit(2, 0.05)
        content = numpy.frombuffer(Path(learn.save("model", with_opt=with_opt)).read_bytes(), dtype=numpy.uint8)
    model.eval()
    with torch.no_grad():
        return {"file": torch.from_numpy(content.copy()), "prediction": plain(model(*inputs))}
