#!/usr/bin/env python3
"""Tests of the program `embark`, as a user runs it: EMBARK names the program to test."""

import csv
import io
import json
import math
import os
import re
import resource
import shutil
import signal
import subprocess
import time
import unittest

from embark_case import EMBARK, EmbarkCase

NAMES = ["--user", "user", "--item", "item", "--rating", "rating"]


def ratings_text(users=12, items=9):
    rows = ["user,item,rating"]
    for user in range(users):
        for item in range(items):
            if (user + item) % 4:
                rows.append(f"u{user},Film {item},{1 + user * item % 5}")
    return "\n".join(rows) + "\n"


class EmbarkTest(EmbarkCase):
    def setUp(self):
        super().setUp()
        self.ratings = self.write("ratings.csv", ratings_text())

    def train(self, *words, ratings=None, **settings):
        defaults = {"--factors": 4, "--epochs": 2, "--preset": "fastai"}
        chosen = [word for option, value in defaults.items() if option not in words for word in (option, value)]
        return self.run_embark("train", "collab", "--ratings", ratings or self.ratings, *NAMES, *chosen, *words, **settings)

    def assert_refused(self, result, code, *parts):
        """One clear line on standard error, nothing on standard output, and no file that was not there before."""
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertEqual(result.stdout, "")
        lines = result.stderr.splitlines()
        self.assertEqual(len(lines), 1, result.stderr)
        self.assertTrue(lines[0].startswith("embark: "), lines[0])
        for part in parts:
            self.assertIn(part, lines[0])


