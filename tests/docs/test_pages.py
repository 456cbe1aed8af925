#!/usr/bin/env python3
"""Runs the documentation's snippets: tests/docs/test_pages.py [PAGE…]    (default: all pages)

A page's C++ blocks are one program (snippets.py), which build/bin/snippets_PAGE is. They run first, then the shell blocks, in
a folder that has the made files of made_files.py and a link to `build`. Every block must end with exit code 0.
"""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import made_files
import snippets

BUILD = Path(os.environ.get("EMBARK_BUILD", snippets.ROOT / "build"))


def program_of(page):
    return BUILD / "bin" / ("snippets_" + page.removesuffix(".md").replace("/", "_").lower())


class Extraction(unittest.TestCase):
    def test_a_block_continues_another_only_where_it_says_so(self):
        text = "```cpp\nint a = 1;\n```\n\n<!-- snippet continues -->\n```cpp\n++a;\n```\n\n```cpp\nint a = 2;\n```\n"
        program = snippets.program("x.md", snippets.snippets(text, "x.md"))
        self.assertIn('static void block_2() {\n\n#line 2 "x.md"\nint a = 1;\n\n#line 7 "x.md"\n++a;\n}', program)
        self.assertIn('static void block_11() {\n\n#line 11 "x.md"\nint a = 2;\n}', program)

    def test_what_is_given_and_declared_stands_in_its_place(self):
        text = ("<!-- snippet declarations -->\n```cpp\n#include <set>\nstruct A {};\n```\n"
                "<!-- snippet given: A a; -->\n<!-- snippet not run: why -->\n```cpp\nf(a);\n```\n")
        program = snippets.program("x.md", snippets.snippets(text, "x.md"))
        self.assertLess(program.index("#include <set>"), program.index("struct A {};"))
        self.assertLess(program.index("struct A {};"), program.index("static void block_9() {\nA a;\n"))
        self.assertNotIn('"x.md:9", block_9', program)

    def test_a_program_returns_0_at_its_end(self):
        text = "```cpp\nint main() try {\n    run();\n} catch (int) {\n    return 1;\n}\n```\n"
        program = snippets.program("x.md", snippets.snippets(text, "x.md"))
        self.assertIn("int program_2() try {\n    run();\nreturn 0; } catch (int) {", program)

    def test_comments_that_say_nothing_are_errors(self):
        for text, message in (("<!-- snippet contineus -->\n```cpp\n```\n", "x.md:1: 'snippet contineus' is none of"),
                              ("<!-- snippet given -->\n```cpp\n```\n", "x.md:1: 'given' and 'not run' say"),
                              ("<!-- snippet continues -->\nwords\n```cpp\n```\n", "x.md:3: no block follows"),
                              ("<!-- snippet continues -->\n```python\n```\n", "x.md:2: the comment 'continues' stands before"),
                              ("<!-- snippet continues -->\n", "x.md: no block follows the last"),
                              ("<!-- snippet continues -->\n```cpp\n```\n", "x.md:3: there is no block that it could continue")):
            with self.assertRaises(snippets.SnippetError) as caught:
                snippets.program("x.md", snippets.snippets(text, "x.md"))
            self.assertIn(message, str(caught.exception))


class Pages(unittest.TestCase):
    chosen = snippets.pages()

    def run_in(self, folder, command, place):
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "EMBARK_DATA": str(folder / "data"), "TQDM_DISABLE": "1",
                       "PATH": os.pathsep.join([str(BUILD / "bin"), str(BUILD / "venv" / "bin"), os.environ["PATH"]])}
        done = subprocess.run(command, cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=600)
        self.assertEqual(done.returncode, 0, f"{place}\n{done.stdout}")

    def test_every_block_runs(self):
        for page in self.chosen:
            found = snippets.snippets((snippets.ROOT / page).read_text(), page)
            with self.subTest(page=page), tempfile.TemporaryDirectory() as name:
                folder = Path(name)
                made_files.write_files(folder)
                (folder / "build").symlink_to(BUILD)
                if any(snippet.language == "cpp" for snippet in found):
                    self.run_in(folder, [program_of(page)], page)
                for snippet in found:
                    if snippet.language == "sh" and "not run" not in snippet.words:
                        self.run_in(folder, ["bash", "-euo", "pipefail", "-c", snippet.code], snippet.place)


if __name__ == "__main__":
    Pages.chosen = [argument for argument in sys.argv[1:] if not argument.startswith("-")] or Pages.chosen
    unittest.main(argv=sys.argv[:1])
