"""What callbacks add to an epoch of MovieLens 100k: DotProductBias, 50 factors, batches of 64."""

from functools import lru_cache

from harness import median

# Through autograd these look at every value of every gradient, which is as large as the tables whatever the batch.
OF_GRADIENTS = ("gradient_clip", "terminate_on_nan")


def callback_cost(bench):
    """What the most expensive callback takes, over a plain epoch; those that read gradients in the fused step."""
    of_any_model, of_fused_step, detail = measured(bench)
    shares = {name: (of_fused_step if name in OF_GRADIENTS else of_any_model)[name] for name in of_any_model}
    return max(shares.values()), {"shares": shares, **detail}


def gradient_callback_cost(bench):
    """The same of those that read gradients, through autograd: each reads all of them at every step."""
    of_any_model, _, detail = measured(bench)
    shares = {name: of_any_model[name] for name in OF_GRADIENTS}
    return max(shares.values()), {"shares": shares, **detail}


@lru_cache
def measured(bench):
    """Each callback's share of an epoch through autograd: the time in its events, less what it takes to measure an
    empty one; with a model of any kind, and in the fused step."""
    found = bench.embark("callback_cost", bench.dataset("ml-100k"), threads=1)
    epoch = median(found["epoch_seconds"])

    def shares(seconds_by_name):
        spent = {name: median(seconds) for name, seconds in seconds_by_name.items()}
        nothing = spent.pop("nothing", median(found["callback_seconds"]["nothing"]))
        return {name: round((seconds - nothing) / epoch, 5) for name, seconds in spent.items()}

    return (shares(found["callback_seconds"]), shares(found["fused_callback_seconds"]),
            {"epoch_seconds": epoch, "repeats": len(found["epoch_seconds"]), "threads": 1,
             "others_busy": found["others_busy"], "versions": found["versions"]})
