#!/usr/bin/env python3
"""Tests of what `embark` says of values that training did not have, and of the files that it writes: EMBARK names the
program to test."""

import csv
import io
import json
import os
import stat
import unittest

from embark_case import EmbarkCase

try:
    import pyarrow
    import pyarrow.parquet
except ImportError:
    pyarrow = None
try:
    import torch
except ImportError:
    torch = None

USERS, ITEMS = 12, 9


def ratings(user=str, item=lambda number: f"Film {number}", leave_out=4):
    """Ratings of most users for most items, ids written by `user` and `item`."""
    rows = ["user,item,rating"]
    for u in range(1, USERS + 1):
        for i in range(ITEMS):
            if (u + i) % leave_out:
                rows.append(f"{user(u)},{item(i)},{1 + u * i % 5}")
    return "\n".join(rows) + "\n"


class EmbarkTest(EmbarkCase):
    def said(self, result):
        """All but that so short a training is worse than the mean."""
        lines = [line.removeprefix("embark: ") for line in result.stderr.splitlines() if line.startswith("embark: ")]
        return [line for line in lines if not line.startswith("The model predicts")]

    def warnings_of(self, report):
        return [warning for warning in report["warnings"] if warning["code"] != "worse_than_baseline"]

    def train(self, *words, file="r.csv", run=None):
        return (run or self.done)("train", "collab", "--ratings", file, "--user", "user", "--item", "item", "--rating", "rating",
                                  "--factors", 2, "--epochs", 1, *words)

    def assert_refused(self, result, code, *parts):
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
        for part in parts:
            self.assertIn(part, result.stderr)


class Ratings(EmbarkTest):
    def setUp(self):
        super().setUp()
        self.write("r.csv", ratings())
        self.train("--export", "m.pt")

    def predict(self, text, *words):
        self.write("new.csv", text)
        return self.done("predict", "--model", "m.pt", "--input", "new.csv", *words)

    def test_unknown_ids_are_counted_and_said(self):
        text = "user,item\n1,Film 1\n99,Film 1\n98,none\n,Film 2\n"
        result = self.predict(text, "--json")
        report = json.loads(result.stdout)
        self.assertEqual(report["unknown"], {"user": 2, "item": 1})
        self.assertEqual([warning["code"] for warning in self.warnings_of(report)], ["unknown_ids", "unknown_ids", "missing_ids"])
        said = ["column 'item' has 1 value that training did not have; taken as unknown",
                "column 'user' has 2 values that training did not have; taken as unknown",
                "column 'user' has 1 missing id; taken as unknown"]
        self.assertEqual(self.said(result), said)
        self.assertEqual([warning["message"] for warning in self.warnings_of(report)], said)
        self.assertEqual(self.said(self.predict(text)), said)
        self.assertEqual(self.said(self.predict("user,item\n1,Film 1\n")), [])

    def test_a_column_of_unknown_ids_alone_is_shown_beside_training_s(self):
        result = self.predict(ratings(user=lambda number: f"user-{number}"))
        self.assertEqual(len(self.said(result)), 1, result.stderr)
        self.assertRegex(self.said(result)[0], r"^all \d+ values of column 'user' are unknown: they look like 'user-1', training had '1'$")

    def test_ids_mean_the_same_however_integers_and_spaces_are_written(self):
        expected = [row["prediction"] for row in csv.DictReader(io.StringIO(self.predict("user,item\n3,Film 1\n4,Film 2\n").stdout))]
        for text in ("user,item\n3.0,Film 1\n4.0,Film 2\n", "user,item\n 3 ,  Film 1\n4, Film 2 \n"):
            result = self.predict(text)
            self.assertEqual([row["prediction"] for row in csv.DictReader(io.StringIO(result.stdout))], expected)
            self.assertEqual(self.said(result), [])

    @unittest.skipIf(torch is None, "torch is not there")
    def test_the_exported_file_spells_ids_alike(self):
        module = torch.jit.load(str(self.folder / "m.pt"))
        answers = module.predict(["3", "3.0", " 3", "03"], ["Film 1", " Film 1", "Film 1 ", "Film 1"]).tolist()
        self.assertEqual(answers[0], answers[1])
        self.assertEqual(answers[0], answers[2])
        self.assertNotEqual(answers[0], answers[3])
        self.assertEqual(module.recommend(" 3.0", 2)[0], module.recommend("3", 2)[0])

    def test_a_column_called_prediction_stays(self):
        result = self.predict("user,item,prediction\n1,Film 1,mine\n")
        row = next(csv.DictReader(io.StringIO(result.stdout)))
        self.assertEqual(list(row), ["user", "item", "prediction", "prediction_2"])
        self.assertEqual(row["prediction"], "mine")
        self.assertEqual(self.said(result), ["the input has a column 'prediction' already; the predictions are in prediction_2"])
        again = self.predict(result.stdout)
        self.assertEqual(list(next(csv.DictReader(io.StringIO(again.stdout))))[-1], "prediction_3")

    def test_who_rated_everything_is_told_so(self):
        self.write("r.csv", ratings() + "".join(f"77,Film {i},3\n" for i in range(ITEMS)))
        self.write("v.csv", "user,item,rating\n1,Film 1,3\n")
        self.train("--valid-ratings", "v.csv", "--export", "m.pt")
        result = self.done("recommend", "--model", "m.pt", "--user", "77")
        self.assertEqual(result.stdout, "")
        self.assertEqual(self.said(result), ["user '77' has rated every item; none is left to recommend"])
        report = json.loads(self.done("recommend", "--model", "m.pt", "--user", "77", "--json").stdout)
        self.assertEqual((report["results"], [warning["code"] for warning in self.warnings_of(report)]), ([], ["no_items"]))


