#!/usr/bin/env python3
"""Tests of `embark train …` in several processes: EMBARK names the program, EMBARK_TORCHRUN PyTorch's launcher.

    test_distributed.py                      3 runs of which processes are killed, and the other tests
    test_distributed.py --kills 20 [--seed N]    only runs of which processes are killed, more of them
"""

import contextlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from training_files import ratings_text, read_safetensors

EMBARK = os.environ["EMBARK"]
TORCHRUN = os.environ.get("EMBARK_TORCHRUN", "")
QUIET = {"OMP_NUM_THREADS": "1", "TORCH_CPP_LOG_LEVEL": "ERROR"}


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def children(pid):
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def runs_embark(pid):
    try:
        return Path(os.readlink(f"/proc/{pid}/exe")).samefile(EMBARK)
    except OSError:  # it has ended
        return False


def workers(pid):
    """The processes of the program that a launcher started."""
    return [child for child in children(pid) if runs_embark(child)]


def gloo_threads(pid, number):
    """Of each of Gloo's threads in a process, whether it blocks a signal."""
    blocked = []
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):  # it has ended
            status = dict(line.split(":", 1) for line in (thread / "status").read_text().splitlines())
            if "gloo" in status["Name"]:
                blocked.append(bool(int(status["SigBlk"], 16) >> (number - 1) & 1))
    return blocked


