#!/usr/bin/env python3
"""Ratings with times and tables of users and items, through the program: EMBARK names the program to test."""

import json
import os
import random
import subprocess
import tempfile
import unittest
from pathlib import Path

try:
    import numpy
    import onnxruntime
    import torch
except ImportError:
    torch = None

EMBARK = os.environ["EMBARK"]
DATA = Path(os.environ.get("EMBARK_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))


class BestRatingsTest(unittest.TestCase):
    """Made ratings: a user of a country likes the films of one genre, and gets stricter from day to day."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="embark-test-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        rng = random.Random(1)
        lines = ["user,item,rating,time"]
        for user in range(60):
            for item in rng.sample(range(40), 12):
                day = rng.randrange(10)
                rating = 3 + (1 if user % 2 == item % 2 else -1) - day / 10 + rng.gauss(0, 0.1)
                lines.append(f"{user},f{item},{rating:.2f},{day * 86400 + rng.randrange(86400)}")
        cls.write("ratings.csv", lines)
        countries = [("NO", "PE")[user % 2] for user in range(60)]
        cls.write("users.csv", ["user,country,nickname", *(f"{u},{c},n{u}" for u, c in enumerate(countries))])
        genres = [("Drama|War", "Comedy")[item % 2] for item in range(40)]
        cls.write("items.csv", ["item,genres", *(f"f{i},{g}" for i, g in enumerate(genres))])

    @classmethod
    def write(cls, name, lines):
        (cls.folder / name).write_text("\n".join(lines) + "\n")

    def run_embark(self, *words):
        return subprocess.run([EMBARK, *map(str, words)], capture_output=True, text=True, cwd=self.folder, timeout=300)

    def train(self, *words, ratings="ratings.csv"):
        result = self.run_embark("train", "collab", "--ratings", ratings, "--user", "user", "--item", "item",
                                 "--rating", "rating", "--json", *words)
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout)

    def refusal(self, code, *words, ratings="ratings.csv"):
        result = self.run_embark("train", "collab", "--ratings", ratings, "--user", "user", "--item", "item",
                                 "--rating", "rating", *words)
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertNotIn("epoch", result.stdout)
        return result.stderr

    def test_tables_and_times_make_better_predictions(self):
        tables = ["--user-table", "users.csv", "--item-table", "items.csv"]
        plain = self.train("--preset", "best")
        known = self.train("--preset", "best", "--time", "time", *tables)
        self.assertLess(known["valid_rmse"], plain["valid_rmse"])
        kinds = {column["name"]: column["kind"] for column in known["columns"]}
        self.assertEqual(kinds["country"], "category")
        self.assertEqual(kinds["nickname"], "ignored")
        self.assertEqual(kinds["genres"], "category")

    def test_members_are_one_model_and_one_file(self):
        self.train("--members", 3, "--epochs", 3, "--export", "members.pt")
        result = self.run_embark("predict", "--model", "members.pt", "--input", "ratings.csv")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(len(result.stdout.splitlines()), 60 * 12 + 1)

    def test_a_file_recommends_what_the_learner_would(self):
        report = self.train("--preset", "best", "--time", "time", "--user-table", "users.csv", "--export", "best.pt")
        self.assertIn("times_left_out", [warning["code"] for warning in report["warnings"]])
        answer = self.run_embark("recommend", "--model", "best.pt", "--user", "7", "--top", 5)
        self.assertEqual(answer.returncode, 0, answer.stderr)
        rated = {line.split(",")[1] for line in (self.folder / "ratings.csv").read_text().splitlines()
                 if line.startswith("7,")}
        self.assertTrue(all(item not in answer.stdout.split() for item in rated))

    @unittest.skipIf(torch is None, "torch, numpy or onnxruntime is missing")
    def test_onnx_recommends_for_new_users_what_torchscript_does(self):
        rng = random.Random(3)
        for members, factors in ((1, 20), (3, 5)):
            words = ["--preset", "best", "--members", members, "--factors", factors, "--export"]
            self.train(*words, "new.pt")
            self.train(*words, "new.onnx")
            script = torch.jit.load(self.folder / "new.pt")
            session = onnxruntime.InferenceSession(self.folder / "new.recommend_for.onnx")

            def ask(items, ratings, k=8):
                return session.run(None, {"history": numpy.array(items, object), "history_ratings": numpy.array(ratings, float),
                                          "k": numpy.array([k])})

            for n in (1, 2, 3, 10, 39):
                items, ratings = rng.sample(script.items(), n), [rng.uniform(1, 4.5) for _ in range(n)]
                names, values = script.recommend_for(items, ratings, 8)
                others, scores = ask(items, ratings)
                self.assertEqual(names, list(others))
                self.assertLess(numpy.abs(scores - values.numpy()).max(), 1e-6 * 5)
            for items, ratings in (([], []), (["f1", "nothing"], [4, 4]), (["f1", "f1"], [4, 4]), (["f1"], [float("nan")]),
                                   (["f1"], [float("inf")]), (["f1"], [400])):
                self.assertEqual([len(answer) for answer in ask(items, ratings)], [0, 0], (items, ratings))
            self.assertEqual(len(ask(["f1"], [3], 1000)[0]), 39)

    def test_recommends_for_a_user_known_by_a_file_of_ratings(self):
        self.train("--preset", "best", "--export", "known.pt")
        self.write("mine.csv", ["film,stars", "f1,5", " f3 ,4.5", "f2,1"])
        answer = self.run_embark("recommend", "--model", "known.pt", "--rated", "mine.csv", "--top", 4, "--json")
        self.assertEqual(answer.returncode, 0, answer.stderr)
        items = [result["item"] for result in json.loads(answer.stdout)["results"]]
        self.assertEqual(len(items), 4)
        self.assertFalse({"f1", "f2", "f3"} & set(items))
        self.write("unknown.csv", ["film,stars", "f999,5"])
        self.write("twice.csv", ["film,stars", "f1,5", "f1,4"])
        self.write("words.csv", ["film,stars", "f1,good"])
        self.write("narrow.csv", ["film", "f1"])
        for file, words in (("unknown.csv", "f999"), ("twice.csv", "twice"), ("words.csv", "row 1"), ("narrow.csv", "1 column"),
                            ("none.csv", "none.csv")):
            refused = self.run_embark("recommend", "--model", "known.pt", "--rated", file)
            self.assertEqual(refused.returncode, 1, file)
            self.assertIn(words, refused.stderr)
            self.assertEqual(len(refused.stderr.splitlines()), 1, refused.stderr)
        self.assertEqual(self.run_embark("recommend", "--model", "known.pt", "--rated", "mine.csv", "--user", 1).returncode, 2)
        self.train("--epochs", 1, "--export", "plain.pt")
        refused = self.run_embark("recommend", "--model", "plain.pt", "--rated", "mine.csv")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("preset best", refused.stderr)

    def test_what_does_not_fit_is_said_before_training(self):
        self.write("twice.csv", ["user,country", "1,NO", "1,PE"])
        self.write("others.csv", ["user,country", "901,NO", "902,PE"])
        self.write("milliseconds.csv", ["user,item,rating,time", *(f"{u},i,3,{964982703000 + u}" for u in range(9))])
        self.write("broken.csv", ["user,item,rating,time", "1,a,3,5", "2,b,4,soon", "3,a,5,7"])
        best = ["--preset", "best"]
        self.assertIn("'1' has a row already", self.refusal(1, *best, "--user-table", "twice.csv"))
        self.assertIn("has no row for any id", self.refusal(1, *best, "--user-table", "others.csv"))
        self.assertIn("none.csv", self.refusal(1, *best, "--item-table", "none.csv"))
        self.assertIn("milliseconds", self.refusal(1, *best, "--time", "time", ratings="milliseconds.csv"))
        self.assertIn("row 2", self.refusal(1, *best, "--time", "time", ratings="broken.csv"))
        self.assertIn("--preset best", self.refusal(2, "--user-table", "users.csv"))
        self.assertIn("--time time is for", self.refusal(2, "--time", "time"))
        self.assertIn("--wd", self.refusal(2, *best, "--wd", 0.1))
        self.assertIn("--embedding-update lazy", self.refusal(2, *best, "--embedding-update", "lazy"))
        self.assertIn("--members 0", self.refusal(2, "--members", 0))
        self.assertIn("Unknown preset", self.refusal(2, "--preset", "bset"))

    def test_few_and_equal_ratings_train(self):
        self.write("equal.csv", ["user,item,rating", *(f"{i % 5},{i % 4},3" for i in range(20))])
        report = self.train("--preset", "best", ratings="equal.csv")
        self.assertLess(report["valid_rmse"], 0.1)


@unittest.skipUnless((DATA / "ml-100k" / "u1.base").exists(),
                     "MovieLens 100k is not here: tools/get-data ml-100k fetches it, EMBARK_DATA names its folder")
class MovieLensTest(unittest.TestCase):
    def train(self, *words):
        result = subprocess.run([EMBARK, "train", "collab", "--dataset", "ml-100k", "--data-dir", DATA, "--json", *words],
                                capture_output=True, text=True, timeout=600)
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout)

    def test_the_best_preset_on_the_canonical_split(self):
        report = self.train("--split", "u1", "--preset", "best")
        self.assertEqual((report["train_ratings"], report["valid_ratings"]), (80000, 20000))
        self.assertLess(report["valid_rmse"], 0.877)

    def test_members_are_better_than_one_model(self):
        report = self.train("--split", "u1", "--members", "8", "--threads", "1")
        self.assertLess(report["valid_rmse"], 0.908)

    def test_a_split_that_is_not_there_is_named(self):
        result = subprocess.run([EMBARK, "train", "collab", "--dataset", "ml-100k", "--data-dir", DATA, "--split", "ub"],
                                capture_output=True, text=True, timeout=60)
        if (DATA / "ml-100k" / "ub.base").exists():
            self.skipTest("the split is here")
        self.assertEqual(result.returncode, 1)
        self.assertIn("ub.base", result.stderr)


if __name__ == "__main__":
    unittest.main()
