"""Checks that an exported tabular file encodes and answers raw values as C++ did, with nothing but torch.

usage: check_encoding.py FILE EXPECTED.json

EXPECTED.json has columns of raw `texts` and `raw_numbers` (null where missing), and what C++ made of them: `codes` and
`numbers` row by row, `probabilities` of the first target and `values` of the second.
"""
import json
import math
import sys
import warnings

warnings.filterwarnings("ignore")
import torch  # noqa: E402


def main(file, expected):
    model = torch.jit.load(file)
    with open(expected, encoding="utf-8") as text:
        expected = json.load(text)
    texts = expected["texts"]
    numbers = {name: [math.nan if value is None else value for value in values]
               for name, values in expected["raw_numbers"].items()}
    codes, encoded = model._embark_encode(*model._embark_expand(texts, numbers))
    (_, probabilities), values = model.predict(texts, numbers)
    if [float(code) for code in codes.flatten().tolist()] != expected["codes"]:
        sys.exit("codes differ")
    check(encoded, expected["numbers"], "numbers")
    check(probabilities, expected["probabilities"], "probabilities")
    check(values, expected["values"], "values")
    print("ok")


def check(made, expected, what):
    for i, (a, b) in enumerate(zip(made.double().flatten().tolist(), expected, strict=True)):
        if not abs(a - b) <= 1e-6 * max(1, abs(b)):
            sys.exit(f"{what}, number {i}: {a} instead of {b}")


main(*sys.argv[1:])
