#!/usr/bin/env python3
"""Tests that `embark train` calls no failed training a success: EMBARK names the program to test."""

import json
import math
import random
import unittest

from embark_case import EmbarkCase


def table(rows, target, names="x,y"):
    """A CSV file of numbers x in steps of 0.01, and what `target` makes of each."""
    return "\n".join([names] + [f"{i / 100},{target(i)}" for i in range(rows)]) + "\n"


def ratings(n, rating, users=40, items=25):
    """Different pairs of users and items, and what `rating` makes of their number."""
    pairs = [(i % users, (i * 7 + i // users) % items) for i in range(n)]
    return "user,item,rating\n" + "".join(f"u{u},i{i},{rating(n)}\n" for n, (u, i) in enumerate(pairs))


class TrainingTest(EmbarkCase):
    def table(self, text, *words):
        (self.folder / "t.csv").write_text(text)
        return self.run_embark("train", "tabular", "--csv", "t.csv", "--target", "y", *words)

    def ratings(self, text, *words):
        (self.folder / "r.csv").write_text(text)
        return self.run_embark("train", "collab", "--ratings", "r.csv", "--user", "user", "--item", "item",
                               "--rating", "rating", *words)

    def report(self, result):
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout)

    def codes(self, report):
        return [warning["code"] for warning in report["warnings"]]

    def assert_failed(self, result, code, *parts):
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertEqual(result.stdout, "")
        last = result.stderr.splitlines()[-1]
        for part in parts:
            self.assertIn(part, last)
        self.assertFalse((self.folder / "m.pt").exists())


class Presets(TrainingTest):
    def test_values_of_any_size_are_learned_where_no_preset_is_named(self):
        noise = random.Random(1)
        for middle, size in ((350_545, 122_420), (12, 3), (-5e6, 1e4)):
            text = table(500, lambda i: middle + size * (math.sin(i / 80) + noise.gauss(0, 0.2)))
            with self.subTest(middle=middle):
                report = self.report(self.table(text, "--json", "--export", "m.pt"))
                self.assertEqual(report["preset"], "default")
                self.assertGreater(report["metrics"]["r2_score"], 0.8)
                self.assertNotIn("worse_than_baseline", self.codes(report))
        predicted = self.run_embark("predict", "--model", "m.pt", "--input", "t.csv")
        values = [float(line.split(",")[-1]) for line in predicted.stdout.splitlines()[1:]]
        self.assertAlmostEqual(sum(values) / len(values) / -5e6, 1, places=2)

    def test_few_rows_get_steps_enough_and_many_epochs_are_not_asked_for(self):
        report = self.report(self.table(table(60, lambda i: 1000 + 10 * i), "--json"))
        self.assertLessEqual(len(report["epochs"]), 200)
        self.assertGreater(report["metrics"]["r2_score"], 0.9)
        self.assertEqual(len(self.report(self.table(table(60, lambda i: i), "--json", "--epochs", 2))["epochs"]), 2)

    def test_an_outlier_among_the_numbers_does_not_hide_the_others_in_the_exported_file_too(self):
        noise = random.Random(2)
        rows = [(x := noise.gauss(10, 3), 2000 + 150 * x) for _ in range(800)]
        text = "x,z,y\n" + "".join(f"{x * (1000 if i % 50 == 7 else 1)},{x + noise.gauss(0, 9)},{y}\n"
                                   for i, (x, y) in enumerate(rows))
        report = self.report(self.table(text, "--json", "--export", "m.pt"))
        self.assertGreater(report["metrics"]["r2_score"], 0.7)
        self.assertEqual(self.run_embark("predict", "--model", "m.pt", "--input", "t.csv").returncode, 0)

    def test_ratings_are_learned_where_no_preset_is_named(self):
        text = ratings(900, lambda n: 1 + (n % 40 + n * 7 % 25) % 5)
        report = self.report(self.ratings(text, "--json"))
        self.assertEqual((report["preset"], report["warnings"]), ("default", []))
        self.assertLess(report["valid_rmse"], 1.4)
        fastai = self.report(self.ratings(text, "--json", "--preset", "fastai"))
        self.assertEqual(self.codes(fastai), ["worse_than_baseline"])
        self.assertEqual(self.ratings(text, "--preset", "fastia").returncode, 2)


class Baselines(TrainingTest):
    def test_a_model_that_is_worse_than_the_mean_says_so(self):
        result = self.table(table(500, lambda i: 350_000 + i), "--preset", "fastai", "--json")
        report = self.report(result)
        self.assertLess(report["metrics"]["r2_score"], 0)
        self.assertEqual(self.codes(report), ["worse_than_baseline"])
        self.assertIn("worse than its mean", result.stderr)

    def test_a_model_that_is_worse_than_the_most_frequent_class_says_so(self):
        noise = random.Random(3)
        text = table(300, lambda i: "no" if noise.random() < 0.9 else "yes")
        report = self.report(self.table(text, "--json", "--epochs", 1, "--lr", 3, "--preset", "fastai"))
        worse = report["metrics"]["accuracy"] < 0.8
        self.assertEqual("worse_than_baseline" in self.codes(report), worse)

    def test_no_epoch_is_no_training(self):
        for report in (self.report(self.table(table(50, lambda i: i), "--epochs", 0, "--json")),
                       self.report(self.ratings(ratings(90, lambda n: n % 5), "--epochs", 0, "--json"))):
            self.assertEqual(self.codes(report), ["not_trained"])


class NotFinite(TrainingTest):
    def test_a_learning_rate_that_is_far_too_high_is_a_failure_that_names_the_epoch(self):
        text = table(400, lambda i: 1000 + 3 * i)
        self.assert_failed(self.table(text, "--lr", "1e30", "--export", "m.pt"), 1, "Training failed", "epoch 0")
        self.assert_failed(self.ratings(ratings(900, lambda n: 1 + n % 5), "--lr", "1e30", "--y-range", "none",
                                        "--export", "m.pt"), 1, "Training failed", "epoch")

    def test_the_last_finite_checkpoint_stays(self):
        text = ratings(900, lambda n: 1 + n % 5)
        words = ("--epochs", 3, "--no-fused", "--y-range", "none", "--checkpoint-every", 1, "--resume", "run")
        self.assert_failed(self.ratings(text, *words, "--lr", "1e30"), 1, "Training failed")
        checkpoint = self.folder / "run" / "checkpoint.safetensors"
        if checkpoint.exists():
            self.assertNotIn(b"\x00\x00\xc0\x7f" * 8, checkpoint.read_bytes())

    def test_targets_that_are_too_large_name_their_row_in_both_commands(self):
        for huge in ("1e20", "-1e39", "1e300"):
            with self.subTest(huge=huge):
                place = ("row 8 (line 9)", "too large")
                self.assert_failed(self.table(table(50, lambda i: huge if i == 7 else i + 0.5)), 1, "t.csv", "'y'", *place)
                self.assert_failed(self.ratings(ratings(50, lambda n: huge if n == 7 else n % 5)), 1, "r.csv", "'rating'",
                                   *place)


class Ranges(TrainingTest):
    def test_ratings_outside_the_range_are_an_error_with_the_range_found(self):
        text = ratings(300, lambda n: -7 + n % 5)
        self.assert_failed(self.ratings(text, "--y-range", 0, 5.5, "--export", "m.pt"), 1, "from -7 to -3", "from 0 to 5.5",
                           "--allow-outside")
        report = self.report(self.ratings(text, "--y-range", 0, 5.5, "--allow-outside", "--json"))
        self.assertEqual(self.codes(report)[0], "ratings_outside_range")
        for words in ((), ("--y-range", "none"), ("--y-range", -7.5, -2.5), ("--y-range", -7, -3)):
            report = self.report(self.ratings(text, "--json", *words))
            self.assertNotIn("ratings_outside_range", self.codes(report))
            self.assertLess(report["valid_rmse"], 3)

    def test_a_range_is_two_numbers_or_none(self):
        text = ratings(100, lambda n: n % 5)
        for words in (("none", 5), ("some",), (1,), (0, 0), (5, 1), ("nan", 3)):
            with self.subTest(words=words):
                self.assertEqual(self.ratings(text, "--y-range", *words).returncode, 2)


class UndefinedMetrics(TrainingTest):
    def test_of_one_class_in_validation_the_reason_stands_beside_nan(self):
        text = table(100, lambda i: "no" if i < 20 or i % 2 else "yes")
        result = self.table(text, "--valid-rows", "0:20", "--epochs", 2)
        self.assertIn("valid_roc_auc nan (there are 20 rows, all of one class)", result.stdout)
        report = self.report(self.table(text, "--valid-rows", "0:20", "--epochs", 2, "--json"))
        self.assertIsNone(report["metrics"]["roc_auc"])
        self.assertIn("metric_undefined", self.codes(report))

    def test_a_validation_part_of_one_row_and_of_equal_targets(self):
        result = self.table(table(100, lambda i: i + 0.5), "--valid-rows", "3:4", "--epochs", 2)
        self.assertIn("valid_r2_score nan (it needs two rows, and there is one)", result.stdout)
        report = self.report(self.table(table(100, lambda i: max(i, 10) + 0.5), "--valid-rows", "0:9", "--json"))
        self.assertEqual(self.codes(report), ["metric_undefined"])


class FewRows(TrainingTest):
    def test_batches_of_one_row_are_trained_with_batch_norm_too(self):
        text = table(60, lambda i: i + 0.5)
        report = self.report(self.table(text, "--preset", "fastai", "--batch-size", 1, "--epochs", 1, "--json"))
        self.assertIn("batch_of_one_row", self.codes(report))
        self.assertNotIn("batch_of_one_row", self.codes(self.report(self.table(text, "--batch-size", 1, "--epochs", 1, "--json"))))
        # 48 rows for training in batches of 47, and one that is left.
        self.report(self.table(text, "--preset", "fastai", "--batch-size", 47, "--epochs", 2, "--json"))

    def test_tables_of_two_to_five_rows_train_or_say_in_a_sentence_why_not(self):
        for rows in range(1, 6):
            for words in ((), ("--preset", "fastai"), ("--valid-rows", "0:1")):
                with self.subTest(rows=rows, words=words):
                    result = self.table(table(rows, lambda i: i + 0.5), *words)
                    self.assertIn(result.returncode, (0, 1), result.stderr)
                    self.assertNotIn("Expected more than 1 value", result.stderr)
                    self.assertLessEqual(len(max(result.stderr.splitlines(), key=len)), 400)


if __name__ == "__main__":
    unittest.main()
