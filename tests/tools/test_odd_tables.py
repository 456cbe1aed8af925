#!/usr/bin/env python3
"""How the program `embark` reads what people's files really look like: EMBARK names the program to test."""

import bz2
import gzip
import json
import os
import random
import subprocess
import sys
import unittest
import zipfile

from embark_case import EmbarkCase

try:
    import pyarrow
    import pyarrow.feather
    import pyarrow.parquet
except ImportError:
    pyarrow = None

ROWS = 400


class TableTest(EmbarkCase):
    def train(self, path, *words, **settings):
        return self.run_embark("train", "tabular", "--csv", path, "--target", "y", "--epochs", 1, *words, **settings)

    def assert_kinds(self, result, cat=None, cont=None):
        self.assertEqual(result.returncode, 0, result.stderr)
        report = json.loads(result.stdout)
        if cat is not None:
            self.assertEqual([name for name in report["cat_names"] if not name.endswith("_na")], cat)
        if cont is not None:
            self.assertEqual(report["cont_names"], cont)


def cells(x, rows=ROWS, delimiter=",", decimals=True):
    """A table of numbers x and z and a target y. `x` says values of x: other ones by row, counted from 1, or all."""
    draw = random.Random(7)
    lines = [delimiter.join(["x", "z", "y"])]
    for row in range(1, rows + 1):
        value = x.get(row, f"{draw.uniform(0, 9):.3f}") if isinstance(x, dict) else x(draw)
        others = [f"{draw.uniform(0, 9):.3f}" if decimals else str(draw.randint(1, 99999)) for _ in "zy"]
        lines.append(delimiter.join([value, *others]))
    return "\n".join(lines) + "\n"


class OneOddCell(TableTest):
    def test_words_for_a_missing_value_leave_a_column_of_numbers_one(self):
        words = ["?", "n/a", "<NA>", "NaT", "none", "Null", "\\N", ".", "-", "#N/A", "-1.#IND", "nA", "NAN"]
        path = self.write("t.csv", cells({row: word for row, word in enumerate(words, 10)}))
        self.assert_kinds(self.train(path, "--json"), cat=[], cont=["x", "z"])

    def test_any_other_value_is_an_error_that_names_it_and_the_ways_out(self):
        for word in ["#DIV/0!", "1e400", "1_000", "1 000", "\u22125", "(5)", "5%", '"$1,200.00"', '"2,813"', '"4,5"', "x", "abc"]:
            with self.subTest(word):
                result = self.train(self.write("t.csv", cells({7: word})))
                self.assert_refused(
                    result, 1, "t.csv, row 7 (line 8), column 'x'", word.strip('"'), "--missing", "--thousands", "--decimal", "x"
                )

    def test_a_header_inside_the_file_is_named(self):
        lines = cells({}).splitlines()
        lines.insert(100, lines[0])
        self.assert_refused(self.train(self.write("t.csv", "\n".join(lines) + "\n")), 1, "row 100 (line 101)", "'x'", "not a number")

    def test_the_word_is_named_or_the_column_taken_as_categories(self):
        path = self.write("t.csv", cells({7: "#DIV/0!", 9: "NA"}))
        self.assert_refused(self.train(path, "--missing", "#DIV/0!"), 1, "row 9", "'NA'")
        self.assert_kinds(self.train(path, "--missing", "#DIV/0!,NA", "--json"), cat=[], cont=["x", "z"])
        self.assert_kinds(self.train(path, "--cat", "x", "--cont", "z", "--json"), cat=["x"], cont=["z"])

    def test_no_words_at_all(self):
        path = self.write("t.csv", cells({9: "nan"}))
        self.assert_refused(self.train(path, "--missing", ""), 1, "row 9", "'nan'")
        self.assert_kinds(self.train(self.write("t.csv", cells({9: ""})), "--missing", "", "--json"), cat=[], cont=["x", "z"])

    def test_codes_stay_categories(self):
        values = lambda draw: draw.choice(["007", "7", "12"])
        self.assert_kinds(self.train(self.write("t.csv", cells(values)), "--json"), cat=["x"], cont=["z"])

    def test_one_code_among_numbers_is_an_error_too(self):
        for word, what in [("007", "begins with a zero"), ("9" * 23, "no integer of 64 bits")]:
            path = self.write("t.csv", cells({7: word}))
            self.assert_refused(self.train(path), 1, "row 7 (line 8), column 'x'", f"'{word}'", what, "--cat x")
            self.assert_kinds(self.train(path, "--cat", "x", "--cont", "z", "--json"), cat=["x"], cont=["z"])
            self.assert_kinds(self.train(path, "--cont", "x,z", "--json"), cat=[], cont=["x", "z"])

    def test_other_words_leave_NA_a_category(self):
        path = self.write("t.csv", cells(lambda draw: draw.choice(["1", "2", "NA"])))
        for words, n in [(["--missing", "none"], 4), ([], 3)]:
            result = self.train(path, "--cat", "x", "--cont", "z", *words, "--export", "m.pt")
            self.assertEqual(result.returncode, 0, result.stderr)
            sizes = json.loads(self.run_embark("inspect", "m.pt", "--json").stdout)["vocabulary_sizes"]
            self.assertEqual(sizes["x"], n)


