#!/usr/bin/env python3
"""The C++ and shell blocks of the documentation, as programs.

    tests/docs/snippets.py PAGE OUT.cpp    writes the C++ blocks of a Markdown page as one program

A block is a function of its own. What it needs and does not show stands in HTML comments right before it:

    <!-- snippet given: const auto dls = …; -->    code before the block, in its function
    <!-- snippet continues -->                     the block goes on in the function of the C++ block before it
    <!-- snippet declarations -->                  the block stands outside of functions
    <!-- snippet not run: it takes an hour -->     the block is compiled alone; a shell block is left out

A block with `int main(` is a program, which is called as the others are. `#include` lines go to the top of the file.
"""
from __future__ import annotations

import re
import sys
import textwrap
from dataclasses import dataclass, field
from pathlib import Path
from typing import List

ROOT = Path(__file__).resolve().parents[2]
PIECE = re.compile(r"^<!-- snippet (?P<word>.*?)(?:: *(?P<value>.*?))? *-->$|^(?P<indent> *)```(?P<language>\w*)\n(?P<code>.*?)^ *```$",
                   re.DOTALL | re.MULTILINE)
WORDS = ("given", "continues", "declarations", "not run")


class SnippetError(Exception):
    """A comment that is not understood, with its place."""


@dataclass
class Snippet:
    page: str
    line: int  # of its first line of code, from 1
    language: str
    code: str
    given: str = ""
    words: List[str] = field(default_factory=list)

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"


def pages() -> List[str]:
    """README.md and what lies in docs/. A tutorial's blocks stand in its program, see tests/tools/test_tutorials.py."""
    found = ["README.md", *(str(path.relative_to(ROOT)) for path in sorted((ROOT / "docs").rglob("*.md")))]
    return [page for page in found if not page.startswith("docs/tutorials/")]


def snippets(text: str, page: str) -> List[Snippet]:
    """The C++ and shell blocks of a page, in their order."""
    found, given, words, end = [], "", [], 0
    for piece in PIECE.finditer(text):
        place = f"{page}:{text.count(chr(10), 0, piece.start()) + 1}"
        if words and text[end:piece.start()].strip():
            raise SnippetError(f"{place}: no block follows the comment '{words[-1]}' before it")
        end = piece.end()
        if piece["word"] is not None:
            if piece["word"] not in WORDS:
                raise SnippetError(f"{place}: 'snippet {piece['word']}' is none of {', '.join(WORDS)}")
            if (piece["word"] in ("given", "not run")) != bool(piece["value"]):
                raise SnippetError(f"{place}: 'given' and 'not run' say what or why after a colon, the others say nothing")
            words.append(piece["word"])
            given = piece["value"] if piece["word"] == "given" else given
            continue
        if piece["language"] in ("cpp", "sh"):
            line = text.count("\n", 0, piece.start("code")) + 1
            found.append(Snippet(page, line, piece["language"], textwrap.dedent(piece["code"]), given, words))
        elif words:
            raise SnippetError(f"{place}: the comment '{words[-1]}' stands before a block that is neither C++ nor of a shell")
        given, words = "", []
    if words:
        raise SnippetError(f"{page}: no block follows the last comment '{words[-1]}'")
    return found


def program(page: str, found: List[Snippet]) -> str:
    """The C++ blocks of a page as a translation unit, whose main() runs them in their order; see snippets.h."""
    includes, outside, functions = [], [], []
    for snippet in found:
        if snippet.language != "cpp":
            continue
        includes += re.findall(r"^#include .*$", snippet.code, re.MULTILINE)
        code = f'#line {snippet.line} "{page}"\n' + re.sub(r"^#include .*$", "", snippet.code, flags=re.MULTILINE)
        is_program = re.search(r"^int main\(", code, re.MULTILINE)
        if is_program:
            # As main() does, a function that ends without a return has to return 0.
            code = re.sub(r"^int main\((.*?)^\}", rf"int program_{snippet.line}(\1return 0; }}", code, flags=re.DOTALL | re.MULTILINE)
            outside.append(code)
            code = f"require(program_{snippet.line}() == 0, \"the program failed\");\n"
        if "declarations" in snippet.words:
            outside.append(snippet.given + "\n" + code)
        elif "continues" in snippet.words:
            if not functions:
                raise SnippetError(f"{snippet.place}: there is no block that it could continue")
            if "not run" in functions[-1][0].words and "not run" not in snippet.words:
                raise SnippetError(f"{snippet.place}: it continues a block that is not run")
            functions[-1][1] += snippet.given + "\n" + code
        else:
            functions.append([snippet, snippet.given + "\n" + code])
    runs = "".join(f'    {{"{snippet.place}", block_{snippet.line}}},\n' for snippet, _ in functions if "not run" not in snippet.words)
    return "\n".join([
        f"// Made of {page} by tests/docs/snippets.py.",
        "#include <embark/embark.h>", *dict.fromkeys(includes), '#include "snippets.h"', "", "using namespace embark;", "",
        *outside,
        *(f"[[maybe_unused]] static void block_{snippet.line}() {{\n{code}}}\n" for snippet, code in functions),
        f"int main(int argc, char** argv) {{\n    return run_snippets({{\n{runs}    }}, argc, argv);\n}}\n"])


def main() -> None:
    page, out = sys.argv[1], Path(sys.argv[2])
    try:
        out.write_text(program(page, snippets((ROOT / page).read_text(), page)))
    except SnippetError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
