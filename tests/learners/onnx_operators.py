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
from onnx_modules import MODULES
from torch import nn

CONVERTER = os.environ["ONNX_CONVERTER"]
BATCHES = (1, 2, 7, 100)
DTYPES = {"float32": torch.float32, "float64": torch.float64, "int64": torch.int64, "int32": torch.int32, "bool": torch.bool}


class Function(nn.Module):
    """A function as a module, with tensors that it may use by name."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, *inputs):
        return self.function(*inputs)


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
        """The converter's result, for a module traced with `rows` rows."""
        module = module.eval()
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            traced = torch.jit.trace(module, tuple(made_input(spec, rows) for spec in specs), check_trace=False)
        traced.save(str(self.folder / "module.pt"))
        words = [CONVERTER, self.folder / "module.pt", self.folder / "module.onnx", *specs]
        return traced, subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=300)

    def session(self):
        model = onnx.load(self.folder / "module.onnx")
        onnx.checker.check_model(model, full_check=True)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 4
        return onnxruntime.InferenceSession(self.folder / "module.onnx", options, providers=["CPUExecutionProvider"])

    def assert_same(self, name, module, specs, tolerance=1e-6, batches=BATCHES):
        traced, result = self.convert(module, specs)
        self.assertEqual(result.returncode, 0, result.stderr)
        session = self.session()
        for rows in batches:
            inputs = [made_input(spec, rows) for spec in specs]
            with torch.no_grad():
                expected = [output.numpy() for output in flat(traced(*(value.clone() for value in inputs)))]
            fed = {value.name: tensor.numpy() for value, tensor in zip(session.get_inputs(), inputs)}
            for i, (actual, wanted) in enumerate(zip(session.run(None, fed), expected, strict=True)):
                self.assertEqual(actual.shape, wanted.shape, f"output {i}, {rows} rows")
                self.assertEqual(actual.dtype, wanted.dtype, f"output {i}, {rows} rows")
                far = difference(actual, wanted)
                if far > type(self).worst[0]:
                    type(self).worst = (far, name)
                self.assertLessEqual(far, tolerance, f"output {i}, {rows} rows")

    def assert_refused(self, module, specs, *parts):
        _, result = self.convert(module, specs)
        self.assertNotEqual(result.returncode, 0)
        self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
        for part in parts:
            self.assertIn(part, result.stderr)
        self.assertFalse((self.folder / "module.onnx").exists())


X, Y = "float32:6", "float32:6"
D = "float64:6"
IMAGE = "float32:4,9,8"
SEQUENCE = "float32:5,8"
INT = "int64<9:6"
TOKENS = "int64<11:5"

W = {name: torch.randn(*shape, generator=torch.Generator().manual_seed(3))
     for name, shape in {"6": (6,), "6x3": (6, 3), "3x6": (3, 6), "11x4": (11, 4), "4x3x3x3": (4, 3, 3, 3), "8x8": (8, 8)}.items()}
EDGES = torch.linspace(-3, 3, 1001)
COLUMN_EDGES = torch.sort(torch.randn(6, 1000, generator=torch.Generator().manual_seed(4))).values

