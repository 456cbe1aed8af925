"""Checks the forward of an ONNX file in ONNX Runtime.

usage: check_forward.py FILE.onnx EXPECTED.json

EXPECTED.json holds what C++ computed: `dims`, the sizes of each input as the file names them, and `cases`, a list of
{inputs, outputs}. Ends with 0 and "ok" where all agree to 1e-5.
"""
import json
import sys

import numpy as np
import onnxruntime


def array(value):
    return np.array(value["data"], dtype=value["dtype"]).reshape(value["shape"])


def main(file, expected):
    expected = json.load(open(expected))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    dims = [value.shape for value in session.get_inputs()]
    if dims != expected["dims"]:
        sys.exit(f"check_forward: the inputs are {dims} instead of {expected['dims']}")
    for case in expected["cases"]:
        inputs = [array(value) for value in case["inputs"]]
        outputs = session.run(None, {value.name: x for value, x in zip(session.get_inputs(), inputs)})
        for result, wanted in zip(outputs, case["outputs"], strict=True):
            wanted = array(wanted)
            if result.shape != wanted.shape or not np.allclose(result, wanted, rtol=1e-5, atol=1e-6):
                sys.exit(f"check_forward: for inputs {[x.shape for x in inputs]}: {result} instead of {wanted}")
    print("ok")


main(*sys.argv[1:])
