#!/usr/bin/env python3
"""Makes rankings.json: figures of rankings, and models that are solved, by scikit-learn, NumPy and `implicit`.

    pip install numpy scikit-learn implicit scipy
    python tests/baselines/ranking_baselines.py

Apart from make_baselines.py, since fastai's environment need not have `implicit`.
"""

import json
import os
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from implicit.als import AlternatingLeastSquares
from scipy.sparse import csr_matrix
from sklearn.metrics import ndcg_score

FOLDER = Path(__file__).resolve().parent


def figures():
    """Random scores with many ties, a seen and a relevant set each; what scikit-learn's ndcg_score says of the ranking
    that the rule of ties (the item of the lower number first) makes of them."""
    random = np.random.default_rng(5)
    cases = []
    for n_items in (3, 6, 12, 30):
        for _ in range(12):
            scores = random.integers(0, 5, n_items).astype(float)
            seen = random.random(n_items) < 0.2
            relevant = (random.random(n_items) < 0.3) & ~seen
            allowed = np.flatnonzero(~seen)
            order = allowed[np.argsort(-scores[allowed], kind="stable")]
            case = {"scores": scores.tolist(), "seen": np.flatnonzero(seen).tolist(),
                    "relevant": np.flatnonzero(relevant).tolist(), "ndcg": {}}
            for k in (1, 3, 10):
                if not relevant.any() or len(allowed) < 2:
                    continue
                # Scores by place, so that scikit-learn has no ties to average over.
                by_place = np.empty(len(order))
                by_place[np.arange(len(order))] = -np.arange(len(order))
                case["ndcg"][str(k)] = float(ndcg_score(relevant[order][None].astype(float), by_place[None], k=k))
            cases.append(case)
    return cases


def models():
    """A small random table of users and items, and the scores of all items that each model gives."""
    random = np.random.default_rng(6)
    n_users, n_items = 40, 25
    liked = random.random((n_users, n_items)) < 0.1 + 0.3 * random.random(n_items)
    x = liked.astype(float)
    pairs = np.argwhere(liked)
    gram = x.T @ x + 20 * np.eye(n_items)
    inverse = np.linalg.inv(gram)
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    norms = np.sqrt(x.sum(0))
    similar = x.T @ x / (np.outer(norms, norms) + 10)
    np.fill_diagonal(similar, 0)
    similar[similar < np.partition(similar, -5, axis=0)[-5]] = 0
    return {"pairs": pairs.tolist(), "n_users": n_users, "n_items": n_items,
            "ease": {"l2": 20, "scores": (x @ weights).tolist()},
            "item_knn": {"neighbours": 5, "shrink": 10, "scores": (x @ similar).tolist()},
            "ials": {"n_factors": 4, "alpha": 3, "l2": 2, "loss": ials_loss(x)}}


def ials_loss(x, n_factors=4, alpha=3.0, l2=2.0):
    """The lowest objective of ten starts, which `implicit` reaches in exact half steps."""
    lowest = np.inf
    for seed in range(10):
        model = AlternatingLeastSquares(factors=n_factors, regularization=l2, alpha=1 + alpha, iterations=200,
                                        num_threads=1, random_state=seed, use_gpu=False, use_cg=False)
        model.fit(csr_matrix(x.astype(np.float32)), show_progress=False)
        u, v = model.user_factors.astype(float), model.item_factors.astype(float)
        error = (1 + alpha * x) * (x - u @ v.T) ** 2
        lowest = min(lowest, float(error.sum() + l2 * ((u**2).sum() + (v**2).sum())))
    return lowest


if __name__ == "__main__":
    text = json.dumps({"figures": figures(), "models": models()}, separators=(",", ":"))
    (FOLDER / "rankings.json").write_text(text + "\n")