ELEMENTWISE = {
    "add": lambda x, y: x + y, "add_alpha": lambda x, y: torch.add(x, y, alpha=2.5), "add_number": lambda x, y: x + 3,
    "sub": lambda x, y: torch.sub(x, y, alpha=2), "rsub": lambda x, y: 1 - x, "mul": lambda x, y: x * y,
    "div": lambda x, y: x / (y.abs() + 0.1), "div_floor": lambda x, y: torch.div(x, y, rounding_mode="floor"),
    "div_trunc": lambda x, y: torch.div(x, y, rounding_mode="trunc"), "floor_divide": lambda x, y: x // 0.3,
    "remainder": lambda x, y: x % 0.7, "fmod": lambda x, y: torch.fmod(x, 0.7), "pow": lambda x, y: x.abs() ** y,
    "pow_number": lambda x, y: x ** 3, "number_pow": lambda x, y: 2 ** x, "neg": lambda x, y: -x, "abs": lambda x, y: x.abs(),
    "exp": lambda x, y: x.exp(), "log": lambda x, y: (x.abs() + 0.1).log(), "log2": lambda x, y: (x.abs() + 0.1).log2(),
    "log10": lambda x, y: (x.abs() + 0.1).log10(), "log1p": lambda x, y: torch.log1p(x.abs() * 1e-5), "expm1": lambda x, y: torch.expm1(x * 1e-5),
    "expm1_large": lambda x, y: torch.expm1(x * 100), "exp2": lambda x, y: torch.exp2(x), "sqrt": lambda x, y: x.abs().sqrt(),
    "rsqrt": lambda x, y: (x.abs() + 0.1).rsqrt(), "square": lambda x, y: x.square(), "sign": lambda x, y: x.sign(),
    "sin": lambda x, y: x.sin(), "cos": lambda x, y: x.cos(), "tan": lambda x, y: (x * 0.3).tan(), "sinh": lambda x, y: x.sinh(),
    "cosh": lambda x, y: x.cosh(), "reciprocal": lambda x, y: 1 / (x.abs() + 0.1), "logit": lambda x, y: torch.logit(x.sigmoid(), eps=1e-3),
    "addcmul": lambda x, y: torch.addcmul(x, x, y, value=0.3), "addcdiv": lambda x, y: torch.addcdiv(x, x, y.abs() + 1, value=0.3),
    "lerp": lambda x, y: torch.lerp(x, y, 0.7), "lerp_tensor": lambda x, y: torch.lerp(x, y, y.sigmoid()),
    "floor": lambda x, y: x.floor(), "ceil": lambda x, y: x.ceil(), "round": lambda x, y: (x * 2).round() / 2, "trunc": lambda x, y: (3 * x).trunc(),
    "frac": lambda x, y: (3 * x).frac(), "round_decimals": lambda x, y: torch.round(x, decimals=1),
    "maximum": torch.maximum, "minimum": torch.minimum, "max_other": torch.max, "fmax": torch.fmax, "fmin": torch.fmin,
    "clamp": lambda x, y: x.clamp(-0.5, 0.7), "clamp_min": lambda x, y: x.clamp_min(0.1), "clamp_max": lambda x, y: x.clamp_max(0.1),
    "clamp_tensor": lambda x, y: torch.clamp(x, min=y), "where": lambda x, y: torch.where(x > y, x, y), "where_number": lambda x, y: torch.where(x > 0, x, 0.0),
    "masked_fill": lambda x, y: x.masked_fill(y > 0, -1.5), "nan_to_num": lambda x, y: torch.nan_to_num((x - 10).sqrt(), nan=7.0),
    "comparisons": lambda x, y: (x == y, x != y, x < y, x <= y, x > y, x >= 0.5, x.lt(0.25)),
    "logical": lambda x, y: (torch.logical_and(x > 0, y > 0), torch.logical_or(x > 0, y), torch.logical_xor(x > 0, y > 0), torch.logical_not(x > 0), (x > 0) & (y > 0), (x > 0) | (y > 0), (x > 0) ^ (y > 0), ~(x > 0)),
    "is": lambda x, y: (torch.isnan(x.sqrt()), torch.isinf(1 / (x * 0)), torch.isfinite(x.log())),
    "bool_arithmetic": lambda x, y: ((x > 0) + (y > 0), (x > 0) * y, (x > 0).float() - 1, (x > 0).sum(1)),
    "half_angle": lambda x, y: torch.cos(50 * x), "in_place": lambda x, y: x.mul(2).add_(y).relu_().mul_(3).clamp_(0, 4),
    "sinusoid_int": lambda x, y: torch.arange(6) * x,
}

FLOAT32_ELEMENTWISE = {
    "erf": lambda x, y: x.erf(), "erfc": lambda x, y: x.erfc(), "asin": lambda x, y: x.tanh().asin(), "acos": lambda x, y: x.tanh().acos(), "atan": lambda x, y: x.atan(), "gelu": lambda x, y: F.gelu(x),
}

