"""python -m embark_cpp cmake-prefix: prints what CMake's find_package(Embark) needs in CMAKE_PREFIX_PATH."""
import sys

from embark_cpp import PREFIX, distant_folders

if sys.argv[1:] != ["cmake-prefix"]:
    print("Usage: python -m embark_cpp cmake-prefix", file=sys.stderr)
    sys.exit(2)
print(";".join(map(str, [PREFIX, *distant_folders().values()])))
