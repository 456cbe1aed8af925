#!/usr/bin/env python3
"""Targets of several labels a row, from training to the exported file: EMBARK names the program to test."""

import csv
import io
import json
import unittest

from embark_case import EmbarkCase

try:
    import torch
except ImportError:
    torch = None


class MultiLabelTest(EmbarkCase):
    def setUp(self):
        super().setUp()
        lines = ["city,age,tags"]
        for row in range(400):
            labels = [name for name, there in (("warm", row % 4 < 2), ("old", row % 80 >= 40), ("far", row % 4 == 3)) if there]
            lines.append(f"{('Rome', 'Cairo', 'Oslo', 'Lima')[row % 4]},{row % 80 + 0.5},{' ; '.join(labels)}")
        (self.folder / "t.csv").write_text("\n".join(lines) + "\n")

    def train(self, *words):
        return self.run_embark("train", "tabular", "--csv", "t.csv", "--target", "tags", *words)

    def test_labels_are_learned_and_predicted_alike_by_program_and_file(self):
        result = self.train("--multi-label", ";", "--export", "t.pt", "--json", "--epochs", 40)
        self.assertEqual(result.returncode, 0, result.stderr)
        report = json.loads(result.stdout)
        self.assertEqual(report["classes"], {"tags": ["far", "old", "warm"]})
        self.assertGreater(report["metrics"]["accuracy_multi"], 0.95)
        self.assertGreater(report["metrics"]["f1_score_multi"], 0.9)
        column = next(column for column in report["columns"] if column["name"] == "tags")
        self.assertEqual((column["kind"], column["distinct"], column["missing"]), ("class", 3, 50))
        (self.folder / "new.csv").write_text("city,age\nRome,70\nLima,3\nOslo,10\nLima,75\n")
        predicted = self.run_embark("predict", "--model", "t.pt", "--input", "new.csv")
        rows = list(csv.DictReader(io.StringIO(predicted.stdout)))
        labels = [row["prediction"] for row in rows]
        self.assertEqual(labels, ["old;warm", "far", "", "far;old"])
        self.assertEqual(list(rows[0])[2:], ["prediction", "probability_far", "probability_old", "probability_warm"])
        if torch is None:
            return
        module = torch.jit.load(str(self.folder / "t.pt"))
        names, probabilities = module.predict({"city": ["Rome", "Lima", "Oslo", "Lima"]}, {"age": [70.0, 3.0, 10.0, 75.0]})
        self.assertEqual(names, labels)
        self.assertAlmostEqual(probabilities[0, 1].item(), float(rows[0]["probability_old"]), delta=1e-6)
        self.assertEqual(module.predict({"city": []}, {"age": []})[0], [])

    def test_thresholds_that_are_chosen_decide_in_the_file_too(self):
        lines = ["city,age,tags"]
        for row in range(400):
            labels = [name for name, there in (("old", row % 80 >= 40), ("odd", row % 80 >= 40 and row % 3 == 0)) if there]
            lines.append(f"Rome,{row % 80 + 0.5},{';'.join(labels)}")
        (self.folder / "t.csv").write_text("\n".join(lines) + "\n")
        result = self.train("--multi-label", ";", "--choose-thresholds", "--export", "t.pt", "--json", "--epochs", 20)
        self.assertEqual(result.returncode, 0, result.stderr)
        odd, old = json.loads(result.stdout)["thresholds"]["tags"]
        self.assertLess(odd, 0.5)  # a third of the old ones are odd, so that it is never probable
        predicted = self.run_embark("predict", "--model", "t.pt", "--input", "t.csv")
        rows = list(csv.DictReader(io.StringIO(predicted.stdout)))
        for row in rows:
            p_odd, p_old = float(row["probability_odd"]), float(row["probability_old"])
            if min(abs(p_odd - odd), abs(p_old - old)) < 1e-5:
                continue
            expected = ";".join(name for name, there in (("odd", p_odd > odd), ("old", p_old > old)) if there)
            self.assertEqual(row["prediction"], expected)
        self.assertTrue(any("odd" in row["prediction"] for row in rows))
        self.assertIn("threshold old 0.", self.train("--multi-label", ";", "--choose-thresholds", "--epochs", 2).stdout)

    def test_best_preset_and_several_targets(self):
        text = (self.folder / "t.csv").read_text().splitlines()
        lines = [text[0] + ",price"] + [f"{line},{100 + 3 * i % 17}.5" for i, line in enumerate(text[1:])]
        (self.folder / "t.csv").write_text("\n".join(lines) + "\n")
        result = self.run_embark("train", "tabular", "--csv", "t.csv", "--target", "tags,price", "--values", "price",
                                 "--multi-label", ";", "--preset", "best", "--epochs", 2, "--export", "t.pt", "--json")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("accuracy_multi_tags", json.loads(result.stdout)["metrics"])
        predicted = self.run_embark("predict", "--model", "t.pt", "--input", "t.csv")
        self.assertEqual(predicted.returncode, 0, predicted.stderr)
        self.assertIn("probability_tags_warm", predicted.stdout.splitlines()[0])

    def test_what_cannot_be_right_is_refused(self):
        for code, words, part in [(1, ["--multi-label", ","], "No row of target 'tags' of t.csv has more than one label"),
                                  (2, ["--multi-label", ";", "--class-weight", "balanced"], "several labels"),
                                  (2, ["--multi-label", ";", "--metrics", "accuracy"], "not for targets of labels"),
                                  (2, ["--choose-thresholds", "--drop-missing-target"], "--multi-label ';' for a;b"),
                                  (2, ["--multi-label", ""], "--multi-label")]:
            with self.subTest(words=words):
                result = self.train("--epochs", 1, *words)
                self.assertEqual((result.returncode, result.stdout), (code, ""), result.stderr)
                self.assertIn(part, result.stderr.splitlines()[-1])


if __name__ == "__main__":
    unittest.main()
