"""Lazy updates of large embeddings, on made-up ratings."""

from harness import SOURCE_DIR, BenchError, measure, median, run


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


LIBMF_EPOCHS, LIBMF_FACTORS = 5, 56


def mf_updates_vs_libmf(bench):
    """Lazy SGD in blocks over LIBMF: updates a second on one core, from 10 million ratings in memory to the model."""
    folder = SOURCE_DIR / "build" / "bench-data" / "libmf"
    run([SOURCE_DIR / "benchmarks" / "peers" / "setup-libmf", bench.peer_python(), folder])
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "test.bin").is_file():
        bench.embark("mf_ratings", folder, threads=1)
    runs = [(bench.embark("mf_training", folder, threads=1),
             measure([folder / "libmf_training-0.9.2", folder, LIBMF_FACTORS, LIBMF_EPOCHS])) for _ in range(max(3, bench.rounds))]
    ours, theirs = ({figure: median([found[figure] for found in side]) for figure in ("updates_per_second", "valid_loss")}
                    for side in zip(*runs))
    return ours["updates_per_second"] / theirs["updates_per_second"], {
        "embark": ours, "libmf": theirs, "threads": 1, "others_busy": max(found["others_busy"] for pair in runs for found in pair)}