ACTIVATIONS = {
    "relu": F.relu, "relu6": lambda x: F.relu6(4 * x), "sigmoid": torch.sigmoid, "tanh": torch.tanh, "silu": F.silu, "mish": F.mish,
    "hardsigmoid": F.hardsigmoid, "hardswish": F.hardswish, "logsigmoid": F.logsigmoid, "softsign": F.softsign, "selu": F.selu,
    "celu": lambda x: F.celu(x, 0.7), "elu": lambda x: F.elu(x, 0.7), "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
    "softplus": F.softplus, "softplus_beta": lambda x: F.softplus(10 * x, beta=2.5, threshold=10), "leaky_relu": F.leaky_relu,
    "threshold": lambda x: F.threshold(x, 0.2, -3), "hardtanh": F.hardtanh, "hardshrink": F.hardshrink, "softshrink": F.softshrink,
    "tanhshrink": F.tanhshrink, "glu": lambda x: F.glu(x, 1), "softmax": lambda x: x.softmax(1), "log_softmax": lambda x: x.log_softmax(-1),
    "softmax_0": lambda x: x.softmax(0), "softmin": lambda x: F.softmin(x, 1), "softmax_type": lambda x: F.softmax(x, 1, dtype=torch.float64),
    "prelu": lambda x: F.prelu(x, W["6"].to(x.dtype)), "prelu_one": lambda x: F.prelu(x, W["6"][:1].to(x.dtype)), "dropout": lambda x: F.dropout(x, 0.5, training=False),
    "normalize": lambda x: F.normalize(x, dim=1),
}

REDUCTIONS = {
    "sum": lambda x: (x.sum(), x.sum(1), x.sum((0, 1), keepdim=True), x.sum(0)), "mean": lambda x: (x.mean(), x.mean(1), x.mean(0)),
    "amax": lambda x: (x.amax(1), x.amin(1, keepdim=True)), "max": lambda x: (x.max(), x.max(1), x.min(1, keepdim=True), x.min()),
    "argmax": lambda x: (x.argmax(), x.argmax(1), x.argmin(1, keepdim=True)), "var": lambda x: (x.var(1), x.var(1, unbiased=False), x.var(1, keepdim=True)),
    "std": lambda x: (x.std(1), torch.std_mean(x, 1), torch.var_mean(x, 1)), "norm": lambda x: (x.norm(), x.norm(dim=1), x.norm(p=1, dim=1), x.norm(p=3, dim=1)),
    "vector_norm": lambda x: (torch.linalg.vector_norm(x, dim=1), torch.linalg.vector_norm(x, ord=float("inf"), dim=1), torch.linalg.vector_norm(x, ord=0, dim=1)),
    "logsumexp": lambda x: x.logsumexp(1), "cumsum": lambda x: (x.cumsum(1), x.cumsum(0), (x > 0).cumsum(1)),
    "any": lambda x: ((x > 1).any(), (x > 1).any(1), (x > -1).all(1), (x > -9).all()), "count_nonzero": lambda x: (x > 0).count_nonzero(1),
    "topk": lambda x: (x.topk(3, 1), x.topk(2, 1, largest=False)), "sort": lambda x: (x.sort(1), x.sort(1, descending=True), x.argsort(1), x.sort(0)),
    "median": lambda x: x.median(1), "cosine_similarity": lambda x: F.cosine_similarity(x, x.flip(1), 1), "pairwise_distance": lambda x: F.pairwise_distance(x, x.flip(1)),
    "batch_standardized": lambda x: (x - x.mean(0)) / (x.std(0, unbiased=False) + 1), "sum_of_ints": lambda x: ((x > 0).sum(), x.to(torch.int32).sum(1)),
}