class Training(EmbarkTest):
    def test_json_has_every_epoch_and_the_final_figures(self):
        result = self.train("--json", "--epochs", 3)
        self.assertEqual(result.returncode, 0, result.stderr)
        report = json.loads(result.stdout)
        self.assertEqual([row["epoch"] for row in report["epochs"]], [0, 1, 2])
        for row in report["epochs"]:
            self.assertLessEqual({"train_loss", "valid_loss", "seconds"}, row.keys())
        self.assertAlmostEqual(report["valid_loss"], report["epochs"][-1]["valid_loss"], places=6)
        self.assertAlmostEqual(report["valid_rmse"], math.sqrt(report["valid_loss"]), places=5)

    def test_progress_goes_to_standard_error_in_plain_lines(self):
        result = self.train("--epochs", 2, "--quiet")
        self.assertRegex(result.stderr, r"^Training by the fused step\nepoch +train_loss +valid_loss +rmse +time\n0 .*\n1 .*\n(embark: .*\n)?$")
        self.assertNotIn("\x1b", result.stderr)
        self.assertRegex(result.stdout, r"^valid_loss [\d.]+\nvalid_rmse [\d.]+\n$")

    def test_the_fused_step_can_be_refused_and_tables_updated_lazily(self):
        def loss(*options):
            result = self.train("--epochs", 2, "--batch-size", 8, "--json", *options)
            self.assertEqual(result.returncode, 0, result.stderr)
            return json.loads(result.stdout)["valid_loss"], result.stderr

        fused, autograd, lazy = loss(), loss("--no-fused"), loss("--embedding-update", "lazy")
        self.assertIn("fused step", fused[1])
        self.assertNotIn("fused step", autograd[1])
        self.assertAlmostEqual(fused[0], autograd[0], places=4)
        self.assertNotEqual(fused[0], lazy[0])
        wrong = self.train("--embedding-update", "sparse")
        self.assertEqual((wrong.returncode, wrong.stdout), (2, ""))
        self.assertIn("Invalid --embedding-update sparse: it is dense or lazy", wrong.stderr)

    def test_sharded_tables_are_updated_lazily_and_are_ordinary_ones_in_one_process(self):
        wrong = self.train("--shard-tables", "--embedding-update", "dense")
        self.assertEqual((wrong.returncode, wrong.stdout), (2, ""))
        self.assertIn("--shard-tables goes without --embedding-update dense", wrong.stderr)
        losses = []
        for options in (("--embedding-update", "lazy"), ("--shard-tables", "--export", "sharded.pt")):
            result = self.train("--epochs", 2, "--json", *options)
            self.assertEqual(result.returncode, 0, result.stderr)
            losses.append(json.loads(result.stdout)["valid_loss"])
        self.assertAlmostEqual(*losses, places=4)
        predicted = self.run_embark("predict", "--model", "sharded.pt", "--input", self.ratings)
        self.assertEqual(predicted.returncode, 0, predicted.stderr)

    def test_the_same_seed_gives_the_same_model(self):
        for name in ("a.pt", "b.pt"):
            self.assertEqual(self.train("--seed", 5, "--threads", 1, "--export", name).returncode, 0)
        predicted = [self.run_embark("predict", "--model", name, "--input", self.ratings).stdout for name in ("a.pt", "b.pt")]
        self.assertEqual(*predicted)

    def test_a_file_without_header_another_delimiter_and_given_validation(self):
        rows = [line.replace(",", "\t") + "\t881250949" for line in ratings_text().splitlines()[1:]]
        self.write("u.base", "\n".join(rows[:60]) + "\n")
        self.write("u.test", "\n".join(rows[60:]) + "\n")
        result = self.train("--delimiter", "tab", "--columns", "user,item,rating,time", "--valid-ratings", "u.test", "--json",
                            ratings="u.base")
        self.assertEqual(result.returncode, 0, result.stderr)
        report = json.loads(result.stdout)
        self.assertEqual((report["train_ratings"], report["valid_ratings"]), (60, len(rows) - 60))

    def test_parquet_files_are_streamed(self):
        try:
            from pyarrow import csv as reader, parquet
        except ImportError:
            self.skipTest("this Python has no pyarrow")
        table = reader.read_csv(self.ratings)
        (self.folder / "parts").mkdir()
        parquet.write_table(table[:40], self.folder / "parts" / "a.parquet", row_group_size=10)
        parquet.write_table(table[40:], self.folder / "parts" / "b.parquet", row_group_size=7)
        result = self.train("--stream", "--shuffle-buffer", 20, "--json", "--export", "m.pt", ratings="parts")
        self.assertEqual(result.returncode, 0, result.stderr)
        report = json.loads(result.stdout)
        self.assertEqual(report["train_ratings"] + report["valid_ratings"], len(table))
        again = json.loads(self.train("--stream", "--shuffle-buffer", 20, "--json", ratings="parts").stdout)
        self.assertEqual(again["valid_loss"], report["valid_loss"])
        self.assertEqual(self.run_embark("recommend", "--model", "m.pt", "--user", "u1").returncode, 0)

        result = self.run_embark("train", "tabular", "--csv", "parts", "--stream", "--target", "rating", "--epochs", 1, "--json")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(json.loads(result.stdout)["cat_names"], ["user", "item"])

        self.assert_refused(self.train(ratings="parts"), 1, "parts: it is a folder", "--stream")
        self.assert_refused(self.train("--stream"), 1, "ratings.csv as Parquet")
        self.assert_refused(self.train("--shuffle-buffer", 5, ratings="parts"), 2, "--shuffle-buffer is for --stream")
        self.assert_refused(self.run_embark("train", "collab", "--dataset", "ml-100k", "--stream"), 2, "--stream is for Parquet")

    def test_a_range_of_negative_numbers(self):
        result = self.train("--y-range", "-5", "-1", "--allow-outside", "--json", "--export", "m.pt")
        self.assertEqual(result.returncode, 0, result.stderr)
        predicted = self.run_embark("predict", "--model", "m.pt", "--input", self.ratings, "--json")
        for value in json.loads(predicted.stdout)["predictions"]:
            self.assertTrue(-5 < value < -1, value)

    def test_ids_that_look_alike_stay_apart(self):
        ids = ["7", "007", "+7", "9223372036854775808", "9223372036854775809", "x7"]
        rows = [f"{user},{item},{1 + (i + j) % 5}" for i, user in enumerate(ids) for j, item in enumerate(ids)]
        self.write("ids.csv", "user,item,rating\n" + "\n".join(rows) + "\n")
        result = self.train("--json", "--valid-pct", "0.1", ratings="ids.csv")
        report = json.loads(result.stdout)
        self.assertEqual((report["users"], report["items"]), (len(ids), len(ids)))


