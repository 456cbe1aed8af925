"""Large embeddings updated lazily, on made-up ratings, and factorisation beside LIBMF."""

import json
import re
import struct

from harness import SOURCE_DIR, BenchError, measure, median, run, timed


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


def libmf_folder(bench):
    """Where LIBMF's program lies, compiled where it is not there yet."""
    folder = SOURCE_DIR / "build" / "bench-data" / "libmf"
    folder.mkdir(parents=True, exist_ok=True)
    run([SOURCE_DIR / "benchmarks" / "peers" / "setup-libmf", bench.peer_python(), folder])
    return folder


def mf_updates_vs_libmf(bench):
    """Lazy SGD in blocks over LIBMF, the same model: updates a second on one core, from ratings in memory to the model."""
    folder = libmf_folder(bench)
    if not (folder / "test.bin").is_file():
        bench.embark("mf_ratings", folder, threads=1)
    libmf = [folder / "libmf_training-0.9.2", folder, LIBMF_FACTORS, LIBMF_EPOCHS]
    runs = [(bench.embark("mf_training", folder, threads=1), measure(libmf),
             bench.embark("mf_training_with_biases", folder, threads=1)) for _ in range(max(3, bench.rounds))]
    ours, theirs, with_biases = (
        {figure: median([found[figure] for found in side]) for figure in ("updates_per_second", "valid_loss")}
        for side in zip(*runs))
    return ours["updates_per_second"] / theirs["updates_per_second"], {
        "embark": ours, "libmf": theirs, "with_biases_and_range": with_biases, "threads": 1,
        "others_busy": max(found["others_busy"] for turn in runs for found in turn)}


TARGET_RMSE = 0.9104
# Of some 90 settings, up to 1,024 factors, those that reached it.
U1_FACTORS, U1_ITERATIONS, U1_L2, U1_RATE = 768, 50, 0.055, 0.017


def u1_time_vs_libmf(bench):
    """Seconds to an RMSE of 0.9104 on MovieLens' u1, one core, what each takes to compute it too: ours over LIBMF's."""
    folder, ratings = libmf_folder(bench), bench.dataset("ml-100k")
    split = folder / "u1"
    split.mkdir(exist_ok=True)
    for part, name in (("base", "train.bin"), ("test", "test.bin")):
        rows = [line.split("\t") for line in (ratings / f"u1.{part}").read_text().splitlines()]
        (split / name).write_bytes(b"".join(struct.pack("iif", int(user), int(item), float(rating))
                                            for user, item, rating, _ in rows))
    embark = [bench.program.with_name("embark"), "train", "collab", "--dataset", "ml-100k", "--data-dir", ratings.parent,
              "--split", "u1", "--preset", "best", "--threads", "1", "--json", "--quiet"]
    libmf = [folder / "libmf_training-0.9.2", split, U1_FACTORS, U1_ITERATIONS, U1_L2, U1_RATE]
    ours, theirs, busy = [], [], []
    for _ in range(bench.rounds):
        output, _, others_busy = timed(embark)
        ours.append(until_target([(epoch["valid_rmse"], epoch["seconds"]) for epoch in json.loads(output)["epochs"]], "Embark"))
        output, _, libmf_busy = timed(libmf)
        a_turn = json.loads(output.splitlines()[-1])["seconds"] / U1_ITERATIONS
        reached = re.findall(r"^ *\d+ +[\d.]+ +([\d.]+) ", output, re.MULTILINE)
        theirs.append(until_target([(float(rmse), a_turn) for rmse in reached], "LIBMF"))
        busy += [others_busy, libmf_busy]
    return median(ours) / median(theirs), {"embark_seconds": median(ours), "libmf_seconds": median(theirs), "threads": 1,
                                           "others_busy": max(busy)}


def until_target(turns, who):
    """The seconds of all epochs up to the first one that reaches the target; each is (RMSE, seconds)."""
    for n, (rmse, _) in enumerate(turns, 1):
        if rmse <= TARGET_RMSE:
            return sum(seconds for _, seconds in turns[:n])
    raise BenchError(f"{who} did not reach an RMSE of {TARGET_RMSE}; its lowest is {min(rmse for rmse, _ in turns)}")
