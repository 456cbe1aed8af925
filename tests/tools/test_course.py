#!/usr/bin/env python3
"""Tests of `embark course`, on small made data in the form of the real sets: EMBARK names the program to test."""

import json
import os
import random
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

EMBARK = os.environ["EMBARK"]
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "EMBARK_DATA"}


def movielens_100k(folder, chance):
    users, films = range(1, 46), range(1, 91)
    rows = [f"{user}\t{film}\t{chance.choice([1, 2, 3, 4, 5])}\t{880000000 + chance.randrange(10**6)}"
            for user in users for film in films if chance.random() < 0.6]
    (folder / "u.data").write_text("\n".join(rows) + "\n")
    lines = []
    for film in films:
        genres = "|".join(chance.choice("01") for _ in range(19))
        lines.append(f"{film}|Caf\xe9 {film} (1995)|01-Jan-{1980 + film % 20}||http://example.org/{film}|{genres}")
    (folder / "u.item").write_bytes(("\n".join(lines) + "\n").encode("latin-1"))
    (folder / "u.user").write_text("".join(
        f"{user}|{20 + user % 40}|{'MF'[user % 2]}|{['student', 'artist', 'writer'][user % 3]}|1{user:04}\n" for user in users))


def latest_small(folder, chance):
    rows = [f"{user},{film},{chance.randrange(1, 11) / 2},{964982703 + film}"
            for user in range(1, 31) for film in range(1, 61) if chance.random() < 0.5]
    (folder / "ratings.csv").write_text("userId,movieId,rating,timestamp\n" + "\n".join(rows) + "\n")


def adult(folder, chance):
    choices = [["Private", "State-gov", "?"], None, ["Bachelors", "HS-grad", "Masters"], None,
               ["Married", "Divorced", "Never-married"], ["Sales", "Tech-support", "?"], ["Wife", "Husband"],
               ["White", "Black"], ["Male", "Female"], None, None, None, ["United-States", "Mexico"]]
    rows = []
    for _ in range(500):
        values = [str(chance.choice(names)) if names else str(chance.randrange(1, 5000)) for names in choices]
        rows.append(", ".join([str(chance.randrange(17, 80)), *values, chance.choice(["<=50K", ">50K"])]))
    (folder / "adult.data").write_text("\n".join(rows) + "\n")


def womens_reviews(folder, chance):
    words = "soft dress lovely small large fit colour poor fabric love return".split()
    rows = ["Clothing ID,Age,Title,Review Text,Rating,Recommended IND,Positive Feedback Count,Division Name,"
            "Department Name,Class Name"]
    for i in range(300):
        text = " ".join(chance.choice(words) for _ in range(12))
        rows.append(f"{i},{chance.randrange(18, 80)},,{text},{chance.randrange(1, 6)},{chance.randrange(2)},"
                    f"{chance.randrange(30)},{chance.choice(['General', 'Petite'])},{chance.choice(['Tops', 'Dresses'])},Knits")
    (folder / "reviews.csv").write_text("\n".join(rows) + "\n")


DATA_SETS = {"ml-100k": movielens_100k, "ml-latest-small": latest_small, "adult": adult, "womens-reviews": womens_reviews}
NAMES = """crosstab excel-solver dot-by-hand one-hot batch dot-product lr-find dot-product-range dot-product-bias weight-decay
collab-learner interpret-bias pca similar collab-nn embedding-nn ratings-as-classes lesson5-2018 metadata best-ratings implicit cold-start
feedback-loop adult split-matters multi-target cross-entropy-by-hand gradient-accumulation ensemble bagging freeze
text-image-table weight-decay-by-hand""".split()


