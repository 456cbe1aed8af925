#!/usr/bin/env python3
"""ONNX files that the program writes answer raw values as TorchScript files do: EMBARK names the program to test. Needs
torch, onnx and onnxruntime, and is skipped without them. With OLD_ONNXRUNTIME, a Python with an older ONNX Runtime, that one
must answer alike."""

import json
import math
import os
import pickle
import random
import subprocess
import unittest
from pathlib import Path

from embark_case import EmbarkCase

try:
    import numpy as np
    import onnx
    import onnxruntime
    import torch
except ImportError:
    onnxruntime = None

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "0.1"
ROWS = 2000


def column(values):
    """Raw values as an input of an ONNX file: texts or numbers, one a row."""
    is_text = any(isinstance(value, str) for value in values) or not values
    return np.array(values, dtype=object if is_text else np.float64).reshape(-1, 1)


def near(answer, expected):
    """Whether they differ by no more than rounding; NaN is NaN."""
    answer, expected = np.asarray(answer, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    if answer.shape != expected.shape:
        return False
    with np.errstate(invalid="ignore"):  # of infinities
        close = np.abs(answer - expected) <= 1e-6 * np.maximum(1, np.abs(expected))
    close &= np.isfinite(answer) & np.isfinite(expected)
    return bool(np.all(close | (answer == expected) | (np.isnan(answer) & np.isnan(expected))))


class OldRuntime:
    """ONNX Runtime of another Python, in a process of its own."""

    def __init__(self, python):
        words = [python, Path(__file__).with_name("old_onnxruntime.py")]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.version = pickle.load(self.process.stdout)
        self.n_asked = 0

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()

    def call(self, question):
        pickle.dump(question, self.process.stdin, protocol=4)
        self.process.stdin.flush()
        answer = pickle.load(self.process.stdout)
        if isinstance(answer, str):
            raise AssertionError(f"ONNX Runtime {self.version}: {answer}")
        return answer

    def open(self, path, session):
        return BothRuntimes(session, self, self.call(str(path)))


class BothRuntimes:
    """A session whose every answer an older ONNX Runtime must give too."""

    def __init__(self, session, old, number):
        self.session, self.old, self.number = session, old, number

    def __getattr__(self, name):
        return getattr(self.session, name)

    def run(self, outputs, inputs):
        answers = self.session.run(outputs, inputs)
        for output, answer, other in zip(self.get_outputs(), answers, self.old.call((self.number, inputs)), strict=True):
            is_number = np.issubdtype(answer.dtype, np.floating)
            if not (near(other, answer) if is_number else np.array_equal(other, answer)):
                raise AssertionError(f"ONNX Runtime {self.old.version} answers {output.name} otherwise: {other} for {answer}")
        self.old.n_asked += 1
        return answers


def learned(values, target):
    """Values of a target as the model learns them, by what the file's description says of it."""
    values = np.asarray(values, dtype=np.float64)
    return ((np.log(values) if target["log"] else values) - target["mean"]) / target["scale"]


def made_table(path, rows=1200):
    """A table with columns of all kinds, some values of which are missing, whose targets follow from the others."""
    draw = random.Random(5)
    lines = ["city,floor,lift,size,income,sold,on,grade,price,rent,gain"]
    for _ in range(rows):
        city, floor, lift = draw.choice(["Rome", "Oslo", "Åbo", "七"]), draw.randrange(-2, 9), draw.random() < 0.5
        size, income = draw.gauss(3, 2), draw.lognormvariate(5, 3)
        sold = (f"{draw.randrange(1990, 2030)}-{draw.randrange(1, 13):02}-{draw.randrange(1, 29):02} "
                f"{draw.randrange(24):02}:{draw.randrange(60):02}{draw.choice(['', 'Z', '+02:00', ' -0530'])}")
        on = f"{draw.randrange(1, 13)}/{draw.randrange(1, 29)}/{draw.randrange(2018, 2025)}"
        worth = size + 2 * lift + 0.3 * floor + (city == "Rome")
        values = [city, floor, str(lift).lower(), f"{size:.4f}", f"{income:.3f}", sold, on]
        values = ["" if draw.random() < 0.04 else str(value) for value in values]
        lines.append(",".join([*values, "A" if worth > 6 else "B" if worth > 3 else "C", f"{math.exp(worth / 4):.3f}",
                               f"{190_000 + 40_000 * worth:.2f}", f"{1000 * (worth - 4):.2f}"]))
    path.write_text("\n".join(lines) + "\n")


def plain_date(draw):
    """A date that the first version of the program reads too."""
    day = f"{draw.randrange(1960, 2040)}-{draw.randrange(1, 13):02}-{draw.randrange(1, 29):02}"
    return draw.choice(["", day, day + " 07:30", day + "T23:59:59Z"])


def made_date(draw, *, us):
    """A text that is a date, nearly one, or none."""
    month, day, year = draw.randrange(0, 14), draw.randrange(0, 33), draw.randrange(1960, 2040)
    if us and draw.random() < 0.5:
        text = draw.choice([f"{month}/{day}/{year}", f"{month:02}/{day:02}/{year}"])
    else:
        text = draw.choice([f"{year}-{month:02}-{day:02}", f"{year}/{month:02}/{day:02}"])
        text += draw.choice(["", "", " 07", "T23:59", " 12:30:59", " 12:30:59.25", "T25:00", " 7:00"])
        text += draw.choice(["", "", "Z", " UTC", "+02", "-05:30", " +0100", "+2"])
    if draw.random() < 0.1:
        at = draw.randrange(len(text))
        text = text[:at] + draw.choice(["", "0", "x", "ü", "-", " "]) + text[at + 1:]
    return draw.choice(["", " ", "\t"]) + text + draw.choice(["", "", "  "]) if draw.random() < 0.9 else "soon"


def made_rows(description, rows=ROWS):
    """Random raw values of each input, by name: texts and numbers apart, as `predict` of TorchScript takes them."""
    draw, fitted = random.Random(1), description["preprocessing"]
    texts, numbers = {}, {}
    for category in fitted["categories"]:
        known = category["categories"][1:]
        texts[category["name"]] = [draw.choice(known) if draw.random() < 0.9 else draw.choice(["", "new", "007", "NA"])
                                   for _ in range(rows)]
    for number in fitted["numbers"]:
        scaler = number["scaler"]
        values = [draw.gauss(scaler["shift"], 2 * scaler["scale"]) for _ in range(rows)]
        if scaler["quantiles"]:
            edges = scaler["quantiles"]
            values = [draw.choice([draw.choice(edges), draw.uniform(edges[0], edges[-1]), edges[0] - 1, edges[-1] + 1])
                      for _ in range(rows)]
        numbers[number["name"]] = [math.nan if draw.random() < 0.1 else value for value in values]
    for date in fitted["dates"]:
        is_old = description["version"].startswith("0.1.")
        texts[date["name"]] = [plain_date(draw) if is_old else made_date(draw, us=bool(date.get("format")))
                               for _ in range(rows)]
    for text in fitted["texts"]:
        words = [*text["tokens"][2:], "unseen"]
        texts[text["name"]] = [" ".join(draw.choices(words, k=draw.randrange(30))) for _ in range(rows)]
    wanted = set(description["inputs"])
    return [{name: values for name, values in of.items() if name in wanted} for of in (texts, numbers)]


@unittest.skipUnless(onnxruntime, "torch, onnx or onnxruntime is missing")
class OnnxTest(EmbarkCase):
    old = None

    @classmethod
    def setUpClass(cls):
        if "OLD_ONNXRUNTIME" in os.environ:
            cls.old = OldRuntime(os.environ["OLD_ONNXRUNTIME"])
            cls.addClassCleanup(cls.old.close)

    @classmethod
    def tearDownClass(cls):
        if cls.old:
            print(f"ONNX Runtime {cls.old.version} answered {cls.old.n_asked} questions alike")

    def train_table(self, target, *words, columns="city,floor,lift,size,income", export="model.pt"):
        """Trains on columns of the made table, and gives the exported file's path."""
        made_table(self.folder / "made.csv")
        categories = [name for name in columns.split(",") if name in ("city", "floor", "lift")]
        self.done("train", "tabular", "--csv", "made.csv", "--target", target, "--only", columns, "--epochs", 1,
                  *(["--cat", ",".join(categories)] if categories else []), *words, "--export", export)
        return self.folder / export

    def train_ratings(self, user="{}".format, item="Film {}".format):
        draw, rows = random.Random(2), ["user,item,rating"]
        for u in range(1, 31):
            rows += [f"{user(u)},{item(i)},{1 + u * i % 5}" for i in range(1, 26) if draw.random() < 0.7]
        (self.folder / "ratings.csv").write_text("\n".join(rows) + "\n")
        self.done("train", "collab", "--ratings", "ratings.csv", "--user", "user", "--item", "item", "--rating",
                  "rating", "--epochs", 2, "--export", "model.pt")
        return self.folder / "model.pt"

    def open(self, path):
        onnx.checker.check_model(onnx.load(path), full_check=True)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        return self.old.open(path, session) if self.old else session

    def converted(self, path, method=""):
        """A session of what `embark convert` makes of an exported file; of ratings there is a file a method."""
        self.done("convert", path, "model.onnx")
        return self.open(self.folder / (f"model.{method}.onnx" if method else "model.onnx"))

    def ask(self, session, inputs):
        return dict(zip([output.name for output in session.get_outputs()], session.run(None, inputs)))

    def inputs_of(self, module, texts, numbers):
        """What an ONNX file takes for these raw values; of free texts the numbers of their tokens."""
        inputs = {name: column(values) for name, values in {**texts, **numbers}.items()}
        for i, name in enumerate(module._embark_text_names):
            inputs[name] = module._embark_text(texts[name], i).numpy()
        return inputs

    def check_table(self, path):
        """Compares random rows; gives the session, the rows and the answers."""
        module, session = torch.jit.load(str(path)), self.converted(path)
        metadata = session.get_modelmeta().custom_metadata_map
        description = json.loads(metadata["embark"])
        texts, numbers = made_rows(description)
        names = [entry.name for entry in session.get_inputs()]
        self.assertEqual(names, description["inputs"])
        self.assertEqual([entry["name"] for entry in json.loads(metadata["columns"])], names)
        inputs = self.inputs_of(module, texts, numbers)
        answers, expected = self.ask(session, inputs), module.predict(texts, numbers)
        targets = description["preprocessing"]["targets"]
        for fitted, wanted in zip(targets, [expected] if len(targets) == 1 else expected):
            target = fitted["name"]
            prefix = "" if len(targets) == 1 else target + "."
            if isinstance(wanted, tuple):
                self.assertEqual(answers[prefix + "prediction"].reshape(-1).tolist(), wanted[0])
                self.assertTrue(near(answers[prefix + "probabilities"], wanted[1]), target)
                self.assertEqual(json.loads(metadata["classes"])[target], module.classes()[target])
            else:
                answer, wanted = answers[prefix + "prediction"], wanted.reshape(-1, 1)
                if description["version"].startswith("0.1."):  # whose files compute in float32
                    answer, wanted = learned(answer, fitted), learned(wanted, fitted)
                self.assertTrue(near(answer, wanted), target)
        return session, inputs, answers

    def test_tables_are_answered_as_by_torchscript(self):
        for words in (["grade", "--preset", "best"], ["price", "--log", "price"],
                      ["grade,price", "--preset", "fastai"]):
            with self.subTest(words):
                self.check_table(self.train_table(*words))
        for columns in ("city,lift", "size,income"):
            with self.subTest(columns):
                self.check_table(self.train_table("grade", columns=columns))

    def test_values_far_from_0_and_near_it_are_those_of_torchscript(self):
        for words in (["rent"], ["gain"], ["rent", "--preset", "fastai"], ["gain,grade,rent", "--preset", "best"]):
            with self.subTest(words):
                self.check_table(self.train_table(*words))

    def test_numbers_derived_from_others_are_those_of_torchscript(self):
        for words in (["price", "--neighbours", "all"], ["grade", "--preset", "best", "--neighbours", "size"],
                      ["grade,price", "--log", "price", "--rotate", "income,size", "--neighbours", "size,income",
                       "--neighbour-counts", "2,40"]):
            with self.subTest(words):
                self.check_table(self.train_table(*words))

    def test_dates_are_read_as_by_torchscript(self):
        path = self.train_table("grade", "--date", "sold,on", "--date-format", "%m/%d/%Y", columns="city,size,sold,on")
        session, _, _ = self.check_table(path)
        columns = {entry["name"]: entry for entry in json.loads(session.get_modelmeta().custom_metadata_map["columns"])}
        self.assertEqual(columns["sold"], {"name": "sold", "kind": "date", "format": "%m/%d/%Y", "time": False})
        for form in ("%d %b %Y", "%Y%m%d", "%m-%d-%y %I:%M %p"):
            with self.subTest(form):
                self.check_table(
                    self.train_table("grade", "--date", "sold", "--date-format", form, columns="sold,size"))

    def test_a_format_that_cannot_be_told_apart_is_refused(self):
        path = self.train_table("grade", "--date", "sold", "--date-format", "mar %b %d %Y", columns="sold,size")
        result = self.run_embark("convert", path, "model.onnx")
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("Column 'sold': the letters of the date format 'mar %b %d %Y'", result.stderr)

    def test_files_of_the_first_version_are_converted(self):
        for name in ("tabular", "targets", "best", "ensemble", "text"):
            with self.subTest(name):
                self.check_table(GOLDEN / f"{name}.pt")
        for name in ("collab", "collab_nn"):
            with self.subTest(name):
                self.check_ratings(GOLDEN / f"{name}.pt")

    def test_other_spellings_of_a_category_are_known(self):
        session, inputs, answers = self.check_table(self.train_table("grade", columns="floor,lift,size"))
        spellings = {"floor": [lambda text: text + ".0", lambda text: " " + text, lambda text: text + " "],
                     "lift": [str.upper, str.title, lambda text: " " + text.title(), lambda text: text + " "]}
        for name, spelled in spellings.items():
            for spell in spelled:
                other = {**inputs, name: column([spell(text) for text in inputs[name].reshape(-1)])}
                np.testing.assert_array_equal(self.ask(session, other)["probabilities"], answers["probabilities"])

    def test_numbers_that_no_model_can_take_have_no_answer(self):
        session, inputs, _ = self.check_table(self.train_table("grade,price", columns="city,size,income"))
        few = {name: values[:5].copy() for name, values in inputs.items()}
        few["size"][:, 0] = [math.inf, -math.inf, 3.4028235677973366e38, 3.4028235677973362e38, 1]
        answers = self.ask(session, few)
        refused = [True, True, True, False, False]
        self.assertEqual([label == "" for label in answers["grade.prediction"].reshape(-1)], refused)
        self.assertEqual(np.isnan(answers["grade.probabilities"]).any(axis=1).tolist()[:3], refused[:3])
        self.assertEqual(np.isnan(answers["price.prediction"]).reshape(-1).tolist()[:3], refused[:3])
        alone = self.ask(session, {name: values[4:] for name, values in few.items()})
        self.assertTrue(near(answers["grade.probabilities"][4:], alone["grade.probabilities"]))

    def test_a_batch_may_have_any_number_of_rows(self):
        path = self.train_table("grade", "--date", "sold", columns="city,size,income,sold")
        session, inputs, answers = self.check_table(path)
        for rows in (0, 1, 7):
            part = self.ask(session, {name: values[:rows] for name, values in inputs.items()})
            self.assertEqual(part["prediction"].shape, (rows, 1))
            self.assertTrue(near(part["probabilities"], answers["probabilities"][:rows]))

    def test_a_training_writes_the_same_file(self):
        path = self.train_table("grade", columns="city,size")
        self.done("convert", path, "converted.onnx")
        self.train_table("grade", columns="city,size", export="trained.onnx")
        inputs = {"city": column(["Rome", "", "Oslo"]), "size": column([1.5, math.nan, -3])}
        trained, converted = [self.ask(self.open(self.folder / f"{name}.onnx"), inputs)
                              for name in ("trained", "converted")]
        np.testing.assert_array_equal(trained["probabilities"], converted["probabilities"])

    def ranked(self, session, name, of, k):
        names, scores = session.run(None, {name: np.array([of], dtype=object), "k": np.array([k], dtype=np.int64)})
        return names.tolist(), scores

    def check_ratings(self, path):
        """Compares ratings, recommendations and similar items; gives the module."""
        module, draw = torch.jit.load(str(path)), random.Random(3)
        users, items = module._embark_users[1:], module._embark_items[1:]
        some_users = [draw.choice([*users, "stranger", ""]) for _ in range(ROWS)]
        some_items = [draw.choice([*items, "no film", "#na#"]) for _ in range(ROWS)]
        session = self.converted(path)
        names = [entry.name for entry in session.get_inputs()]
        ratings = session.run(None, dict(zip(names, [column(some_users), column(some_items)])))[0]
        self.assertTrue(near(ratings, module.predict(some_users, some_items).reshape(-1, 1)))
        recommend, similar = [self.open(self.folder / f"model.{method}.onnx") for method in ("recommend", "similar")]
        for k in (1, 5, 1000):
            for user in [*users, "stranger"]:
                expected = module.recommend(user, k)
                found, scores = self.ranked(recommend, "user", user, k)
                self.assertEqual(found, expected[0])
                self.assertTrue(near(scores, expected[1]))
            for item in items:
                expected = module.similar(item, k)
                found, scores = self.ranked(similar, "item", item, k)
                self.assertEqual(found, expected[0])
                self.assertTrue(near(scores, expected[1]))
        self.assertEqual(self.ranked(similar, "item", "no film", 5)[0], [])
        return module

    def test_ratings_are_answered_as_by_torchscript(self):
        self.check_ratings(self.train_ratings())

    def test_ids_in_other_spellings_are_known(self):
        path = self.train_ratings(user=str)
        session = self.converted(path)
        ratings = [session.run(None, {"user": column([user]), "item": column([item])})[0].item()
                   for user, item in (("7", "Film 3"), ("7.0", "Film 3"), (" 7", " Film 3"), ("7 ", "Film 3 "))]
        self.assertEqual(len(set(ratings)), 1)


if __name__ == "__main__":
    unittest.main()
