#!/usr/bin/env python3
"""Trains Surprise's SVD on the canonical split of MovieLens 100k with several seeds and prints, as one JSON object, the
seconds of each training and its RMSE on the test ratings. Runs in the environment that setup-fastai makes."""

import argparse
import json
import time
from pathlib import Path

import surprise
from surprise import SVD, Dataset, Reader, accuracy
from surprise.model_selection import PredefinedKFold


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with u1.base and u1.test")
    parser.add_argument("--threads", type=int, required=True, help="passed by: it trains on one")
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()

    files = [(str(options.data / "u1.base"), str(options.data / "u1.test"))]
    (train, test), = PredefinedKFold().split(Dataset.load_from_folds(files, Reader("ml-100k")))
    seconds, errors = [], []
    for seed in range(options.seeds):
        model = SVD(random_state=seed)
        started = time.perf_counter()
        model.fit(train)
        seconds.append(time.perf_counter() - started)
        errors.append(accuracy.rmse(model.test(test), verbose=False))
    print(json.dumps({"name": "surprise_collab", "seconds": seconds, "test_rmse": errors,
                      "versions": {"surprise": surprise.__version__}}))


if __name__ == "__main__":
    main()