class DistributedTest(unittest.TestCase):
    def setUp(self):
        memory = Path("/dev/shm")
        folder = tempfile.TemporaryDirectory(prefix="embark-test-", dir=memory if os.access(memory, os.W_OK) else None)
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        (self.folder / "ratings.csv").write_text(ratings_text(users=120, items=80))

    def words(self, *more, checkpoints, epochs=3):
        return [EMBARK, "train", "collab", "--ratings", str(self.folder / "ratings.csv"), "--user", "user", "--item",
                "item", "--rating", "rating", "--factors", "8", "--epochs", str(epochs), "--lr", "0.01", "--batch-size",
                "16", "--checkpoint-every", "7", "--checkpoint-dir", str(self.folder / checkpoints), *more]

    def start(self, words, rank=None, size=2, port=0, prefix=(), **environment):
        settings = {**os.environ, **QUIET, "EMBARK_TIMEOUT": "30", **environment}
        if rank is not None:
            settings.update(RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE=str(size), MASTER_PORT=str(port))
            settings.setdefault("MASTER_ADDR", "127.0.0.1")
        return subprocess.Popen([*prefix, *words], env=settings, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run_all(self, words, size):
        """Starts the processes by hand, as a cluster's launcher does; what each wrote."""
        port = free_port()
        processes = [self.start(words, rank, size, port) for rank in range(size)]
        outputs = [process.communicate(timeout=120) for process in processes]
        for process, output in zip(processes, outputs):
            self.assertEqual(process.returncode, 0, output)
        return outputs

    def checkpoint(self, name):
        return read_safetensors(self.folder / name / "checkpoint.safetensors")[1]

    def undisturbed(self, **settings):
        if not (self.folder / "undisturbed").exists():
            self.run_all(self.words(checkpoints="undisturbed", **settings), 2)
        return self.checkpoint("undisturbed")

    def test_one_process_leads_and_the_weights_are_those_of_one(self):
        losses = {}
        for size in (1, 2):
            model = self.folder / f"{size}.pt"
            outputs = self.run_all(self.words("--export", str(model), "--json", checkpoints=f"by {size}"), size)
            result = json.loads(outputs[0][0])
            losses[size] = [result["valid_loss"]] + [epoch["valid_rmse"] for epoch in result["epochs"]]
            self.assertTrue(model.exists())
            self.assertIn("Training by the fused step", outputs[0][1])
            for others in outputs[1:]:
                self.assertEqual(others, ("", ""))
        for one, two in zip(losses[1], losses[2]):
            self.assertAlmostEqual(one, two, delta=1e-5)

    def test_rankings_of_two_processes_are_those_of_one(self):
        for loss in ("softmax", "bpr", "sampled", "bce"):
            figures = []
            for size in (1, 2):
                words = [EMBARK, "train", "collab", "--implicit", "--ratings", str(self.folder / "ratings.csv"), "--user", "user",
                         "--item", "item", "--model", "dot", "--loss", loss, "--epochs", "3", "--json",
                         "--metrics", "ndcg@10,recall@20,mrr@20"]
                outputs = self.run_all(words, size)
                result = json.loads(outputs[0][0])
                figures.append([*result["valid_metrics"].values(), *(epoch["train_loss"] for epoch in result["epochs"])])
                for others in outputs[1:]:
                    self.assertEqual(others, ("", ""))
            for one, two in zip(*figures):
                self.assertAlmostEqual(one, two, delta=1e-5, msg=loss)

    def test_tables_are_split_over_processes(self):
        results = {}
        for size in (1, 2):
            model = self.folder / f"sharded {size}.pt"
            words = self.words("--shard-tables", "--embedding-update", "lazy", "--export", str(model), "--json",
                               checkpoints=f"sharded by {size}")
            outputs = self.run_all(words, size)
            results[size] = json.loads(outputs[0][0])
            self.assertTrue(model.exists())
            for others in outputs[1:]:
                self.assertEqual(others, ("", ""))
        self.assertAlmostEqual(results[1]["valid_loss"], results[2]["valid_loss"], delta=1e-5)
        parts = sorted(path.name for path in (self.folder / "sharded by 2").glob("checkpoint.*-of-2*"))
        self.assertEqual(len(parts), 2, parts)

    def test_a_process_that_is_killed_ends_the_others_with_a_sentence(self):
        port = free_port()
        processes = [self.start(self.words(checkpoints="lost", epochs=1000), rank, 2, port) for rank in range(2)]
        while not (self.folder / "lost" / "checkpoint.safetensors").exists():
            time.sleep(0.02)
        if sys.platform == "linux":
            # Or a process may die of writing to the other, without a word: it depends on who comes first.
            blocked = gloo_threads(processes[0].pid, signal.SIGPIPE)
            self.assertTrue(blocked and all(blocked), blocked)
        processes[1].kill()
        processes[1].communicate()
        _, error = processes[0].communicate(timeout=30)
        self.assertEqual(processes[0].returncode, 1, error)
        last = error.strip().splitlines()[-1]
        self.assertRegex(last, r"^embark: Rank 0 cannot go on with exchange \d+: rank 1 is gone; ")

    def test_an_environment_that_cannot_be_right_is_wrong_usage(self):
        process = self.start(self.words(checkpoints="none"), rank=3, size=2, port=29500)
        _, error = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 2, error)
        self.assertIn("Invalid rank 3 (RANK): the ranks of 2 processes go from 0 to 1", error)

    def test_a_signal_to_one_process_stops_all_with_a_checkpoint(self):
        port = free_port()
        processes = [self.start(self.words(checkpoints="stopped", epochs=1000), rank, 2, port) for rank in range(2)]
        while not (self.folder / "stopped" / "checkpoint.safetensors").exists():
            time.sleep(0.02)
        processes[1].send_signal(signal.SIGTERM)
        errors = [process.communicate(timeout=60)[1] for process in processes]
        self.assertEqual([process.returncode for process in processes], [143, 143], errors)
        self.assertIn("go on with --resume", errors[0])

    @unittest.skipUnless(TORCHRUN, "there is no torchrun")
    def test_runs_of_which_a_process_is_killed_end_as_if_undisturbed(self):
        self.kill_runs(3, seed=1)

    def kill_runs(self, count, seed):
        """Each run has a random process killed at a random time, some more than once."""
        numbers = random.Random(seed)
        began = time.monotonic()
        whole = self.undisturbed()
        length = time.monotonic() - began
        killed = 0
        for number in range(count):
            name = f"killed {number}"
            words = ["--no-python", "--nproc-per-node", "2", "--max-restarts", "5", "--rdzv-backend", "c10d",
                     "--rdzv-endpoint", "127.0.0.1:0", *self.words(checkpoints=name)]
            run = self.start(words, prefix=[TORCHRUN])
            for _ in range(numbers.choice([1, 1, 2])):
                deadline = time.monotonic() + 60
                while run.poll() is None and len(workers(run.pid)) < 2 and time.monotonic() < deadline:
                    time.sleep(0.01)
                time.sleep(numbers.uniform(0, length))
                alive = workers(run.pid)
                if run.poll() is None and alive:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(numbers.choice(alive), signal.SIGKILL)
                        killed += 1
            output = run.communicate(timeout=120)
            self.assertEqual(run.returncode, 0, output[1][-3000:])
            self.assertEqual(self.checkpoint(name), whole, f"run {number} of seed {seed}")
        print(f"{count} runs, {killed} kills: all ended with the undisturbed weights", file=sys.stderr)
        self.assertGreater(killed, 0)


