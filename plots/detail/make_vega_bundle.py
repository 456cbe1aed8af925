"""Writes Vega's JavaScript, with its licences' notice, as a C++ source file.

usage: make_vega_bundle.py OUT.cpp
"""
import pathlib
import sys

import vl_convert

# A text must not be much longer for some compilers; adjacent ones are joined.
CHUNK = 60_000

notice = pathlib.Path(__file__).with_name("vega_notice.txt").read_text(encoding="utf-8")
bundle = f"/*\n{notice}*/\n" + vl_convert.javascript_bundle(vl_version="6.4")
# Neither may stand inside a script element of a page. Both could occur in texts alone, where a backslash changes nothing.
bundle = bundle.replace("</script", "<\\/script").replace("<!--", "<\\!--")
assert ')vega"' not in bundle

with open(sys.argv[1], "w", encoding="utf-8") as file:
    file.write("#include <string_view>\n\nnamespace embark {\n\nusing namespace std::string_view_literals;\n")
    file.write("extern const std::string_view kVegaBundle;\nconst std::string_view kVegaBundle =")
    for start in range(0, len(bundle), CHUNK):
        file.write(f'\n    R"vega({bundle[start:start + CHUNK]})vega"sv')
    file.write(";\n\n}  // namespace embark\n")