class TrainingRatings(EmbarkTest):
    def setUp(self):
        super().setUp()
        self.write("r.csv", ratings())
        self.write("new.csv", "user,item,rating\n1,Film 1,3\n2,Film 77,4\n99,Film 1,2\n98,Film 1,2\n")

    def test_validation_and_test_ratings_say_what_is_unknown(self):
        result = self.train("--valid-ratings", "new.csv", "--test-ratings", "new.csv", "--json")
        report = json.loads(result.stdout)
        self.assertEqual(report["unknown"], {"user": 2, "item": 1})
        self.assertEqual(report["test_unknown"], {"user": 2, "item": 1})
        self.assertAlmostEqual(report["test_rmse"], report["valid_rmse"], places=6)
        said = self.said(result)
        self.assertEqual(said[:2], ["in the validation ratings, column 'item' has 1 value that training did not have; taken as unknown",
                                    "in the validation ratings, column 'user' has 2 values that training did not have; taken as unknown"])
        self.assertIn("in the test ratings, column 'user' has 2 values", said[3])
        self.assertEqual([warning["message"] for warning in self.warnings_of(report)], said)
        self.assertIn("test_rmse", self.train("--test-ratings", "new.csv").stdout)

    @unittest.skipIf(pyarrow is None, "pyarrow is not there")
    def test_streamed_ratings_say_the_same(self):
        for name in ("r", "new"):
            columns = {"user": [], "item": [], "rating": []}
            for row in csv.DictReader(io.StringIO((self.folder / f"{name}.csv").read_text())):
                columns["user"].append(int(row["user"]))
                columns["item"].append(row["item"])
                columns["rating"].append(float(row["rating"]))
            columns["user"][0] = None
            pyarrow.parquet.write_table(pyarrow.table(columns), self.folder / f"{name}.parquet", row_group_size=20)
        results = [self.train("--valid-ratings", "new.parquet", "--json", *stream, file="r.parquet") for stream in ((), ("--stream",))]
        self.assertEqual(self.said(results[0]), self.said(results[1]))
        self.assertEqual(self.said(results[0])[0], "column 'user' has no id in 1 rating of the training part; they are kept as "
                                                   "those of #na#, which stands for unknown ids")
        reports = [json.loads(result.stdout) for result in results]
        self.assertEqual(reports[0]["unknown"], {"user": 2, "item": 1})
        self.assertEqual(reports[0]["unknown"], reports[1]["unknown"])
        drawn = json.loads(self.train("--stream", "--json", file="r.parquet").stdout)
        self.assertEqual(set(drawn["unknown"]), {"user", "item"})

    def test_ids_written_as_floats_are_integers(self):
        self.write("f.csv", ratings(user=lambda number: f"{number}.0"))
        self.assertEqual(self.said(self.train("--export", "f.pt", file="f.csv")), [])
        self.write("one.csv", "user,item\n3,Film 1\n")
        self.assertEqual(self.said(self.done("predict", "--model", "f.pt", "--input", "one.csv")), [])

    def test_one_odd_id_among_integers_is_said_and_changes_no_other(self):
        self.write("odd.csv", ratings() + "007,Film 1,3\n" * 20 + "7.0,Film 1,3\n")
        self.write("v.csv", "user,item,rating\n7.0,Film 1,3\n")
        result = self.train("--export", "odd.pt", "--json", "--valid-ratings", "v.csv", file="odd.csv")
        report = json.loads(result.stdout)
        self.assertEqual([warning["code"] for warning in self.warnings_of(report)], ["mixed_ids", "merged_ids"])
        self.assertIn("column 'user' has 1 id that is not an integer among 13, first '007'", report["warnings"][0]["message"])
        self.assertIn("such as '7' and '7.0'", report["warnings"][1]["message"])
        self.assertEqual(report["users"], 13)
        self.write("two.csv", "user,item\n7,Film 1\n7.0,Film 1\n007,Film 1\n")
        predicted = self.done("predict", "--model", "odd.pt", "--input", "two.csv")
        answers = [row["prediction"] for row in csv.DictReader(io.StringIO(predicted.stdout))]
        self.assertEqual(answers[0], answers[1])
        self.assertNotEqual(answers[0], answers[2])
        self.assertEqual(self.said(predicted), [])

    def test_ratings_without_an_id_are_said(self):
        self.write("m.csv", ratings() + ",Film 1,3\n , Film 2 ,4\n")
        self.write("v.csv", "user,item,rating\n1,Film 1,3\n")
        result = self.train("--json", "--valid-ratings", "v.csv", file="m.csv")
        report = json.loads(result.stdout)
        self.assertEqual([warning["code"] for warning in self.warnings_of(report)], ["missing_ids"])
        self.assertIn("column 'user' has no id in 2 ratings of the training part; they are kept", report["warnings"][0]["message"])
        self.assertEqual((report["users"], report["items"]), (USERS, ITEMS))
        self.write("none.csv", "user,item,rating\n" + ",Film 1,3\n" * 20)
        self.assert_refused(self.train(file="none.csv", run=self.run_embark), 1, "Column 'user' has no id in its 16 training ratings")


