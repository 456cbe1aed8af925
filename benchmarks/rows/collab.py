"""Collaborative filtering on MovieLens 100k: DotProductBias, 50 factors, batches of 64, one-cycle at 5e-3, wd 0.1."""

import json

from harness import BenchError, median, timed
from rows.training import epoch_ratio


def learner_overhead(bench):
    """A Learner's epoch over the epoch of a plain LibTorch loop."""
    found, ratios, detail = beside_plain_loop(bench, "learner_overhead")
    wall = paired_ratios(found["learner"]["epoch_seconds"], found["plain"]["epoch_seconds"])
    return median(ratios), {**detail, "wall_ratio": median(wall)}


def collab_vs_libtorch(bench):
    """The epoch of a plain LibTorch loop over collab_learner's."""
    _, ratios, detail = beside_plain_loop(bench, "collab_vs_libtorch")
    return 1 / median(ratios), detail


def beside_plain_loop(bench, measurement):
    """What was found of a Learner and the plain loop in turn, the sorted ratios of their epochs, and the detail."""
    # With one thread the processor time of an epoch is its wall time on a quiet machine, and stays so on a busy one.
    found = bench.embark(measurement, bench.dataset("ml-100k"), threads=1)
    learner, plain = found["learner"], found["plain"]
    ratios = paired_ratios(learner["epoch_processor_seconds"], plain["epoch_processor_seconds"])
    return found, ratios, {
        "learner_epoch_seconds": median(learner["epoch_processor_seconds"]),
        "plain_epoch_seconds": median(plain["epoch_processor_seconds"]),
        "ratio_quartiles": [ratios[len(ratios) // 4], ratios[-1 - len(ratios) // 4]],
        "pairs": len(ratios),
        "learner_valid_loss": found["learner_valid_loss"],
        "plain_valid_loss": found["plain_valid_loss"],
        "threads": 1,
        "others_busy": found["others_busy"],
        "versions": found["versions"],
    }


def paired_ratios(numerators, denominators):
    return sorted(above / below for above, below in zip(numerators, denominators))


def collab_vs_fastai(bench):
    """fastai's epoch of training over ours, each with the number of threads that suits it best."""
    data = bench.dataset("ml-100k")
    return epoch_ratio(bench, lambda threads, seed: bench.embark("collab_training", data, threads, "--seed", seed),
                       lambda threads, seed: bench.peer("fastai_collab.py", data, threads, "--seed", seed))


def best_epoch_vs_autograd(bench):
    """An epoch of the preset best as one node of autograd over the same operation by operation, one thread."""
    folder = bench.dataset("ml-100k").parent
    seconds, busy = {"one_node": [], "operations": []}, []
    for _ in range(bench.rounds):
        for kind, words in (("one_node", []), ("operations", ["--no-fused"])):
            output, _, others_busy = timed([bench.program.with_name("embark"), "train", "collab", "--dataset", "ml-100k",
                                            "--data-dir", folder, "--split", "u1", "--preset", "best", "--epochs", "4",
                                            "--threads", "1", "--json", "--quiet", *words])
            seconds[kind] += [epoch["train_seconds"] for epoch in json.loads(output)["epochs"][1:]]
            busy.append(others_busy)
    one_node, operations = median(seconds["one_node"]), median(seconds["operations"])
    return one_node / operations, {"one_node_seconds": one_node, "operations_seconds": operations, "threads": 1,
                                   "others_busy": max(busy)}


HIGHEST_RMSE = 0.92


def collab_vs_surprise(bench):
    """Training to an RMSE of 0.92 on the canonical split: the time of Surprise's SVD, which reaches 0.95, over ours."""
    data = bench.dataset("ml-100k")
    # In turn, so that a machine that grows slower does so for both.
    runs = [(bench.embark("split_training", data, threads=1), bench.peer("surprise_collab.py", data, 1))
            for _ in range(bench.rounds)]
    ours, theirs = ({"seconds": median([seconds for run in side for seconds in run["seconds"]]),
                     "test_rmse": median(side[0]["test_rmse"]), "highest_test_rmse": max(side[0]["test_rmse"]),
                     "seeds": len(side[0]["seconds"]), "versions": side[0]["versions"]} for side in zip(*runs))
    if ours["highest_test_rmse"] > HIGHEST_RMSE:
        raise BenchError(f"The test RMSE is {ours['highest_test_rmse']:.4f} with one of the seeds; it must be at most "
                         f"{HIGHEST_RMSE}")
    return theirs["seconds"] / ours["seconds"], {
        "embark": ours, "surprise": theirs, "threads": 1,
        "others_busy": max(run["others_busy"] for pair in runs for run in pair)}
