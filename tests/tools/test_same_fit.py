#!/usr/bin/env python3
"""Tests that `embark train … --resume` goes on in the same fit alone: EMBARK names the program to test."""

import random
import unittest

try:
    import pyarrow
    import pyarrow.compute
    import pyarrow.csv
    import pyarrow.parquet
except ImportError:
    pyarrow = None

from embark_case import EmbarkCase
from training_files import ratings_text


class SameFit(EmbarkCase):
    def setUp(self):
        super().setUp()
        self.lines = ratings_text(users=20, items=15).splitlines()
        self.write(self.lines)

    def write(self, lines, name="r.csv"):
        (self.folder / name).write_text("\n".join(lines) + "\n")

    def collab(self, *words, file="r.csv"):
        return self.run_embark("train", "collab", "--ratings", file, "--user", "user", "--item", "item", "--rating", "rating", "--factors", 3,
                               "--epochs", 2, *words)

    def tabular(self, *words):
        return self.run_embark("train", "tabular", "--csv", "t.csv", "--epochs", 2, *words)

    def assert_another(self, result, *names):
        self.assertEqual(result.returncode, 1, result.stderr)
        line = result.stderr.splitlines()[-1]
        self.assertIn("Cannot resume from run/checkpoint.safetensors, it was written by a fit with another", line)
        for name in names:
            self.assertIn(name, line)

    def assert_same(self, result):
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_other_ratings_are_another_fit(self):
        self.assert_same(self.collab("--checkpoint-dir", "run"))
        self.assert_same(self.collab("--resume", "run"))
        head, rows = self.lines[0], self.lines[1:]
        changed = [row[:-1] + str(6 - int(row[-1])) if i % 2 else row for i, row in enumerate(rows)]
        self.write([head, *changed])
        self.assert_another(self.collab("--resume", "run"), "content of the training rows", "content of the validation rows")
        shuffled = list(rows)
        random.Random(1).shuffle(shuffled)
        self.write([head, *shuffled])
        self.assert_another(self.collab("--resume", "run"), "content of the training rows")
        self.write([head, *(row.replace("u", "v", 1) for row in rows)])
        self.assert_another(self.collab("--resume", "run"), "vocabulary of 'user'")
        self.write(self.lines)
        self.assert_same(self.collab("--resume", "run"))

    def test_another_model_or_way_of_training_is_another_fit(self):
        self.assert_same(self.collab("--checkpoint-dir", "run", "--y-range", 0, 5.5))
        self.assert_another(self.collab("--resume", "run"), "model (", "y_range=(0, 5.5)")
        self.assert_another(self.collab("--resume", "run", "--y-range", 0, 6), "y_range=(0, 6)")
        lazy = self.collab("--resume", "run", "--y-range", 0, 5.5, "--embedding-update", "lazy")
        self.assert_another(lazy, "embedding update (dense there, lazy here)")
        self.assert_another(self.collab("--resume", "run", "--y-range", 0, 5.5, "--no-fused"), "training step")
        self.assert_another(self.collab("--resume", "run", "--y-range", 0, 5.5, "--lr", "0.002"), "schedule of lr")

    def test_other_threads_go_on_and_are_said(self):
        self.assert_same(self.collab("--checkpoint-dir", "run"))
        result = self.collab("--resume", "run", "--threads", 2)
        self.assert_same(result)
        self.assertIn("its fit had 1 threads, and this one has 2: sums may be taken in another order", result.stderr)
        self.assertNotIn("threads", self.collab("--resume", "run").stderr)

    def test_other_labels_units_and_metrics_are_another_fit(self):
        rows = [f"{i % 17},{'ab'[i % 2]},{1 + (i * 7) % 9}.5" for i in range(80)]
        self.write(["x,c,y", *rows], "t.csv")
        self.assert_same(self.tabular("--target", "y", "--checkpoint-dir", "run"))
        self.assert_same(self.tabular("--target", "y", "--resume", "run"))
        self.assert_another(self.tabular("--target", "y", "--resume", "run", "--log", "y"), "fit of the preprocessing's targets")
        self.assert_another(self.tabular("--target", "y", "--resume", "run", "--metrics", "mae"), "list of metrics (rmse, mae, r2_score there, mae here)")
        self.write(["x,c,y", *(row[:-3] + "3.5" if i == 3 else row for i, row in enumerate(rows))], "t.csv")
        self.assert_another(self.tabular("--target", "y", "--resume", "run"), "content of the")

    @unittest.skipIf(pyarrow is None, "pyarrow is not there")
    def test_other_streamed_ratings_are_another_fit(self):
        table = pyarrow.csv.read_csv(self.folder / "r.csv")
        write = lambda table: pyarrow.parquet.write_table(table, self.folder / "r.parquet", row_group_size=40)
        write(table)
        words = ("--stream", "--valid-pct", "0.2")
        self.assert_same(self.collab("--checkpoint-dir", "run", *words, file="r.parquet"))
        self.assert_same(self.collab("--resume", "run", *words, file="r.parquet"))
        write(table)
        self.assert_same(self.collab("--resume", "run", *words, file="r.parquet"))
        doubled = table.set_column(2, "rating", pyarrow.compute.multiply(table["rating"], 2))
        write(doubled)
        self.assert_another(self.collab("--resume", "run", *words, file="r.parquet"), "content of the training rows")
        write(pyarrow.concat_tables([table, table]))
        self.assert_another(self.collab("--resume", "run", *words, file="r.parquet"), "number of training rows")


if __name__ == "__main__":
    unittest.main()
