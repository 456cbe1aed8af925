#!/usr/bin/env python3
"""The table of docs/ratings.md: RMSE on MovieLens 100k's own splits, mean of some seeds, and the seconds of a whole run.

best_ratings.py --program build/bin/embark [--data-dir DIR] [--splits u1 u2] [--seeds 5]"""

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

COLUMNS = ["--user", "user", "--item", "movie", "--rating", "rating"]
NAMED = ["--dataset", "ml-100k", "--split", "{split}"]
PLAIN = ["--ratings", "{base}", "--valid-ratings", "{test}", *COLUMNS]


def table_of(source, target):
    """The ratings without their times, under names."""
    rows = [line.split("\t")[:3] for line in Path(source).read_text().splitlines()]
    target.write_text("".join(",".join(row) + "\n" for row in [["user", "movie", "rating"], *rows]))
    return target


MODELS = [
    ("dot product with biases (`--preset default`)", NAMED),
    ("8 members of it", [*NAMED, "--members", "8"]),
    ("what was rated and by whom (`--preset best`, ratings alone)", [*PLAIN, "--preset", "best"]),
    ("and times, and what is known of users and films (`--preset best`)", [*NAMED, "--preset", "best"]),
    ("8 members of it", [*NAMED, "--preset", "best", "--members", "8"]),
]


def train(options, words, split, seed, folder):
    """The RMSE of one training, and the seconds of all of it."""
    data = Path(options.data_dir) / "ml-100k"
    files = {}
    if words[0] == "--ratings":
        files = {part: table_of(data / f"{split}.{part}", folder / f"{split}.{part}.csv") for part in ("base", "test")}
    command = [options.program, "train", "collab", "--json", "--quiet", "--seed", str(seed), "--threads", "1",
               *(word.format(split=split, **files) for word in words)]
    if words[0] == "--dataset":
        command += ["--data-dir", options.data_dir]
    begin = time.monotonic()
    report = subprocess.run(command, env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True,
                            check=True).stdout
    return json.loads(report)["valid_rmse"], time.monotonic() - begin


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("--data-dir", type=Path, default=os.environ.get("EMBARK_DATA"), required="EMBARK_DATA" not in os.environ)
    parser.add_argument("--splits", nargs="+", default=["u1"])
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    for name, words in MODELS:
        with tempfile.TemporaryDirectory(prefix="embark-ratings-") as folder:
            runs = {split: [train(options, words, split, seed, Path(folder)) for seed in range(options.seeds)]
                    for split in options.splits}
        means = [f"{statistics.mean(error for error, _ in of_split):.4f}" for of_split in runs.values()]
        seconds = statistics.median(second for of_split in runs.values() for _, second in of_split)
        print(f"| {name} | {' '.join(means)} | {seconds:.1f} s |", flush=True)


if __name__ == "__main__":
    main()
