"""Ten million ratings in files: to tensors, and training; and the whole of a training from the shell."""

import json
import sys
from functools import lru_cache

from harness import SOURCE_DIR, BenchError, median, run, timed

PEER = "pandas_ratings.py"


def csv_vs_pandas(bench):
    """From a CSV of 10 million ratings to tensors of codes: the time of pandas' read_csv and factorize over ours."""
    folder = large_ratings(bench)
    ours, theirs = {}, {}
    for _ in range(bench.rounds):
        for threads in bench.thread_counts():
            ours.setdefault(threads, []).append(bench.embark("ratings_encoding", folder, threads))
            theirs.setdefault(threads, []).append(bench.peer(PEER, folder, threads, "encoding"))
    others_busy = max(found["others_busy"] for side in (ours, theirs) for runs in side.values() for found in runs)
    best_ours, best_theirs = best_encoding(ours), best_encoding(theirs)
    for what in ("rows", "users", "items"):
        if best_ours[what] != best_theirs[what]:
            raise BenchError(f"Embark found {best_ours[what]} {what}, pandas {best_theirs[what]}")
    return best_theirs["seconds"] / best_ours["seconds"], {
        "embark": best_ours, "pandas": best_theirs, "others_busy": others_busy}


def peak_memory_ratio(bench):
    """The most memory that reading these ratings and training on them takes, over the size of the tensors."""
    found = bench.embark("ratings_training", large_ratings(bench), bench.threads)
    return found["peak_bytes"] / found["tensor_bytes"], {
        "peak_bytes": found["peak_bytes"], "tensor_bytes": found["tensor_bytes"], "valid_loss": found["valid_loss"],
        "threads": bench.threads, "others_busy": found["others_busy"], "versions": found["versions"]}


def stream_memory_growth(bench):
    """The most memory that training on 10 million ratings takes that are streamed from Parquet files, over what a tenth
    of them takes."""
    folder = SOURCE_DIR / "build" / "bench-data"
    sizes = ("ratings-1m", "ratings-10m")
    if not all((folder / size).is_dir() for size in sizes):
        print(f"Writing {folder / sizes[1]}", file=sys.stderr)
        run(bench.peer_command(PEER, "make-parquet", "--data", folder))
    few, many = (bench.embark("streamed_training", folder / size, threads=1) for size in sizes)
    return many["peak_bytes"] / few["peak_bytes"], {
        **{f"{name}_{what}": found[what] for name, found in (("few", few), ("many", many))
           for what in ("rows", "peak_bytes", "train_seconds", "valid_loss")},
        "threads": 1, "others_busy": max(few["others_busy"], many["others_busy"]), "versions": many["versions"]}


def best_encoding(runs_by_threads):
    """The figures of one side with the number of threads that made it the fastest."""
    medians = {threads: median([found["read_seconds"] + found["encode_seconds"] for found in runs])
               for threads, runs in runs_by_threads.items()}
    threads = min(medians, key=medians.get)
    runs = runs_by_threads[threads]
    return {"seconds": medians[threads], "read_seconds": median([found["read_seconds"] for found in runs]),
            "encode_seconds": median([found["encode_seconds"] for found in runs]), "seconds_by_threads": medians,
            **{what: runs[0][what] for what in ("rows", "users", "items", "versions")},
            "threads": threads, "runs": len(runs)}


@lru_cache
def large_ratings(bench):
    """The folder of the ratings, which are made once."""
    folder = SOURCE_DIR / "build" / "bench-data"
    if not (folder / "ratings.csv").is_file():
        print(f"Writing {folder / 'ratings.csv'}", file=sys.stderr)
        run(bench.peer_command(PEER, "make", "--data", folder))
    return folder


def train_command_seconds(bench):
    """Five epochs of MovieLens 100k by `embark train collab`, from the shell's prompt to the next."""
    program = bench.program.with_name("embark")
    data = bench.dataset("ml-100k")
    command = [program, "train", "collab", "--dataset", "ml-100k", "--data-dir", data.parent, "--y-range", "0", "5.5",
               "--lr", "5e-3", "--wd", "0.1", "--epochs", "5"]
    runs = [timed([*command, "--json"]) for _ in range(3 * bench.rounds)]
    seconds = [seconds for _, seconds, _ in runs]
    return median(seconds), {"seconds": seconds, "valid_loss": json.loads(runs[-1][0])["valid_loss"],
                             "others_busy": max(others_busy for _, _, others_busy in runs)}
