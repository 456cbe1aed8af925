#!/usr/bin/env python3
"""Tests of `embark train … --checkpoint-dir, --resume` by killing the program: EMBARK names it, EMBARK_RESUMABLE_FIT the
program of resumable_fit.cpp, EMBARK_FAILING_IO the library of failing_io.cpp. EMBARK_PROCESSES=2 where processes can
train together.

    test_checkpoints.py                          50 kills of runs that are resumed, and the other tests
    test_checkpoints.py --kills 200 [--seed N]   only kills, more of them
"""

import os
import random
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from collections import Counter
from pathlib import Path

from training_files import ratings_text, read_safetensors

EMBARK = os.environ["EMBARK"]
RESUMABLE_FIT = os.environ.get("EMBARK_RESUMABLE_FIT", "")
FAILING_IO = os.environ.get("EMBARK_FAILING_IO", "")


def checkpoint(folder):
    """The tensors and texts of a checkpoint by name, without those that are times."""
    texts, tensors = read_safetensors(Path(folder) / "checkpoint.safetensors")
    texts.pop("embark_crc32", None)
    return {**texts, **tensors}


class CheckpointTest(unittest.TestCase):
    def setUp(self):
        # In memory where possible: the disk's pace has nothing to do with what is tested.
        memory = Path("/dev/shm")
        folder = tempfile.TemporaryDirectory(prefix="embark-test-", dir=memory if os.access(memory, os.W_OK) else None)
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        (self.folder / "ratings.csv").write_text(ratings_text(users=60, items=50))

    def words(self, *more):
        defaults = {"--factors": 8, "--epochs": 3, "--lr": 0.01, "--batch-size": 16}
        chosen = [word for option, value in defaults.items() if option not in more for word in (option, value)]
        return [EMBARK, "train", "collab", "--ratings", "ratings.csv", "--user", "user", "--item", "item", "--rating",
                "rating", *map(str, (*chosen, *more))]

    def train(self, *more, **settings):
        return subprocess.run(self.words(*more), capture_output=True, text=True, cwd=self.folder, timeout=120,
                              **settings)

    def undisturbed(self):
        result = self.train("--checkpoint-dir", "undisturbed", "--checkpoint-every", 20)
        self.assertEqual(result.returncode, 0, result.stderr)
        return checkpoint(self.folder / "undisturbed"), result.stdout

    def start(self, *more, **settings):
        return subprocess.Popen(self.words(*more), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                cwd=self.folder, **settings)


def with_failure(failure):
    return {"env": {**os.environ, "LD_PRELOAD": FAILING_IO, "EMBARK_IO_FAILURE": failure}}


def stray_files(folder):
    return [path.name for path in Path(folder).iterdir() if path.name not in ("checkpoint.safetensors", "batches.1.f64")]


class ResumableFit:
    """A kind of fit of resumable_fit.cpp, or the program's own, in folders of its own."""

    def __init__(self, kind, folder, words):
        self.kind, self.folder, self.words = kind, folder, words
        self.size = 2 if kind == "sharded" else 1

    def start(self, name, **environment):
        (self.folder / name / "run").mkdir(parents=True, exist_ok=True)
        port = str(free_port())
        return [self.start_rank(name, rank, port, environment) for rank in range(self.size)]

    def start_rank(self, name, rank, port, environment):
        together = {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(self.size), "MASTER_PORT": port,
                    "MASTER_ADDR": "127.0.0.1", "EMBARK_TIMEOUT": "30", "TORCH_CPP_LOG_LEVEL": "ERROR"}
        return subprocess.Popen(self.words, cwd=self.folder / name, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                env={**os.environ, **(together if self.size > 1 else {}), **environment})

    def run(self, name):
        """Runs it to its end; what it left."""
        processes = self.start(name)
        outputs = [process.communicate(timeout=120) for process in processes]
        assert all(process.returncode == 0 for process in processes), (self.kind, outputs)
        return {"output": outputs[0][0], **self.results(name)}

    def results(self, name):
        folder = self.folder / name
        left = {"stray": [path.name for path in (folder / "run").iterdir() if ".tmp" in path.name or path.name.endswith("lock")]}
        for file in sorted((folder / "run").glob("*.safetensors")):
            texts, tensors = read_safetensors(file)
            texts.pop("embark_crc32", None)
            tensors.pop("fit.callback.csv_logger.size", None)  # which depends on the digits of times
            # Each checkpoint in parts gets names of its own, also after one that a kill left half written.
            tensors.pop("fit.parts.number", None)
            left[file.name if self.size == 1 else file.name.split(".")[0]] = {**texts, **tensors}
        if (folder / "history.csv").exists():
            left["history"] = [row.rpartition(",")[0] for row in (folder / "history.csv").read_text().splitlines()]
            left["tensorboard"] = tensorboard_scalars(folder / "logs")
        return left


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def tensorboard_scalars(folder):
    """What TensorBoard shows of a log; nothing where it is not installed."""
    try:
        from tensorboard.backend.event_processing import event_accumulator
    except ImportError:
        return {}
    log = event_accumulator.EventAccumulator(str(folder), size_guidance={event_accumulator.SCALARS: 0})
    log.Reload()
    # An epoch's point may stand twice: once from before the kill, once from after it.
    return {tag: list(dict.fromkeys((event.step, repr(event.value)) for event in log.Scalars(tag))) for tag in log.Tags()["scalars"]}


