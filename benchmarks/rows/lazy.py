"""Lazy updates of large embeddings, on made-up ratings."""

from harness import median


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
        "valid_loss_before": found["valid_loss_before"], "valid_loss": found["valid_loss"], "threads": 1,
        "others_busy": found["others_busy"], "versions": found["versions"]}
