"""Collaborative filtering on MovieLens 100k: DotProductBias, 50 factors, batches of 64, one-cycle at 5e-3, wd 0.1."""

from harness import median


def learner_overhead(bench):
    """A Learner's epoch over the epoch of a plain LibTorch loop."""
    # With one thread the processor time of an epoch is its wall time on a quiet machine, and stays so on a busy one.
    found = bench.embark("learner_overhead", bench.dataset("ml-100k"), threads=1)
    learner, plain = found["learner"], found["plain"]
    ratios = paired_ratios(learner["epoch_processor_seconds"], plain["epoch_processor_seconds"])
    return median(ratios), {
        "learner_epoch_seconds": median(learner["epoch_processor_seconds"]),
        "plain_epoch_seconds": median(plain["epoch_processor_seconds"]),
        "ratio_quartiles": [ratios[len(ratios) // 4], ratios[-1 - len(ratios) // 4]],
        "wall_ratio": median(paired_ratios(learner["epoch_seconds"], plain["epoch_seconds"])),
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
    embark, fastai = {}, {}
    for _ in range(bench.rounds):
        for threads in bench.thread_counts():
            embark.setdefault(threads, []).append(bench.embark("collab_training", data, threads))
            fastai.setdefault(threads, []).append(bench.fastai("fastai_collab.py", data, threads))
    ours, theirs = best_side(embark), best_side(fastai)
    others_busy = max(run["others_busy"] for side in (embark, fastai) for runs in side.values() for run in runs)
    return theirs["epoch_seconds"] / ours["epoch_seconds"], {
        "embark": ours, "fastai": theirs, "others_busy": others_busy}


def best_side(runs_by_threads):
    """The figures of one side with the number of threads that made its median epoch the shortest."""
    # The first epoch of each run warms up.
    medians = {threads: median([seconds for run in runs for seconds in run["epoch_seconds"][1:]])
               for threads, runs in runs_by_threads.items()}
    threads = min(medians, key=medians.get)
    runs = runs_by_threads[threads]
    return {
        "epoch_seconds": medians[threads],
        "valid_loss": median([run["valid_losses"][-1] for run in runs]),
        "threads": threads,
        "epoch_seconds_by_threads": medians,
        "runs": len(runs),
        "others_busy": max(run["others_busy"] for run in runs),
        "versions": runs[0]["versions"],
    }
