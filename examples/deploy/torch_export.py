#!/usr/bin/env python3
"""Makes of a TorchScript file what torch.export makes, without the Python model: torch_export.py MODEL.pt [OUT.pt2]

Encoded tensors go in and the network's outputs come out; raw values and answers stay outside, since torch.export knows tensors
alone. With OUT.pt2 AOTInductor compiles it to a native library, which needs a C++ compiler and takes minutes. Needs torch
alone, whose converter is private (seen in 2.13).
"""

import json
import sys
import time

import torch
from torch._export.converter import TS2EPConverter


class Network(torch.nn.Module):
    """What a file of one's own module traced, without the check of shapes around it, which the converter cannot express."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, *inputs):
        return self.model._embark_forward(*inputs)


def made_inputs(description, rows):
    """Encoded rows: 0 is in every vocabulary of tables and ratings; a module of one's own may count from 1."""
    whole = 1 if description["kind"] == "tensors" else 0
    dtypes = [(given["shape"], getattr(torch, given["type"])) for given in description["forward_inputs"]]
    return tuple(torch.rand([rows, *shape], dtype=dtype) if dtype.is_floating_point else torch.full([rows, *shape], whole, dtype=dtype)
                 for shape, dtype in dtypes)


def flat(outputs):
    return [outputs] if isinstance(outputs, torch.Tensor) else list(outputs)


def compare(name, program, model, description):
    """Prints the rows that the program takes, and its largest difference from the file's forward."""
    far = []
    for rows in (1, 2, 7, 1000):
        inputs = made_inputs(description, rows)
        with torch.no_grad():
            pairs = zip(flat(program(*inputs)), flat(model(*inputs)))
            far.append(max(float((a - b).abs().max()) for a, b in pairs))
    print(f"{name}: the same to {max(far):.2g} for 1, 2, 7 and 1000 rows")


def timed(name, make):
    start = time.perf_counter()
    made = make()
    print(f"{name}: {time.perf_counter() - start:.1f} s")
    return made


def speed(name, program, inputs, times):
    with torch.no_grad():
        taken = []
        for _ in range(times):
            start = time.perf_counter()
            program(*inputs)
            taken.append(time.perf_counter() - start)
    print(f"{name}: {1e6 * min(taken):.0f} µs for {len(inputs[0])} rows, the best of {times} calls")


def main(path, package=None):
    torch.set_num_threads(1)
    extra = {"embark.json": ""}
    model = torch.jit.load(path, _extra_files=extra).eval()
    description = json.loads(extra["embark.json"])
    if "forward_inputs" not in description:
        sys.exit(f"{path} does not say what its forward takes, as files of this version do")
    inputs = made_inputs(description, 4)
    network = model
    if model._c._has_method("_embark_forward"):
        network = torch.jit.trace(Network(model).eval(), inputs)
    program = timed("converter", TS2EPConverter(network, inputs).convert)
    compare("exported program", program.module(), model, description)
    if not package:
        return
    package = timed("AOTInductor", lambda: torch._inductor.aoti_compile_and_package(program, package_path=package))
    compiled = torch._inductor.aoti_load_package(package)
    compare("native library", compiled, model, description)
    for rows, times in ((1, 200), (10000, 5)):
        inputs = made_inputs(description, rows)
        speed("TorchScript", model, inputs, times)
        speed("native library", compiled, inputs, times)


if __name__ == "__main__":
    main(*sys.argv[1:])
