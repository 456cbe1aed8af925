#!/usr/bin/env python3
"""Ratings in a large CSV file: `make` writes one of 10 million made-up ratings, `encoding` reads it with pandas, makes
numbers of the ids by factorize and prints what that took as one JSON object. `make-parquet` writes a tenth of the same
ratings, and all of them, as folders of Parquet files. Runs in the environment that setup-fastai makes."""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch

RATINGS, USERS, ITEMS = 10_000_000, 140_000, 27_000


def make(folder):
    """The CSV file."""
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / "ratings.csv.unfinished"
    made_ratings().to_csv(unfinished, index=False)
    unfinished.rename(folder / "ratings.csv")


def make_parquet(folder):
    """A million rows a file, 50,000 a row group."""
    table = made_ratings()
    for name, files in (("ratings-1m", 1), ("ratings-10m", 10)):
        unfinished = folder / f"{name}.unfinished"
        unfinished.mkdir(parents=True, exist_ok=True)
        rows = RATINGS // 10
        for part in range(files):
            table[part * rows:(part + 1) * rows].to_parquet(unfinished / f"{part}.parquet", index=False,
                                                            row_group_size=50_000)
        unfinished.rename(folder / name)


def made_ratings():
    """Half stars, of what users and items lean to; some users rate much more than others, some items much more often
    rated, and ids have gaps, as in MovieLens."""
    chance = np.random.default_rng(42)
    users = (USERS * chance.random(RATINGS) ** 2).astype(np.int64)
    items = (ITEMS * chance.random(RATINGS) ** 3).astype(np.int64)
    liked = 3.5 + 0.5 * chance.standard_normal(USERS)[users] + 0.5 * chance.standard_normal(ITEMS)[items]
    stars = np.clip(np.round(2 * (liked + 0.8 * chance.standard_normal(RATINGS))) / 2, 0.5, 5)
    ids = np.cumsum(chance.integers(1, 9, ITEMS))
    return pd.DataFrame({"userId": users + 1, "movieId": ids[items], "rating": stars,
                         "timestamp": chance.integers(789_652_009, 1_427_784_002, RATINGS)})


def encoding(folder):
    started = time.perf_counter()
    table = pd.read_csv(folder / "ratings.csv", usecols=["userId", "movieId", "rating"])
    read = time.perf_counter()
    users, user_ids = pd.factorize(table["userId"])
    items, item_ids = pd.factorize(table["movieId"])
    x = torch.from_numpy(np.stack([users, items], axis=1))
    y = torch.from_numpy(table["rating"].to_numpy(dtype=np.float32))
    done = time.perf_counter()
    assert len(x) == len(y)
    print(json.dumps({"name": "pandas_ratings", "read_seconds": read - started, "encode_seconds": done - read,
                      "users": len(user_ids), "items": len(item_ids), "rows": len(table),
                      "versions": {"pandas": pd.__version__, "torch": torch.__version__}}))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["make", "make-parquet", "encoding"])
    parser.add_argument("--data", type=Path, required=True, help="folder of the files")
    parser.add_argument("--threads", type=int, default=1, help="of torch; pandas takes as many as it likes")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    {"make": make, "make-parquet": make_parquet, "encoding": encoding}[options.what](options.data)


if __name__ == "__main__":
    main()
