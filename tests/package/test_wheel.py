"""The wheel, as somebody has it who installs it with pip: in a clean virtual environment, with the command `embark` and a
C++ program of their own. torch and pyarrow are those of the environment that Embark was built with, since installing them
again would take minutes: found through a .pth file, or, as pip would lay them, beside the package."""

import csv
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import unittest
import zipfile
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("EMBARK_BUILD", SOURCE / "build"))
SITE_PACKAGES = Path(sysconfig.get_paths()["purelib"])


class Wheel(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp())
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.wheel = Path(cls.run_in(cls.folder, sys.executable, SOURCE / "tools" / "package", "--build", BUILD, "--only",
                                    "wheel", "--out", cls.folder).stdout.strip())
        cls.run_in(cls.folder, sys.executable, "-m", "venv", "clean")
        cls.venv = cls.folder / "clean"
        cls.site = next((cls.venv / "lib").glob("python3*/site-packages"))
        cls.run_in(cls.folder, cls.venv / "bin" / "pip", "install", "--quiet", "--no-index", "--no-deps", cls.wheel)

    @staticmethod
    def run_in(folder, *command, code=0):
        done = subprocess.run([str(word) for word in command], cwd=folder, capture_output=True, text=True)
        if done.returncode != code:
            raise AssertionError(f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done

    def setUp(self):
        self.embark = self.venv / "bin" / "embark"
        self.python = self.venv / "bin" / "python"

    def borrow_torch_by_path(self):
        path = self.site / "borrowed.pth"
        path.write_text(f"{SITE_PACKAGES}\n")
        self.addCleanup(path.unlink)

    def borrow_torch_by_links(self):
        for pattern in ("torch", "torch-*", "pyarrow", "pyarrow-*"):
            for target in SITE_PACKAGES.glob(pattern):
                link = self.site / target.name
                link.symlink_to(target)
                self.addCleanup(link.unlink)

    def test_it_asks_for_the_torch_and_pyarrow_that_it_was_built_with(self):
        with zipfile.ZipFile(self.wheel) as archive:
            names = archive.namelist()
            text = archive.read(next(name for name in names if name.endswith("METADATA"))).decode()
        self.assertRegex(text, r"\nRequires-Dist: torch==\d+\.\d+\.\*\nRequires-Dist: pyarrow==\d+\.\*\n")
        for file in ("licenses/LICENSE", "licenses/NOTICE.md", "include/embark/embark.h", "include/embark/version.h",
                     "lib/cmake/Embark/EmbarkConfig.cmake", "bin/embark"):
            self.assertTrue([name for name in names if name.endswith(file)], file)
        self.assertFalse([name for name in names if "libtorch" in name or "libarrow" in name])

    def test_it_trains_and_predicts(self):
        self.borrow_torch_by_path()
        with open(self.folder / "ratings.csv", "w", newline="") as file:
            rows = [(user, item, 1 + user * item % 5) for user in range(40) for item in range(8) if (user + item) % 4]
            csv.writer(file).writerows([("user", "item", "rating"), *rows])
        self.run_in(self.folder, self.embark, "train", "collab", "--ratings", "ratings.csv", "--user", "user", "--item",
                    "item", "--rating", "rating", "--epochs", 2, "--export", "ratings.pt")
        done = self.run_in(self.folder, self.embark, "predict", "--model", "ratings.pt", "--input", "ratings.csv")
        self.assertEqual(len(done.stdout.splitlines()), len(rows) + 1)
        self.assertEqual(self.run_in(self.folder, self.embark, "train", code=2).stdout, "")

    def test_its_programs_find_torch_beside_the_package(self):
        self.borrow_torch_by_links()
        for program in (self.embark, self.site / "embark_cpp" / "bin" / "embark"):
            self.assertRegex(self.run_in(self.folder, program, "--version").stdout, r"^embark \d")
        prefix = self.run_in(self.folder, self.python, "-m", "embark_cpp", "cmake-prefix").stdout.strip()
        self.assertEqual(prefix, str((self.site / "embark_cpp").resolve()))

    def test_without_torch_the_command_names_the_package_to_install(self):
        self.assertRegex(self.run_in(self.folder, self.embark, "--version", code=1).stderr,
                         r"^embark: torch==2\.\d+\.\* is needed, and none is installed; pip install 'torch==")

    def test_a_program_is_built_against_it(self):
        self.borrow_torch_by_path()
        project = self.folder / "project"
        project.mkdir()
        shutil.copy(SOURCE / "examples" / "own_module.cpp", project)
        (project / "CMakeLists.txt").write_text("""cmake_minimum_required(VERSION 3.25)
project(Own LANGUAGES CXX)
find_package(Embark CONFIG REQUIRED)
add_executable(own_module own_module.cpp)
target_link_libraries(own_module PRIVATE embark::embark)
""")
        prefix = self.run_in(self.folder, self.python, "-m", "embark_cpp", "cmake-prefix").stdout.strip()
        self.assertTrue(prefix.startswith(f"{(self.site / 'embark_cpp').resolve()};"), prefix)
        self.run_in(project, "cmake", "-B", "build", "-DCMAKE_BUILD_TYPE=Release", f"-DCMAKE_PREFIX_PATH={prefix}")
        self.run_in(project, "cmake", "--build", "build")
        self.assertIn("(0, 0) is inside with probability", self.run_in(project, "build/own_module").stdout)


if __name__ == "__main__":
    unittest.main()