class Course(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="embark-course-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        for name, write in DATA_SETS.items():
            (cls.folder / "data" / name).mkdir(parents=True)
            write(cls.folder / "data" / name, random.Random(7))
        (cls.folder / "home").mkdir()

    def run_embark(self, *words, data="data"):
        environment = {**ENVIRONMENT, "HOME": str(self.folder / "home"), "XDG_CACHE_HOME": "", "OMP_NUM_THREADS": "1"}
        words = [EMBARK, "course", *map(str, words), *(["--data-dir", data] if words[0] == "run" else [])]
        return subprocess.run(words, capture_output=True, text=True, cwd=self.folder, timeout=600, env=environment)

    def test_every_experiment_runs_on_a_small_slice(self):
        result = self.run_embark("run", "--all", "--quick", "--json", "--report", "out")
        self.assertEqual(result.returncode, 0, result.stderr)
        found = json.loads(result.stdout)["experiments"]
        self.assertEqual([experiment["name"] for experiment in found], NAMES)
        self.assertEqual({experiment["verdict"] for experiment in found}, {None}, "a small slice is not judged")
        for experiment in found:
            with self.subTest(experiment=experiment["name"]):
                self.assertNotIn("error", experiment)
                self.assertTrue(experiment["checks"])
                self.assertTrue(experiment["tables"] or experiment["steps"])
        page = (self.folder / "out" / "index.html").read_text()
        for name in NAMES:
            self.assertIn(f'<section id="{name}">', page)
            source = f"tools/course/{name.replace('-', '_')}.cpp"
            code = (Path(__file__).parents[2] / source).read_text().split("const Experiment k")[0].strip()
            self.assertIn(f"Code: {source}</summary>\n<pre>{self.escaped(code)}</pre>", page)
        for head in ("The notes.", "What to conclude where every claim holds.", "What to try."):
            self.assertEqual(page.count(f"<b>{head}</b>"), len(NAMES), head)
        self.assertIn("<code>--quick</code>", page)
        self.assertEqual(page.count('<span class="badge not-judged">'), 2 * len(NAMES), "in the summary and at its place")
        self.assertNotIn("FloatType", page)
        self.assertNotIn("experiments have ended", page)
        self.assertIn(page.count("<script src="), (0, 3), "Vega is inside, or where the build has none on a public server")

    @staticmethod
    def escaped(text):
        return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")

    def test_the_list_names_every_experiment(self):
        result = self.run_embark("list")
        self.assertEqual([line.split()[0] for line in result.stdout.splitlines()], NAMES)

    def test_worked_examples_show_their_steps_and_the_same_seed_the_same_figures(self):
        result = self.run_embark("run", "dot-by-hand", "weight-decay-by-hand")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("(a * b).sum(1)", result.stdout)
        self.assertIn("[6, 70]", result.stdout)
        self.assertIn("verdict: as the notes say", result.stdout)
        self.assertIn("verdict: holds: equal are the two gradients, ", result.stdout)
        again = self.run_embark("run", "dot-by-hand", "weight-decay-by-hand")
        without_times = [re.sub(r"[\d.]+ s\b", "", text) for text in (result.stdout, again.stdout)]
        self.assertEqual(*without_times)

    def test_several_seeds_give_mean_and_deviation(self):
        result = self.run_embark("run", "dot-product", "--quick", "--seeds", 3, "--seed", 5, "--json")
        self.assertEqual(result.returncode, 0, result.stderr)
        (experiment,) = json.loads(result.stdout)["experiments"]
        self.assertEqual((experiment["seed"], experiment["seeds"]), (5, 3))
        (column,) = [column for column in experiment["tables"][0]["columns"] if column["name"] == "valid_loss"]
        self.assertGreater(column["values"][0]["deviation"], 0)
        self.assertEqual(column["values"][0]["notes"], 1.2791)

    def test_a_broken_experiment_does_not_stop_the_others(self):
        (self.folder / "half").mkdir()
        (self.folder / "half" / "ml-latest-small").symlink_to(self.folder / "data" / "ml-latest-small")
        result = self.run_embark("run", "batch", "crosstab", "--report", "half_page", data="half")
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stdout, r"batch +[\d.]+ s  no data: Data set ml-100k was not found .*`tools/get-data ml-100k`")
        self.assertRegex(result.stdout, r"crosstab +[\d.]+ s  as the notes say")
        page = (self.folder / "half_page" / "index.html").read_text()
        self.assertIn('<span class="badge no-data">no data</span> Data set ml-100k was not found', page)
        self.assertIn("users: 15 (the notes too)", page)

    def test_a_run_that_is_stopped_leaves_the_page_of_what_ended(self):
        words = [EMBARK, "course", "run", "dot-by-hand", "weight-decay", "--report", "stopped", "--data-dir", "data"]
        with subprocess.Popen(words, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as run:
            while "weight-decay" not in run.stderr.readline():
                self.assertIsNone(run.poll())
            run.terminate()
        self.assertNotEqual(run.returncode, 0)
        page = (self.folder / "stopped" / "index.html").read_text()
        self.assertIn('<section id="dot-by-hand">', page)
        self.assertIn("1 of 2 experiments have ended", page)

    def test_trainings_are_told_apart_by_their_headings(self):
        result = self.run_embark("run", "weight-decay", "--quick", "--report", "two")
        self.assertEqual(result.returncode, 0, result.stderr)
        page = (self.folder / "two" / "index.html").read_text()
        self.assertRegex(page, r'(?s)<h4>With wd 0.1</h4>.*class="plot".*<h4>The same without it \(wd 0.01\)</h4>.*class="plot"')

    def assert_refused(self, result, *parts):
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertEqual(result.stdout, "")
        for part in parts:
            self.assertIn(part, result.stderr)

    def test_wrong_usage_says_what_would_be_right(self):
        self.assert_refused(self.run_embark("run", "wieght-decay"), "did you mean 'weight-decay'")
        self.assert_refused(self.run_embark("run"), "--all")
        self.assert_refused(self.run_embark("run", "batch", "--all"), "--all")
        self.assert_refused(self.run_embark("run", "batch", "--seeds", 0), "--seeds 0")
        self.assert_refused(self.run_embark("run", "batch", "--against", "keras"), "fastai")


if __name__ == "__main__":
    unittest.main()