class Models(EmbarkTest):
    def setUp(self):
        super().setUp()
        self.assertEqual(self.train("--export", "m.pt", "--y-range", 0, "5.5").returncode, 0)

    def test_predict_adds_a_column_to_the_input(self):
        text = 'item,"note, quoted",user\n"Film 3","a ""b""",u1\nno film,,nobody\n'
        self.write("rows.csv", text)
        result = self.run_embark("predict", "--model", "m.pt", "--input", "rows.csv")
        rows = list(csv.reader(io.StringIO(result.stdout)))
        self.assertEqual(rows[0], ["item", "note, quoted", "user", "prediction"])
        self.assertEqual([row[:3] for row in rows[1:]], [["Film 3", 'a "b"', "u1"], ["no film", "", "nobody"]])
        for row in rows[1:]:
            self.assertTrue(0 < float(row[3]) < 5.5)

    def test_recommend_leaves_out_what_was_rated_and_ranks(self):
        result = self.run_embark("recommend", "--model", "m.pt", "--user", "u1", "--top", 100, "--json")
        results = json.loads(result.stdout)["results"]
        scores = [row["prediction"] for row in results]
        self.assertEqual(scores, sorted(scores, reverse=True))
        self.assertLess(len(results), 9)
        unknown = self.run_embark("recommend", "--model", "m.pt", "--user", "nobody", "--top", 2)
        self.assertEqual((unknown.returncode, len(unknown.stdout.splitlines())), (0, 2))
        self.assertIn("user 'nobody' was not in the training data", unknown.stderr)
        text = self.run_embark("recommend", "--model", "m.pt", "--user", "u1", "--top", 1).stdout
        self.assertEqual(text, f"{results[0]['prediction']:.4f}  {results[0]['item']}\n")

    def test_similar_names_near_items_for_an_unknown_one(self):
        result = self.run_embark("similar", "--model", "m.pt", "--item", "Film 3", "--top", 2)
        self.assertEqual(len(result.stdout.splitlines()), 2)
        self.assert_refused(self.run_embark("similar", "--model", "m.pt", "--item", "film 3"), 1, "'Film 3'")

    def test_inspect_says_what_the_model_takes_and_holds(self):
        info = json.loads(self.run_embark("inspect", "m.pt", "--json").stdout)
        self.assertEqual(info["inputs"], ["user", "item"])
        self.assertEqual(info["outputs"], ["rating"])
        self.assertEqual(info["vocabulary_sizes"], {"user": 13, "item": 10})
        self.assertEqual(info["parameters"]["user_factors.weight"], [13, 4])
        self.assertIn("DotProductBias", self.run_embark("inspect", "m.pt").stdout)

    def test_a_file_that_is_no_model_is_refused(self):
        self.write("text.pt", "garbage\n")
        self.write("cut.pt", (self.folder / "m.pt").read_bytes()[:-100])
        for name in ("text.pt", "cut.pt", "none.pt", self.folder):
            self.assert_refused(self.run_embark("inspect", name), 1, str(name))

    def test_output_that_cannot_be_written_is_a_failure(self):
        with open("/dev/full", "w") as full:
            result = subprocess.run([EMBARK, "predict", "--model", "m.pt", "--input", self.ratings], stdout=full,
                                    stderr=subprocess.PIPE, text=True, cwd=self.folder)
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stderr, "embark: Cannot write to standard output\n")


