#!/usr/bin/env python3
"""Asks a model of Adult in both forms, MODEL.pt and MODEL.onnx beside it, and prints what each takes as JSON."""

import argparse
import json
import os
import time
import warnings
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"
warnings.simplefilter("ignore", DeprecationWarning)

import numpy as np
import onnxruntime
import torch

HEADER = ("age,workclass,fnlwgt,education,education-num,marital-status,occupation,relationship,race,sex,capital-gain,"
          "capital-loss,hours-per-week,native-country,salary").split(",")


def raw_columns(path, rows, module):
    """The first `rows` rows as a TorchScript file takes them: texts and numbers by column."""
    lines = [line.split(", ") for line in path.read_text().splitlines() if line]
    people = [dict(zip(HEADER, lines[i % len(lines)])) for i in range(rows)]
    texts, numbers = module.columns()
    return ({name: [person[name] for person in people] for name in texts},
            {name: [float(person[name]) for person in people] for name in numbers})


def open_onnx(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def timed(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--repeats", type=int, default=50)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    onnx_path = arguments.model.with_suffix(".onnx")
    load_jit, load_onnx = (lambda: torch.jit.load(str(arguments.model))), (lambda: open_onnx(onnx_path))
    module, session = load_jit(), load_onnx()
    texts, numbers = raw_columns(arguments.data, arguments.rows, module)
    inputs = {name: np.array(values, dtype=object).reshape(-1, 1) for name, values in texts.items()}
    inputs |= {name: np.array(values, dtype=np.float64).reshape(-1, 1) for name, values in numbers.items()}

    def ask_jit():
        with torch.inference_mode():
            return module.predict(texts, numbers)

    def ask_onnx():
        return session.run(None, inputs)

    for _ in range(3):  # TorchScript compiles at its first calls
        expected, found = ask_jit(), ask_onnx()
    repeats = arguments.repeats if arguments.rows == 1 else max(3, arguments.repeats // 50)
    turns = [(timed(ask_jit), timed(ask_onnx)) for _ in range(repeats)]
    loads = [(timed(load_jit), timed(load_onnx)) for _ in range(5)]
    print(json.dumps({
        "jit_seconds": [jit for jit, _ in turns], "onnx_seconds": [onnx for _, onnx in turns],
        "jit_load_seconds": [jit for jit, _ in loads], "onnx_load_seconds": [onnx for _, onnx in loads],
        "jit_bytes": arguments.model.stat().st_size, "onnx_bytes": onnx_path.stat().st_size,
        "largest_difference": float(np.abs(expected[1].numpy() - found[1]).max()),
        "versions": {"torch": torch.__version__, "onnxruntime": onnxruntime.__version__}}))


if __name__ == "__main__":
    main()
