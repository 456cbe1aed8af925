#!/usr/bin/env python3
"""Trains examples/images.cpp on scikit-learn's digits with several seeds, each a random split of its own, and prints the
accuracy and the seconds of each run and the means.

    build/venv/bin/python benchmarks/digits.py [--seeds 5]

Needs build/bin/example_images, of a build with -DEMBARK_BUILD_EXAMPLES=ON; the digits are written once, in the
environment that setup-fastai makes. Exit code: 1 where the mean accuracy is below the bar."""

import argparse
import re
import sys
import tempfile
import time
from statistics import mean

from harness import SOURCE_DIR, Bench, BenchError, run

ACCURACY = 0.985
SECONDS = 30
ROW = re.compile(r"^\d+ +\S+ +\S+ +(\S+) +\S+", re.M)


def digits(bench):
    """The folder of the pictures."""
    folder = SOURCE_DIR / "build" / "bench-data" / "digits"
    if not folder.is_dir():
        unfinished = folder.with_name("digits.unfinished")
        run([bench.fastai_venv / "bin" / "python", SOURCE_DIR / "examples" / "digits.py", unfinished])
        unfinished.rename(folder)
    return folder


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    bench = Bench(program=SOURCE_DIR / "build/bin/embark_bench", fastai_venv=SOURCE_DIR / "build/fastai-venv",
                  data_dir=None, rounds=1, repeats=1, threads=2)
    bench.peer_command("torch_images.py")
    folder, accuracies, times = digits(bench), [], []
    for seed in range(1, options.seeds + 1):
        with tempfile.TemporaryDirectory() as scratch:
            started = time.perf_counter()
            # In a folder of its own, since the example writes its pages and the model where it is called.
            output = run(["env", "-C", scratch, SOURCE_DIR / "build/bin/example_images", folder, seed])
            times.append(time.perf_counter() - started)
        if "model's own: yes" not in output:
            raise BenchError(f"the exported file's answers are not the model's: {output}")
        accuracies.append(float(ROW.findall(output)[-1]))
        print(f"seed {seed}: accuracy {accuracies[-1]:.4f}, {times[-1]:.1f} s", flush=True)
    print(f"mean: accuracy {mean(accuracies):.4f} (bar {ACCURACY}), {mean(times):.1f} s (bar {SECONDS})")
    return 0 if mean(accuracies) >= ACCURACY else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BenchError as error:
        sys.exit(f"digits.py: {error}")