SHAPES = {
    "view": lambda x: x.view(-1, 5, 2, 4), "view_size": lambda x: x.view(x.size(0), -1), "reshape": lambda x: x.transpose(1, 2).reshape(x.shape[0], 40), "reshape_rows": lambda x: x.reshape(-1, 8),
    "flatten": lambda x: (x.flatten(1), x.flatten(0, 1), x.flatten()), "unflatten": lambda x: x.unflatten(2, (2, 4)), "squeeze": lambda x: x.unsqueeze(1).squeeze(1), "unsqueeze": lambda x: x.unsqueeze(-1).unsqueeze(0),
    "transpose": lambda x: (x.transpose(0, 1), x.mT, x.swapaxes(0, 2), x.permute(2, 0, 1), x.movedim(0, 2)), "t": lambda x: x[:, 0].t(),
    "expand": lambda x: (x.unsqueeze(1).expand(-1, 3, -1, -1), W["8x8"][0].expand(x.size(0), 8)), "expand_as": lambda x: x[:, :1].expand_as(x), "repeat": lambda x: (x.repeat(1, 2, 1), x[:, 0].repeat(2, 1, 3), x.tile(2, 1)),
    "repeat_interleave": lambda x: x.repeat_interleave(2, 1), "cat": lambda x: (torch.cat([x, x * 2], 1), torch.cat([x, x], 0), torch.hstack([x, x]), torch.vstack([x, x])), "stack": lambda x: torch.stack([x, x + 1], -1),
    "cat_types": lambda x: torch.cat([x, (x > 0)], 1), "chunk": lambda x: x.chunk(3, 1), "split": lambda x: (x.split(3, 2), x.split([1, 4], 1)), "unbind": lambda x: x.unbind(1),
    "select": lambda x: (x[:, 2], x[:, -1], x.select(2, 3)), "select_row": lambda x: x[0], "last_row": lambda x: x[-1], "slice": lambda x: (x[:, 1:4], x[:, :, ::3], x[:, -2:], x[:, :-1], x[..., 2]),
    "narrow": lambda x: x.narrow(2, 1, 3), "rows_slice": lambda x: (x[:2], x[1:], x[:-1]), "index_select": lambda x: x.index_select(1, torch.tensor([3, 0, 0])), "index": lambda x: (x[:, [0, 2]], x[:, torch.tensor([[0, 1], [2, 4]])]),
    "index_two": lambda x: (x[:, [0, 2], [1, 7]], x[torch.arange(x.size(0)), 2], x[torch.arange(x.size(0)), x.sum((1, 2)).long() % 5]), "index_apart": lambda x: x[[0], :, [1]], "gather": lambda x: x.gather(1, (x > 0).long()[:, :3]), "take_along_dim": lambda x: x.take_along_dim(x.argsort(2), 2),
    "flip": lambda x: (x.flip(1), x.flip(0, 2)), "roll": lambda x: (x.roll(2, 1), x.roll((-1, 3), (1, 2))), "tril": lambda x: (x.tril(), x.triu(1), torch.ones(5, 5, dtype=torch.bool).tril() & (x > 0)[..., :5]),
    "zeros": lambda x: (torch.zeros_like(x), torch.ones(x.size(0), 3), torch.full((x.size(0), 2), 2.5), x.new_zeros(x.size(0)), torch.full_like(x, 3), torch.zeros(2, x.size(0), 3)), "arange": lambda x: (torch.arange(x.size(0)), torch.arange(x.size(1)) + x[:, :, 0], torch.arange(0, x.size(0), 2)),
    "size_arithmetic": lambda x: (x.sum() / x.size(0), x.reshape(x.size(0) * x.size(1), x.size(2)), x.numel() + x.sum()), "to": lambda x: (x.long(), x.double(), x.to(torch.int32), x.bool(), x.type_as(x.double()), (x > 0).to(x)),
    "contiguous": lambda x: x.transpose(1, 2).contiguous().clone().detach(), "scatter": lambda x: (torch.zeros(x.size(0), 8).scatter(1, x.argmax(2), 1.0), torch.zeros(x.size(0), 8).scatter_add(1, x.argmax(2), x[:, :, 0])),
    "one_hot": lambda x: F.one_hot(x.argmax(2), 8), "meshgrid": lambda x: torch.meshgrid(torch.arange(3), torch.arange(x.size(0)), indexing="ij"), "view_as": lambda x: x.transpose(0, 1).contiguous().view_as(x.view(5, -1, 8)), "pairwise": lambda x: (x[:, None, 0] - x[None, :, 0]).sum(-1),
    "pairwise_flat": lambda x: (x[:, None, 0] - x[None, :, 0]).reshape(-1, 8), "fill": lambda x: torch.empty_like(x).fill_(2).add_(x), "pad": lambda x: (F.pad(x, (1, 2)), F.pad(x, (1, 2, 0, 3), value=4), F.pad(x, (2, 2), mode="reflect"), F.pad(x, (2, 2), mode="replicate"), F.pad(x, (-1, 0))),
    "copy": lambda x: torch.zeros_like(x).copy_(x[:, :1]), "reshape_two_free": lambda x: (x @ x.flatten(0, 1).t()).reshape(x.size(0), 5, -1), "where_rows": lambda x: torch.where(x[:, 0, :1] > 0, x[:, 1], x[:, 2]), "min_rows": lambda x: x[: max(1, 2)],
}

