"""Embark in a Python environment: the command `embark`, and `python -m embark_cpp cmake-prefix` for CMake.

The programs, headers and libraries lie in this folder as in any prefix. LibTorch and Arrow are those of the packages torch
and pyarrow.
"""
import importlib.util
import os
import sys
from importlib import metadata
from pathlib import Path

PREFIX = Path(__file__).resolve().parent
DISTRIBUTION = "embark-cpp"


def folder_of(package: str) -> Path:
    """The folder of torch or pyarrow; ends the program where it is missing or of another version than Embark needs."""
    needed = next(line for line in metadata.requires(DISTRIBUTION) if line.startswith(f"{package}=="))
    try:
        found = metadata.version(package)
    except metadata.PackageNotFoundError:
        found = "none"
    if not found.startswith(needed.partition("==")[2].rstrip("*")):
        sys.exit(f"embark: {needed} is needed, and {found} is installed; pip install '{needed}'")
    return Path(importlib.util.find_spec(package).origin).parent


def distant_folders() -> dict:
    """Those of torch and pyarrow that are not beside this package, where programs and CMake look by themselves."""
    folders = {package: folder_of(package) for package in ("torch", "pyarrow")}
    return {package: folder for package, folder in folders.items() if not folder.parent.samefile(PREFIX.parent)}


def main() -> None:
    """The command `embark`: becomes the program, so that signals and exit codes are the program's own."""
    libraries = [str(folder / "lib" if package == "torch" else folder) for package, folder in distant_folders().items()]
    if libraries:
        os.environ["LD_LIBRARY_PATH"] = ":".join(libraries + os.environ.get("LD_LIBRARY_PATH", "").split(":")).rstrip(":")
    program = str(PREFIX / "bin" / "embark")
    os.execv(program, [program, *sys.argv[1:]])
