#!/usr/bin/env python3
"""Compares what Embark's presets for tables predict with fastai's tabular_learner and with LightGBM.

    build/venv/bin/python benchmarks/accuracy.py --data adult --seeds 5 --presets fastai,best
    build/venv/bin/python benchmarks/accuracy.py --data small --peers lightgbm,lightgbm-tuned --presets best

Every side trains on the same rows of the same random splits, one split a seed; README.md beside this says how. Exit
code: 0 also where a bar is missed, 1 where a side could not be measured."""

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from harness import SOURCE_DIR, Bench, BenchError, machine, run

PRESETS = ("default", "fastai", "best")
PEERS = ("fastai", "lightgbm", "lightgbm-tuned")
ADULT_COLUMNS = ("age,workclass,fnlwgt,education,education-num,marital-status,occupation,relationship,race,sex,"
                 "capital-gain,capital-loss,hours-per-week,native-country,salary").split(",")


@dataclass(frozen=True)
class Bar:
    """How far a preset's figure may be from a peer's on the worse side, on average over the splits."""

    preset: str
    peer: str
    allowed: float


@dataclass(frozen=True)
class Data:
    dataset: str  # the name that the program and tools/get-data know; empty: a table of scikit-learn's
    figures: tuple
    higher_is_better: bool
    bars: tuple
    # Of what the program does not know by name:
    file: str = ""  # in the data set's folder
    target: str = ""
    ignore: tuple = ()


def made(figure, target="target", dataset="", file="table.csv", ignore=()):
    """A table of which best and the tuned LightGBM are compared."""
    higher_is_better = figure == "accuracy"
    return Data(dataset, (figure,), higher_is_better, (Bar("best", "lightgbm", 0.0), Bar("best", "lightgbm-tuned", 0.0)),
                file, target, ignore)


# The river's eight gauges in two days; one is predicted here.
RIVER = tuple(f"{gauge}_48H__0" for gauge in ("CHSI2", "NASI2", "EADM7", "SCLM7", "CLKM7", "VALI2", "NAPM7", "DLDI4"))
DATA = {
    "adult": Data("adult", figures=("accuracy", "roc_auc"), higher_is_better=True,
                  bars=(Bar("fastai", "fastai", 0.003), Bar("best", "lightgbm", 0.002))),
    "california": Data("california-housing", figures=("rmse",), higher_is_better=False,
                       bars=(Bar("best", "lightgbm", 0.0), Bar("best", "lightgbm-tuned", 0.0))),
    "diabetes": made("rmse"),
    "breast_cancer": made("accuracy"),
    "wine": made("accuracy"),
    "digits": made("accuracy"),
    "ecoli": made("accuracy", "class", "ecoli", "ecoli.csv", ("SequenceName",)),
    "river": made("rmse", RIVER[0], "rf1", "train.csv", RIVER[1:]),
}
GROUPS = {"small": [name for name, data in DATA.items() if data.file]}


class Sides:
    """Runs one side on one split. Gives its figures on the validation rows, on the test rows where there are any, and
    the seconds of the whole run."""

    def __init__(self, options, bench, name, folder, test):
        self.options, self.bench, self.folder, self.test = options, bench, folder, test
        self.name, self.data = name, DATA[name]

    def embark(self, preset, seed):
        if self.data.file:
            table = ["--csv", self.folder / self.data.file, "--target", self.data.target,
                     *(["--ignore", ",".join(self.data.ignore)] if self.data.ignore else [])]
        else:
            table = ["--dataset", self.data.dataset, "--data-dir", self.folder.parent]
        command = [self.options.program, "train", "tabular", *table, "--preset", preset, "--seed", seed,
                   "--threads", self.options.threads, "--json"]
        if self.test:
            command += ["--test-csv", self.test]
        started = time.monotonic()
        report = json.loads(run(command))
        seconds = time.monotonic() - started
        found = {"valid": self.chosen(report["metrics"]), "seconds": seconds, "epochs": len(report["epochs"]),
                 "train_rows": report["train_rows"], "valid_rows": report["valid_rows"],
                 "derived": report.get("derived_choice", "")}
        if self.test:
            found["test"] = self.chosen(report["test_metrics"])
        return found

    def chosen(self, metrics):
        return {name: metrics[name] for name in self.data.figures}

    def peer(self, name, seed):
        peers = SOURCE_DIR / "benchmarks" / "peers"
        run([peers / "setup-fastai", self.bench.fastai_venv])
        command = [self.bench.fastai_venv / "bin" / "python", peers / "tabular_peers.py", name,
                   "--data", self.name, "--folder", self.folder, "--seed", seed, "--threads", self.options.threads]
        if self.data.file:
            command += ["--file", self.data.file, "--target", self.data.target, "--ignore", *self.data.ignore]
        if self.test:
            command += ["--test", self.test]
        return json.loads(run(command).splitlines()[-1])