class BadInput(EmbarkTest):
    def refuse_file(self, content, *parts, code=1, words=()):
        path = self.write("bad.csv", content)
        before = sorted(self.folder.iterdir())
        self.assert_refused(self.train("--export", "m.pt", *words, ratings=path), code, *parts)
        self.assertEqual(sorted(self.folder.iterdir()), before)

    def test_files_that_cannot_be_read(self):
        self.assert_refused(self.train(ratings="none.csv"), 1, "none.csv: there is no such file")
        self.assert_refused(self.train(ratings=self.folder), 1, "it is a folder, not a file")
        self.refuse_file("", "bad.csv", "empty")
        self.refuse_file("user,item,rating\n", "There are no ratings in")

    def test_content_that_is_wrong_is_named_by_file_row_and_column(self):
        head = "user,item,rating\na,x,3\n"
        self.refuse_file(head + 'b,"y,4\nc,x,5\n', "bad.csv, row 2 (line 3)", "never closed")
        self.refuse_file(head + "b,y\n", "bad.csv, row 2 (line 3)", "2 columns")
        self.refuse_file(head.encode() + b"b,\xff\xfe,4\n", "bad.csv, row 2 (line 3), column 'item'", "UTF-8")
        self.refuse_file(head + "b,y,four\n", "bad.csv, row 2 (line 3), column 'rating'", "'four' is not a number")
        for word in ("nan", "inf", "-inf", "NaN"):
            self.refuse_file(head + f"b,y,{word}\n", "row 2 (line 3), column 'rating'", "the value is missing" if word in ("nan", "NaN") else f"'{word}'")
        self.refuse_file(head + "b,y,\n", "row 2 (line 3), column 'rating'", "missing")

    def test_columns_that_are_not_there(self):
        self.refuse_file("usr,item,rating\na,x,3\n", "'user'", "usr, item, rating")

    def test_parts_that_would_be_empty(self):
        self.refuse_file("user,item,rating\na,x,3\n", "would be empty")

    def test_option_values_that_can_never_be_right(self):
        for words in (["--y-range", "5", "0"], ["--y-range", "0", "0"], ["--y-range", "nan", "1"], ["--y-range", "1"],
                      ["--batch-size", "0"], ["--epochs", "-1"], ["--epochs", "1.5"], ["--valid-pct", "0"], ["--valid-pct", "1"],
                      ["--valid-pct", "nan"], ["--lr", "nan"], ["--lr", "-1"], ["--lr", "0"], ["--lr", "inf"], ["--factors", "0"],
                      ["--wd", "-1"], ["--wd", "nan"], ["--seed", "-1"], ["--threads", "0"], ["--delimiter", 'a"']):
            with self.subTest(words=words):
                self.assert_refused(self.train(*words), 2, words[0].lstrip("-").replace("y-range", "range").split("-")[-1])

    def test_wrong_usage(self):
        self.assert_refused(self.train("--epoch", "3"), 2, "--epoch; did you mean '--epochs'?")
        self.assert_refused(self.train("word"), 2)
        self.assert_refused(self.train("--lr"), 2, "--lr")
        self.assert_refused(self.run_embark("train", "collab"), 2, "--dataset", "--ratings")
        self.assert_refused(self.run_embark("train", "collab", "--dataset", "ml-100"), 2, "'ml-100k'")
        self.assert_refused(self.run_embark("predct"), 2, "'predict'")
        self.assert_refused(self.train("--device", "gpu"), 2, "Unknown device: 'gpu'; use cpu, cuda or cuda:N")
        self.assert_refused(self.train("--device", "cuda:99"), 2, "There is no device cuda:99")

    def test_data_that_are_not_here_say_how_to_get_them(self):
        environment = {"HOME": str(self.folder), "PATH": os.environ["PATH"]}
        result = self.run_embark("train", "collab", "--dataset", "ml-100k", env=environment)
        self.assert_refused(result, 1, "tools/get-data ml-100k", "--data-dir")
        result = self.run_embark("train", "collab", "--dataset", "ml-100k", "--data-dir", "nowhere")
        self.assert_refused(result, 1, "--data-dir nowhere: there is no such folder")

    def test_an_export_that_cannot_be_written_is_refused_before_training(self):
        self.assert_refused(self.train("--export", "none/m.pt"), 1, "there is no folder none")
        self.assert_refused(self.train("--export", self.folder), 1, "it is a folder")

    def test_a_full_disk_while_exporting_leaves_the_old_file_alone(self):
        self.write("m.pt", "the old file")
        before = sorted(self.folder.iterdir())

        def no_room():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

        result = self.train("--export", "m.pt", preexec_fn=no_room)
        self.assertEqual(result.returncode, 1)
        self.assertIn("embark: Cannot write m.pt", result.stderr.splitlines()[-1])
        self.assertEqual((self.folder / "m.pt").read_text(), "the old file")
        self.assertEqual(sorted(self.folder.iterdir()), before)


