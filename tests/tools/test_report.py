#!/usr/bin/env python3
"""Tests of `embark train … --report`: EMBARK names the program to test."""

import html
import json
import re
import signal
import subprocess
import time
import unittest

from embark_case import EMBARK, EmbarkCase
from training_files import ratings_text

HOSTILE = "</script><script>alert(1)</script>"
RATINGS = ["train", "collab", "--ratings", "ratings.csv", "--user", "user", "--item", "item", "--rating", "rating"]


def flats_text(rows=200):
    lines = [f'city,size,price,"{HOSTILE}"']
    for i in range(rows):
        city, size = ["Oslo", "Rome", HOSTILE][i % 3], 20 + i * 37 % 80
        lines.append(f"{city},{size},{1.5 * size + 30 * (i % 3)},{'yes' if size > 55 else 'no'}")
    return "\n".join(lines) + "\n"


class Report(EmbarkCase):
    def setUp(self):
        super().setUp()
        (self.folder / "flats.csv").write_text(flats_text())
        (self.folder / "ratings.csv").write_text(ratings_text(12, 9))

    def page_of(self, *words):
        """The page and the JSON of a training."""
        result = self.run_embark(*words, "--report", "page.html", "--json")
        self.assertEqual(result.returncode, 0, result.stderr)
        page = (self.folder / "page.html").read_text()
        self.assertIn(page.count("<script src="), (0, 3), "Vega is inside, or where the build has none on a public server")
        return page, json.loads(result.stdout)

    def headings(self, page):
        return [html.unescape(text) for text in re.findall(r"<h2>(.*?)</h2>", page.split("</main>")[0])]

    def test_a_model_of_two_targets_shows_confusions_and_residuals(self):
        page, result = self.page_of("train", "tabular", "--csv", "flats.csv", "--target", f"price,{HOSTILE}", "--epochs", 3,
                                    "--export", "flats.pt")
        self.assertEqual(self.headings(page), ["Figures", "Columns", "Training", "Where it is wrong", "Which columns matter",
                                               "Examples of predictions", "Settings", "How to use the model"])
        self.assertIn(f"<td class=\"number\">{result['train_rows']}</td>", page)
        for title in ("Loss", "Metrics", "Schedule", "Confusion matrix", "Residuals of price", "Feature importance"):
            self.assertIn(title, page)
        self.assertIn("<td>size</td>", page)
        self.assertIn("torch.jit.load(&quot;flats.pt&quot;)", page)
        self.assertIn("embark train tabular --csv flats.csv", page)

    def test_nothing_of_the_data_becomes_html(self):
        page, _ = self.page_of("train", "tabular", "--csv", "flats.csv", "--target", HOSTILE, "--epochs", 1)
        self.assertNotIn("<script>alert", page)
        self.assertIn("&lt;script>alert(1)", page)
        self.assertIn("Nothing was exported", page)

    def test_many_classes_are_a_table_of_the_pairs_that_are_confused(self):
        rows = "".join(f"{i % 40},{(i * 7) % 40}\n" for i in range(800))
        (self.folder / "many.csv").write_text("a,b\n" + rows)
        page, _ = self.page_of("train", "tabular", "--csv", "many.csv", "--target", "b", "--classes", "b", "--epochs", 1)
        self.assertNotIn("Confusion matrix", page)
        self.assertIn("<th>actual</th>", page.replace(' class="number"', ""))

    def test_a_model_of_ratings_shows_residuals_and_recommendations(self):
        page, result = self.page_of(*RATINGS, "--epochs", 2, "--export", "films.onnx")
        self.assertIn("Residuals of ratings", page)
        self.assertIn("What is recommended to some users", self.headings(page))
        self.assertIn("ort.InferenceSession(&quot;films.onnx&quot;)", page)
        self.assertIn(f"{result['valid_rmse']:.5g}"[:5], page)

    def test_a_ranking_shows_what_it_recommends_and_its_figures(self):
        for model in ("bag", "ease"):
            page, result = self.page_of(*RATINGS[:8], "--implicit", "--model", model)
            self.assertIn("What is recommended to some users", self.headings(page))
            self.assertEqual("Training" in self.headings(page), model == "bag", "ease is solved, not trained")
            self.assertIn("valid metrics: ndcg@10", page)
            self.assertIn(model, page)
            self.assertEqual(result["model"], model)

    def test_what_cannot_be_written_is_refused_before_the_training(self):
        train = ["train", "tabular", "--csv", "flats.csv", "--target", "price"]
        (self.folder / "page.html").write_text("mine")
        (self.folder / "in.html").write_text(flats_text())
        for words, code, part in ((["--report", "page.txt"], 2, "must end with .html"),
                                  (["--report", ""], 2, "--report is empty"),
                                  (["--report", "none/page.html"], 1, "none"),
                                  (["--report", "page.html", "--export", "./page.html"], 2, "--export writes"),
                                  (["--report", "in.html", "--csv", "in.html"], 2, "which this run reads")):
            words = [*train[:2], *words, *train[2 if "--csv" not in words else 4:]]
            result = self.run_embark(*words)
            self.assertEqual((result.returncode, result.stdout), (code, ""), result.stderr)
            self.assertIn(part, result.stderr)
            self.assertNotIn("train_loss", result.stderr)
        self.assertEqual((self.folder / "page.html").read_text(), "mine")
        self.assertEqual((self.folder / "in.html").read_text(), flats_text())

    def test_a_training_that_is_stopped_leaves_no_page(self):
        words = [EMBARK, *RATINGS, "--epochs", "100000", "--report", "page.html"]
        with subprocess.Popen(words, cwd=self.folder, stderr=subprocess.PIPE, text=True) as run:
            while not run.stderr.readline().startswith("0 "):
                self.assertIsNone(run.poll())
            time.sleep(0.2)
            run.send_signal(signal.SIGINT)
            run.stderr.read()
        self.assertEqual(run.returncode, 130)
        self.assertFalse((self.folder / "page.html").exists())


if __name__ == "__main__":
    unittest.main()
