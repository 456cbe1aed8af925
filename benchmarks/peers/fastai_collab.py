#!/usr/bin/env python3
"""Trains fastai's collab_learner on MovieLens 100k and prints, as one JSON object, the wall time of each epoch's
training and each epoch's validation loss. Runs in the environment that setup-fastai makes."""

import argparse
import json
import warnings
from pathlib import Path

import fastai
import pandas as pd
import torch
from fastai.collab import CollabDataLoaders, collab_learner
from fastai.torch_core import set_seed

from training_timer import TrainingTimer


def load_ratings(folder):
    ratings = pd.read_csv(folder / "u.data", sep="\t", header=None, names=["user", "movie", "rating", "timestamp"])
    titles = pd.read_csv(folder / "u.item", sep="|", header=None, encoding="latin-1", usecols=[0, 1],
                         names=["movie", "title"])
    return ratings.merge(titles, how="left", on="movie")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with u.data and u.item")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seed", type=int, default=42)
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    # Of the weights and the batches; the split has the same seed as Embark's, and so the same rows.
    set_seed(options.seed)
    dls = CollabDataLoaders.from_df(load_ratings(options.data), item_name="title", bs=64, seed=options.seed)
    timer = TrainingTimer()
    learn = collab_learner(dls, n_factors=50, y_range=(0, 5.5), cbs=timer)
    with learn.no_bar(), learn.no_logging():
        learn.fit_one_cycle(options.epochs, 5e-3, wd=0.1)
    print(json.dumps({
        "name": "fastai_collab",
        "epoch_seconds": timer.epoch_seconds,
        "valid_losses": [values[1] for values in learn.recorder.values],
        "versions": {"fastai": fastai.__version__, "torch": torch.__version__},
    }))


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    main()