PRODUCTS = {
    "linear": lambda x: F.linear(x, W["3x6"].to(x), W["6"][:3].to(x)), "linear_no_bias": lambda x: F.linear(x, W["3x6"].to(x)), "linear_3d": lambda x: F.linear(x.unsqueeze(1), W["3x6"].to(x), W["6"][:3].to(x)), "addmm": lambda x: torch.addmm(W["6"][:3].to(x), x, W["6x3"].to(x)), "addmm_factors": lambda x: torch.addmm(W["6"][:3].to(x), x, W["6x3"].to(x), beta=0.3, alpha=1.7),
    "matmul": lambda x: (x @ W["6x3"].to(x), x @ x.t(), x @ W["6"].to(x)), "mm": lambda x: torch.mm(x, W["6x3"].to(x)), "bmm": lambda x: torch.bmm(x.unsqueeze(1), x.unsqueeze(2)), "mv": lambda x: torch.mv(x, W["6"].to(x)), "dot": lambda x: torch.dot(x[0], W["6"].to(x)),
    "baddbmm": lambda x: torch.baddbmm(x[:, None, :1], x.unsqueeze(1), x.unsqueeze(2), beta=0.5, alpha=2), "einsum": lambda x: torch.einsum("bi,ij->bj", x, W["6x3"].to(x)), "einsum_spaces": lambda x: torch.einsum("b i, b j -> b i j", x, x), "einsum_bilinear": lambda x: torch.einsum("bi,bj,ij->b", x, x, torch.outer(W["6"], W["6"]).to(x)), "outer": lambda x: torch.outer(x[:, 0], W["6"].to(x)),
    "cdist": lambda x: torch.cdist(x, W["3x6"].to(x)), "bilinear": lambda x: F.bilinear(x, x, torch.stack([torch.outer(W["6"], W["6"])] * 2).to(x), W["6"][:2].to(x)),
}

