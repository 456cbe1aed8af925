#!/usr/bin/env python3
"""Rankings by PyTorch and the package `implicit`, as ranking_bench.cpp has them: `softmax` trains epochs, `ials` fits
the split that --data names, `top` finds the best items of many users. Each prints one JSON object. Runs in the environment that
setup-fastai makes."""

import argparse
import json
import os
import resource
import time
from pathlib import Path

USERS, ITEMS, OF_USER, FACTORS, BATCH = 4096, 20_000, 20, 64, 512
MANY_USERS, MANY_ITEMS, TOP = 20_000, 100_000, 10


def peak_bytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def softmax(options):
    import torch

    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    items = torch.randint(1, ITEMS + 1, (USERS, OF_USER))
    u = (torch.randn(USERS + 1, FACTORS) * 0.1).requires_grad_()
    v = (torch.randn(ITEMS + 1, FACTORS) * 0.1).requires_grad_()
    b = torch.zeros(ITEMS + 1, requires_grad=True)
    optimizer = torch.optim.Adam([u, v, b], lr=0.01, weight_decay=1e-4)
    before, seconds = peak_bytes(), []
    for _ in range(options.repeats):
        started = time.perf_counter()
        for users in torch.randperm(USERS).split(BATCH):
            log_p = torch.log_softmax(u[users + 1] @ v.T + b, 1)
            loss = -log_p.gather(1, items[users]).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        seconds.append(time.perf_counter() - started)
    return {"seconds": seconds, "memory": peak_bytes() - before, "loss": loss.item(),
            "versions": {"torch": torch.__version__}}


def ials(options):
    import implicit
    import numpy as np
    from scipy.sparse import csr_matrix

    parts = json.loads(options.data.read_text())
    def matrix(rows):
        pairs = [(user, item) for user, items in enumerate(rows) for item in items]
        users, items = np.array(pairs).T
        return csr_matrix((np.ones(len(pairs), np.float32), (users, items)), shape=(len(rows), parts["items"]))
    train, test = matrix(parts["train"]), parts["test"]
    seconds, found = [], []
    for seed in range(options.repeats):
        model = implicit.als.AlternatingLeastSquares(factors=32, regularization=20, alpha=4, iterations=15,
                                                     num_threads=options.threads, random_state=seed, use_gpu=False)
        started = time.perf_counter()
        model.fit(train, show_progress=False)
        seconds.append(time.perf_counter() - started)
        if seed < 5:
            found.append(ndcg(model.user_factors @ model.item_factors.T, train, test))
    return {"seconds": seconds, "ndcg": float(np.mean(found)), "versions": {"implicit": implicit.__version__}}


def ndcg(scores, train, test, k=10):
    import numpy as np

    scores = scores.astype(np.float64)
    scores[train.nonzero()] = -np.inf
    scores[:, 0] = -np.inf
    order = np.argsort(-scores, 1, kind="stable")[:, :k]
    gains, found = 1 / np.log2(np.arange(2, k + 2)), []
    for user, relevant in enumerate(test):
        if relevant:
            wanted = set(relevant) - {0}
            hits = np.array([item in wanted for item in order[user]])
            found.append((gains * hits).sum() / gains[:min(k, len(relevant))].sum())
    return np.mean(found)


def top(options):
    import implicit
    import numpy as np
    from scipy.sparse import csr_matrix

    random = np.random.default_rng(1)
    model = implicit.als.AlternatingLeastSquares(factors=FACTORS, num_threads=options.threads, use_gpu=False)
    model.user_factors = random.normal(size=(MANY_USERS, FACTORS)).astype(np.float32)
    model.item_factors = random.normal(size=(MANY_ITEMS, FACTORS)).astype(np.float32)
    nothing = csr_matrix((MANY_USERS, MANY_ITEMS), dtype=np.float32)
    seconds = []
    for _ in range(options.repeats):
        started = time.perf_counter()
        model.recommend(np.arange(MANY_USERS), nothing, N=TOP, filter_already_liked_items=False)
        seconds.append(time.perf_counter() - started)
    return {"seconds": seconds, "versions": {"implicit": implicit.__version__}}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["softmax", "ials", "top"])
    parser.add_argument("--data", type=Path, required=True, help="what is fitted")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(options.threads)
    print(json.dumps({"softmax": softmax, "ials": ials, "top": top}[options.what](options)))


if __name__ == "__main__":
    main()
