#!/usr/bin/env python3
"""What PyTorch's operators become in ONNX files: modules traced in Python, converted, and compared in ONNX Runtime.

ONNX_CONVERTER names the program, which is called as `PROGRAM MODULE.pt OUT.onnx INPUT ...` where INPUT is the type and
the sizes of one row of an input, as float32:4,3, or int64<7:4 for numbers below 7.
"""

import os
import subprocess
import sys
import tempfile
import unittest
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
import torch.nn.functional as F
from onnx_functions import GROUPS, TOLERANCES
from onnx_modules import MODULES
from torch import nn

CONVERTER = os.environ["ONNX_CONVERTER"]
BATCHES = (1, 2, 7, 100)
DTYPES = {
    "float32": torch.float32,
    "float64": torch.float64,
    "int64": torch.int64,
    "int32": torch.int32,
    "bool": torch.bool,
}


class Functions(nn.Module):
    """Functions of the same inputs, one after the other, as one module."""

    def __init__(self, functions):
        super().__init__()
        self.functions = functions

    def forward(self, *inputs):
        return tuple(output for function in self.functions for output in flat(function(*inputs)))


def made_input(spec, rows):
    """`rows` rows of an input."""
    kind, _, sizes = spec.partition(":")
    kind, _, below = kind.partition("<")
    shape = [rows, *(int(size) for size in sizes.split(",") if size)]
    if kind in ("int64", "int32"):
        return torch.randint(0, int(below or 5), shape, dtype=DTYPES[kind])
    return torch.rand(shape) > 0.5 if kind == "bool" else torch.randn(shape, dtype=DTYPES[kind])


def flat(outputs):
    if isinstance(outputs, torch.Tensor):
        return [outputs]
    return [tensor for output in outputs for tensor in flat(output)]


def difference(actual, expected):
    """The largest difference of two arrays, as a part of the expected number where that is above 1."""
    if actual.dtype == bool or actual.size == 0:
        return 0.0 if np.array_equal(actual, expected) else np.inf
    a, b = actual.astype(np.float64), expected.astype(np.float64)
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    with np.errstate(invalid="ignore"):
        far = np.where(same, 0, np.abs(a - b) / np.maximum(1, np.abs(b)))
    return float(np.nan_to_num(far, nan=np.inf).max())


class Conversion(unittest.TestCase):
    worst = (0.0, "")

    @classmethod
    def tearDownClass(cls):
        print(f"{cls.__name__}: worst difference {cls.worst[0]:.2g} ({cls.worst[1]})", file=sys.stderr)

    def setUp(self):
        torch.manual_seed(0)
        torch.set_num_threads(1)
        folder = tempfile.TemporaryDirectory(prefix="embark-test-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def convert(self, module, specs, rows=4):
        """A module traced with `rows` rows, as its file has it, and the converter's result."""
        module = module.eval()
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            traced = torch.jit.trace(module, tuple(made_input(spec, rows) for spec in specs), check_trace=False)
        traced.save(str(self.folder / "module.pt"))
        traced = torch.jit.load(str(self.folder / "module.pt"))
        words = [CONVERTER, self.folder / "module.pt", self.folder / "module.onnx", *specs]
        return traced, subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=300)

    def session(self):
        model = onnx.load(self.folder / "module.onnx")
        onnx.checker.check_model(model, full_check=True)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 4
        return onnxruntime.InferenceSession(self.folder / "module.onnx", options, providers=["CPUExecutionProvider"])

    def assert_same(self, module, specs, names, tolerance):
        """That the converted module answers as the traced one. `names` and `tolerance` are functions of an output."""
        traced, result = self.convert(module, specs)
        self.assertEqual(result.returncode, 0, result.stderr)
        session = self.session()
        wrong = {}
        for rows in BATCHES:
            inputs = [made_input(spec, rows) for spec in specs]
            with torch.no_grad():
                expected = [output.numpy() for output in flat(traced(*(value.clone() for value in inputs)))]
            fed = {value.name: tensor.numpy() for value, tensor in zip(session.get_inputs(), inputs)}
            for i, (actual, wanted) in enumerate(zip(session.run(None, fed), expected, strict=True)):
                kinds = [f"{array.dtype} {list(array.shape)}" for array in (actual, wanted)]
                far = difference(actual, wanted) if kinds[0] == kinds[1] else np.inf
                type(self).worst = max(type(self).worst, (far, names(i)))
                if far > tolerance(i):
                    wrong[f"{names(i)}, output {i}"] = (
                        f"{far:.2g} at {rows} rows, {' for '.join(dict.fromkeys(kinds))}"
                    )
        self.assertFalse(wrong, "\n" + "\n".join(f"{name}: {what}" for name, what in wrong.items()))


class OperatorTest(Conversion):
    """Each operator does what PyTorch does."""

    def assert_group(self, group):
        functions, specs = GROUPS[group]
        names = []
        for name, function in functions.items():
            with torch.no_grad():
                names += [name] * len(flat(function(*(made_input(spec, 2) for spec in specs))))
        module = Functions(functions.values())
        self.assert_same(module, specs, lambda i: f"{group} {names[i]}", lambda i: TOLERANCES.get(names[i], 1e-6))


