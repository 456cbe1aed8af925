"""Training beside fastai's, whatever the data."""

from statistics import mean

from harness import median


def epoch_ratio(bench, embark, fastai):
    """fastai's epoch of training over ours, each with the number of threads that suits it best. `embark` and `fastai`
    train once with so many threads and this seed, which both take for the split, the weights and the batches."""
    ours, theirs = {}, {}
    for seed in range(bench.rounds):
        for threads in bench.thread_counts():
            ours.setdefault(threads, []).append(embark(threads, seed))
            theirs.setdefault(threads, []).append(fastai(threads, seed))
    others_busy = max(run["others_busy"] for side in (ours, theirs) for runs in side.values() for run in runs)
    best_ours, best_theirs = best_side(ours), best_side(theirs)
    return best_theirs["epoch_seconds"] / best_ours["epoch_seconds"], {
        "embark": best_ours, "fastai": best_theirs, "others_busy": others_busy}


def best_side(runs_by_threads):
    """The figures of one side with the number of threads that made its median epoch the shortest."""
    # The first epoch of each run warms up.
    medians = {threads: median([seconds for run in runs for seconds in run["epoch_seconds"][1:]])
               for threads, runs in runs_by_threads.items()}
    threads = min(medians, key=medians.get)
    runs = runs_by_threads[threads]
    figures = {"valid_loss": mean([run["valid_losses"][-1] for run in runs])}
    if "valid_accuracies" in runs[0]:
        figures["valid_accuracy"] = mean([run["valid_accuracies"][-1] for run in runs])
    return {
        "epoch_seconds": medians[threads],
        **figures,
        "threads": threads,
        "epoch_seconds_by_threads": medians,
        "runs": len(runs),
        "others_busy": max(run["others_busy"] for run in runs),
        "versions": runs[0]["versions"],
    }
