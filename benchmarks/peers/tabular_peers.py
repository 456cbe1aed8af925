#!/usr/bin/env python3
"""Trains fastai's tabular_learner or LightGBM on one random split of a data set and prints, as one JSON object, how well
it does on the validation rows and, with --test, on rows of a file of their own. Runs in the environment that
setup-fastai makes."""

import argparse
import itertools
import json
import time
import warnings
from pathlib import Path

import fastai.tabular.all  # gives Learner its fit_one_cycle, no_bar, …
import lightgbm
import numpy as np
import pandas as pd
import torch
from fastai.data.block import CategoryBlock, RegressionBlock
from fastai.tabular.core import Categorify, FillMissing, Normalize, TabularPandas, cont_cat_split
from fastai.tabular.learner import tabular_learner
from fastai.torch_core import set_seed
from sklearn.metrics import accuracy_score, mean_squared_error, roc_auc_score

import adult


class Task:
    """A table, its target and the rows of its parts. Classes are numbered in the order of their names."""

    def __init__(self, options):
        if options.data == "adult":
            self.table, self.target = adult.read_adult(options.folder), adult.TARGET
        elif options.file:
            self.table = pd.read_csv(options.folder / options.file).drop(columns=options.ignore)
            self.target = options.target
        else:
            self.table, self.target = pd.read_csv(options.folder / "housing.csv"), "MedHouseVal"
        self.test = pd.read_csv(options.test) if options.test else None
        self.classes = not pd.api.types.is_numeric_dtype(self.table[self.target])
        if self.classes:
            names = sorted(self.table[self.target].unique())
            for table in (self.table, self.test):
                if table is not None:
                    table[self.target] = table[self.target].map(names.index)
        self.train_rows, self.valid_rows = adult.random_split(len(self.table), options.seed)
        self.numbers, self.categories = cont_cat_split(self.table, max_card=20, dep_var=self.target)

    def figures(self, truth, predicted):
        """`predicted`: the probability of class 1, those of all classes where there are more than two, or the value."""
        if predicted.ndim == 2:
            return {"accuracy": accuracy_score(truth, predicted.argmax(1))}
        if self.classes:
            return {"accuracy": accuracy_score(truth, predicted > 0.5), "roc_auc": roc_auc_score(truth, predicted)}
        return {"rmse": float(np.sqrt(mean_squared_error(truth, predicted)))}


def train_fastai(task, options):
    """Three epochs of one-cycle, all else as fastai has it by default; gives what predicts."""
    table = task.table.copy()
    data = TabularPandas(table, procs=[Categorify, FillMissing, Normalize], cat_names=list(task.categories),
                         cont_names=list(task.numbers), y_names=task.target,
                         y_block=CategoryBlock() if task.classes else RegressionBlock(),
                         splits=(task.train_rows, task.valid_rows))
    dls = data.dataloaders(bs=64)
    set_seed(options.seed)
    learn = tabular_learner(dls, layers=[200, 100])
    with learn.no_bar(), learn.no_logging():
        learn.fit_one_cycle(3)

    def predict(rows):
        with learn.no_bar(), learn.no_logging():
            outputs, _ = learn.get_preds(dl=dls.test_dl(rows.drop(columns=task.target)))
        if outputs.shape[1] > 2:
            return outputs.double().numpy()
        return (outputs[:, 1] if task.classes else outputs.flatten()).double().numpy()

    return predict


def lightgbm_model(task, options, **settings):
    kind = lightgbm.LGBMClassifier if task.classes else lightgbm.LGBMRegressor
    return kind(random_state=options.seed, n_jobs=options.threads, verbose=-1, **settings)


def train_lightgbm(task, options, settings=None):
    """On Adult 300 trees at 0.05, elsewhere LightGBM's defaults."""
    categories = [name for name in task.categories if not pd.api.types.is_numeric_dtype(task.table[name])]
    kinds = {name: pd.CategoricalDtype(sorted(task.table[name].dropna().unique())) for name in categories}

    def inputs(rows):
        return rows.drop(columns=task.target).astype(kinds)

    if settings is None:
        settings = {"n_estimators": 300, "learning_rate": 0.05} if options.data == "adult" else {}
    model = lightgbm_model(task, options, **(settings if isinstance(settings, dict) else settings(inputs)))
    train = task.table.iloc[task.train_rows]
    model.fit(inputs(train), train[task.target])
    if not task.classes:
        return lambda rows: model.predict(inputs(rows))
    many = task.table[task.target].nunique() > 2
    return lambda rows: model.predict_proba(inputs(rows)) if many else model.predict_proba(inputs(rows))[:, 1]


def train_tuned_lightgbm(task, options):
    """Of eight settings the one with the lowest loss on a fifth of the training rows, which also says how many trees, at
    most 3000; then trained on all training rows."""
    def settings(inputs):
        train, tried = task.table.iloc[task.train_rows], []
        kept = len(train) - len(train) // 5
        fit, judge = train.iloc[:kept], train.iloc[kept:]
        judge = judge[judge[task.target].isin(fit[task.target])] if task.classes else judge
        for leaves, columns, leaf in itertools.product((15, 40), (0.4, 0.7), (5, 30)):
            given = {"learning_rate": 0.03, "num_leaves": leaves, "colsample_bytree": columns, "subsample": 0.8,
                     "subsample_freq": 1, "min_child_samples": leaf}
            model = lightgbm_model(task, options, n_estimators=3000, **given)
            model.fit(inputs(fit), fit[task.target], eval_set=[(inputs(judge), judge[task.target])],
                      callbacks=[lightgbm.early_stopping(100, verbose=False)])
            loss = next(iter(next(iter(model.best_score_.values())).values()))
            tried.append((loss, len(tried), {**given, "n_estimators": model.best_iteration_ or 3000}))
        return min(tried)[2]

    return train_lightgbm(task, options, settings)


def main():
    peers = {"fastai": train_fastai, "lightgbm": train_lightgbm, "lightgbm-tuned": train_tuned_lightgbm}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("peer", choices=peers)
    parser.add_argument("--data", required=True, help="adult, california, or another with --file and --target")
    parser.add_argument("--file", help="the table in the folder")
    parser.add_argument("--target")
    parser.add_argument("--ignore", nargs="*", default=[], help="columns not to predict from")
    parser.add_argument("--folder", type=Path, required=True, help="the data set's")
    parser.add_argument("--seed", type=int, required=True, help="of the split and of the training")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--test", type=Path, help="a CSV file of the same columns")
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    started = time.perf_counter()
    task = Task(options)
    predict = peers[options.peer](task, options)
    valid = task.table.iloc[task.valid_rows]
    result = {"valid": task.figures(valid[task.target], predict(valid)), "seconds": time.perf_counter() - started,
              "train_rows": len(task.train_rows), "valid_rows": len(task.valid_rows)}
    if task.test is not None:
        result["test"] = task.figures(task.test[task.target], predict(task.test))
    print(json.dumps({**result, "versions": {"fastai": fastai.__version__, "torch": torch.__version__,
                                             "lightgbm": lightgbm.__version__}}))


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    main()
