#!/usr/bin/env python3
"""Makes the table of docs/rankings.md: every model of `embark train collab --implicit` on MovieLens 100k, ratings of 4
and more, means of five seeds of the split, and of the last item of each user left out.

    python benchmarks/rankings.py [--data-dir DIR] [--program build/bin/embark]
"""

import argparse
import json
import os
import subprocess
import time
from pathlib import Path

SOURCE_DIR = Path(__file__).resolve().parent.parent
MODELS = [("popularity",), ("item-knn",), ("ease",), ("ials",), ("dot",), ("bag",), ("two-tower",),
          ("bag", "--loss", "sampled"), ("bag", "--loss", "bpr"), ("bag", "--loss", "bce"), ("dot", "--loss", "bpr")]
METRICS = ("recall@20", "ndcg@10", "hit_rate@10")


def figures(options, words, seeds, *split):
    found, seconds = [], []
    for seed in seeds:
        started = time.perf_counter()
        output = subprocess.run(
            [options.program, "train", "collab", "--implicit", "--dataset", "ml-100k", "--positives", ">=4", "--model", *words,
             "--metrics", ",".join(METRICS), "--seed", str(seed), "--json", *split,
             *(["--data-dir", options.data_dir] if options.data_dir else [])],
            check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={**os.environ, "OMP_NUM_THREADS": "1"}).stdout
        seconds.append(time.perf_counter() - started)
        found.append(json.loads(output)["valid_metrics"])
    return [sum(one[name] for one in found) / len(found) for name in METRICS], sum(seconds) / len(seconds)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir")
    parser.add_argument("--program", default=str(SOURCE_DIR / "build" / "bin" / "embark"))
    options = parser.parse_args()
    print(f"| model | {' | '.join(METRICS)} | last item: hit_rate@10 | seconds |\n|---|---|---|---|---|---|")
    for words in MODELS:
        random, seconds = figures(options, words, range(5))
        last, _ = figures(options, words, range(2), "--split", "leave-last-out")
        shown = " | ".join(f"{value:.3f}" for value in [*random, last[2]])
        print(f"| {' '.join(words)} | {shown} | {seconds:.1f} |", flush=True)


if __name__ == "__main__":
    main()
