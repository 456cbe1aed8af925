"""Exported files: what ONNX Runtime takes for a model beside TorchScript, in one process and on one thread."""

import tempfile
from functools import lru_cache
from pathlib import Path

from harness import SOURCE_DIR, measure, median, run

SPEED = SOURCE_DIR / "benchmarks" / "peers" / "onnx_speed.py"


def onnx_one_row_vs_jit(bench):
    """One raw row of Adult in Python: TorchScript's time over ONNX Runtime's, fastai's preset."""
    return ratio(bench, "fastai", 1)


def onnx_10k_rows_vs_jit(bench):
    """10,000 raw rows of Adult: TorchScript's time over ONNX Runtime's, fastai's preset."""
    return ratio(bench, "fastai", 10_000)


def onnx_10k_rows_vs_jit_best(bench):
    """The same of the preset best, eight members and numbers by rank."""
    return ratio(bench, "best", 10_000)


def onnx_load_vs_jit(bench):
    """From a file of Adult to a model that answers: TorchScript's time over ONNX Runtime's."""
    found = speed(bench, "fastai", 1)
    return median(found["jit_load_seconds"]) / median(found["onnx_load_seconds"]), details(found)


def ratio(bench, preset, rows):
    found = speed(bench, preset, rows)
    return median(found["jit_seconds"]) / median(found["onnx_seconds"]), details(found)


def details(found):
    return {"jit_seconds": median(found["jit_seconds"]), "onnx_seconds": median(found["onnx_seconds"]),
            **{name: found[name] for name in ("jit_bytes", "onnx_bytes", "largest_difference", "others_busy", "versions")},
            "threads": 1}


@lru_cache
def speed(bench, preset, rows):
    """Both forms of one model, asked in turn."""
    adult = bench.dataset("adult")
    python = SOURCE_DIR / "build" / "venv" / "bin" / "python"
    with tempfile.TemporaryDirectory(prefix="embark-bench-") as name:
        model = Path(name) / f"{preset}.pt"
        program = bench.program.with_name("embark")
        run([program, "train", "tabular", "--dataset", "adult", "--data-dir", adult.parent, "--preset", preset,
             "--epochs", "1", "--export", model])
        run([program, "convert", model, model.with_suffix(".onnx")])
        return measure([python, SPEED, model, adult / "adult.data", "--rows", rows, "--repeats", 5 * bench.repeats])