class ModuleTest(Conversion):
    """Typical modules do what PyTorch does."""

    def assert_module(self, name):
        make, specs = MODULES[name]
        torch.manual_seed(2)
        self.assert_same(make(), specs, lambda i: name, lambda i: 2e-6)


class NanTest(Conversion):
    """What becomes of NaN, as docs/deploy.md says."""

    ROWS = torch.tensor([[1, torch.nan, 3, 2], [1, 2, 0, torch.nan], [5, 1, 2, 0]])

    def answers(self, *functions):
        """What ONNX Runtime and PyTorch make of the rows."""
        module = Functions(functions)
        _, result = self.convert(module, ["float32:4"])
        self.assertEqual(result.returncode, 0, result.stderr)
        session = self.session()
        found = session.run(None, {session.get_inputs()[0].name: self.ROWS.numpy()})
        return found, [output.numpy() for output in module(self.ROWS)]

    def test_most_operators_keep_it(self):
        found, expected = self.answers(lambda x: x.sum(1), lambda x: x.softmax(1), torch.relu, lambda x: x.sort(1)[0],
                                       lambda x: x.topk(2)[0], lambda x: torch.maximum(x, x * 0))
        for actual, wanted in zip(found, expected, strict=True):
            self.assertLessEqual(difference(actual, wanted), 1e-6)

    def test_the_largest_of_a_dimension_passes_over_it(self):
        found, _ = self.answers(lambda x: x.amax(1), lambda x: x.max(1)[0], lambda x: x.argmax(1))
        self.assertEqual([array.tolist() for array in found], [[3, 2, 5], [3, 2, 5], [2, 1, 0]])


class Counting(nn.Module):
    """A module with a state."""

    def __init__(self):
        super().__init__()
        self.register_buffer("n_calls", torch.zeros(1))

    def forward(self, x):
        self.n_calls += 1
        return x + self.n_calls


class Spectrum(nn.Module):
    def forward(self, x):
        return torch.fft.fft(x).real


@torch.jit.script
def branching(x):
    if bool(x.sum() > 0):
        return x + 1
    return x - 1


def written_column(x):
    y = x * 2
    y[:, 0] = 0
    return y


def view_of_written(x):
    y = x * 2
    first = y[:, 0]
    y.relu_()
    return first


@torch.jit.script
def counted_by_data(x):
    return x[:, : int(x[0, 0].abs()) + 1].sum(1) * torch.ones(int(x.max()) + 3)[0]


# Functions or modules that ONNX cannot be right about, with what the sentence says that refuses them.
REFUSED = {
    "unknown": (nn.Sequential(nn.Linear(6, 6), Spectrum()), ["aten::fft_fft", "in 1", "no ONNX form"]),
    "mask": (lambda x: x[x > 0], ["aten::index", "mask"]),
    "nonzero": (lambda x: x[:, 0].nonzero(), ["aten::nonzero"]),
    "written_part": (written_column, ["aten::fill_", "part"]),
    "written_whole": (view_of_written, ["aten::relu_", "part"]),
    "branch": (branching, ["prim::If", "branches"]),
    "size_of_data": (counted_by_data, ["aten::Int", "integer"]),
    "random": (lambda x: x + torch.rand_like(x), ["aten::rand_like"]),
    "random_constant": (lambda x: x + torch.rand(6), ["aten::rand", "random"]),
    "squeezed_rows": (lambda x: x.squeeze(), ["aten::squeeze", "dimension"]),
    "split_rows": (lambda x: x.chunk(2)[0], ["aten::chunk", "dimension 0"]),
    "state": (Counting(), ["aten::add_", "n_calls"]),
    "batch_statistics": (
        lambda x: F.batch_norm(x, None, None, training=True),
        ["aten::batch_norm", "evaluation mode"],
    ),
    "dropout": (lambda x: F.dropout(x, 0.5, training=True), ["aten::dropout", "evaluation mode"]),
    "complex": (lambda x: torch.complex(x, x).abs(), ["aten::complex"]),
}


class RefusalTest(Conversion):
    """What cannot be right in ONNX is refused, in one sentence that names the operator."""

    def assert_refused(self, name):
        module, parts = REFUSED[name]
        module = module if isinstance(module, nn.Module) else Functions([module])
        _, result = self.convert(module, ["float32:6"])
        self.assertNotEqual(result.returncode, 0)
        self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
        for part in parts:
            self.assertIn(part, result.stderr)
        self.assertFalse((self.folder / "module.onnx").exists())


def add_tests():
    for group in GROUPS:
        setattr(OperatorTest, f"test_{group}", lambda self, group=group: self.assert_group(group))
    for name in REFUSED:
        setattr(RefusalTest, f"test_{name}", lambda self, name=name: self.assert_refused(name))
    for name in MODULES:
        setattr(ModuleTest, f"test_{name}", lambda self, name=name: self.assert_module(name))


add_tests()

if __name__ == "__main__":
    unittest.main()
