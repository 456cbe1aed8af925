#!/usr/bin/env python3
"""Interactions through the program: train collab --implicit, evaluate, recommend --users. EMBARK names the program to
test. What it measures is measured again here, by other code."""

import csv
import io
import json
import math
import os
import random
import subprocess
import tempfile
import unittest
from collections import defaultdict
from pathlib import Path

try:
    import numpy
    import onnxruntime
    import torch
except ImportError:
    torch = None

EMBARK = os.environ["EMBARK"]
DATA = Path(os.environ.get("EMBARK_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
MODELS = ["popularity", "item-knn", "ease", "ials", "dot", "bag"]


def run(*words, folder=None, code=0):
    result = subprocess.run([EMBARK, *map(str, words)], capture_output=True, text=True, cwd=folder, timeout=300,
                            env={**os.environ, "OMP_NUM_THREADS": "1"})
    if result.returncode != code:
        raise AssertionError(f"{words}: exit code {result.returncode}\n{result.stderr}")
    return result


def ndcg(ranking, relevant, k):
    gains = sum(1 / math.log2(place + 2) for place, item in enumerate(ranking[:k]) if item in relevant)
    return gains / sum(1 / math.log2(place + 2) for place in range(min(k, len(relevant))))


class RankingsTest(unittest.TestCase):
    """Made events: a user has mostly items of one of four groups."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="embark-test-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        rng = random.Random(3)
        cls.events, later = [], []
        for user in range(80):
            for item in range(60):
                if rng.random() < (0.6 if user % 4 == item % 4 else 0.06):
                    row = (f"u{user}", f"item, {item}", rng.choice([4, 5]) if user % 4 == item % 4 else rng.choice([1, 3, 4]),
                           rng.randrange(10**9))
                    (later if rng.random() < 0.2 else cls.events).append(row)
        cls.later = later
        cls.write("events.csv", cls.events)
        cls.write("later.csv", later)
        with open(cls.folder / "groups.csv", "w", newline="") as file:
            csv.writer(file).writerows([("item", "group"), *((f"item, {i}", f"g{i % 4}") for i in range(60))])

    @classmethod
    def write(cls, name, rows):
        with open(cls.folder / name, "w", newline="") as file:
            csv.writer(file).writerows([("user", "item", "rating", "time"), *rows])

    def train(self, *words, events="events.csv", code=0):
        result = run("train", "collab", "--implicit", "--ratings", events, "--user", "user", "--item", "item", "--json",
                     *words, folder=self.folder, code=code)
        return json.loads(result.stdout) if code == 0 else result.stderr

    def test_every_model_is_better_than_popularity_and_says_both(self):
        for model in MODELS:
            report = self.train("--model", model, "--metrics", "ndcg@10,recall@5,map@3,coverage@10")
            self.assertEqual(set(report["valid_metrics"]), {"ndcg@10", "recall@5", "map@3", "coverage@10"})
            ratio = report["valid_metrics"]["ndcg@10"] / report["popularity_metrics"]["ndcg@10"]
            self.assertGreater(ratio, 0.99 if model == "popularity" else 1.5, model)
            self.assertEqual(report["train_pairs"] + report["valid_pairs"], len(self.events))

    def test_what_evaluate_says_is_what_the_recommendations_give(self):
        users = sorted({user for user, *_ in self.events})
        (self.folder / "users.txt").write_text("\n".join(users) + "\n")
        relevant, had = defaultdict(set), defaultdict(set)
        for user, item, *_ in self.events:
            had[user].add(item)
        for user, item, *_ in self.later:
            relevant[user].add(item)
        for model in MODELS:
            self.train("--model", model, "--test-ratings", "later.csv", "--export", f"{model}.pt")
            printed = run("recommend", "--model", f"{model}.pt", "--users", "users.txt", "--top", 10, folder=self.folder).stdout
            rankings = defaultdict(list)
            for row in csv.DictReader(io.StringIO(printed)):
                self.assertEqual(int(row["rank"]), len(rankings[row["user"]]) + 1)
                rankings[row["user"]].append(row["item"])
            for user in users:
                self.assertFalse(had[user] & set(rankings[user]))
                self.assertEqual(len(rankings[user]), 10)
            expected = sum(ndcg(rankings[user], relevant[user], 10) for user in relevant) / len(relevant)
            found = json.loads(run("evaluate", "--model", f"{model}.pt", "--test", "later.csv", "--metrics",
                                   "ndcg@10", "--json", folder=self.folder).stdout)
            self.assertAlmostEqual(found["metrics"]["ndcg@10"], expected, 9)
            self.assertEqual(found["users"], len(relevant))
            trained = self.train("--model", model, "--test-ratings", "later.csv", "--metrics", "ndcg@10")
            self.assertAlmostEqual(trained["valid_metrics"]["ndcg@10"], expected, 9)

    def test_recommendations_are_among_and_without_what_is_asked(self):
        self.train("--model", "ease", "--export", "ease.pt")
        (self.folder / "two.txt").write_text("u1\nu2\n")
        (self.folder / "some.txt").write_text("item, 3\nitem, 7\nitem, 8\nnothing\n")
        ask = ["recommend", "--model", "ease.pt", "--users", "two.txt", "--top", 50, "--include-rated"]
        some = run(*ask, "--among", "some.txt", folder=self.folder)
        self.assertEqual({row["item"] for row in csv.DictReader(io.StringIO(some.stdout))}, {"item, 3", "item, 7", "item, 8"})
        self.assertIn("1 item of some.txt is not in the model", some.stderr)
        others = run(*ask, "--exclude", "some.txt", folder=self.folder)
        self.assertFalse({row["item"] for row in csv.DictReader(io.StringIO(others.stdout))} & {"item, 3", "item, 7", "item, 8"})
        refused = run(*ask, "--among", "some.txt", "--exclude", "some.txt", folder=self.folder, code=1)
        self.assertIn("leave none", refused.stderr)

    def test_somebody_new_is_known_by_items(self):
        self.train("--model", "bag", "--export", "bag.pt")
        (self.folder / "had.csv").write_text('item\n"item, 1"\n"item, 5"\n"item, 9"\n')
        shown = run("recommend", "--model", "bag.pt", "--rated", "had.csv", "--top", 3, "--json", folder=self.folder)
        for result in json.loads(shown.stdout)["results"]:
            self.assertEqual(int(result["item"].split()[1]) % 4, 1)
        self.train("--model", "dot", "--export", "dot.pt")
        self.assertIn("recommend_for", run("recommend", "--model", "dot.pt", "--rated", "had.csv", folder=self.folder, code=1).stderr)

    def test_splits_weights_and_tables_are_taken(self):
        last = self.train("--split", "leave-last-out", "--time", "time", "--model", "ease")
        self.assertEqual(last["valid_pairs"], last["valid_users"])
        self.assertEqual(last["train_pairs"] + last["valid_pairs"], len(self.events))
        choosing = self.train("--split", "temporal", "--time", "time", "--model", "ease", "--choose-settings")
        self.assertLess(choosing["train_pairs"] + choosing["valid_pairs"], len(self.events))
        self.train("--split", "global-temporal", "--time", "time", "--model", "popularity")
        self.train("--weight", "rating", "--model", "ials")
        positives = self.train("--rating", "rating", "--positives", ">=4", "--model", "ease")
        liked = sum(rating >= 4 for _, _, rating, _ in self.events)
        self.assertEqual(positives["train_pairs"] + positives["valid_pairs"], liked)
        above = self.train("--rating", "rating", "--positives", ">4", "--model", "ease")
        self.assertEqual(above["train_pairs"] + above["valid_pairs"], sum(row[2] > 4 for row in self.events))
        all_of_them = self.train("--rating", "rating", "--model", "ease")
        self.assertIn("all_positives", [warning["code"] for warning in all_of_them["warnings"]])
        self.assertGreater(self.train("--model", "two-tower", "--item-table", "groups.csv")["valid_metrics"]["ndcg@10"], 0.2)

    def test_a_stopped_training_goes_on_to_the_same_model(self):
        for loss in ("softmax", "bpr"):
            options = ["--model", "bag", "--loss", loss, "--epochs", 6]
            whole = self.train(*options)
            folder = f"checkpoint-{loss}"
            self.train(*options, "--checkpoint-dir", folder)
            resumed = self.train(*options, "--resume", folder)
            self.assertEqual(whole["valid_metrics"], resumed["valid_metrics"])

    def test_what_cannot_be_is_refused_in_one_sentence(self):
        wrong_usage = [
            (["--model", "svd"], "Unknown model 'svd'"), (["--loss", "mse"], "Unknown loss"),
            (["--model", "ease", "--loss", "bpr"], "--loss is for bag"), (["--model", "ease", "--epochs", 3], "--epochs is for"),
            (["--metrics", "ndcg"], "at least 1"), (["--metrics", "auc@3"], "Unknown metric"), (["--metrics", ""], "Unknown metric"),
            (["--split", "randon"], "Unknown split"), (["--split", "temporal"], "--time"), (["--l2", "-1"], "above 0"),
            (["--positives", ">=4"], "--rating"), (["--positives", "many", "--rating", "rating"], "from which rating"),
            (["--wd", "0.1"], "--l2"), (["--negatives", "3"], "losses"), (["--model", "two-tower"], "table"),
            (["--test-pct", "1.5"], "shares"), (["--test-ratings", "later.csv", "--split", "random"], "not both"),
            (["--loss", "bpr", "--negatives", "0"], "negatives"), (["--stream"], "--stream"), (["--factors", "0"], "n_factors"),
            (["--alpha", "2"], "ials"), (["--neighbours", "2"], "item-knn"), (["--dropout", "1"], "history_dropout")]
        for words, said in wrong_usage:
            message = self.train(*words, code=2)
            self.assertIn(said, message)
            self.assertEqual(message.count("\n"), 1, message)
        failures = [(["--rating", "rating", "--positives", ">=9"], "None of the"), (["--rating", "stars", "--positives", "4"], "stars"),
                    (["--weight", "item"], "item"), (["--time", "item", "--split", "temporal"], "item")]
        for words, said in failures:
            self.assertIn(said, self.train(*words, code=1))
        self.write("one.csv", [("a", "x", 5, 1), ("b", "y", 5, 2), ("c", "x", 4, 3)])
        self.assertIn("No user", self.train(events="one.csv", code=1))
        self.write("alone.csv", [("a", "x", 5, 1), ("b", "x", 5, 2)])
        self.assertIn("only one", self.train("--test-pct", 0, "--valid-pct", 0, "--loss", "bpr", events="alone.csv", code=1))

    def test_questions_that_cannot_be_answered_are_refused(self):
        self.train("--model", "ease", "--export", "asked.pt")
        (self.folder / "empty.txt").write_text("")
        (self.folder / "gap.txt").write_text("u1\n\nu2\n")
        (self.folder / "nobody.csv").write_text("user,item\nmr x,\"item, 1\"\n")
        (self.folder / "nothing.csv").write_text("user,item\nu1,brick\n")
        (self.folder / "other.csv").write_text("who,what\nu1,brick\n")
        ask = ["recommend", "--model", "asked.pt", "--users"]
        for words, code, said in [(ask + ["empty.txt"], 1, "no ids"), (ask + ["gap.txt"], 1, "line 2"), (ask + ["no.txt"], 1, "no file"),
                                  (ask + ["gap.txt", "--top", 0], 2, "--top"), (ask + ["/dev/zero"], 1, "no file")]:
            self.assertIn(said, run(*words, folder=self.folder, code=code).stderr)
        evaluate = ["evaluate", "--model", "asked.pt", "--test"]
        for words, code, said in [(evaluate + ["nobody.csv"], 1, "No user"), (evaluate + ["nothing.csv"], 1, "none of the items"),
                                  (evaluate + ["other.csv"], 1, "user"), (evaluate + ["later.csv", "--metrics", "x@1"], 2, "Unknown"),
                                  (evaluate + ["later.csv", "--positives", "4"], 2, "--rating")]:
            self.assertIn(said, run(*words, folder=self.folder, code=code).stderr)

    @unittest.skipIf(torch is None, "torch, numpy or onnxruntime is missing")
    def test_tritons_configurations_name_what_the_files_take_and_give(self):
        self.train("--model", "bag", "--export", "served.pt")
        run("convert", "served.pt", "--triton", "models", folder=self.folder)
        words = {"tensor(string)": "STRING", "tensor(int64)": "INT64", "tensor(float)": "FP32"}
        for name in ("served", "served_recommend", "served_recommend_for", "served_similar"):
            session = onnxruntime.InferenceSession(self.folder / "models" / name / "1" / "model.onnx")
            line = lambda value: (f'  {{ name: "{value.name}" data_type: TYPE_{words[value.type]} dims: '
                                  f'[ {", ".join(str(size) if isinstance(size, int) else "-1" for size in value.shape)} ] }}')
            fields = [f"{field} [\n" + ",\n".join(map(line, values)) + "\n]\n"
                      for field, values in (("input", session.get_inputs()), ("output", session.get_outputs()))]
            self.assertEqual((self.folder / "models" / name / "config.pbtxt").read_text(),
                             f'name: "{name}"\nbackend: "onnxruntime"\nmax_batch_size: 0\n{fields[0]}{fields[1]}'
                             "instance_group [{ kind: KIND_CPU }]\n")
        self.assertIn("not both", run("convert", "served.pt", "x.onnx", "--triton", "m", folder=self.folder, code=2).stderr)
        (self.folder / "broken.onnx").write_bytes(b"\x08\x08junk")
        self.assertIn("not an ONNX file", run("convert", "broken.onnx", "--triton", "m", folder=self.folder, code=1).stderr)
        self.assertFalse((self.folder / "m").exists())

    @unittest.skipIf(torch is None, "torch, numpy or onnxruntime is missing")
    def test_torchscript_and_onnx_answer_alike(self):
        for model in MODELS:
            for form in ("pt", "onnx"):
                self.train("--model", model, "--export", f"form-{model}.{form}")
            script = torch.jit.load(self.folder / f"form-{model}.pt")
            recommend = onnxruntime.InferenceSession(self.folder / f"form-{model}.recommend.onnx")
            text = lambda values: numpy.array(values, object)
            k = numpy.array([8])
            for user in [*script.users()[:30], "nobody"]:
                names, scores = script.recommend(user, 8)
                others, values = recommend.run(None, {"user": text([user]), "k": k})
                self.assertEqual(names, list(others))
                self.assertLess(numpy.abs(values - scores.numpy()).max(), 1e-6 * max(1, scores.abs().max()))
            if model == "dot":
                self.assertFalse((self.folder / "form-dot.recommend_for.onnx").exists())
                continue
            session = onnxruntime.InferenceSession(self.folder / f"form-{model}.recommend_for.onnx")
            rng = random.Random(5)
            for n in (1, 2, 5, 20, 40):
                had = rng.sample(script.items(), n)
                names, scores = script.recommend_for(had, 8)
                others, values = session.run(None, {"history": text([*had, "unknown", had[0]]), "k": k})
                self.assertEqual(names, list(others))
                self.assertLess(numpy.abs(values - scores.numpy()).max(), 1e-6 * max(1, scores.abs().max()))


@unittest.skipUnless((DATA / "ml-100k" / "u.data").exists(), "MovieLens 100k is missing")
class MovieLensTest(unittest.TestCase):
    """Bars of the figures that docs/rankings.md gives."""

    def figures(self, model, *words, seeds=(0, 1, 2)):
        found = [json.loads(run("train", "collab", "--implicit", "--dataset", "ml-100k", "--data-dir", DATA, "--positives", ">=4",
                                "--model", model, "--seed", seed, "--json", "--metrics", "ndcg@10,recall@20,hit_rate@10",
                                *words).stdout)["valid_metrics"] for seed in seeds]
        return {name: sum(one[name] for one in found) / len(found) for name in found[0]}

    def test_the_trained_model_is_nearly_ease_in_ndcg_and_better_in_recall(self):
        ease, bag = self.figures("ease"), self.figures("bag")
        self.assertGreater(ease["ndcg@10"], 0.31)
        self.assertGreaterEqual(bag["ndcg@10"], 0.97 * ease["ndcg@10"])
        self.assertGreaterEqual(bag["recall@20"], 0.98 * ease["recall@20"])

    @unittest.skipIf(torch is None, "torch is missing")
    def test_users_whom_training_did_not_see_get_lists_of_their_own(self):
        liked = defaultdict(list)
        for line in (DATA / "ml-100k" / "u.data").read_text().splitlines():
            user, item, rating, _ = map(int, line.split("\t"))
            if rating >= 4:
                liked[user].append(item)
        rng = random.Random(2)
        new = set(rng.sample([user for user in sorted(liked) if len(liked[user]) >= 5], 150))
        counts = defaultdict(int)
        with tempfile.TemporaryDirectory() as folder:
            with open(Path(folder) / "known.csv", "w") as file:
                file.write("user,item\n")
                for user in sorted(liked.keys() - new):
                    for item in liked[user]:
                        file.write(f"{user},{item}\n")
                        counts[item] += 1
            for model in ("bag", "ease", "ials", "item-knn"):
                run("train", "collab", "--implicit", "--ratings", "known.csv", "--user", "user", "--item", "item", "--test-pct", 0,
                    "--valid-pct", 0, "--model", model, "--export", "known.pt", "--quiet", folder=folder)
                script = torch.jit.load(Path(folder) / "known.pt")
                popular = sorted(counts, key=lambda item: (-counts[item], item))
                found, of_popularity = [], []
                for user in sorted(new):
                    items = rng.sample(liked[user], len(liked[user]))
                    cut = max(1, len(items) // 5)
                    later, history = set(items[:cut]), [item for item in items[cut:] if item in counts]
                    ranking, _ = script.recommend_for([str(item) for item in history], 10)
                    found.append(ndcg([int(item) for item in ranking], later, 10))
                    of_popularity.append(ndcg([item for item in popular if item not in history], later, 10))
                self.assertGreaterEqual(sum(found), 1.5 * sum(of_popularity), model)

    def test_the_last_item_is_found_nearly_as_often_as_by_ease(self):
        split = ["--split", "leave-last-out"]
        ease, bag = self.figures("ease", *split, seeds=[0]), self.figures("bag", *split, seeds=[0, 1])
        self.assertGreaterEqual(bag["hit_rate@10"], 0.93 * ease["hit_rate@10"])


if __name__ == "__main__":
    unittest.main()