IMAGES = {
    "conv2d": lambda x: F.conv2d(x, torch.ones(5, 4, 3, 3) / 9, torch.ones(5), stride=2, padding=1), "conv2d_same": lambda x: F.conv2d(x, torch.ones(5, 4, 2, 3) / 9, padding="same"), "conv2d_groups": lambda x: F.conv2d(x, torch.ones(4, 1, 3, 3) / 9, groups=4, dilation=2), "conv1d": lambda x: F.conv1d(x[:, :, 0], torch.ones(5, 4, 3) / 9), "conv3d": lambda x: F.conv3d(x.unsqueeze(1), torch.ones(2, 1, 2, 3, 3) / 9),
    "conv_transpose2d": lambda x: F.conv_transpose2d(x, W["4x3x3x3"], stride=2, padding=1, output_padding=1), "conv_transpose1d": lambda x: F.conv_transpose1d(x[:, :, 0], torch.ones(4, 2, 3) / 9, stride=2), "max_pool2d": lambda x: (F.max_pool2d(x, 2), F.max_pool2d(x, 3, 2, 1), F.max_pool2d(x, 3, 2, 1, ceil_mode=True), F.max_pool2d(x, 2, 1, dilation=2)), "max_pool1d": lambda x: F.max_pool1d(x[:, :, 0], 3), "max_pool3d": lambda x: F.max_pool3d(x, 2),
    "avg_pool2d": lambda x: (F.avg_pool2d(x, 2), F.avg_pool2d(x, 3, 2, 1), F.avg_pool2d(x, 3, 2, 1, count_include_pad=False)), "avg_pool2d_ceil": lambda x: (F.avg_pool2d(x, 3, 3, 1, ceil_mode=True), F.avg_pool2d(x, (4, 3), (4, 3), ceil_mode=True), F.avg_pool2d(x, 3, 3, 1, ceil_mode=True, count_include_pad=False)), "avg_pool2d_divisor": lambda x: F.avg_pool2d(x, 3, 2, 1, divisor_override=5), "avg_pool1d": lambda x: F.avg_pool1d(x[:, :, 0], 3, 1), "adaptive_avg_pool2d": lambda x: (F.adaptive_avg_pool2d(x, 1), F.adaptive_avg_pool2d(x, (3, 4)), F.adaptive_avg_pool2d(x, (5, 1))), "adaptive_avg_pool3d": lambda x: F.adaptive_avg_pool3d(x, (2, 4, 3)),
    "adaptive_avg_pool1d": lambda x: F.adaptive_avg_pool1d(x[:, 0], 4), "adaptive_max_pool2d": lambda x: (F.adaptive_max_pool2d(x, 1), F.adaptive_max_pool2d(x, (4, 3))), "adaptive_max_pool1d": lambda x: F.adaptive_max_pool1d(x[:, 0], 4), "nearest": lambda x: (F.interpolate(x, scale_factor=2), F.interpolate(x, size=(7, 20)), F.interpolate(x, scale_factor=1.7, mode="nearest-exact")), "bilinear_resize": lambda x: (F.interpolate(x, scale_factor=2, mode="bilinear"), F.interpolate(x, size=(7, 20), mode="bilinear", align_corners=True), F.interpolate(x, scale_factor=1.7, mode="bilinear")),
    "linear_resize": lambda x: F.interpolate(x[:, 0], size=13, mode="linear"), "pixel_shuffle": lambda x: F.pixel_shuffle(x, 2), "group_norm": lambda x: F.group_norm(x, 2, torch.arange(4.0), torch.ones(4)), "instance_norm": lambda x: F.instance_norm(x), "layer_norm": lambda x: (F.layer_norm(x, (8,)), F.layer_norm(x, (9, 8), torch.ones(9, 8) * 2, torch.ones(9, 8))),
    "rms_norm": lambda x: F.rms_norm(x, (8,), torch.arange(8.0)), "batch_norm": lambda x: F.batch_norm(x, torch.arange(4.0), torch.arange(4.0) + 1, torch.ones(4) * 2, torch.ones(4), eps=1e-3), "batch_norm_plain": lambda x: F.batch_norm(x, torch.arange(4.0), torch.arange(4.0) + 1), "reflection_pad": lambda x: F.pad(x, (1, 2, 3, 1), mode="reflect"), "replication_pad": lambda x: F.pad(x, (1, 2, 3, 1), mode="replicate"), "softmax_channels": lambda x: x.softmax(1), "prelu_channels": lambda x: F.prelu(x, torch.arange(4.0)), "image_reductions": lambda x: (x.mean((2, 3)), x.amax((2, 3)), x.std((2, 3))),
}