class Killed(CheckpointTest):
    kills = 50
    seed = 1

    def fits(self):
        program = [*self.words("--resume", "run", "--checkpoint-every", 5)]
        program[program.index("ratings.csv")] = str(self.folder / "ratings.csv")
        yield ResumableFit("program", self.folder / "program", program)
        if RESUMABLE_FIT:
            kinds = subprocess.run([RESUMABLE_FIT], capture_output=True, text=True, check=True).stdout.split()
            for kind in kinds:
                if kind != "sharded" or os.environ.get("EMBARK_PROCESSES") == "2":
                    yield ResumableFit(kind, self.folder / kind, [RESUMABLE_FIT, kind, "."])

    def kill_once(self, fit, name, chance):
        """Starts a fit and kills it, or one of its processes, at a random time or inside a save; whether it still ran."""
        rank = chance.randrange(fit.size)
        if FAILING_IO and chance.random() < 0.5:
            how = chance.choice(["kill", "half"])
            processes = fit.start(name, LD_PRELOAD=FAILING_IO, EMBARK_IO_FAILURE=f"{how}:{chance.randint(1, 600)}")
        else:
            processes = fit.start(name)
            time.sleep(chance.uniform(0.1, 1) * fit.duration)
            processes[rank].kill()
        for process in processes:  # those that are left end by themselves
            process.communicate(timeout=120)
        return any(process.returncode == -signal.SIGKILL for process in processes)

    def test_a_run_that_is_killed_anywhere_and_resumed_ends_as_if_undisturbed(self):
        chance = random.Random(self.seed)
        fits, kills = list(self.fits()), Counter()
        expected = {}
        for fit in fits:
            started = time.monotonic()
            expected[fit.kind] = fit.run("undisturbed")
            fit.duration = time.monotonic() - started
            self.assertEqual(expected[fit.kind]["stray"], [])
        run = 0
        while sum(kills.values()) < self.kills:
            fit, name = fits[run % len(fits)], f"run-{run}"
            for _ in range(chance.randint(1, 2)):
                kills[fit.kind] += self.kill_once(fit, name, chance)
            self.assertEqual(fit.run(name), expected[fit.kind], f"{fit.kind}, run {run}")
            shutil.rmtree(fit.folder / name)
            run += 1
        print(f"{sum(kills.values())} kills in {run} runs, all of which ended as if undisturbed:", dict(kills), flush=True)


class Interrupted(CheckpointTest):
    def interrupt(self, number, name):
        words = self.words("--checkpoint-dir", name, "--epochs", 400, "--quiet")
        with subprocess.Popen(words, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              cwd=self.folder) as process:
            self.assertEqual(process.stderr.readline(), "Training by the fused step\n")
            self.assertTrue(process.stderr.readline().startswith("epoch"))
            process.stderr.readline()
            process.send_signal(number)
            _, errors = process.communicate(timeout=60)
        return process.returncode, errors

    def test_a_signal_writes_a_checkpoint_and_says_how_to_go_on(self):
        for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            name = f"run-{code}"
            returned, errors = self.interrupt(number, name)
            self.assertEqual(returned, code, errors)
            self.assertIn(f"go on with --resume {name}", errors)
            self.assertIn("fit.position.epoch", checkpoint(self.folder / name))
            self.assertEqual(stray_files(self.folder / name), [])

    def test_a_second_signal_ends_the_program_at_once(self):
        process = self.start("--checkpoint-dir", "run", "--epochs", 4000)
        time.sleep(1)
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGINT)
        self.assertIn(process.wait(timeout=10), (130, 143))

    def test_an_interrupted_run_goes_on_as_if_undisturbed(self):
        expected, output = self.undisturbed()
        for delay in (0.4, 0.5, 0.6):
            name = f"run-{delay}"
            process = self.start("--checkpoint-dir", name)
            time.sleep(delay)
            process.terminate()
            process.wait(timeout=60)
            result = self.train("--resume", name)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertEqual(checkpoint(self.folder / name), expected)
            self.assertEqual(result.stdout, output)