class FormsOfNumbers(TableTest):
    FORMS = {
        "thousands": (lambda draw: f'"{draw.randint(1000, 999999):,}"', ["--thousands", ","], "--thousands ','"),
        "money": (lambda draw: f'"${draw.uniform(1000, 9999):,.2f}"', ["--thousands", ",", "--strip", "$"], "--strip '$'"),
        "decimal": (lambda draw: f'"{draw.randint(0, 99)},{draw.randint(1, 9)}"', ["--decimal", ","], "--decimal ','"),
        "percent": (lambda draw: f"{draw.randint(0, 100)}%", ["--strip", "%"], "--strip '%'"),
        "negative": (lambda draw: f"({draw.randint(1, 5000)})", ["--strip", "()"], "--strip '()'"),
        "blanks": (lambda draw: f"{draw.randint(1, 9)} {draw.randint(0, 999):03}", ["--thousands", "space"], "--thousands ' '"),
        "minus": (lambda draw: f"\u2212{draw.randint(1, 9)}.{draw.randint(0, 999)}", ["--strip", "\u2212"], "--strip '\u2212'"),
        "german": (lambda draw: f'"{draw.randint(1, 9)}.{draw.randint(0, 999):03},5"', ["--thousands", ".", "--decimal", ","], "--thousands '.' --decimal ','"),
    }

    def test_are_offered_and_read_when_asked_for(self):
        for name, (value, options, offer) in self.FORMS.items():
            with self.subTest(name):
                path = self.write("t.csv", cells(value))
                self.assert_refused(self.train(path), 1, "t.csv, row 1", "column 'x'", offer, "x")
                # Where the comma is the point, numbers with a point are not read by the way.
                path = self.write("t.csv", cells(value, decimals="--decimal" not in options))
                self.assert_kinds(self.train(path, *options, "--json"), cat=[], cont=["x", "z"])

    def test_points_are_no_guess_where_the_comma_is_the_point(self):
        path = self.write("t.csv", cells(self.FORMS["decimal"][0]))
        self.assert_refused(self.train(path, "--decimal", ","), 1, "row 1", "column 'z'", "--thousands")

    def test_settings_that_cannot_be(self):
        path = self.write("t.csv", cells({}))
        self.assert_refused(self.train(path, "--thousands", "."), 2, "cannot both be '.'")
        self.assert_refused(self.train(path, "--thousands", "ab"), 2, "--thousands")
        self.assert_refused(self.train(path, "--strip", "$5"), 2, "'5'")
        self.assert_refused(self.train(path, "--encoding", "utf-7"), 2, "utf-7")