class NetworkTest(DistributedTest):
    """Two machines, each a network namespace of the test's own, and a virtual link between them."""

    def setUp(self):
        super().setUp()
        if shutil.which("ip") is None or shutil.which("nsenter") is None:
            self.skipTest("there is no ip or nsenter to make network namespaces with")
        self.machines = []
        for _ in range(2):
            holder = subprocess.Popen(["unshare", "-n", "sleep", "600"], stderr=subprocess.DEVNULL)
            self.addCleanup(holder.wait)
            self.addCleanup(holder.kill)
            self.machines.append(holder)
        time.sleep(0.3)
        if any(holder.poll() is not None for holder in self.machines):
            self.skipTest("network namespaces are not permitted here")
        names = [f"emb{os.getpid() % 100000}a", f"emb{os.getpid() % 100000}b"]
        made = subprocess.run(["nsenter", "-t", str(self.machines[0].pid), "-n", "ip", "link", "add", names[0], "type",
                               "veth", "peer", "name", names[1], "netns", str(self.machines[1].pid)],
                              capture_output=True, text=True)
        if made.returncode != 0:
            self.skipTest(f"virtual links are not permitted here: {made.stderr.strip()}")
        self.links = names
        for number in range(2):
            self.on(number, "ip", "link", "set", "lo", "up")
            self.on(number, "ip", "address", "add", f"10.77.0.{number + 1}/24", "dev", names[number])
            self.on(number, "ip", "link", "set", names[number], "up")

    def inside(self, number):
        return ["nsenter", "-t", str(self.machines[number].pid), "-n"]

    def on(self, number, *words):
        subprocess.run([*self.inside(number), *words], check=True)

    def start_both(self, words, timeout):
        return [self.start(words, rank, 2, 29600, prefix=self.inside(rank), MASTER_ADDR="10.77.0.1",
                           EMBARK_TIMEOUT=str(timeout)) for rank in range(2)]

    def test_a_link_that_goes_down_is_a_clean_failure_and_then_a_resume(self):
        words = self.words(checkpoints="cut")
        whole = self.undisturbed()
        processes = self.start_both(words, timeout=4)
        while not (self.folder / "cut" / "checkpoint.safetensors").exists():
            for process in processes:
                self.assertIsNone(process.poll(), process.poll() is not None and process.communicate()[1])
            time.sleep(0.005)
        self.on(0, "ip", "link", "set", self.links[0], "down")
        errors = [process.communicate(timeout=60)[1] for process in processes]
        self.assertEqual([process.returncode for process in processes], [1, 1], errors)
        self.assertRegex(errors[0].strip().splitlines()[-1], "Rank 0 cannot go on with exchange .*: rank 1 is gone")
        self.assertRegex(errors[1].strip().splitlines()[-1], "Rank 1 cannot go on with exchange .*: rank 0 is gone")
        self.on(0, "ip", "link", "set", self.links[0], "up")
        words[words.index("--checkpoint-dir")] = "--resume"
        processes = self.start_both(words, timeout=30)
        errors = [process.communicate(timeout=120)[1] for process in processes]
        self.assertEqual([process.returncode for process in processes], [0, 0], errors)
        self.assertIn("Going on from the checkpoint", errors[0])
        self.assertEqual(self.checkpoint("cut"), whole)


# The cases of DistributedTest are its own.
for case in [name for name in dir(DistributedTest) if name.startswith("test_")]:
    setattr(NetworkTest, case, None)


def main():
    if "--kills" not in sys.argv:
        unittest.main(verbosity=2)
    count = int(sys.argv[sys.argv.index("--kills") + 1])
    seed = int(sys.argv[sys.argv.index("--seed") + 1]) if "--seed" in sys.argv else 1
    case = DistributedTest("kill_runs")
    case.setUp()
    try:
        case.kill_runs(count, seed)
    finally:
        case.doCleanups()


if __name__ == "__main__":
    main()
