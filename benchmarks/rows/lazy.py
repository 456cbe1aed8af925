"""Lazy updates of large embeddings, on made-up ratings."""

from harness import BenchError, median


def lazy_growth(bench):
    """A lazy step with tables four times as large over one with 1,000,000 users and 100,000 items."""
    found = bench.embark("lazy_growth", bench.dataset("ml-100k"), threads=1)
    small, large = median(found["small_step_seconds"]), median(found["large_step_seconds"])
    return large / small, {"small_step_seconds": small, "large_step_seconds": large, "threads": 1,
                           "others_busy": found["others_busy"], "versions": found["versions"]}


def lazy_ratings_per_second(bench):
    """Ratings a second on one core: lazy SGD, 56 factors, 10 million ratings."""
    found = bench.embark("lazy_ratings", bench.dataset("ml-100k"), threads=1)
    return median(found["ratings_per_second"]), {
        "before_valid_loss": found["valid_loss_before"], "after_valid_loss": found["valid_loss"], "threads": 1,
        "others_busy": found["others_busy"], "versions": found["versions"]}


def lazy_threads(bench):
    """Ratings a second with two threads over those with one: lazy SGD, 56 factors, batches of 8192."""
    if bench.threads < 2:
        raise BenchError("it needs two threads")
    found = bench.embark("lazy_threads", bench.dataset("ml-100k"), threads=2)
    ratios = [shared / alone for alone, shared in zip(found["alone_per_second"], found["shared_per_second"])]
    return median(ratios), {"alone_per_second": median(found["alone_per_second"]),
                            "shared_per_second": median(found["shared_per_second"]), "threads": 2,
                            "others_busy": found["others_busy"], "versions": found["versions"]}