class Files(TableTest):
    def test_compressed_ones(self):
        text = cells({}).encode()
        self.assert_kinds(self.train(self.write("t.csv.gz", gzip.compress(text)), "--json"), cont=["x", "z"])
        self.assert_kinds(self.train(self.write("t.csv.bz2", bz2.compress(text)), "--json"), cont=["x", "z"])
        self.assert_refused(self.train(self.write("t.csv.bz2", bz2.compress(text)[:-20])), 1, "t.csv.bz2")
        self.assert_refused(self.train(self.write("t.csv.gz", gzip.compress(text)[:-20])), 1, "t.csv.gz")

    @unittest.skipIf(pyarrow is None, "needs pyarrow")
    def test_compressed_ones_of_other_kinds(self):
        for kind, end in [("zstd", "zst"), ("lz4", "lz4")]:
            with self.subTest(kind):
                with pyarrow.CompressedOutputStream(str(self.folder / f"t.csv.{end}"), kind) as out:
                    out.write(cells({}).encode())
                path = self.folder / f"t.csv.{end}"
                self.assert_kinds(self.train(path, "--json"), cont=["x", "z"])
                path.write_bytes(path.read_bytes()[:-20])
                self.assert_refused(self.train(path), 1, path.name)

    def test_those_that_are_not_read_are_named(self):
        self.assert_refused(self.train(self.write("t.csv.xz", b"\xfd7zXZ\0" + bytes(50))), 1, "xz -d ", "t.csv.xz")
        with zipfile.ZipFile(self.folder / "t.zip", "w") as archive:
            archive.writestr("t.csv", cells({}))
        self.assert_refused(self.train(self.folder / "t.zip"), 1, "unzip ", "t.zip")
        self.assert_refused(self.train(self.write("t.db", b"SQLite format 3\0" + bytes(90))), 1, "SQLite")
        self.assert_refused(self.train(self.write("t.xls", b"\xd0\xcf\x11\xe0" + bytes(90))), 1, "spreadsheet")

    @unittest.skipIf(pyarrow is None, "needs pyarrow")
    def test_of_arrow_and_parquet_by_any_name(self):
        draw = random.Random(1)
        table = pyarrow.table({name: [draw.uniform(0, 9) for _ in range(ROWS)] for name in ["x", "z", "y"]})
        for name in ["t.parquet", "t.PQ", "t.pq", "t.Parquet", "t.bin"]:
            pyarrow.parquet.write_table(table, self.folder / name)
            self.assert_kinds(self.train(self.folder / name, "--json"), cont=["x", "z"])
        for name in ["t.feather", "t.Arrow"]:
            pyarrow.feather.write_feather(table, str(self.folder / name))
            self.assert_kinds(self.train(self.folder / name, "--json"), cont=["x", "z"])
        self.assert_refused(self.train(self.write("u.arrow", "x,y\n1,2\n")), 1, "u.arrow as an Arrow file")

    def test_delimiters_of_several_characters_and_blanks(self):
        self.assert_kinds(self.train(self.write("t.dat", cells({}, delimiter="::")), "--delimiter", "::", "--json"), cont=["x", "z"])
        lines = cells({}, delimiter="  \t ").splitlines()
        path = self.write("t.txt", "\n".join(f"  {line} " for line in lines) + "\n")
        for word in ["space", "whitespace"]:
            self.assert_kinds(self.train(path, "--delimiter", word, "--json"), cont=["x", "z"])
        path = self.write("t.dat", cells({5: "a\x1fb"}, delimiter="::"))
        self.assert_refused(self.train(path, "--delimiter", "::"), 1, "line 6", "U+001F")
        self.assert_refused(self.train(path, "--delimiter", ""), 2, "--delimiter")
        self.assert_refused(self.train(self.write("t.csv", cells({}, delimiter=";"))), 1, "--delimiter ';'")
        self.assert_refused(self.train(self.write("t.csv", cells({}, delimiter="\t"))), 1, "--delimiter tab")

    def test_standard_input(self):
        self.assert_kinds(self.train("-", "--json", input=cells({})), cont=["x", "z"])
        self.assert_kinds(self.train("-", "--json", input=gzip.compress(cells({}).encode()), text=False), cont=["x", "z"])
        self.assert_refused(self.train("-", input=cells({3: "oh"})), 1, "standard input, row 3")
        self.assert_refused(self.train("-", "--valid-csv", "-", input=cells({})), 2, "Standard input")
        self.assert_refused(self.train("-", input=""), 1, "standard input", "empty")
        os.mkfifo(self.folder / "fifo")
        writer = subprocess.Popen(["sh", "-c", "echo x,y > fifo"], cwd=self.folder)
        self.addCleanup(lambda: (writer.kill(), writer.wait()))
        self.assert_refused(self.train("fifo"), 1, "it is a pipe, not a file")

    def test_encodings_and_names_with_commas(self):
        path = self.write("t.csv", cells({}).replace("x,", "größe,", 1).encode("latin-1"))
        self.assert_refused(self.train(path), 1, "--encoding latin-1")
        self.assert_kinds(self.train(path, "--encoding", "latin-1", "--json"), cont=["größe", "z"])
        path = self.write("t.csv", cells({}).split("\n", 1)[1])
        names = ["--columns", "a,b", "--columns", "z", "--columns", "y"]
        self.assert_kinds(self.train(path, *names, "--json"), cont=["a,b", "z"])
        self.assert_kinds(self.train(path, "--columns", "a,z,y", "--json"), cont=["a", "z"])


