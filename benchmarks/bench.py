#!/usr/bin/env python3
"""Measures Embark beside plain LibTorch and its peers, prints a table and writes out/bench.json.

`make bench` builds what is needed and runs this; README.md beside it says what each row means."""

import argparse
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from harness import SOURCE_DIR, Bench, BenchError, machine
from rows import callbacks, collab, images, lazy, onnx, rankings, ratings, tabular


# Processors kept busy by other programs, above which a figure is called disturbed.
QUIET = 0.1
# How well each side has learned: speed that costs accuracy is none.
QUALITY = ("valid_loss", "valid_accuracy", "test_rmse")


@dataclass(frozen=True)
class Row:
    """A figure, mostly a ratio, and the bar that it must keep: at most `bar` where lower is better, else at least."""

    measure: Callable  # takes the Bench, gives the figure and a dictionary of details
    bar: float
    better: str  # "lower" or "higher"

    @property
    def name(self):
        return self.measure.__name__

    @property
    def summary(self):
        return self.measure.__doc__.splitlines()[0]

    @property
    def sign(self):
        return "<=" if self.better == "lower" else ">="

    def keeps_bar(self, value):
        return value <= self.bar if self.better == "lower" else value >= self.bar


ROWS = (
    Row(collab.learner_overhead, bar=1.02, better="lower"),
    Row(collab.collab_vs_fastai, bar=60, better="higher"),
    Row(collab.collab_vs_libtorch, bar=6, better="higher"),
    Row(collab.best_epoch_vs_autograd, bar=1 / 3, better="lower"),
    Row(collab.collab_vs_surprise, bar=2, better="higher"),
    Row(lazy.lazy_growth, bar=2, better="lower"),
    Row(lazy.lazy_ratings_per_second, bar=5e6, better="higher"),
    Row(lazy.lazy_threads, bar=1.3, better="higher"),
    Row(lazy.mf_updates_vs_libmf, bar=0.8, better="higher"),
    Row(lazy.u1_time_vs_libmf, bar=1, better="lower"),
    Row(callbacks.callback_cost, bar=0.01, better="lower"),
    Row(callbacks.gradient_callback_cost, bar=0.01, better="lower"),
    Row(tabular.tabular_vs_fastai, bar=10, better="higher"),
    Row(tabular.encode_vs_pandas, bar=1, better="higher"),
    Row(tabular.encode_memory, bar=3.5, better="lower"),
    Row(tabular.predict_one_row_us, bar=20, better="lower"),
    Row(onnx.onnx_one_row_vs_jit, bar=1.3, better="higher"),
    Row(onnx.onnx_10k_rows_vs_jit, bar=2, better="higher"),
    Row(onnx.onnx_10k_rows_vs_jit_best, bar=1, better="higher"),
    Row(onnx.onnx_load_vs_jit, bar=4, better="higher"),
    Row(rankings.softmax_epoch_vs_torch, bar=1.1, better="higher"),
    Row(rankings.softmax_memory_vs_torch, bar=0.5, better="lower"),
    Row(rankings.ials_vs_implicit, bar=1, better="higher"),
    Row(rankings.recommend_vs_implicit, bar=1, better="higher"),
    Row(rankings.recommend_vs_product, bar=2, better="lower"),
    Row(images.image_loader_vs_torch, bar=1, better="higher"),
    Row(ratings.csv_vs_pandas, bar=1.3, better="higher"),
    Row(ratings.peak_memory_ratio, bar=3.5, better="lower"),
    Row(ratings.stream_memory_growth, bar=1.2, better="lower"),
    Row(ratings.train_command_seconds, bar=1.5, better="lower"),
)


def quality(detail):
    """What a row's detail says of how well each side has learned, as `valid_loss: embark 0.8094, fastai 0.8460`."""
    found = {figure: [] for figure in QUALITY}
    for side, value in detail.items():
        for figure in QUALITY:
            if isinstance(value, dict) and figure in value:
                found[figure].append((side, value[figure]))
            elif side.endswith(figure):
                found[figure].append((side.removesuffix(figure).rstrip("_"), value))
    return "; ".join(f"{figure}: " + ", ".join(f"{side} {value:.4f}".strip() for side, value in sides)
                     for figure, sides in found.items() if sides)


def measure_rows(rows, bench):
    """The rows as out/bench.json lists them, and the names of those that could not be measured."""
    results, failed, disturbed = [], [], []
    print(f"{'row':<26}{'value':>10}  {'bar':<9}{'':<8}what it is")
    for row in rows:
        try:
            value, detail = row.measure(bench)
        except BenchError as error:
            print(f"{row.name:<26}{'-':>10}  {row.sign} {row.bar:<6g}failed  {error}", flush=True)
            failed.append(row.name)
            continue
        verdict = "kept" if row.keeps_bar(value) else "missed"
        if detail["others_busy"] > QUIET:
            verdict += "?"
            disturbed.append(row.name)
        print(f"{row.name:<26}{value:>10.3f}  {row.sign} {row.bar:<6g}{verdict:<8}{row.summary}", flush=True)
        if learned := quality(detail):
            print(f"{'':<26}{learned}", flush=True)
        results.append({"name": row.name, "value": value, "bar": row.bar,
                        "detail": {"better": row.better, "bar_kept": row.keeps_bar(value), **detail,
                                   "machine": machine(bench.threads)}})
    if disturbed:
        print("? Other programs were busy meanwhile and may have hit one side more than the other; take again on a "
              f"quiet machine: {', '.join(disturbed)}")
    return results, failed


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer repetitions, rougher figures")
    parser.add_argument("--only", action="append", choices=[row.name for row in ROWS], help="this row (repeatable)")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="at most (default: all)")
    parser.add_argument("--data-dir", type=Path, help="folder with data sets, as DIR/ml-100k/u.data")
    parser.add_argument("--program", type=Path, default=SOURCE_DIR / "build/bin/embark_bench")
    parser.add_argument("--fastai-venv", type=Path, default=SOURCE_DIR / "build/fastai-venv")
    parser.add_argument("--output", type=Path, default=SOURCE_DIR / "out/bench.json")
    options = parser.parse_args()
    if options.threads < 1:
        parser.error(f"--threads is {options.threads}; at least 1 is needed")
    return options


def main():
    options = parse_options()
    bench = Bench(program=options.program.resolve(), fastai_venv=options.fastai_venv.absolute(),
                  data_dir=options.data_dir and options.data_dir.resolve(), rounds=1 if options.quick else 3,
                  repeats=10 if options.quick else 40, threads=options.threads)
    rows = [row for row in ROWS if not options.only or row.name in options.only]
    results, failed = measure_rows(rows, bench)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(results, indent=2) + "\n")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
