"""The baselines of tabular preprocessing; make_baselines.py writes them."""

import numpy
import pandas
import torch
from fastai.tabular.all import Categorify, FillMissing, FillStrategy, Normalize, TabularPandas
from sklearn.preprocessing import QuantileTransformer, RobustScaler

ROWS = 60
TRAIN = list(range(45))


def table():
    """Text, whole numbers, true/false, and numbers with and without missing ones, as a CSV file would have them."""
    random = numpy.random.default_rng(11)
    frame = pandas.DataFrame({
        "city": random.choice(["Oslo", "Rome", "Åbo", "Lima"], ROWS),
        "rooms": random.integers(1, 4, ROWS),
        "owner": random.choice([True, False], ROWS),
        "age": random.integers(0, 90, ROWS).astype(float),
        "price": numpy.round(random.lognormal(3, 1, ROWS), 2),
        "target": random.choice(["no", "yes"], ROWS),
    })
    frame.loc[50, "city"] = "Kyiv"  # not in training
    frame.loc[[3, 7, 20, 33, 48], "age"] = numpy.nan
    frame.loc[[5, 51], "city"] = numpy.nan
    return frame


def tabular_procs():
    """fastai's FillMissing, Categorify and Normalize; reduce_memory would show them categories of all rows."""
    frame = table()
    columns = {name: ["" if pandas.isna(value) else str(value).lower() if isinstance(value, bool) else str(value)
                      for value in frame[name]] for name in frame}
    strategies = {}
    for strategy in ("median", "mode", "constant"):
        procs = [Categorify, FillMissing(fill_strategy=getattr(FillStrategy, strategy), fill_vals={"age": -1, "price": -1})
                 if strategy == "constant" else FillMissing(fill_strategy=getattr(FillStrategy, strategy)), Normalize]
        to = TabularPandas(frame.copy(), procs=procs, cat_names=["city", "rooms", "owner"], cont_names=["age", "price"],
                           y_names="target", splits=(TRAIN, list(range(45, ROWS))), reduce_memory=False)
        in_order = to.items.sort_index()
        strategies[strategy] = {
            "cat_names": list(to.cat_names),
            "categories": in_order[list(to.cat_names)].astype(int).values.tolist(),
            "numbers": in_order[list(to.cont_names)].astype(float).values.tolist(),
            "target": in_order["target"].astype(int).tolist(),
            "vocabularies": {name: [str(value) for value in to.classes[name]] for name in to.cat_names},
        }
    return {"columns": columns, "train": TRAIN, "strategies": strategies}


def number_scalers():
    """scikit-learn's QuantileTransformer (to a normal distribution) and RobustScaler."""
    random = numpy.random.default_rng(12)
    skewed = random.lognormal(size=900)
    tied = numpy.concatenate([numpy.zeros(500), random.integers(1, 9, 400) * 1.0])
    few = random.normal(size=7)
    tensors = {}
    for name, train in (("skewed", skewed), ("tied", tied), ("few", few)):
        other = numpy.concatenate([train[::5], [train.min() - 1, train.max() + 1], random.uniform(0, 8, 40)])
        n_quantiles = min(max(len(train) // 30, 10), 1000)
        quantile = QuantileTransformer(n_quantiles=min(n_quantiles, len(train)), output_distribution="normal",
                                       subsample=None)
        quantile.fit(train[:, None])
        robust = RobustScaler().fit(train[:, None])
        tensors |= {f"{name}.train": torch.tensor(train), f"{name}.values": torch.tensor(other),
                    f"{name}.robust": torch.tensor(robust.transform(other[:, None])[:, 0])}
        if len(train) >= 10:  # scikit-learn takes no more quantiles than there are rows
            tensors[f"{name}.quantile"] = torch.tensor(quantile.transform(other[:, None])[:, 0])
    return tensors, {}
