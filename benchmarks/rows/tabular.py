"""Tables: training on Adult, a million rows from CSV to tensors, and one row's prediction."""

import csv
import random
import sys
from functools import lru_cache

from harness import SOURCE_DIR, BenchError, median
from rows.training import epoch_ratio

PEER = "fastai_tabular.py"
ROWS = 1_000_000
HEADER = ("age,workclass,fnlwgt,education,education-num,marital-status,occupation,relationship,race,sex,capital-gain,"
          "capital-loss,hours-per-week,native-country,wage,salary").split(",")


def tabular_vs_fastai(bench):
    """fastai's epoch of training on Adult over ours, each with the number of threads that suits it best."""
    data = bench.dataset("adult")
    return epoch_ratio(bench, lambda threads, seed: bench.embark("tabular_training", data, threads, "--seed", seed),
                       lambda threads, seed: bench.peer(PEER, data, threads, "training", "--seed", seed))


def encode_vs_pandas(bench):
    """From a CSV of a million rows to tensors: fastai's time over ours."""
    ours, theirs, others_busy = encodings(bench)
    return theirs["seconds"] / ours["seconds"], {"embark": ours, "fastai": theirs, "others_busy": others_busy}


def encode_memory(bench):
    """The most memory that this takes over the size of the tensors."""
    ours, theirs, others_busy = encodings(bench)
    return ours["peak_over_tensors"], {"embark": ours, "fastai": theirs, "others_busy": others_busy}


def predict_one_row_us(bench):
    """One raw row through Predictor::predict, of Adult's TabularModel."""
    data = bench.dataset("adult")
    ours = bench.embark("row_prediction", data, threads=1)
    theirs = bench.peer(PEER, data, 1, "prediction", "--repeats", bench.repeats)
    return median(ours["fastai_microseconds"]), {
        "best_preset_microseconds": median(ours["best_microseconds"]),
        "fastai_predict_microseconds": median(theirs["microseconds"]),
        "threads": 1,
        "others_busy": max(ours["others_busy"], theirs["others_busy"]),
        "versions": {**theirs["versions"], **ours["versions"]},
    }


@lru_cache
def encodings(bench):
    """What both sides take for the large table, every run in a process of its own."""
    data = large_table(bench.dataset("adult")).parent
    ours, theirs = {}, {}
    for _ in range(bench.rounds):
        for threads in bench.thread_counts():
            ours.setdefault(threads, []).append(bench.embark("table_encoding", data, threads))
            theirs.setdefault(threads, []).append(bench.peer(PEER, data, threads, "encoding"))
    others_busy = max(run["others_busy"] for side in (ours, theirs) for runs in side.values() for run in runs)
    return best_encoding(ours), best_encoding(theirs), others_busy


def best_encoding(runs_by_threads):
    """The figures of one side with the number of threads that made it the fastest."""
    medians = {threads: median([run["read_seconds"] + run["encode_seconds"] for run in runs])
               for threads, runs in runs_by_threads.items()}
    threads = min(medians, key=medians.get)
    runs = runs_by_threads[threads]
    seconds = {name: median([run[name] for run in runs]) for name in runs[0] if name.endswith("_seconds")}
    peaks = {name: max(run[name] for run in runs) for name in runs[0] if name.startswith("peak_bytes")}
    return {"seconds": medians[threads], **seconds, "seconds_by_threads": medians, **peaks,
            "tensor_bytes": runs[0]["tensor_bytes"],
            "peak_over_tensors": peaks["peak_bytes"] / runs[0]["tensor_bytes"],
            "threads": threads, "rows": runs[0]["rows"], "runs": len(runs), "versions": runs[0]["versions"]}


def large_table(adult):
    """A CSV file made of Adult's rows again and again with noise, and of wages with decimals; some values are missing.
    Made once, for it takes a while."""
    path = SOURCE_DIR / "build" / "bench-data" / "people.csv"
    if path.is_file():
        return path
    try:
        lines = (adult / "adult.data").read_text().splitlines()
    except OSError as error:
        raise BenchError(f"{adult / 'adult.data'} cannot be read ({error.strerror})") from error
    people = [line.split(", ") for line in lines if line]
    print(f"Writing {path} ({ROWS:,} rows)", file=sys.stderr)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    chance = random.Random(42)
    with open(unfinished, "w", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(HEADER)
        for row in range(ROWS):
            writer.writerow(noisy(people[row % len(people)], chance))
    unfinished.rename(path)
    return path


def noisy(person, chance):
    """One row of the large table."""
    row = ["" if value == "?" else value for value in person]
    row[2] = str(max(1, int(row[2]) + chance.randrange(-5000, 5000)))
    row[12] = "" if chance.random() < 0.02 else str(min(99, max(1, int(row[12]) + chance.randrange(-3, 4))))
    wage = "" if chance.random() < 0.05 else f"{chance.lognormvariate(3, 0.5):.2f}"
    return [*row[:14], wage, row[14]]
