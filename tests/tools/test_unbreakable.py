#!/usr/bin/env python3
"""What the program does with hostile files, places and surroundings: EMBARK names the program to test."""

import fcntl
import gzip
import os
import resource
import subprocess
import unittest

from embark_case import EMBARK, EmbarkCase
from training_files import ratings_text


class Unbreakable(EmbarkCase):
    def setUp(self):
        super().setUp()
        (self.folder / "r.csv").write_text(ratings_text(12, 9))

    def train(self, *words, **settings):
        return self.run_embark("train", "collab", "--ratings", "r.csv", "--user", "user", "--item", "item", "--rating", "rating",
                               "--epochs", 1, *words, **settings)

    def test_two_runs_in_one_folder_of_checkpoints(self):
        run = self.folder / "run"
        run.mkdir()
        with open(run / "checkpoint.lock", "w") as lock:
            lock.write("process 4711 on elsewhere")
            lock.flush()
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.assert_refused(self.train("--checkpoint-dir", "run"), 1, "process 4711 on elsewhere is doing so")
        self.assertEqual(self.train("--checkpoint-dir", "run").returncode, 0)
        self.assertEqual(sorted(path.name for path in run.iterdir()), ["batches.1.f64", "checkpoint.safetensors"])

    def test_a_checkpoint_without_its_records_is_refused(self):
        self.assertEqual(self.train("--checkpoint-dir", "run").returncode, 0)
        (self.folder / "run" / "batches.1.f64").unlink()
        self.assert_refused(self.train("--resume", "run"), 1, "batches.1.f64: there is no such file")

    def test_empty_paths_are_wrong_usage(self):
        for option in ("--export", "--resume", "--checkpoint-dir", "--ratings"):
            self.assert_refused(self.train(option, ""), 2, f"Option {option} is empty")
        self.assert_refused(self.run_embark("inspect", ""), 2, "empty")

    def test_a_name_that_is_too_long_is_found_before_training(self):
        result = self.train("--export", "x" * 300 + ".pt")
        self.assert_refused(result, 1, "File name too long")
        self.assertNotIn("train_loss", result.stderr)
        self.assertEqual(self.train("--export", "x" * 240 + ".pt").returncode, 0)

    def test_pipes_devices_and_folders_are_no_models(self):
        os.mkfifo(self.folder / "pipe")
        for path, kind in (("pipe", "a pipe"), ("/dev/zero", "a device"), (".", "a folder")):
            self.assert_refused(self.run_embark("inspect", path), 1, f"it is {kind}, not a file")
            self.assert_refused(self.train("--valid-ratings", path), 1)

    def test_without_standard_streams_nothing_is_written_into_files(self):
        def close_all():
            for descriptor in (0, 1, 2):
                os.close(descriptor)
        words = ["train", "collab", "--ratings", "r.csv", "--user", "user", "--item", "item", "--rating", "rating", "--epochs", "2",
                 "--export", "m.pt", "--checkpoint-dir", "run"]
        done = subprocess.run([EMBARK, *words], cwd=self.folder, timeout=120, preexec_fn=close_all)
        self.assertEqual(done.returncode, 0)
        for path in (self.folder / "run").iterdir():
            self.assertNotIn(b"train_loss  valid_loss", path.read_bytes())
        self.assertEqual(self.run_embark("inspect", "m.pt").returncode, 0)

    def test_control_characters_of_a_file_do_not_reach_the_terminal(self):
        (self.folder / "evil.csv").write_bytes(b"user,item,rating\n\x1b]0;owned\x07,a,4\n")
        result = self.run_embark("train", "collab", "--ratings", "evil.csv", "--user", "\x1b[2Juser", "--item", "item", "--rating", "rating")
        self.assertNotEqual(result.returncode, 0)
        self.assertNotIn("\x1b", result.stderr)
        self.assertIn("?[2Juser", result.stderr)

    def test_a_table_of_very_many_columns_is_described(self):
        n = 50_000
        rows = [",".join(f"column {i}" for i in range(n))] + [",".join(str((i * 7 + row) % 13) for i in range(n)) for row in range(3)]
        (self.folder / "wide.csv").write_text("\n".join(rows) + "\n")
        # Within the time that a test has: each name beside each would take minutes.
        result = self.run_embark("describe", "wide.csv")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stdout.splitlines()[-1], "3 rows")
        self.assertEqual(len(result.stdout.splitlines()), n + 2)

    def test_a_small_file_that_unpacks_to_more_than_memory_holds_is_one_sentence(self):
        def limited():
            resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
        if self.run_embark("version", preexec_fn=limited).returncode != 0:
            self.skipTest("the sanitizers take more address space")
        with gzip.open(self.folder / "bomb.csv.gz", "wb", compresslevel=1) as file:
            file.write(b"a,b\n")
            for _ in range(1_200):
                file.write(b"1" * (1 << 20))
        self.assert_refused(self.run_embark("describe", "bomb.csv.gz", preexec_fn=limited), 1, "bomb.csv.gz", "not enough memory")


if __name__ == "__main__":
    unittest.main()
