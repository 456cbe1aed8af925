"""What callbacks add to an epoch of MovieLens 100k: DotProductBias, 50 factors, batches of 64."""

from functools import lru_cache

from harness import median

# These look at every value of every gradient, whatever the batch.
OF_GRADIENTS = ("gradient_clip", "terminate_on_nan")


def callback_cost(bench):
    """What the most expensive callback takes, over a plain epoch; but for those that read gradients."""
    shares, detail = measured(bench)
    chosen = {name: share for name, share in shares.items() if name not in OF_GRADIENTS}
    return max(chosen.values()), {"shares": chosen, **detail}


def gradient_callback_cost(bench):
    """The same of callbacks that read all gradients at every step."""
    shares, detail = measured(bench)
    chosen = {name: shares[name] for name in OF_GRADIENTS}
    return max(chosen.values()), {"shares": chosen, **detail}


@lru_cache
def measured(bench):
    """Each callback's share of an epoch: the time in its events, less what it takes to measure an empty one."""
    found = bench.embark("callback_cost", bench.dataset("ml-100k"), threads=1)
    epoch = median(found["epoch_seconds"])
    spent = {name: median(seconds) for name, seconds in found["callback_seconds"].items()}
    nothing = spent.pop("nothing")
    shares = {name: round((seconds - nothing) / epoch, 5) for name, seconds in spent.items()}
    return shares, {"epoch_seconds": epoch, "repeats": len(found["epoch_seconds"]), "threads": 1,
                    "others_busy": found["others_busy"], "versions": found["versions"]}