class Signals(EmbarkTest):
    def stopped_by(self, signals):
        self.write("big.csv", ratings_text(users=300, items=40))
        before = sorted(self.folder.iterdir())
        words = [EMBARK, "train", "collab", "--ratings", "big.csv", *NAMES, "--epochs", "100000", "--export", "m.pt",
                 "--quiet"]
        with subprocess.Popen(words, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=self.folder) as process:
            process.stderr.readline()  # which step it takes
            process.stderr.readline()  # the table's head: training has begun
            process.stderr.readline()
            for number in signals:
                process.send_signal(number)
                time.sleep(0.01)
            output, errors = process.communicate(timeout=60)
        self.assertEqual(output, "")
        self.assertEqual(sorted(self.folder.iterdir()), before)
        return process.returncode, errors

    def test_ctrl_c_ends_after_the_batch_at_hand_and_says_so(self):
        code, errors = self.stopped_by([signal.SIGINT])
        self.assertEqual(code, 130)
        self.assertRegex(errors, r"Stopped: asked to stop, in epoch \d+ after (?:validation )?batch \d+\n")
        self.assertIn("nothing was exported", errors)

    def test_a_termination_ends_with_its_own_code(self):
        self.assertEqual(self.stopped_by([signal.SIGTERM])[0], 143)