class Tables(EmbarkTest):
    def setUp(self):
        super().setUp()
        rows = [f"{20 + i % 40},{'oslo' if i % 3 else 'bergen'},{'yes' if (i % 3) and i % 5 else 'no'}" for i in range(120)]
        self.write("t.csv", "age,city,y\n" + "\n".join(rows) + "\n")
        self.done("train", "tabular", "--csv", "t.csv", "--target", "y", "--cont", "age", "--cat", "city", "--epochs", 1,
                  "--export", "t.pt")

    def predict(self, text, *words):
        self.write("new.csv", text)
        return self.done("predict", "--model", "t.pt", "--input", "new.csv", *words)

    def test_a_column_of_unknown_categories_alone_is_shown_beside_training_s(self):
        result = self.predict("age,city\n30,OSLO\n31,BERGEN\n", "--json")
        said = ["all 2 values of column 'city' are unknown: they look like 'OSLO', training had 'bergen'"]
        self.assertEqual(self.said(result), said)
        report = json.loads(result.stdout)
        self.assertEqual(report["unknown"], {"city": 2})
        self.assertEqual(report["warnings"], [{"code": "unknown_values", "message": said[0]}])

    def test_columns_of_the_input_are_never_replaced(self):
        result = self.predict("age,city,probability_no,prediction_2\n30,oslo,0.9,x\n")
        row = next(csv.DictReader(io.StringIO(result.stdout)))
        self.assertEqual(list(row), ["age", "city", "probability_no", "prediction_2", "prediction_3", "probability_no_3", "probability_yes_3"])
        self.assertEqual((row["probability_no"], row["prediction_2"]), ("0.9", "x"))
        self.assertEqual(self.said(result), ["the input has a column 'probability_no' already; the predictions are in prediction_3, "
                                             "probability_no_3, probability_yes_3"])

    @unittest.skipIf(torch is None, "torch is not there")
    def test_the_exported_file_refuses_infinite_numbers_by_name(self):
        module = torch.jit.load(str(self.folder / "t.pt"))
        labels, probabilities = module.predict({"city": ["oslo"]}, {"age": [float("nan")]})
        self.assertEqual(len(labels), 1)
        for wrong in (float("inf"), -float("inf"), 1e39, -3.41e38):
            with self.assertRaisesRegex(Exception, "column 'age': .* is not a number up to 3.4e38"):
                module.predict({"city": ["oslo", "oslo"]}, {"age": [3.0, wrong]})
        module.predict({"city": ["oslo"]}, {"age": [3.4e38]})
        for wrong in ("inf", "-inf", "1e39"):
            self.write("new.csv", f"age,city\n{wrong},oslo\n")
            self.assertEqual(self.run_embark("predict", "--model", "t.pt", "--input", "new.csv").returncode, 1)


