#!/usr/bin/env python3
"""Which rows validate, and what rows, classes and categories count: EMBARK names the program to test."""

import json
import unittest

from embark_case import EmbarkCase


class SplitTest(EmbarkCase):
    def setUp(self):
        super().setUp()
        lines = ["age,store,when,side,n,city,y"]
        for row in range(100):
            city = "Rome" if row % 2 else "Oslo" if row % 3 else f"Village {row}"
            lines.append(f"{20.5 + row % 37},s{row % 10},2024-{1 + row // 25:02d}-{1 + row % 25:02d},"
                         f"{'true' if row % 4 == 0 else 'false'},{row % 3},{city},{'yes' if row % 5 == 0 else 'no'}")
        self.table = self.write("table.csv", "\n".join(lines) + "\n")
        ratings = ["user,item,rating,time"]
        for user in range(12):
            for k in range(1 if user == 0 else 5):
                ratings.append(f"u{user},i{(user + k) % 7},{1 + (user * k) % 5},{1000 - 7 * k}")
        self.ratings = self.write("ratings.csv", "\n".join(ratings) + "\n")

    def write(self, name, text):
        (self.folder / name).write_text(text)
        return self.folder / name

    def train(self, *words):
        return self.run_embark("train", "tabular", "--csv", self.table, "--target", "y", "--epochs", 1, *words)

    def rate(self, *words):
        return self.run_embark("train", "collab", "--ratings", self.ratings, "--user", "user", "--item", "item", "--rating",
                               "rating", "--factors", 4, "--epochs", 1, *words)

    def report(self, run, *words):
        result = run(*words, "--json")
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout), result.stderr

    def refused(self, code, part, run, *words):
        result = run(*words)
        self.assertEqual((result.returncode, result.stdout), (code, ""), result.stderr)
        self.assertIn(part, result.stderr)
        self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)

    def test_tables_are_split_in_five_ways(self):
        report, _ = self.report(self.train, "--split", "stratified")
        self.assertEqual((report["train_rows"], report["valid_rows"]), (80, 20))
        report, _ = self.report(self.train, "--split", "time", "--time", "when", "--valid-pct", "0.25")
        self.assertEqual(report["valid_rows"], 25)
        self.assertIn("when", report["date_names"])
        report, errors = self.report(self.train, "--split", "group", "--group", "store")
        self.assertEqual(report["valid_rows"], 20)
        self.assertNotIn("store", report["cat_names"])
        self.assertIn("column 'store' says how rows are split and is not predicted from", errors)
        report, errors = self.report(self.train, "--split", "column", "--split-column", "side")
        self.assertEqual(report["valid_rows"], 25)
        self.assertNotIn("side", report["cat_names"])
        self.assertIn("'side'", errors)
        self.assertEqual(self.report(self.train, "--split", "random")[0]["metrics"], self.report(self.train)[0]["metrics"])

    def test_ratings_are_split_by_time_and_by_each_users_last(self):
        report, _ = self.report(self.rate, "--split", "leave-last-out", "--time", "time")
        self.assertEqual((report["train_ratings"], report["valid_ratings"]), (1 + 11 * 4, 11))
        report, _ = self.report(self.rate, "--split", "time", "--time", "time")
        self.assertEqual(report["valid_ratings"], 12)  # of the latest time, the first of each user
        lines = self.ratings.read_text().replace("time", "when").splitlines()
        dated = [line.rsplit(",", 1)[0] + f",{1 + i % 12}/28/2024" for i, line in enumerate(lines)]
        dated = self.write("dated.csv", "\n".join([lines[0], *dated[1:]]) + "\n")
        words = ["--ratings", dated, "--user", "user", "--item", "item", "--rating", "rating", "--split", "leave-last-out",
                 "--time", "when", "--epochs", 1, "--json"]
        self.assertEqual(self.run_embark("train", "collab", *words).returncode, 1)
        result = self.run_embark("train", "collab", *words, "--date-format", "%m/%d/%Y")
        self.assertEqual(json.loads(result.stdout)["valid_ratings"], 11, result.stderr)

    def test_what_contradicts_is_wrong_usage(self):
        cases = [(["--split", "sideways"], "it is one of random, stratified, time, group, column"),
                 (["--split", "leave-last-out", "--time", "when"], "Invalid --split leave-last-out"),
                 (["--split", "time"], "--split time needs a column: give --time NAME"),
                 (["--time", "when"], "--time when is for --split time"),
                 (["--split", "group", "--time", "when", "--group", "store"], "--time when is for --split time"),
                 (["--split", "random", "--valid-rows", "0:9"], "--split random or --valid-rows, not both"),
                 (["--split", "random", "--valid-csv", "table.csv"], "--valid-csv, not both"),
                 (["--split", "column", "--split-column", "side", "--valid-pct", "0.3"], "--valid-pct does not go with"),
                 (["--split", "group", "--group", "store", "--cat", "store"], "--group store names a column that says how"),
                 (["--class-weight", "heavy"], "it is none or balanced"), (["--min-count", "0"], "Invalid --min-count 0"),
                 (["--weight", "n", "--cont", "n"], "'n' has the rows' weights")]
        for words, part in cases:
            with self.subTest(words=words):
                self.refused(2, part, self.train, *words)
        self.refused(2, "it is one of random, time, leave-last-out", self.rate, "--split", "group")
        self.refused(2, "--time time is for --split time or --split leave-last-out", self.rate, "--time", "time")
        self.refused(2, "--date-format %d.%m.%Y is for the column of --time", self.rate, "--date-format", "%d.%m.%Y")
        self.refused(2, "--valid-ratings, not both", self.rate, "--split", "random", "--valid-ratings", "ratings.csv")
        self.refused(1, "There is no column 'whn'", self.train, "--split", "time", "--time", "whn")

    def test_weights_of_rows_count_and_are_no_feature(self):
        report, _ = self.report(self.train, "--weight", "n")
        self.assertNotIn("n", report["cat_names"] + report["cont_names"])
        self.assertNotEqual(report["epochs"][0]["train_loss"],
                            self.report(self.train, "--cat", "city", "--cont", "age")[0]["epochs"][0]["train_loss"])
        bad = self.table.read_text().replace("2024-01-02,false,1", "2024-01-02,false,-1")
        result = self.run_embark("train", "tabular", "--csv", self.write("bad.csv", bad), "--target", "y", "--weight", "n")
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("bad.csv, row 2 (line 3), column 'n': -1 is not a weight", result.stderr)

    def test_classes_can_count_the_same(self):
        plain, _ = self.report(self.train, "--seed", 1)
        balanced, _ = self.report(self.train, "--seed", 1, "--class-weight", "balanced")
        self.assertNotEqual(plain["valid_loss"], balanced["valid_loss"])
        result = self.run_embark("train", "tabular", "--csv", self.table, "--target", "age", "--class-weight", "balanced")
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertIn("is for targets that are classes", result.stderr)

    def test_rare_categories_are_one(self):
        for words, size in (([], None), (["--min-count", 5], 3)):
            report, _ = self.report(self.train, *words, "--export", "model.pt", "--cat", "city")
            info = json.loads(self.run_embark("inspect", "model.pt", "--json").stdout)
            if size:
                self.assertEqual(info["vocabulary_sizes"]["city"], size)  # #na#, Oslo and Rome
            else:
                self.assertGreater(info["vocabulary_sizes"]["city"], 10)


if __name__ == "__main__":
    unittest.main()
