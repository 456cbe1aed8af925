#!/usr/bin/env python3
"""Ratings in a large CSV file: `make` writes one of 10 million made-up ratings, `encoding` reads it with pandas, makes
numbers of the ids by factorize and prints what that took as one JSON object. Runs in the environment that setup-fastai
makes."""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch

RATINGS, USERS, ITEMS = 10_000_000, 140_000, 27_000


def make(path):
    """Half stars, of what users and items lean to; some users rate much more than others, some items much more often
    rated, and ids have gaps, as in MovieLens."""
    chance = np.random.default_rng(42)
    users = (USERS * chance.random(RATINGS) ** 2).astype(np.int64)
    items = (ITEMS * chance.random(RATINGS) ** 3).astype(np.int64)
    liked = 3.5 + 0.5 * chance.standard_normal(USERS)[users] + 0.5 * chance.standard_normal(ITEMS)[items]
    stars = np.clip(np.round(2 * (liked + 0.8 * chance.standard_normal(RATINGS))) / 2, 0.5, 5)
    ids = np.cumsum(chance.integers(1, 9, ITEMS))
    table = pd.DataFrame({"userId": users + 1, "movieId": ids[items], "rating": stars,
                          "timestamp": chance.integers(789_652_009, 1_427_784_002, RATINGS)})
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    table.to_csv(unfinished, index=False)
    unfinished.rename(path)


def encoding(path):
    started = time.perf_counter()
    table = pd.read_csv(path, usecols=["userId", "movieId", "rating"])
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
    parser.add_argument("what", choices=["make", "encoding"])
    parser.add_argument("--data", type=Path, required=True, help="folder of ratings.csv")
    parser.add_argument("--threads", type=int, default=1, help="of torch; pandas takes as many as it likes")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    {"make": make, "encoding": encoding}[options.what](options.data / "ratings.csv")


if __name__ == "__main__":
    main()
