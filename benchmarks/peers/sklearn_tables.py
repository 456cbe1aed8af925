"""Writes a table that comes with scikit-learn as a CSV file, the target last. Runs in the environment that setup-fastai
makes.

    sklearn_tables.py diabetes TABLE.csv
"""

import sys

from sklearn import datasets


def main(name, path):
    bunch = getattr(datasets, f"load_{name}")(as_frame=True, **({"scaled": False} if name == "diabetes" else {}))
    table = bunch.frame.copy()
    if hasattr(bunch, "target_names"):
        names = [f"class {value}" for value in bunch.target_names]
        table["target"] = [names[number] for number in table["target"]]
    table.to_csv(path, index=False)


main(*sys.argv[1:])
