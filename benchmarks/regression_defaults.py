#!/usr/bin/env python3
"""Compares what `embark train tabular` predicts where no preset is named with ordinary least squares.

    build/venv/bin/python benchmarks/regression_defaults.py --seeds 3

Ten made tables and California's houses, each a regression whose targets are as people have them: of 10² to 10⁶, skewed, with
outliers, with categories and missing values, 200 to 20,000 rows. A column of each file says which rows are for validation, so
that both sides train on the same rows. Least squares has the numbers standardised, a column for each category, and for each
column with missing numbers one that says where. README.md beside this says more. Exit code: 1 where a table misses its bar: an
R² of that of least squares less 0.02, on the mean of the seeds, or above −0.05 where that is negative."""

import argparse
import csv
import json
import math
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from harness import SOURCE_DIR, BenchError, machine, run

ALLOWED, LOWEST = 0.02, -0.05  # below the R² of least squares; where that is negative
VALID_SHARE = 0.2


def cut(rng, n, names, shares=None):
    return rng.choice(names, size=n, p=shares)


def with_gaps(rng, values, share):
    return np.where(rng.random(len(values)) < share, np.nan, values)


def houses(rng, n=2000):
    """Prices around 350,000 of area, rooms, age and town; some areas and ages are missing."""
    area, rooms, age = rng.gamma(9, 14, n), rng.integers(1, 8, n), rng.integers(0, 120, n)
    towns = {"Oslo": 95e3, "Bergen": 40e3, "Trondheim": 25e3, "Bodø": -20e3, "Ål": -60e3}
    town = cut(rng, n, list(towns), [0.35, 0.25, 0.2, 0.15, 0.05])
    garden = cut(rng, n, ["yes", "no"])
    price = (60e3 + 1900 * area + 9e3 * rooms - 450 * age + np.array([towns[name] for name in town])
             + 25e3 * (garden == "yes") + rng.normal(0, 45e3, n))
    return {"area": with_gaps(rng, area, 0.08), "rooms": rooms, "age": with_gaps(rng, age.astype(float), 0.05),
            "town": town, "garden": garden}, price


def line_of_few_rows(rng, n=200):
    """200 rows of five numbers, a line and noise, around 100."""
    x = rng.normal(size=(n, 5)) * [1, 10, 0.1, 3, 1] + [0, 50, 0, -7, 2]
    return columns(x), 100 + 20 * x[:, 0] + 1.5 * x[:, 1] - 80 * x[:, 2] + rng.normal(0, 12, n)


def stars(rng, n=500):
    """One number says how bright, with little noise, on a scale of 10⁴."""
    x = rng.uniform(-2, 2, n)
    return {"x": x}, 12_000 + 3_500 * x + rng.normal(0, 900, n)


def wide(rng, n=300):
    """As many as 25 numbers, four of which matter, for 240 training rows; around a million."""
    x = rng.normal(size=(n, 25))
    return columns(x), 1e6 + 1e5 * (2 * x[:, 0] - x[:, 1] + x[:, 2] + 0.5 * x[:, 3]) + rng.normal(0, 1.5e5, n)


def incomes(rng, n=1500):
    """Skewed, a log-normal target of log-normal and other numbers, with a job of twelve."""
    years, hours, wealth = rng.integers(0, 45, n), rng.normal(38, 6, n), rng.lognormal(10, 1.2, n)
    jobs = [f"job {i}" for i in range(12)]
    job = rng.integers(0, 12, n)
    log = 9.6 + 0.02 * years + 0.012 * hours + 0.08 * np.log(wealth) + 0.05 * job + rng.normal(0, 0.35, n)
    return {"years": years, "hours": hours, "wealth": wealth, "job": np.array(jobs)[job]}, np.exp(log)


def outliers_in_targets(rng, n=3000):
    """One target in a hundred is five times as far from the mean as any other."""
    x = rng.normal(size=(n, 6))
    y = 500 + 90 * x[:, 0] - 60 * x[:, 1] + 30 * x[:, 2] * x[:, 3] + rng.normal(0, 40, n)
    wild = rng.random(n) < 0.01
    return columns(x), np.where(wild, 500 + rng.choice([-1, 1], n) * rng.uniform(800, 2000, n), y)


def outliers_in_numbers(rng, n=2000):
    """A cell in fifty of the numbers is a thousand times too large."""
    x = rng.normal(10, 3, size=(n, 4))
    y = 2_000 + 150 * x[:, 0] - 90 * x[:, 1] + 40 * x[:, 2] + rng.normal(0, 200, n)
    return columns(np.where(rng.random(x.shape) < 0.02, x * 1000, x)), y


def heavy_numbers(rng, n=5000):
    """A line of log-normal numbers, whose largest are worth most."""
    x = rng.lognormal(0, 1, size=(n, 4)) * [1e3, 10, 1, 0.1]
    return columns(x), 200 + 0.3 * x[:, 0] + 20 * x[:, 1] - 100 * x[:, 2] + rng.normal(0, 200, n)


def curves(rng, n=20000):
    """Friedman's first function times a thousand, in 20,000 rows."""
    x = rng.uniform(size=(n, 8))
    y = 10 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2 + 10 * x[:, 3] + 5 * x[:, 4]
    return columns(x), 1000 * (y + rng.normal(0, 1, n))