class WrittenFiles(EmbarkTest):
    def setUp(self):
        super().setUp()
        self.write("r.csv", ratings())

    def refused(self, *words):
        return self.train(*words, run=self.run_embark)

    def test_export_replaces_no_file_that_the_run_reads(self):
        before = (self.folder / "r.csv").read_text()
        self.write("v.csv", before)
        os.symlink("r.csv", self.folder / "link")
        for words in (["--export", "r.csv"], ["--export", "./r.csv"], ["--export", self.folder / "r.csv"], ["--export", "link"],
                      ["--valid-ratings", "v.csv", "--export", "v.csv"], ["--test-ratings", "v.csv", "--export", "v.csv"]):
            self.assert_refused(self.refused(*words), 2, "would replace", "which this run reads")
        os.mkdir(self.folder / "run")
        self.assert_refused(self.refused("--checkpoint-dir", "run", "--export", "./run/checkpoint.safetensors"), 2,
                            "would replace the checkpoint")
        self.assertEqual((self.folder / "r.csv").read_text(), before)
        self.assertEqual((self.folder / "v.csv").read_text(), before)
        os.mkdir(self.folder / "ml-latest-small")
        ratings_file = self.write("ml-latest-small/ratings.csv", before.replace("user,item", "userId,movieId"))
        known = self.run_embark("train", "collab", "--dataset", "ml-latest-small", "--data-dir", ".", "--export", ratings_file)
        self.assert_refused(known, 2, f"--export {ratings_file} would replace", "which this run reads")
        table = self.run_embark("train", "tabular", "--csv", "r.csv", "--target", "rating", "--test-csv", "v.csv", "--export", "v.csv")
        self.assert_refused(table, 2, "--export v.csv would replace v.csv, which this run reads")

    def test_devices_pipes_and_folders_are_no_files_to_export_to(self):
        os.mkfifo(self.folder / "pipe")
        os.mkdir(self.folder / "folder")
        os.symlink("/dev/null", self.folder / "null")
        for target, what in (("pipe", "a pipe"), ("folder", "a folder"), ("null", "a device"), ("/dev/null", "a device")):
            self.assert_refused(self.refused("--export", target), 1, f"Cannot write {target}: it is {what}, not a file")
        self.assertTrue(stat.S_ISFIFO(os.stat(self.folder / "pipe").st_mode))

    def test_export_writes_through_links(self):
        os.mkdir(self.folder / "store")
        os.symlink("store/m.pt", self.folder / "link.pt")
        for _ in range(2):
            self.train("--export", "link.pt")
            self.assertTrue((self.folder / "link.pt").is_symlink())
            self.assertEqual(os.listdir(self.folder / "store"), ["m.pt"])
        self.done("inspect", "store/m.pt")


if __name__ == "__main__":
    unittest.main()
