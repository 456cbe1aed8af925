"""Checks an exported tabular file with nothing but torch.

usage: check_tabular_export.py FILE ROWS.csv EXPECTED.csv

ROWS.csv has raw rows, EXPECTED.csv what C++ made of them (`prediction_…` and `probability_…` columns). Ends with 0 and
"ok" where all agree to 1e-5.
"""
import csv
import math
import sys
import warnings

warnings.filterwarnings("ignore")
import torch  # noqa: E402


def columns(path):
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {name: [row[name] for row in rows] for name in rows[0]}


def main(file, rows, expected):
    model = torch.jit.load(file)
    raw, expected = columns(rows), columns(expected)
    categories, numbers = model.columns()
    answers = model.predict({name: raw[name] for name in categories},
                            {name: [float(value) if value else math.nan for value in raw[name]] for name in numbers})
    targets = [name.removeprefix("prediction_") for name in expected if name.startswith("prediction_")]
    for target, answer in zip(targets, answers):
        if target not in model.classes():
            check(answer.tolist(), expected[f"prediction_{target}"], target)
            continue
        labels, probabilities = answer
        wrong = sum(a != b for a, b in zip(labels, expected[f"prediction_{target}"]))
        if wrong:
            sys.exit(f"{wrong} labels of {target} differ")
        for i, name in enumerate(model.classes()[target]):
            check(probabilities[:, i].tolist(), expected[f"probability_{target}_{name}"], f"{target} {name}")
    print("ok")


def check(made, expected, what):
    for row, (a, b) in enumerate(zip(made, expected, strict=True)):
        if not math.isclose(a, float(b), rel_tol=1e-5, abs_tol=1e-5):
            sys.exit(f"{what}, row {row}: {a} instead of {b}")


main(*sys.argv[1:])
