"""Tutorials show what is so: every C++ block is taken from the page's program, every Python block from the script of the same
name, and every output block is what the page's shell blocks print, or the program alone where there are none. Times are left
out, and numbers may differ by a twentieth, as they do between processors."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(os.environ["EMBARK_EXAMPLES"])
FASTAI = Path(os.environ.get("EMBARK_FASTAI_PYTHON", ROOT / "build" / "fastai-venv" / "bin" / "python"))
PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]\d+)?")


def blocks(text, language):
    return [textwrap.dedent(block) for block in re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)]


def has_packages(*names):
    return all(importlib.util.find_spec(name) for name in names)


def lines_of(text):
    """Lines as they are compared: without indentation, trailing spaces and times."""
    return [re.sub(r"\s+", " ", re.sub(r"\d+\.\d+ s\b", "", line)).strip() for line in text.splitlines() if line.strip()]


def same(shown, printed):
    """Whether two lines have the same words, and numbers that are near."""
    if NUMBER.sub("#", shown) != NUMBER.sub("#", printed):
        return False
    pairs = zip(map(float, NUMBER.findall(shown)), map(float, NUMBER.findall(printed)))
    return all(abs(a - b) <= 0.05 * max(abs(a), abs(b)) + 0.005 for a, b in pairs)


class Tutorials(unittest.TestCase):
    def each(self):
        pages = sorted((ROOT / "docs" / "tutorials").glob("*.md"))
        self.assertGreaterEqual(len(pages), 3)
        for page in pages:
            text = page.read_text()
            program = re.search(r"\(\.\./\.\./examples/(\w+)\.cpp\)", text)
            self.assertTrue(program, f"{page} names no program")
            with self.subTest(page=page.name):
                yield text, program[1]

    def assert_stands_in(self, block, found, compare):
        self.assertTrue(any(all(map(compare, block, found[i:i + len(block)])) for i in range(len(found) - len(block) + 1)),
                        "\n".join(["not found:", *block, "in:", *found]))

    def test_their_code_is_that_of_a_program(self):
        for text, program in self.each():
            self.assertGreater(len(blocks(text, "cpp")), 2)
            for language, suffix in (("cpp", ".cpp"), ("python", ".py")):
                code = blocks(text, language)
                source = (ROOT / "examples" / program).with_suffix(suffix).read_text() if code else ""
                for block in code:
                    self.assert_stands_in(lines_of(block), lines_of(source), str.__eq__)

    def test_their_output_is_what_the_program_prints(self):
        for text, program in self.each():
            commands = "".join(blocks(text, "sh")) or f"./{program}"
            if "torchrun" in commands and not (os.environ.get("EMBARK_TORCHRUN", "yes") and shutil.which("torchrun", path=PATH)):
                continue  # a build without Gloo, or no PyTorch
            if "python" in commands and not has_packages("onnxruntime", "torch"):
                continue
            with tempfile.TemporaryDirectory() as folder:
                (Path(folder) / program).symlink_to(PROGRAMS / f"example_{program}")
                for script in (ROOT / "examples").glob(f"{program}.py"):
                    shutil.copy(script, folder)
                done = subprocess.run(["bash", "-euc", commands], cwd=folder, capture_output=True, text=True,
                                      env={**os.environ, "OMP_NUM_THREADS": "1", "PATH": PATH, "PYTHONWARNINGS": "ignore"})
            self.assertEqual(done.returncode, 0, done.stderr)
            shown = blocks(text, "text")
            self.assertGreater(len(shown), 0)
            for block in shown:
                self.assert_stands_in(lines_of(block), lines_of(done.stdout) + lines_of(done.stderr), same)

    @unittest.skipUnless(FASTAI.is_file(), "fastai is missing; benchmarks/peers/setup-fastai installs it")
    def test_the_column_of_fastai_runs(self):
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run([FASTAI, "-W", "ignore", ROOT / "examples" / "tutorial_from_fastai.py"], cwd=folder,
                                  capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("batches: 36", done.stdout)


if __name__ == "__main__":
    unittest.main()
