"""Has Vega-Lite itself draw plots.

usage: check_plots.py FILE.json ...

Prints for each file the texts of the drawing, one a line. Ends with 1 where Vega-Lite does not take a file.
"""
import html
import re
import sys

import vl_convert


def texts(path):
    with open(path, encoding="utf-8") as file:
        svg = vl_convert.vegalite_to_svg(file.read(), vl_version="6.4")
    return [html.unescape(re.sub("<[^>]*>", "", text)) for text in re.findall("<text[^>]*>(.*?)</text>", svg)]


for name in sys.argv[1:]:
    print("\n".join(texts(name)))