class Predicting(TableTest):
    def setUp(self):
        super().setUp()
        result = self.train(self.write("t.csv", cells({4: "?"})), "--export", "m.pt")
        self.assertEqual(result.returncode, 0, result.stderr)

    def predict(self, path, *words, **settings):
        return self.run_embark("predict", "--model", "m.pt", "--input", path, *words, **settings)

    def test_reads_as_training_does(self):
        result = self.predict("-", input="x,z\n?,2\nNA,2\n,2\n")
        self.assertEqual(result.returncode, 0, result.stderr)
        answers = [line.split(",")[-1] for line in result.stdout.splitlines()[1:]]
        self.assertEqual(len(set(answers)), 1, result.stdout)
        plain = self.predict(self.write("p.csv", "x,z\n1200.5,2\n")).stdout.splitlines()[1].split(",")[-1]
        formed = self.predict(self.write("p.csv", 'x;z\n"$1,200.5";2\n'), "--delimiter", ";", "--thousands", ",", "--strip", "$")
        self.assertEqual(formed.stdout.splitlines()[1].split(",")[-1], plain, formed.stderr)
        self.assert_refused(self.predict(self.write("p.csv", "x,z\n1,2\n5%,3\n")), 1, "row 2", "'5%'", "--strip '%'")

    @unittest.skipIf(pyarrow is None, "needs pyarrow")
    def test_columns_that_are_no_text_are_left_out(self):
        table = {"x": [1.0, 2.0], "tags": [["a"], []], "z": [1.0, 2.0], "bytes": [b"\xff", b"\xfe"]}
        pyarrow.parquet.write_table(pyarrow.table(table), self.folder / "p.parquet")
        result = self.predict("p.parquet")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stdout.splitlines()[0], "x,z,prediction")
        self.assertEqual(len(result.stdout.splitlines()), 3)
        self.assertIn("column 'tags'", result.stderr)
        self.assertIn("column 'bytes'", result.stderr)


@unittest.skipIf(pyarrow is None, "needs pyarrow")
class BrokenParquet(TableTest):
    def broken(self, as_dictionary):
        """A file whose row 150 has a text that is not UTF-8."""
        draw = random.Random(1)
        words = [draw.choice(["red", "green", "blue"]).encode() for _ in range(ROWS)]
        words[149] = b"\xff\xfe"
        column = pyarrow.array(words, pyarrow.binary()).dictionary_encode() if as_dictionary else pyarrow.array(words, pyarrow.binary())
        if as_dictionary:
            texts = pyarrow.StringArray.from_buffers(len(column.dictionary), *column.dictionary.buffers()[1:])
            column = pyarrow.DictionaryArray.from_arrays(column.indices, texts)
        else:
            column = pyarrow.StringArray.from_buffers(len(column), *column.buffers()[1:])
        numbers = pyarrow.array([draw.uniform(0, 9) for _ in range(ROWS)])
        path = self.folder / f"broken{as_dictionary}.parquet"
        pyarrow.parquet.write_table(pyarrow.table({"x": column, "z": numbers, "y": numbers}), path, row_group_size=100)
        return path

    def test_texts_that_are_not_utf8_are_named_by_their_row(self):
        for as_dictionary in [False, True]:
            path = self.broken(as_dictionary)
            for words in [[], ["--stream"]]:
                with self.subTest(path.name, words=words):
                    result = self.train(path, *words)
                    self.assert_refused(result, 1, path.name, "column 'x'", "UTF")
                    # A row group that is read by itself has the dictionary of all, with no row of its own for the word.
                    if not (as_dictionary and words):
                        self.assertIn("row 150, column 'x': the value is not UTF-8", result.stderr)

    def test_of_ratings_too(self):
        path = self.broken(True)
        ratings = ["--ratings", path, "--user", "x", "--item", "z", "--rating", "y"]
        for words in [[], ["--stream"]]:
            result = self.run_embark("train", "collab", *ratings, "--epochs", 1, *words)
            self.assert_refused(result, 1, path.name, "column 'x'", "UTF")


if __name__ == "__main__":
    unittest.main(verbosity=1 if len(sys.argv) < 2 else 2)
