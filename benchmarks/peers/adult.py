"""The Adult census as every peer reads it."""

import pandas as pd
import torch

COLUMNS = ["age", "workclass", "fnlwgt", "education", "education-num", "marital-status", "occupation", "relationship",
           "race", "sex", "capital-gain", "capital-loss", "hours-per-week", "native-country", "salary"]
TARGET = "salary"
# fastai's cont_cat_split of these columns; tabular_bench.cpp has the same.
CATEGORIES = ["workclass", "education", "education-num", "marital-status", "occupation", "relationship", "race", "sex",
              "native-country"]
NUMBERS = ["age", "fnlwgt", "capital-gain", "capital-loss", "hours-per-week"]


def read_adult(folder):
    return pd.read_csv(folder / "adult.data", header=None, names=COLUMNS, skipinitialspace=True, na_values="?")


def random_split(rows, seed, valid_pct=0.2):
    """The rows for training and those for validation, as Embark's random_splitter takes them."""
    order = torch.randperm(rows, generator=torch.Generator().manual_seed(seed)).tolist()
    cut = int(valid_pct * rows)
    return order[cut:], order[:cut]
