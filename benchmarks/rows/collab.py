"""Collaborative filtering on MovieLens 100k: DotProductBias, 50 factors, batches of 64, one-cycle at 5e-3, wd 0.1."""

from harness import median
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
    return epoch_ratio(bench, lambda threads: bench.embark("collab_training", data, threads),
                       lambda threads: bench.fastai("fastai_collab.py", data, threads))
