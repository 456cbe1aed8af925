#!/usr/bin/env python3
"""Asks a model of a table that was exported as ONNX, in Python: predict.py MODEL.onnx COLUMN=VALUE ...

Columns that are not given are missing. Needs onnxruntime and numpy alone.
"""

import json
import sys

import numpy as np
import onnxruntime as ort


def main(model, *words):
    session = ort.InferenceSession(model)
    given = dict(word.split("=", 1) for word in words)
    feeds = {}
    for column in session.get_inputs():
        text = given.pop(column.name, "")
        if column.type == "tensor(string)":
            feeds[column.name] = np.array([[text]], dtype=object)
        else:
            feeds[column.name] = np.array([[float(text) if text else float("nan")]])
    if given:
        sys.exit(f"{model} has no column {', '.join(given)}; it has {', '.join(feeds)}")
    classes = json.loads(session.get_modelmeta().custom_metadata_map["classes"])
    for output, value in zip(session.get_outputs(), session.run(None, feeds)):
        if output.name.endswith("probabilities"):
            names = classes[output.name.removesuffix("probabilities").rstrip(".") or next(iter(classes))]
            print(output.name, {name: round(float(p), 4) for name, p in zip(names, value[0])})
        else:
            print(output.name, value[0].tolist())


if __name__ == "__main__":
    main(*sys.argv[1:])
