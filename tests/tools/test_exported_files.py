#!/usr/bin/env python3
"""What exported files say of themselves, and what is asked of them without their models: EMBARK names the program."""

import json
import random
import unittest
from pathlib import Path

from embark_case import EmbarkCase

try:
    import torch
except ImportError:
    torch = None

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "0.1"


class ExportedFileTest(EmbarkCase):
    def setUp(self):
        super().setUp()
        lines = ["city,age,born,y"]
        for row in range(200):
            age = "" if row % 20 == 0 else f"{20 + row % 40}.5"
            lines.append(f"{('Rome', 'Oslo', 'Lima')[row % 3]},{age},2001-{1 + row % 12:02d}-03,{'yes' if row % 2 else 'no'}")
        (self.folder / "t.csv").write_text("\n".join(lines) + "\n")
        ratings = ["user,item,rating"] + [f"u{row % 9},i{row % 13},{1 + row % 5}" for row in range(90)]
        (self.folder / "r.csv").write_text("\n".join(ratings) + "\n")

    def printed(self, *words):
        return self.done(*words).stdout

    def train_table(self, name):
        return self.printed("train", "tabular", "--csv", "t.csv", "--target", "y", "--epochs", 2, "--export", name, "--json")

    def train_ratings(self, name):
        return self.printed("train", "collab", "--ratings", "r.csv", "--user", "user", "--item", "item", "--rating", "rating",
                         "--factors", 3, "--epochs", 1, "--export", name, "--json")

    def checked(self, name, rows):
        """What `embark check` says of these rows."""
        text = "\n".join([",".join(rows[0]), *[",".join(f'"{value}"' for value in row.values()) for row in rows]])
        (self.folder / "rows.csv").write_text(text + "\n")
        return json.loads(self.printed("check", name, "--input", "rows.csv", "--json"))

    def test_both_forms_say_the_same(self):
        report = json.loads(self.train_table("t.pt"))
        self.assertEqual(report["exports"], ["t.pt"])
        self.printed("convert", "t.pt", "t.onnx")
        torchscript = json.loads(self.printed("inspect", "t.pt", "--json"))
        onnx = json.loads(self.printed("inspect", "t.onnx", "--json"))
        self.assertEqual((torchscript["format"], onnx.pop("format")), ("torchscript", "onnx"))
        self.assertEqual(torchscript["schema"], onnx)
        self.assertEqual([column["name"] for column in onnx["inputs"]], ["city", "age", "born"])
        self.assertEqual([column["kind"] for column in onnx["inputs"]], ["category", "number", "date"])
        self.assertEqual(onnx["inputs"][0]["categories"], ["Lima", "Oslo", "Rome"])
        self.assertEqual(onnx["outputs"], [{"name": "y", "kind": "class", "classes": ["no", "yes"]}])
        self.assertEqual(onnx["training"]["epochs"], 2)
        self.assertIn("accuracy", onnx["training"]["recorded"])
        self.assertAlmostEqual(float(onnx["metadata"]["validation accuracy"]), report["metrics"]["accuracy"], delta=1e-6)
        for name in ("t.pt", "t.onnx"):
            text = self.printed("inspect", name)
            self.assertIn("city  category: Lima, Oslo, Rome", text)
            self.assertIn("y  class: no, yes", text)
            page = self.printed("inspect", name, "--html")
            self.assertTrue(page.startswith("<!DOCTYPE html>"))
            self.assertIn("Lima, Oslo, Rome", page)
            self.assertIn("InferenceSession" if name == "t.onnx" else "torch.jit.load", page)

    def test_ratings_are_three_files(self):
        report = json.loads(self.train_ratings("m.onnx"))
        self.assertEqual(report["exports"], ["m.onnx", "m.recommend.onnx", "m.similar.onnx"])
        self.assertEqual(report["export"], "m.onnx")
        for name in report["exports"]:
            self.assertEqual(json.loads(self.printed("inspect", name, "--json"))["inputs"][1],
                             {"name": "item", "kind": "id", "count": 13})

    def test_check_says_what_a_file_does_not_know(self):
        self.train_table("t.pt")
        self.printed("convert", "t.pt", "t.onnx")
        (self.folder / "new.csv").write_text("city,age,born\nParis,30,2001-02-03\nRome,,soon\nOslo,31,2002-01-01\n")
        answers = [json.loads(self.printed("check", name, "--input", "new.csv", "--json")) for name in ("t.pt", "t.onnx")]
        self.assertEqual(answers[0], answers[1])
        self.assertEqual(answers[0]["unknown"]["city"], 1)
        self.assertEqual(answers[0]["unreadable"], {"born": 1})
        text = self.printed("check", "t.onnx", "--input", "new.csv")
        self.assertIn("'city'", text)
        (self.folder / "known.csv").write_text("city,age,born\nRome,30,2001-02-03\n")
        self.assertEqual(self.printed("check", "t.onnx", "--input", "known.csv"), "The model knows every value of known.csv\n")
        self.train_ratings("m.pt")
        (self.folder / "pairs.csv").write_text("user,item\nu1,i1\nnobody,i2\n")
        self.assertIn("column 'user' has 1 value that training did not have", self.printed("check", "m.pt", "--input", "pairs.csv"))

    def test_what_onnx_cannot_say_is_refused_before_the_training(self):
        text = (self.folder / "t.csv").read_text().replace("city", "prediction")
        (self.folder / "t.csv").write_text(text)
        result = self.run_embark("train", "tabular", "--csv", "t.csv", "--target", "y", "--epochs", 2, "--export", "t.onnx")
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("two inputs or outputs called 'prediction'", result.stderr)
        self.assertNotIn("train_loss", result.stdout)
        self.assertFalse((self.folder / "t.onnx").exists())

    def test_what_cannot_be_is_refused(self):
        self.train_table("t.pt")
        (self.folder / "text.onnx").write_text("not a model")
        (self.folder / "cut.onnx").write_bytes(b"\x08\x08\x3a\xff\xff")
        for code, words, part in [(1, ["inspect", "text.onnx"], "text.onnx is not an ONNX file"),
                                  (1, ["inspect", "cut.onnx"], "it ends too early"),
                                  (1, ["inspect", "none.onnx"], "none.onnx"),
                                  (2, ["inspect", "t.pt", "--json", "--html"], "not both"),
                                  (2, ["convert", "t.pt", "t.pt2"], "must end with .onnx"),
                                  (2, ["convert", "t.pt"], "--to"),
                                  (1, ["convert", "t.pt", "no/t.onnx"], "no"),
                                  (1, ["convert", GOLDEN / "tensors.pt", "t.onnx"], "export the model again"),
                                  (1, ["check", "t.pt", "--input", "r.csv"], "There is no column 'born' in r.csv"),
                                  (2, ["check", "t.pt"], "--input")]:
            with self.subTest(words=words):
                result = self.run_embark(*words)
                self.assertEqual((result.returncode, result.stdout), (code, ""), result.stderr)
                self.assertIn(part, result.stderr)
                self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
        self.assertEqual(sorted(path.suffix for path in self.folder.iterdir() if path.name.startswith("t.")), [".csv", ".pt"])

    @unittest.skipIf(torch is None, "torch is not there")
    def test_python_has_what_a_reader_of_the_file_needs(self):
        self.train_table("t.pt")
        table = torch.jit.load(str(self.folder / "t.pt"))
        self.assertEqual(json.loads(table.schema()), json.loads(self.printed("inspect", "t.pt", "--json"))["schema"])
        rows = [{"city": "Rome", "age": "30.5", "born": "2001-02-03", "more": ""}, {"city": "", "age": " ", "born": "NA"},
                {"city": "Oslo", "age": "-1e1", "born": "2001-04-03"}, {"city": "Lima", "age": "NA", "born": ""}]
        labels, probabilities = table.predict_rows(rows)
        expected = table.predict({"city": ["Rome", "", "Oslo", "Lima"], "born": ["2001-02-03", "NA", "2001-04-03", ""]},
                                 {"age": [30.5, float("nan"), -10.0, float("nan")]})
        self.assertEqual(labels, expected[0])
        self.assertTrue(torch.equal(probabilities, expected[1]))
        self.assertEqual(table.predict_rows([])[0], [])
        for row, part in [({"city": "Rome", "born": ""}, "row 1 has no 'age'"),
                          ({"city": "Rome", "born": "", "age": "3 0"}, "row 1, column 'age': '3 0' is not a number"),
                          ({"city": "Rome", "born": "", "age": "inf"}, "'inf' is not a number")]:
            with self.assertRaises(Exception) as caught:
                table.predict_rows([row])
            self.assertIn(part, str(caught.exception).strip().splitlines()[-1])
        with self.assertRaises(Exception) as caught:
            table.predict({"city": ["Rome"], "born": [""]}, {"age": [1e300]})
        self.assertRegex(str(caught.exception).strip().rsplit("AssertionError: ", 1)[-1], "^column 'age': 1.*e.300 is not a number")
        self.train_ratings("m.pt")
        model = torch.jit.load(str(self.folder / "m.pt"))
        self.assertEqual(model.users(), [f"u{user}" for user in range(9)])
        self.assertEqual(len(model.items()), 13)
        self.assertEqual([model.knows_user(user) for user in ("u1", " u1", "u99", "")], [True, True, False, False])

    @unittest.skipIf(torch is None, "torch is not there")
    def test_python_counts_what_a_file_does_not_know_as_check_does(self):
        draw = random.Random(4)
        lines = (self.folder / "t.csv").read_text().splitlines()
        full = [line.replace(",,", ",31,") + f",{row % 7}" for row, line in enumerate(lines[1:])]
        (self.folder / "t.csv").write_text("\n".join([lines[0] + ",rooms", *full]) + "\n")
        self.train_table("t.pt")
        rows = [{"city": draw.choice(["Rome", "Oslo", "rome", "Paris", ""]), "age": draw.choice(["30", "", " NA", "-1e2"]),
                 "born": draw.choice(["2001-02-03", "soon", "", "n/a", "2001-13-01", "2001-02-03T07:30Z"]),
                 "rooms": draw.choice(["1", "1.0", "99", ""])} for _ in range(300)]
        table = torch.jit.load(str(self.folder / "t.pt"))
        texts, numbers = table.columns()
        found = table.encoding_counts(
            {name: [row[name] for row in rows] for name in texts},
            {name: [float(row[name]) if row[name].strip() not in ("", "NA") else float("nan") for row in rows] for name in numbers})
        expected = self.checked("t.pt", rows)
        self.assertEqual(found, {name: expected[name] for name in found})
        self.assertTrue(found["unknown"] and found["filled"] and found["unreadable"], found)
        self.train_ratings("m.pt")
        pairs = [{"user": draw.choice(["u1", "u99", "", " u2"]), "item": draw.choice(["i1", "i13", "I1"])} for _ in range(90)]
        found = torch.jit.load(str(self.folder / "m.pt")).encoding_counts(*[[pair[name] for pair in pairs] for name in ("user", "item")])
        expected = self.checked("m.pt", pairs)
        self.assertEqual(found, {name: expected[name] for name in found})
        self.assertEqual(sorted(found["unknown"]), ["item", "user"])
        self.printed("convert", "m.pt", "m.onnx")
        for name in ("m.onnx", "m.recommend.onnx", "m.similar.onnx"):
            self.assertEqual(self.checked(name, pairs), expected, name)

    @unittest.skipIf(torch is None, "torch is not there")
    def test_rows_of_texts_are_numbers_where_the_program_takes_them_for_such(self):
        """The same random texts through predict_rows and through `embark predict`."""
        self.train_table("t.pt")
        table, draw = torch.jit.load(str(self.folder / "t.pt")), random.Random(3)
        pieces = ["1", "22", "0", ".", "-", "+", "e", "E", " ", "5", "x", "NA", "?", "1e", "nan", "_"]
        texts = {"".join(draw.choices(pieces, k=draw.randint(0, 4))) for _ in range(60)}
        for text in sorted(texts):
            (self.folder / "one.csv").write_text(f'city,age,born\nRome,"{text}",2001-02-03\n')
            program = self.run_embark("predict", "--model", "t.pt", "--input", "one.csv", "--json")
            try:
                found = table.predict_rows([{"city": "Rome", "age": text, "born": "2001-02-03"}])[1][0, 1].item()
            except Exception:
                found = None
            if program.returncode != 0:
                self.assertIsNone(found, text)
                continue
            expected = json.loads(program.stdout)["predictions"]["y"]["probabilities"]["yes"][0]
            self.assertIsNotNone(found, text)
            self.assertAlmostEqual(found, expected, delta=1e-6, msg=text)


if __name__ == "__main__":
    unittest.main()