class Help(EmbarkTest):
    def test_every_command_has_help(self):
        overview = self.run_embark("--help")
        self.assertEqual(overview.returncode, 0)
        commands, built_in = (re.findall(r"^  (\w+(?: \w+)?)  ", part, re.MULTILINE)
                              for part in overview.stdout.split("Besides:"))
        self.assertEqual(commands, ["train collab", "train tabular", "describe", "predict", "recommend", "evaluate", "similar", "inspect",
                                    "check", "convert", "course list", "course run"])
        self.assertEqual(built_in, ["help", "version", "completion bash", "completion zsh", "man"])
        for command in commands[:-2]:
            result = self.run_embark(*command.split(), "--help")
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.assertTrue(result.stdout.startswith(f"Usage: embark {command} "), result.stdout)

    def test_options_stand_in_columns_of_the_terminals_width(self):
        lines = self.run_embark("help", "train", "tabular").stdout.splitlines()
        options = lines[lines.index("Options:") + 1:]
        self.assertLessEqual(max(map(len, lines)), 80)
        texts = {len(match[0]) for match in (re.match(r"  --\S+(?: [^ ]+)*  +(?=\S)", line) for line in options) if match}
        self.assertEqual(len(texts), 1, "\n".join(options))
        self.assertTrue(all(line.startswith(("  --", " " * texts.copy().pop())) for line in options))

    def test_a_mistyped_command_is_guessed(self):
        for words, hint in ((["trian", "collab"], "Unknown command 'trian collab'; did you mean 'train collab'?"),
                            (["train", "colab"], "Unknown command 'train colab'; did you mean 'train collab'"),
                            (["predcit", "--model", "x"], "Unknown command 'predcit'; did you mean 'predict'?"),
                            (["train"], "'embark train' lacks a word: train collab or train tabular"),
                            (["verson"], "did you mean 'version'?"), (["completion", "fish"], "completion bash")):
            self.assert_refused(self.run_embark(*words), 2, hint)

    def test_the_version_names_what_embark_stands_on(self):
        for words in (["version"], ["--version"]):
            self.assertRegex(self.run_embark(*words).stdout, r"\Aembark \d+\.\d+\.\d+\nLibTorch \d+\.\d+\.\d+\nArrow \d+\.\d+\.\d+\n\Z")

    def completed(self, *words):
        """What bash would offer for the last of the words."""
        script = self.run_embark("completion", "bash").stdout
        call = 'COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _embark; printf "%s\\n" "${COMPREPLY[@]}"'
        return subprocess.run(["bash", "-c", f"{script}\n{call}", "bash", "embark", *words], capture_output=True, text=True,
                              check=True).stdout.split()

    def test_bash_completes_commands_and_their_options(self):
        self.assertIn("describe", self.completed("de"))
        self.assertEqual(self.completed("train", ""), ["collab", "tabular"])
        self.assertEqual(self.completed("train", "tabular", "--csv", "x.csv", "--targ"), ["--target"])
        self.assertEqual(self.completed("predict", "--mod"), ["--model"])
        self.assertEqual(self.completed("predict", "--model", "ra"), [])
        self.assertEqual(self.completed("version", "--mod"), [])
        self.assertEqual(self.completed("train", "collab", "--implicit", "--posi"), ["--positives"])
        self.assertEqual(self.completed("train", "collab", "--posi"), [], "which only --implicit has")
        self.assertEqual(self.completed("train", "collab", "--y-ra"), ["--y-range"])

    def test_completions_and_the_manual_have_every_option(self):
        zsh, manual = self.run_embark("completion", "zsh").stdout, self.run_embark("man").stdout
        for command in ("train collab", "train collab --implicit", "recommend --users", "train tabular", "describe", "check"):
            self.assertIn("\n.SS embark " + command.replace("-", "\\-") + "\n", manual)
            options = re.findall(r"^  (--\S+)", self.run_embark(*command.split(), "--help").stdout, re.MULTILINE)
            self.assertGreater(len(options), 3)
            for option in options:
                self.assertIn(f"'{option}[", zsh)
                self.assertIn("\\fB" + option.replace("-", "\\-") + "\\fR", manual)
        if shutil.which("zsh"):
            subprocess.run(["zsh", "-n"], input=zsh, text=True, check=True)
        if shutil.which("man"):
            page = subprocess.run(["man", "--warnings", "-l", "-"], input=manual, text=True, capture_output=True, check=True)
            self.assertEqual(page.stderr, "")
            self.assertIn("embark train tabular", page.stdout)

    def test_no_command_is_wrong_usage(self):
        result = self.run_embark()
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        self.assertIn("Usage: embark COMMAND", result.stderr)


def flats_text(rows=240, target="let"):
    lines = ["city, rooms, size, price, let"]
    for i in range(rows):
        city, rooms, size = ["Oslo", "Rome", "Lima"][i % 3], 1 + i % 4, 20 + i * 37 % 80
        worth = size + 30 * (i % 3)
        lines.append(f"{city}, {rooms}, {'?' if i % 11 == 0 else size}, {1.5 * worth}, {'yes' if worth > 75 else 'no'}")
    return "\n".join(lines) + "\n"


