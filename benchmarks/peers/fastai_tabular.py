#!/usr/bin/env python3
"""Takes one measurement of fastai's tabular part and prints it as one JSON object: `training` of Adult, `encoding` of a
large table, or `prediction` of one row. Runs in the environment that setup-fastai makes."""

import argparse
import json
import resource
import time
import warnings
from pathlib import Path

import fastai.tabular.all  # gives Learner its fit_one_cycle, no_bar, …
import pandas as pd
import pyarrow
import torch
from fastai.data.block import CategoryBlock
from fastai.metrics import accuracy
from fastai.tabular.core import Categorify, FillMissing, Normalize, TabularPandas
from fastai.tabular.learner import tabular_learner
from fastai.torch_core import set_seed

from adult import CATEGORIES, NUMBERS, TARGET, random_split, read_adult
from training_timer import TrainingTimer

LAYERS = [200, 100]


def encoded(table, seed, numbers=NUMBERS):
    return TabularPandas(table, procs=[Categorify, FillMissing, Normalize], cat_names=list(CATEGORIES),
                         cont_names=list(numbers), y_names=TARGET, y_block=CategoryBlock(),
                         splits=random_split(len(table), seed))


def training(options):
    # Of the weights and the batches; the split has the same seed as Embark's, and so the same rows.
    dls = encoded(read_adult(options.data), options.seed).dataloaders(bs=64)
    set_seed(options.seed)
    timer = TrainingTimer()
    learn = tabular_learner(dls, layers=LAYERS, metrics=accuracy, cbs=timer)
    with learn.no_bar(), learn.no_logging():
        learn.fit_one_cycle(options.epochs)
    return {"epoch_seconds": timer.epoch_seconds,
            "valid_losses": [values[1] for values in learn.recorder.values],
            "valid_accuracies": [values[2] for values in learn.recorder.values]}


def peak_bytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def encoding(options):
    before, started = peak_bytes(), time.perf_counter()
    table = pd.read_csv(options.data / "people.csv")
    read = time.perf_counter()
    data = encoded(table, options.seed, [*NUMBERS, "wage"])
    done, peak = time.perf_counter(), peak_bytes()
    # fastai makes tensors of a batch at a time; those of the whole parts are what Embark has by now.
    tensors = [tensor for part in (data.train, data.valid)
               for tensor in (torch.tensor(part.cats.values).long(), torch.tensor(part.conts.values).float(),
                              torch.tensor(part.ys.values).long())]
    return {"read_seconds": read - started, "encode_seconds": done - read,
            "tensor_seconds": time.perf_counter() - done, "rows": len(table), "peak_bytes": peak - before,
            "tensor_bytes": sum(tensor.nbytes for tensor in tensors)}


def prediction(options):
    table = read_adult(options.data)
    learn = tabular_learner(encoded(table, options.seed).dataloaders(bs=64), layers=LAYERS)
    row, microseconds = table.drop(columns=TARGET).iloc[0], []
    with learn.no_bar(), learn.no_logging():
        for _ in range(options.repeats + 1):
            started = time.perf_counter()
            learn.predict(row)
            microseconds.append((time.perf_counter() - started) * 1e6)
    return {"microseconds": microseconds[1:]}  # the first call warms up


def main():
    measurements = {"training": training, "encoding": encoding, "prediction": prediction}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("measurement", choices=measurements)
    parser.add_argument("--data", type=Path, required=True, help="folder with adult.data, for encoding people.csv")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=40, help="predictions")
    parser.add_argument("--seed", type=int, default=42)
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    result = measurements[options.measurement](options)
    print(json.dumps({"name": f"fastai_{options.measurement}", **result,
                      "versions": {"fastai": fastai.__version__, "torch": torch.__version__,
                                   "pandas": pd.__version__, "pyarrow": pyarrow.__version__}}))


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    main()