class Failing(CheckpointTest):
    def old_checkpoint(self, name):
        (self.folder / name).mkdir()
        process = self.start("--checkpoint-dir", name, "--checkpoint-every", 1)
        path = self.folder / name / "checkpoint.safetensors"
        while not path.exists():
            time.sleep(0.01)
        process.kill()
        process.wait(timeout=60)
        return path

    @unittest.skipUnless(FAILING_IO, "the sanitizers' library must be loaded first")
    def test_a_save_that_fails_ends_the_run_and_keeps_the_old_checkpoint(self):
        expected, _ = self.undisturbed()
        for how in ("fail", "short"):
            for call in (1, 2, 5, 30):
                name = f"run-{how}-{call}"
                path = self.old_checkpoint(name)
                old = path.read_bytes()
                result = self.train("--resume", name, **with_failure(f"{how}:{call}"))
                self.assertEqual(result.returncode, 1, result.stderr)
                self.assertIn("No space left on device", result.stderr.splitlines()[-1])
                self.assertEqual(path.read_bytes(), old)
                self.assertEqual(stray_files(path.parent), [])
                self.assertEqual(self.train("--resume", name).returncode, 0)
                self.assertEqual(checkpoint(path.parent), expected)

    def test_a_full_disk_ends_the_run_and_keeps_the_old_checkpoint(self):
        path = self.old_checkpoint("run")
        old = path.read_bytes()

        def full_disk():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

        result = self.train("--resume", "run", preexec_fn=full_disk)
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertEqual(path.read_bytes(), old)
        self.assertEqual(stray_files(path.parent), [])


class Refused(CheckpointTest):
    def assert_refused(self, result, code, *parts):
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertEqual(result.stdout, "")
        last = result.stderr.splitlines()[-1]
        self.assertTrue(last.startswith("embark: "), last)
        for part in parts:
            self.assertIn(part, last)

    def test_bad_options(self):
        self.assert_refused(self.train("--checkpoint-every", 5), 2, "give --checkpoint-dir or --resume")
        self.assert_refused(self.train("--checkpoint-dir", "a", "--checkpoint-every", 0), 2, "--checkpoint-every 0")
        self.assert_refused(self.train("--checkpoint-dir", "a", "--resume", "b"), 2, "leave out --checkpoint-dir a")

    def test_what_is_no_checkpoint(self):
        (self.folder / "run").mkdir()
        (self.folder / "run" / "checkpoint.safetensors").write_text("not a checkpoint")
        self.assert_refused(self.train("--resume", "run"), 1, "run/checkpoint.safetensors")
        (self.folder / "file").write_text("x")
        self.assert_refused(self.train("--resume", "file"), 1, "file")
        self.assert_refused(self.train("--checkpoint-dir", "file/run"), 1, "file")

    def test_a_checkpoint_of_other_settings(self):
        self.assertEqual(self.train("--checkpoint-dir", "run").returncode, 0)
        self.assert_refused(self.train("--resume", "run", "--epochs", 4), 1, "number of epochs (3 there, 4 here)")
        self.assert_refused(self.train("--resume", "run", "--factors", 9), 1, "another model", "n_factors=8", "n_factors=9")

    def test_an_empty_or_missing_folder_starts_afresh_and_says_so(self):
        expected, _ = self.undisturbed()
        (self.folder / "empty").mkdir()
        for name in ("empty", "missing/below"):
            result = self.train("--resume", name)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertIn(f"No checkpoint in {name}, starting afresh", result.stderr)
            self.assertEqual(checkpoint(self.folder / name), expected)

    def test_a_finished_run_is_only_evaluated_and_exported(self):
        _, output = self.undisturbed()
        before = (self.folder / "undisturbed" / "checkpoint.safetensors").read_bytes()
        result = self.train("--resume", "undisturbed", "--export", "model.pt")
        self.assertEqual(result.stdout, output + "exported model.pt\n")
        self.assertTrue((self.folder / "model.pt").exists())
        self.assertEqual((self.folder / "undisturbed" / "checkpoint.safetensors").read_bytes(), before)


if __name__ == "__main__":
    for option in ("--kills", "--seed"):
        if option in sys.argv:
            at = sys.argv.index(option)
            setattr(Killed, option[2:], int(sys.argv[at + 1]))
            del sys.argv[at:at + 2]
            sys.argv[1:] = sys.argv[1:] or ["Killed"]
    unittest.main()