class Tabular(EmbarkTest):
    def setUp(self):
        super().setUp()
        self.flats = self.write("flats.csv", flats_text())

    def train_table(self, *words, target="let", csv=None, **settings):
        preset = () if "--preset" in words else ("--preset", "fastai")
        return self.run_embark("train", "tabular", "--csv", csv or self.flats, "--target", target, "--missing", "?", *preset,
                               *words, **settings)

    def report(self, *words, **settings):
        result = self.train_table(*words, "--json", **settings)
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout)

    def test_learns_a_class_and_reports_its_metrics(self):
        report = self.report("--epochs", 12, "--lr", 0.02)
        self.assertGreater(report["metrics"]["accuracy"], 0.85)
        self.assertGreater(report["metrics"]["roc_auc"], 0.9)
        self.assertEqual(report["classes"], {"let": ["no", "yes"]})
        self.assertEqual(report["cat_names"], ["city", "rooms"])
        self.assertEqual(report["cont_names"], ["size", "price"])
        self.assertEqual((report["train_rows"], report["valid_rows"]), (192, 48))
        self.assertEqual(len(report["epochs"]), 12)
        self.assertEqual(report["epochs"][-1]["valid_accuracy"], report["metrics"]["accuracy"])

    def test_learns_values_and_several_targets(self):
        report = self.report("--epochs", 10, "--cat", "city,rooms", "--cont", "size", "--metrics", "rmse,r2_score",
                             "--log", "price", target="price")
        self.assertEqual(sorted(report["metrics"]), ["r2_score", "rmse"])
        report = self.report("--metrics", "accuracy,mae", target="let,price")
        self.assertEqual(sorted(report["metrics"]), ["accuracy_let", "mae_price"])

    def test_same_seed_gives_the_same_figures(self):
        self.assertEqual(*[self.report("--seed", 3)["metrics"] for _ in range(2)])

    def test_predictions_are_columns_beside_the_input(self):
        self.train_table("--epochs", 2, "--export", "flats.pt")
        shuffled = self.write("new.csv", "extra,size,rooms,city,price\nx,?,2,Oslo,100\ny,40,7,Kyiv,\n")
        result = self.run_embark("predict", "--model", "flats.pt", "--input", shuffled, "--missing", "?")
        self.assertEqual(result.returncode, 0, result.stderr)
        rows = list(csv.DictReader(io.StringIO(result.stdout)))
        self.assertEqual(list(rows[0]), ["extra", "size", "rooms", "city", "price", "prediction", "probability_no",
                                         "probability_yes"])
        self.assertIn(rows[0]["prediction"], ("no", "yes"))
        self.assertAlmostEqual(float(rows[1]["probability_no"]) + float(rows[1]["probability_yes"]), 1, places=5)
        self.assertEqual(result.stderr.splitlines(), [
            "embark: column 'city' has 1 value that training did not have; taken as unknown",
            "embark: column 'rooms' has 1 value that training did not have; taken as unknown",
            "embark: column 'price' has 1 missing value, which it had none of in training; filled as the others are"])
        result = self.run_embark("predict", "--model", "flats.pt", "--input", shuffled, "--missing", "?", "--json")
        report = json.loads(result.stdout)
        self.assertEqual(report["unknown"], {"city": 1, "rooms": 1})
        self.assertEqual(report["predictions"]["let"]["labels"], [row["prediction"] for row in rows])

    def test_a_test_file_is_scored_at_the_end_and_chooses_nothing(self):
        test = self.write("test.csv", flats_text(60))
        report = self.report("--test-csv", test, "--epochs", 2)
        self.assertEqual(sorted(report["test_metrics"]), ["accuracy", "roc_auc"])
        self.assertEqual(report["metrics"], self.report("--epochs", 2)["metrics"])
        unscored = self.write("unscored.csv", "city,rooms,size,price\nOslo,1,30,40\n")
        self.assert_refused(self.train_table("--test-csv", unscored), 1, "unscored.csv cannot be scored", "let")

    def test_validation_rows_are_chosen_in_four_ways(self):
        self.assertEqual(self.report("--valid-rows", "10:50")["valid_rows"], 40)
        self.assertEqual(self.report("--valid-pct", 0.5)["valid_rows"], 120)
        self.assertEqual(self.report("--valid-csv", self.write("v.csv", flats_text(33)))["valid_rows"], 33)
        marked = [f"{line},{'is_valid' if i == 0 else i % 4 == 0}" for i, line in enumerate(flats_text().splitlines())]
        report = self.report("--valid-column", "is_valid", csv=self.write("m.csv", "\n".join(marked)))
        self.assertEqual(report["valid_rows"], 60)
        self.assertNotIn("is_valid", report["cat_names"] + report["cont_names"])
        self.assert_refused(self.train_table("--valid-rows", "1:9", "--valid-pct", 0.3), 2, "--valid-pct", "--valid-rows")

    def test_dates_and_texts_are_columns_like_others(self):
        rows = [f"2024-0{1 + i % 9}-1{i % 10},{'a lovely' if i % 2 else 'an awful'} flat,{i % 7},{'yes' if i % 2 else 'no'}"
                for i in range(120)]
        csv_file = self.write("texts.csv", "sold,words,size,let\n" + "\n".join(rows))
        report = self.report("--cont", "size", "--date", "sold", "--text", "words", "--epochs", 8, "--lr", 0.02,
                             "--export", "t.pt", csv=csv_file)
        self.assertGreater(report["metrics"]["accuracy"], 0.9)
        self.assertIn("soldMonth", report["cat_names"])
        result = self.run_embark("predict", "--model", "t.pt", "--input", csv_file)
        predicted = [row["prediction"] == row["let"] for row in csv.DictReader(io.StringIO(result.stdout))]
        self.assertGreater(sum(predicted), 110)

    def test_best_preset_trains_and_exports(self):
        report = self.report("--preset", "best", "--epochs", 2, "--layers", "16", "--export", "best.pt")
        self.assertEqual(report["preset"], "best")
        info = json.loads(self.run_embark("inspect", "best.pt", "--json").stdout)
        self.assertEqual((info["kind"], info["outputs"]), ("tabular", ["let"]))

    def test_wrong_usage_is_one_sentence(self):
        cases = [(["--target", ""], "target"), (["--preset", "bset"], "did you mean 'best'"),
                 (["--metrics", "acuracy"], "did you mean 'accuracy'"), (["--metrics", "rmse"], "not for targets of classes"),
                 (["--layers", "10,x"], "Invalid --layers"), (["--valid-rows", "9:3"], "Invalid --valid-rows"),
                 (["--epochs", "-1"], "Invalid --epochs"), (["--cat", "size,size"], "twice"),
                 (["--cont", "let"], "'let' is named both among the targets and the numbers"),
                 (["--log", "size"], "not a target")]
        for words, part in cases:
            with self.subTest(words=words):
                if words[0] == "--target":
                    result = self.run_embark("train", "tabular", "--csv", self.flats)
                else:
                    result = self.train_table(*words)
                self.assert_refused(result, 2, part)

    def test_a_metric_of_two_classes_is_refused_for_three_before_the_training(self):
        for name in ("f1_score", "precision", "recall"):
            self.assert_refused(self.train_table("--quiet", "--metrics", name, target="city"), 1,
                                f"The metric {name} is not for the 3 classes of 'city'; there are: accuracy, ", "f1_score_macro")
        self.assertEqual(list(self.report("--metrics", "f1_score")["metrics"]), ["f1_score"])

    def test_bad_data_is_one_sentence_that_says_where(self):
        def refused(text, *parts, words=()):
            self.assert_refused(self.train_table(*words, csv=self.write("bad.csv", text)), 1, *parts)

        good = flats_text().splitlines()
        refused("\n".join(good[:5] + ["Oslo, 1, 30, 40, "] + good[5:]), "bad.csv, row 5", "'let'", "missing")
        refused("\n".join([good[0]] + [line.rsplit(",", 1)[0] + ", yes" for line in good[1:]]), "only one class", "'yes'")
        refused("\n".join(good[:9] + ["Oslo, 1, big, 40, no"] + good[9:]), "row 9", "'size'", "'big'",
                words=("--cont", "size", "--cat", "city"))
        refused("\n".join(good[:9] + ["Oslo, 1, 30, 40, maybe"] + good[9:]), "row 9", "'maybe'",
                words=("--valid-rows", "8:20"))
        refused(flats_text(), "'prize'", "did you mean 'price'", words=("--cat", "prize"))

    def test_a_stopped_training_goes_on(self):
        whole = self.report("--epochs", 3)["metrics"]
        process = subprocess.Popen([EMBARK, "train", "tabular", "--csv", self.flats, "--target", "let", "--missing", "?",
                                    "--preset", "fastai", "--epochs", "3", "--checkpoint-dir", "run", "--checkpoint-every", "1"],
                                   cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
        self.assertEqual(self.report("--epochs", 3, "--resume", "run")["metrics"], whole)


if __name__ == "__main__":
    unittest.main()