def categories(rng, n=4000):
    """Categories alone, one of sixty rare ones, and one of them often missing; rents of hundreds."""
    district, kind, floor = rng.integers(0, 60, n), rng.integers(0, 5, n), rng.integers(0, 9, n)
    effect = rng.normal(0, 120, 60)
    y = 900 + effect[district] + 80 * kind + 15 * floor + rng.normal(0, 110, n)
    lift = np.where(rng.random(n) < 0.3, "", np.where(floor > 4, "lift", "none"))
    return {"district": np.array([f"district {i}" for i in range(60)])[district],
            "kind": np.array(list("abcde"))[kind], "floor": np.array([f"floor {i}" for i in range(9)])[floor],
            "lift": lift}, y


def noise(rng, n=400):
    """Nothing to be learned: the mean is the best there is."""
    return columns(rng.normal(size=(n, 6))), rng.normal(5000, 1000, n)


MADE = (line_of_few_rows, stars, wide, noise, incomes, houses, outliers_in_numbers, outliers_in_targets, categories,
        heavy_numbers, curves)


def columns(x):
    return {f"x{i}": x[:, i] for i in range(x.shape[1])}


def california(folder):
    with open(folder / "housing.csv", newline="") as stream:
        rows = list(csv.DictReader(stream))
    table = {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}
    return table, table.pop("MedHouseVal")


def r2(predicted, actual):
    return 1 - np.square(predicted - actual).sum() / np.square(actual - actual.mean()).sum()


def encoded(table, train):
    """What least squares has of a table: fitted on the training rows."""
    parts = [np.ones(len(train))]
    for values in table.values():
        if values.dtype.kind in "US":
            parts += [(values == name).astype(float) for name in np.unique(values[train])]
            continue
        values = values.astype(float)
        missing = np.isnan(values)
        values = np.where(missing, np.median(values[train & ~missing]), values)
        parts.append((values - values[train].mean()) / (values[train].std() or 1))
        if missing[train].any():
            parts.append(missing.astype(float))
    return np.stack(parts, 1)


def least_squares(table, y, valid):
    x = encoded(table, ~valid)
    weights = np.linalg.lstsq(x[~valid], y[~valid], rcond=None)[0]
    return r2(x[valid] @ weights, y[valid])


def cell(value):
    if isinstance(value, (float, np.floating)):
        return "" if math.isnan(value) else repr(float(value))
    return str(value)


def write(path, table, y, valid):
    with open(path, "w", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([*table, "y", "valid"])
        for row in zip(*table.values(), y, valid):
            writer.writerow([*map(cell, row[:-1]), "true" if row[-1] else "false"])


def embark(options, file, seed):
    command = [options.program, "train", "tabular", "--csv", file, "--target", "y", "--valid-column", "valid",
               "--seed", seed, "--json", *options.embark_options.split()]
    started = time.monotonic()
    report = json.loads(run(command))
    return report["metrics"]["r2_score"], time.monotonic() - started, len(report["epochs"])


def measure(options, name, make, folder):
    """R² of both sides, seconds and epochs of Embark, for each seed."""
    found = []
    for seed in range(options.seeds):
        rng = np.random.default_rng([seed, 7])
        table, y = make(rng)
        valid = rng.random(len(y)) < VALID_SHARE
        file = folder / f"{name}.csv"
        write(file, table, y, valid)
        found.append((len(y), least_squares(table, y, valid), *embark(options, file, seed)))
    return [statistics.mean(values) for values in zip(*found)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", type=Path, default=SOURCE_DIR / "build" / "bin" / "embark")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", help="tables to measure, as a,b,…")
    parser.add_argument("--embark-options", default="", help="more words for the program, as '--preset fastai'")
    options = parser.parse_args()
    tables = {make.__name__: make for make in MADE}
    done = subprocess.run([SOURCE_DIR / "tools" / "get-data", "california-housing"], text=True, capture_output=True)
    if done.returncode == 0:
        folder = Path(done.stdout.strip())
        tables["california"] = lambda rng: california(folder)
    else:
        print(f"California's houses could not be had: {done.stderr.strip()}", file=sys.stderr)
    wanted = options.only.split(",") if options.only else list(tables)

    print(json.dumps(machine(1)))
    print("\n| table | rows | R² of least squares | R² of Embark | epochs | seconds | |\n|---|---|---|---|---|---|---|")
    missed = []
    with tempfile.TemporaryDirectory(prefix="embark-bench-") as scratch:
        for name in wanted:
            rows, plain, ours, seconds, epochs = measure(options, name, tables[name], Path(scratch))
            bar = plain - ALLOWED if plain >= 0 else LOWEST
            if ours < bar:
                missed.append(name)
            print(f"| {name} | {rows:.0f} | {plain:.4f} | {ours:.4f} | {epochs:.0f} | {seconds:.1f} | "
                  f"{'' if ours >= bar else 'missed'} |", flush=True)
    if missed:
        raise SystemExit(f"Below the bar: {', '.join(missed)}")


if __name__ == "__main__":
    try:
        main()
    except BenchError as error:
        raise SystemExit(f"regression_defaults.py: {error}") from error