def adult_test_file(folder, scratch):
    """Adult's own test rows as a CSV file like others. They are of the same census as the training rows: not harder."""
    source = folder / "adult.test"
    if not source.is_file():
        # A folder of the user's own may have the training rows alone; the cache folder has both.
        environment = {name: value for name, value in os.environ.items() if name != "EMBARK_DATA"}
        done = subprocess.run([SOURCE_DIR / "tools" / "get-data", "adult"], env=environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode != 0:
            raise BenchError(f"Adult's test rows could not be had: {done.stderr.strip()}")
        source = Path(done.stdout.strip()) / "adult.test"
    path = scratch / "adult-test.csv"
    with open(path, "w", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(ADULT_COLUMNS)
        # The first line is none of a person, the last is empty, and each label ends in a full stop.
        for line in source.read_text().splitlines()[1:]:
            if line:
                writer.writerow("" if value == "?" else value for value in line.removesuffix(".").split(", "))
    return path


def table_folder(bench, data, name, scratch):
    """Where the data set lies; a table of scikit-learn's is written there first."""
    if data.dataset:
        return bench.dataset(data.dataset)
    run([SOURCE_DIR / "benchmarks/peers/setup-fastai", bench.fastai_venv])
    run([bench.fastai_venv / "bin/python", SOURCE_DIR / "benchmarks/peers/sklearn_tables.py", name,
         scratch / data.file])
    return scratch


def measure_sides(sides, peers, presets, seeds):
    """The runs of every side, and why some sides have none."""
    wanted = {peer: lambda seed, peer=peer: sides.peer(peer, seed) for peer in peers}
    for preset in presets:
        wanted[f"embark {preset}"] = lambda seed, preset=preset: sides.embark(preset, seed)
    runs, failed = {side: [] for side in wanted}, {}
    for seed in seeds:
        for side, measure in wanted.items():
            if side in failed:
                continue
            try:
                runs[side].append(measure(seed))
            except BenchError as error:
                failed[side] = str(error)
                continue
            last = runs[side][-1]
            figures = "  ".join(f"{name} {value:.4f}" for name, value in last["valid"].items())
            print(f"seed {seed}  {side:<14}  {figures}  {last['seconds']:.1f} s", file=sys.stderr, flush=True)
    return {side: found for side, found in runs.items() if side not in failed}, failed


def mean_and_deviation(values):
    return statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else 0.0


def print_figures(data, runs, parts):
    columns = [(part, figure) for part in parts for figure in data.figures]
    print(f"{'':<16}" + "".join(f"{part + ' ' + figure:>20}" for part, figure in columns) + f"{'seconds':>18}")
    for side, found in runs.items():
        cells = [mean_and_deviation([one[part][figure] for one in found]) for part, figure in columns]
        seconds = mean_and_deviation([one["seconds"] for one in found])
        print(f"{side:<16}" + "".join(f"{mean:>11.4f} ± {deviation:.4f}" for mean, deviation in cells)
              + f"{seconds[0]:>11.1f} ± {seconds[1]:.1f}")


def compare(data, runs):
    """Each preset beside the peer that its bar is about: the mean and the deviation of the differences, split by split,
    above 0 where the preset is better."""
    sign = 1 if data.higher_is_better else -1
    compared = []
    for bar in data.bars:
        preset, peer = f"embark {bar.preset}", bar.peer
        if preset not in runs or peer not in runs:
            continue
        for figure in data.figures:
            differences = [sign * (ours["valid"][figure] - theirs["valid"][figure])
                           for ours, theirs in zip(runs[preset], runs[peer])]
            mean, deviation = mean_and_deviation(differences)
            compared.append({"preset": bar.preset, "peer": peer, "figure": figure, "difference": mean,
                             "deviation": deviation, "bar": -bar.allowed, "bar_kept": mean >= -bar.allowed})
    return compared


def print_comparison(compared):
    for one in compared:
        print(f"{one['preset']} is {one['difference']:+.4f} ± {one['deviation']:.4f} from {one['peer']} in "
              f"{one['figure']} (+ is better); bar {one['bar']:+.3f}: {'kept' if one['bar_kept'] else 'missed'}")


def list_among(known, what):
    """What reads a list of such names."""
    def names(text):
        for name in text.split(","):
            if name not in known:
                raise argparse.ArgumentTypeError(f"there is no {what} '{name}'; there are: {', '.join(known)}")
        return text.split(",")
    return names


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", choices=[*DATA, *GROUPS], required=True)
    parser.add_argument("--seeds", type=int, default=5, metavar="N", help="random splits: seeds 0 to N - 1 (default: 5)")
    parser.add_argument("--presets", type=list_among(PRESETS, "preset"), default=["fastai", "best"],
                        help="default: fastai,best")
    parser.add_argument("--peers", type=list_among(PEERS, "peer"), default=["fastai", "lightgbm"],
                        help="fastai and lightgbm (the default), lightgbm-tuned")
    parser.add_argument("--test", action="store_true", help="also Adult's own test rows, once for each split's model")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every run and every comparison here")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="of each side (default: all)")
    parser.add_argument("--data-dir", type=Path, help="folder with data sets, as DIR/adult/adult.data")
    parser.add_argument("--program", type=Path, default=SOURCE_DIR / "build/bin/embark")
    parser.add_argument("--fastai-venv", type=Path, default=SOURCE_DIR / "build/fastai-venv")
    options = parser.parse_args()
    if options.seeds < 1 or options.threads < 1:
        parser.error("--seeds and --threads must be at least 1")
    if options.test and options.data != "adult":
        parser.error("--test is for --data adult alone")
    return options


def measure_table(options, bench, name):
    """Measures the sides on one table, and prints the figures; gives what there is to be kept of it."""
    data = DATA[name]
    with tempfile.TemporaryDirectory(prefix="embark-accuracy-") as scratch:
        folder = table_folder(bench, data, name, Path(scratch))
        test = adult_test_file(folder, Path(scratch)) if options.test else None
        sides = Sides(options, bench, name, folder, test)
        runs, failed = measure_sides(sides, options.peers, options.presets, range(options.seeds))
    compared = compare(data, runs)
    for found in runs.values():
        one = found[0]
        print(f"{name}: {one['train_rows']:,} training and {one['valid_rows']:,} validation rows, "
              f"{options.seeds} random {'split' if options.seeds == 1 else 'splits'}")
        print_figures(data, runs, ("valid", "test") if options.test else ("valid",))
        break
    print_comparison(compared)
    for side, reason in failed.items():
        print(f"{side} could not be measured: {reason}")
    return {"data": name, "runs": runs, "comparisons": compared, "failed": failed}


def main():
    options = parse_options()
    bench = Bench(program=options.program.resolve(), fastai_venv=options.fastai_venv.absolute(),
                  data_dir=options.data_dir and options.data_dir.resolve(), rounds=1, repeats=1,
                  threads=options.threads)
    options.program = bench.program
    try:
        tables = [measure_table(options, bench, name) for name in GROUPS.get(options.data, [options.data])]
    except BenchError as error:
        print(f"accuracy.py: {error}", file=sys.stderr)
        return 1
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps({"seeds": list(range(options.seeds)), "tables": tables,
                                            "machine": machine(options.threads)}, indent=2) + "\n")
    return 1 if any(table["failed"] for table in tables) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
