#!/usr/bin/env python3
"""Runs one experiment of the course with fastai and prints its figures as one JSON object: {"columns": {NAME: [one number
a row]}}, under the names that `embark course run` has for them. Runs in the environment that setup-fastai makes."""

import argparse
import json
import warnings
from pathlib import Path

import fastai.tabular.all  # gives Learner its fit_one_cycle, no_bar, …
import torch
from fastai.collab import CollabDataLoaders, collab_learner
from fastai.data.block import CategoryBlock
from fastai.layers import Embedding, sigmoid_range
from fastai.learner import Learner
from fastai.losses import MSELossFlat
from fastai.metrics import RocAucBinary, accuracy, rmse
from fastai.tabular.core import Categorify, FillMissing, Normalize, TabularPandas
from fastai.tabular.learner import tabular_learner
from fastai.tabular.model import get_emb_sz
from fastai.torch_core import Module, set_seed
from torch import nn

from adult import CATEGORIES, NUMBERS, TARGET, random_split, read_adult
from fastai_collab import load_ratings


class DotProduct(Module):
    def __init__(self, n_users, n_movies, n_factors, y_range=None, bias=False):
        self.user_factors, self.movie_factors = Embedding(n_users, n_factors), Embedding(n_movies, n_factors)
        if bias:
            self.user_bias, self.movie_bias = Embedding(n_users, 1), Embedding(n_movies, 1)
        self.y_range, self.bias = y_range, bias

    def forward(self, x):
        result = (self.user_factors(x[:, 0]) * self.movie_factors(x[:, 1])).sum(dim=1, keepdim=True)
        if self.bias:
            result = result + self.user_bias(x[:, 0]) + self.movie_bias(x[:, 1])
        return sigmoid_range(result, *self.y_range) if self.y_range else result


class CollabNN(Module):
    def __init__(self, user_sz, item_sz, y_range=(0, 5.5), n_act=100):
        self.user_factors, self.item_factors = Embedding(*user_sz), Embedding(*item_sz)
        self.layers = nn.Sequential(nn.Linear(user_sz[1] + item_sz[1], n_act), nn.ReLU(), nn.Linear(n_act, 1))
        self.y_range = y_range

    def forward(self, x):
        embeddings = self.user_factors(x[:, 0]), self.item_factors(x[:, 1])
        return sigmoid_range(self.layers(torch.cat(embeddings, dim=1)), *self.y_range)


def recorded(learn, metrics=()):
    """The recorder's rows as columns; losses first, then the metrics."""
    columns = zip(*learn.recorder.values)
    return {name: [float(value) for value in values] for name, values in zip(["train_loss", "valid_loss", *metrics], columns)}


def dot_product(dls, y_range=None, bias=False):
    sizes = [len(dls.classes["user"]), len(dls.classes["title"])]
    return Learner(dls, DotProduct(*sizes, 50, y_range, bias), loss_func=MSELossFlat())


def trained(learn, epochs, lr, metrics=(), **settings):
    with learn.no_bar(), learn.no_logging():
        learn.fit_one_cycle(epochs, lr, **settings)
    return recorded(learn, metrics)


def lr_find(dls):
    learn = dot_product(dls)
    trained(learn, 5, 5e-3)
    with learn.no_bar(), learn.no_logging():
        return {"learning rate": [float(learn.lr_find(show_plot=False).valley)]}


def adult(options):
    table = read_adult(options.data / "adult")
    set_seed(options.seed)
    data = TabularPandas(table, procs=[Categorify, FillMissing, Normalize], cat_names=list(CATEGORIES),
                         cont_names=list(NUMBERS), y_names=TARGET, y_block=CategoryBlock(),
                         splits=random_split(len(table), options.seed))
    learn = tabular_learner(data.dataloaders(bs=64), layers=[200, 100], metrics=[accuracy, RocAucBinary()])
    return trained(learn, 3, 1e-3, ["accuracy", "roc_auc"])


COLLAB = {
    "dot-product": lambda dls: trained(dot_product(dls), 5, 5e-3),
    "lr-find": lr_find,
    "dot-product-range": lambda dls: trained(dot_product(dls, (0, 5.5)), 6, 0.5e-3),
    "dot-product-bias": lambda dls: trained(dot_product(dls, (0, 5.5), True), 5, 5e-3),
    "weight-decay": lambda dls: trained(dot_product(dls, (0, 5.5), True), 6, 5e-3, wd=0.1),
    "collab-learner": lambda dls: trained(collab_learner(dls, n_factors=50, y_range=(0, 5.5), metrics=rmse), 5, 5e-3,
                                          ["rmse"], wd=0.1),
    "collab-nn": lambda dls: trained(Learner(dls, CollabNN(*get_emb_sz(dls)), loss_func=MSELossFlat(), metrics=rmse), 5, 5e-3,
                                     ["rmse"], wd=0.01),
    "embedding-nn": lambda dls: trained(collab_learner(dls, use_nn=True, y_range=(0, 5.5), layers=[100, 50]), 5, 5e-3,
                                        wd=0.1),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("experiment", choices=[*COLLAB, "adult"])
    parser.add_argument("--data", type=Path, required=True, help="folder with the folder ml-100k or adult")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=42)
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    if options.experiment == "adult":
        columns = adult(options)
    else:
        # Of the weights and the batches; the split has the same seed as Embark's, and so the same rows.
        set_seed(options.seed)
        dls = CollabDataLoaders.from_df(load_ratings(options.data / "ml-100k"), item_name="title", bs=64, seed=options.seed)
        columns = COLLAB[options.experiment](dls)
    print(json.dumps({"columns": columns}))


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    main()
