"""Rankings of items for implicit feedback."""

import json
import tempfile
from pathlib import Path

from harness import BenchError, median

PEER = "rankings.py"


def softmax_epoch_vs_torch(bench):
    """An epoch of softmax over 20,000 items: PyTorch's time over ours, one thread."""
    ours, theirs = in_turn(bench, "softmax_epochs", "softmax", Path("."))
    return theirs["seconds"] / ours["seconds"], sides(ours, theirs)


def softmax_memory_vs_torch(bench):
    """By how much these epochs raise the peak memory: ours over PyTorch's."""
    ours, theirs = in_turn(bench, "softmax_epochs", "softmax", Path("."))
    return ours["memory"] / theirs["memory"], sides(ours, theirs)


def ials_vs_implicit(bench):
    """Implicit ALS on MovieLens 100k, 32 factors, 15 iterations: the time of the package `implicit` over ours, one
    thread, at an equal NDCG@10."""
    with tempfile.TemporaryDirectory() as folder:
        split = Path(folder) / "split.json"
        first = bench.embark("ials_training", bench.dataset("ml-100k"), 1)
        split.write_text(json.dumps({name: first.pop(name) for name in ("train", "test", "items")}))
        ours, theirs = in_turn(bench, "ials_training", "ials", split, bench.dataset("ml-100k"))
    if ours["ndcg"] < 0.99 * theirs["ndcg"]:
        raise BenchError(f"Embark's NDCG@10 is {ours['ndcg']}, implicit's {theirs['ndcg']}")
    return theirs["seconds"] / ours["seconds"], sides(ours, theirs)


def recommend_vs_implicit(bench):
    """The ten best of 100,000 items for 20,000 users, 64 factors: the time of `implicit` over ours, one thread."""
    ours, theirs = in_turn(bench, "top_of_products", "top", Path("."))
    return theirs["seconds"] / ours["seconds"], sides(ours, theirs)


def recommend_vs_product(bench):
    """The same: our time over that of the matrix product alone."""
    found = bench.embark("top_of_products", ".", 1)
    return median(found["seconds"]) / median(found["product_seconds"]), {
        "embark": found, "threads": 1, "others_busy": found["others_busy"]}


def in_turn(bench, measurement, what, theirs_of, ours_of=None):
    """The figures of both sides, each run in turn; times are medians of all."""
    runs = {"ours": [], "theirs": []}
    for _ in range(bench.rounds):
        runs["ours"].append(bench.embark(measurement, ours_of or theirs_of, 1))
        runs["theirs"].append(bench.peer(PEER, theirs_of, 1, what))
    found = []
    for side in runs.values():
        figures = {name: side[0][name] for name in ("memory", "ndcg", "loss", "versions") if name in side[0]}
        figures["seconds"] = median([seconds for run in side for seconds in run["seconds"]])
        figures["others_busy"] = max(run["others_busy"] for run in side)
        found.append(figures)
    return found


def sides(ours, theirs):
    return {"embark": ours, "peer": theirs, "threads": 1, "others_busy": max(ours["others_busy"], theirs["others_busy"])}