INTS = {
    "int_arithmetic": lambda x, y: (x + y, x * 2, x - y, x // (y + 1), x % (y + 1), -x // (y + 1), torch.div(-x, y + 1, rounding_mode="trunc"), -x % (y + 1), torch.fmod(-x, y + 1), x / (y + 1), x ** 2, x.abs(), x * 0.5),
    "int_compare": lambda x, y: (x == y, x > 3, x.clamp(2, 5), x.clamp_min(2), torch.maximum(x, y), torch.where(x > y, x, y), x.float().mean(1), x.sum(1), x.amax(1), x.prod(1), x.cumsum(1), x.max(1).values), "embedding": lambda x, y: F.embedding(x, W["11x4"]), "one_hot_ints": lambda x, y: F.one_hot(x, 9).float(), "int_types": lambda x, y: (x.to(torch.int32) + y.to(torch.int32), x.to(torch.uint8) + 1, x.to(torch.int8) * 2, x.bool() & y.bool(), x.float() + y, x.double()),
    "int_relu": lambda x, y: (F.relu(x - 4), (x - 4).abs().sort(1).values, x.topk(2, 1).values, x.flip(1)),
}

SEARCH = {
    "searchsorted": lambda x: (torch.searchsorted(EDGES, x), torch.searchsorted(EDGES, x, right=True)), "searchsorted_few": lambda x: torch.searchsorted(EDGES[::100].contiguous(), x), "searchsorted_columns": lambda x: (torch.searchsorted(COLUMN_EDGES, x.t().contiguous()).t(), torch.searchsorted(COLUMN_EDGES, x.t().contiguous(), right=True, out_int32=True)), "searchsorted_on_edges": lambda x: torch.searchsorted(EDGES, EDGES[(x.abs() * 100).long()]), "searchsorted_odd": lambda x: torch.searchsorted(EDGES, torch.cat([x.log(), 1 / (x * 0), x * 1e30], 1)), "bucketize": lambda x: torch.bucketize(x, EDGES), "searchsorted_moving": lambda x: torch.searchsorted(x.sort(1).values, x),
}

ATTENTION = {
    "attention": lambda x: F.scaled_dot_product_attention(x, x * 2, x + 1), "attention_mask": lambda x: F.scaled_dot_product_attention(x, x, x, attn_mask=torch.ones(5, 5).tril().bool()), "attention_row_masked": lambda x: F.scaled_dot_product_attention(x, x, x, attn_mask=torch.ones(5, 5).tril(-1).bool()), "attention_causal": lambda x: F.scaled_dot_product_attention(x, x, x, is_causal=True), "attention_float_mask": lambda x: F.scaled_dot_product_attention(x, x, x, attn_mask=x[:, :, :5], scale=0.3), "attention_batch_mask": lambda x: F.scaled_dot_product_attention(x, x, x, attn_mask=(x[:, None, :, 0] > -1)),
}

GROUPS = {"elementwise": (ELEMENTWISE, [X, Y]), "elementwise_float64": (ELEMENTWISE, [D, D]), "float32_only": (FLOAT32_ELEMENTWISE, [X, Y]), "activation": (ACTIVATIONS, [X]), "activation_float64": ({k: v for k, v in ACTIVATIONS.items() if k != "normalize"}, [D]),
          "reduction": (REDUCTIONS, [X]), "reduction_float64": (REDUCTIONS, [D]), "shape": (SHAPES, [SEQUENCE]), "product": (PRODUCTS, [X]), "product_float64": (PRODUCTS, [D]), "image": (IMAGES, [IMAGE]), "int": (INTS, [INT, INT]), "search": (SEARCH, [X]), "attention": (ATTENTION, [SEQUENCE])}
# Sums and products of many numbers, in another order, and functions that ONNX Runtime computes by its own approximations.
TOLERANCES = {}


class OperatorTest(Conversion):
    """Each operator does what PyTorch does."""


class ModuleTest(Conversion):
    """Typical modules do what PyTorch does."""


def add_tests():
    for group, (functions, specs) in GROUPS.items():
        for name, function in functions.items():
            def test(self, name=f"{group}_{name}", function=function, specs=specs):
                self.assert_same(name, Function(function), specs, TOLERANCES.get(name, 1e-6))
            setattr(OperatorTest, f"test_{group}_{name}", test)
    for name, (make, specs) in MODULES.items():
        def test(self, name=name, make=make, specs=specs):
            torch.manual_seed(2)
            self.assert_same(name, make(), specs, 2e-6)
        setattr(ModuleTest, f"test_{name}", test)


add_tests()

if __name__ == "__main__":
    unittest.main()
