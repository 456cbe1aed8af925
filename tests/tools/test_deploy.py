#!/usr/bin/env python3
"""The examples of examples/deploy answer as the program does: EMBARK names the program. Each needs a runtime of its own, and
is skipped where that is not to be had."""

import csv
import importlib.util
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

EMBARK = os.environ["EMBARK"]
EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "deploy"
ROW = {"city": "Oslo", "age": "44.5", "born": "2001-05-03"}


class DeployTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="embark-test-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        lines = ["city,age,born,y"]
        for row in range(200):
            lines.append(f"{('Rome', 'Oslo', 'Lima')[row % 3]},{20 + row % 40}.5,2001-{1 + row % 12:02d}-03,{'yes' if row % 2 else 'no'}")
        (cls.folder / "t.csv").write_text("\n".join(lines) + "\n")
        cls.run_words(EMBARK, "train", "tabular", "--csv", "t.csv", "--target", "y", "--epochs", "5", "--export", "t.pt")
        cls.run_words(EMBARK, "convert", "t.pt", "model.onnx")
        (cls.folder / "one.csv").write_text(",".join(ROW) + "\n" + ",".join(ROW.values()) + "\n")
        found = cls.run_words(EMBARK, "predict", "--model", "t.pt", "--input", "one.csv")
        cls.expected = next(csv.DictReader(io.StringIO(found)))

    @classmethod
    def run_words(cls, *words):
        result = subprocess.run([str(word) for word in words], cwd=cls.folder, capture_output=True, text=True, timeout=300)
        if result.returncode != 0:
            raise AssertionError(f"{words[0]} failed: {result.stderr}")
        return result.stdout

    def assert_answer(self, output):
        self.assertIn(self.expected["prediction"], output)
        numbers = [float(text) for text in re.findall(r"\d+\.\d+", output)]
        self.assertTrue(any(abs(number - float(self.expected["probability_yes"])) < 1e-4 for number in numbers), output)

    @unittest.skipUnless(importlib.util.find_spec("onnxruntime"), "onnxruntime is not there")
    def test_python(self):
        words = [f"{name}={value}" for name, value in ROW.items()]
        self.assert_answer(self.run_words(sys.executable, EXAMPLES / "predict.py", "model.onnx", *words))

    def test_node(self):
        if not shutil.which("node") or not shutil.which("npm"):
            self.skipTest("node and npm are not there")
        install = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "onnxruntime-node@1.30"]
        try:
            installed = subprocess.run(install, cwd=self.folder, capture_output=True, text=True, timeout=120)
        except subprocess.TimeoutExpired:
            self.skipTest("npm's packages are not to be had within two minutes")
        if installed.returncode != 0:
            self.skipTest("npm's packages are not to be had")
        shutil.copy(EXAMPLES / "predict.mjs", self.folder)
        words = [f"{name}={value}" for name, value in ROW.items()]
        self.assert_answer(self.run_words("node", "predict.mjs", "model.onnx", *words))


if __name__ == "__main__":
    unittest.main()
