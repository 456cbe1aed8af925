#!/usr/bin/env python3
"""Measures what training in several processes costs and prints it as the tables of docs/distributed.md.

    parallel.py epochs            epochs and bytes of a step with 1, 2 and 4 processes
    parallel.py exchanges         latency and bandwidth between 2 and 4 processes, and the model for more machines
    parallel.py memory            a table of 20,000,000 × 32 in 1 and in 2 processes; fails where each of the two takes
                                  more than 0.6 of the memory of the one

All processes run on this machine. --latency (µs) and --bandwidth (MB/s) put the figures of another network into the
model in place of the measured ones."""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from harness import SOURCE_DIR, Bench, BenchError

WORK = (("parallel_movielens", "ml-100k", "ML-100k, fused step, batches of 64"),
        ("parallel_adult", "adult", "Adult, {200, 100}, batches of 256"),
        ("parallel_whole_tables", None, "1.1 million rows × 33, batches of 4,096, whole in each"),
        ("parallel_sharded_tables", None, "the same, sharded"))


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def run_processes(program, measurement, size, data, repeats=25):
    """The JSON objects that `size` processes print, by rank."""
    port = free_port()
    processes = []
    for rank in range(size):
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "RANK": str(rank), "LOCAL_RANK": str(rank),
                       "WORLD_SIZE": str(size), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
        words = [str(program), measurement, "--data", str(data), "--threads", "1", "--repeats", str(repeats)]
        processes.append(subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                          text=True))
    outputs = [process.communicate() for process in processes]
    for process, (_, error) in zip(processes, outputs):
        if process.returncode != 0:
            raise BenchError(f"{measurement} in {size} processes failed: {error.strip()[-500:]}")
    return [json.loads(output.splitlines()[-1]) for output, _ in outputs]


def epochs(options):
    print("| work | 1 process | 2 | 4 | bytes a step, 2 processes | 4 |\n|---|---|---|---|---|---|")
    for measurement, data, title in WORK:
        found = {}
        for size in (1, 2, 4):
            folder = options.bench.dataset(data) if data else SOURCE_DIR
            found[size] = run_processes(options.program, measurement, size, folder)[0]
        seconds = [f"{median(found[size]['epoch_seconds']):.2f} s" for size in (1, 2, 4)]
        sent = [f"{found[size]['bytes_per_step'] / 1000:,.1f} kB" for size in (2, 4)]
        print(f"| {title} | {' | '.join(seconds + sent)} |", flush=True)


@dataclass(frozen=True)
class Network:
    """Seconds that a message takes whatever its size, and bytes a second that a process sends."""

    latency: float
    bandwidth: float

    def all_reduce(self, bytes_, size):
        """A ring: twice around, each time with a part of the values."""
        return 2 * (size - 1) * (self.latency + bytes_ / size / self.bandwidth)

    def all_gather(self, bytes_, size):
        return (size - 1) * (self.latency + bytes_ / self.bandwidth)

    def all_to_all(self, bytes_, size):
        """A message to each of the others; `bytes_` are those of all of them."""
        return (size - 1) * self.latency + bytes_ * (size - 1) / size / self.bandwidth


def measured_network(costs, size):
    """What the sums of the smallest and of the largest size say."""
    small, large = costs[0], costs[-1]
    latency = small["all_reduce"] / (2 * (size - 1))
    bandwidth = 2 * (size - 1) * large["bytes"] / size / (large["all_reduce"] - small["all_reduce"])
    return Network(latency, bandwidth)


def lookups(network, rows, width, size):
    """A step of one sharded table: ids (twice: how many, and which), rows, and their gradients back."""
    return (network.all_to_all(8 * size, size) + network.all_to_all(8 * rows, size)
            + 2 * network.all_to_all(4 * rows * width, size))


def exchanges(options):
    networks = {}
    print("| processes | bytes | sum | gathering | all to all |\n|---|---|---|---|---|")
    for size in (2, 4):
        costs = run_processes(options.program, "exchange_cost", size, SOURCE_DIR)[0]["costs"]
        for cost in costs:
            times = [f"{cost[name] * 1e6:,.0f} µs" for name in ("all_reduce", "all_gather", "all_to_all")]
            print(f"| {size} | {cost['bytes']:,} | {' | '.join(times)} |", flush=True)
        networks[size] = measured_network(costs, size)
        print(f"\n{size} processes: latency {networks[size].latency * 1e6:.0f} µs, "
              f"bandwidth {networks[size].bandwidth / 1e6:,.0f} MB/s\n")
    network = Network((options.latency or networks[2].latency * 1e6) / 1e6,
                      (options.bandwidth or networks[2].bandwidth / 1e6) * 1e6)
    print(f"Model, {network.latency * 1e6:.0f} µs and {network.bandwidth / 1e6:,.0f} MB/s\n")
    print("| a step's exchanges | 2 | 10 | 100 | 1,000 machines |\n|---|---|---|---|---|")
    rows = {"gradients of 1 MB": lambda size: network.all_reduce(1e6, size),
            "4,096 touched rows of 32 from each, gathered": lambda size: network.all_gather(4096 * 136, size),
            "4,096 rows of 32 for each, sharded": lambda size: lookups(network, 4096, 32, size)}
    for title, seconds in rows.items():
        print(f"| {title} | {' | '.join(f'{seconds(size) * 1e3:,.1f} ms' for size in (2, 10, 100, 1000))} |")


def memory(options):
    peaks = {}
    for size in (1, 2):
        with tempfile.TemporaryDirectory(prefix="embark-table-", dir=options.scratch) as folder:
            found = run_processes(options.program, "sharded_table", size, folder)
        peaks[size] = [one["peak_bytes"] for one in found]
        print(f"{size} processes: {', '.join(f'{peak / 1e9:.2f} GB' for peak in peaks[size])} at most, "
              f"{found[0]['making_seconds']:.0f} s to make, {found[0]['step_seconds'] * 1e3:.0f} ms a step, "
              f"{found[0]['bytes_per_step'] / 1e6:.2f} MB sent in it, last loss {found[0]['losses'][-1]:.6f}",
              flush=True)
    ratio = max(peaks[2]) / peaks[1][0]
    print(f"Memory of each of two: {ratio:.3f} of one's, at most 0.6 wanted")
    return 0 if ratio <= 0.6 else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["epochs", "exchanges", "memory"])
    parser.add_argument("--program", type=Path, default=SOURCE_DIR / "build/bin/embark_bench")
    parser.add_argument("--data-dir", type=Path, help="folder with data sets, as DIR/ml-100k/u.data")
    parser.add_argument("--scratch", type=Path, help="folder for checkpoints of 5 GB (default: the system's)")
    parser.add_argument("--latency", type=float, help="µs of a message, for the model")
    parser.add_argument("--bandwidth", type=float, help="MB/s that a machine sends, for the model")
    options = parser.parse_args()
    options.bench = Bench(program=options.program, fastai_venv=Path(), data_dir=options.data_dir, rounds=1, repeats=1,
                          threads=1)
    return {"epochs": epochs, "exchanges": exchanges, "memory": memory}[options.what](options) or 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BenchError as error:
        sys.exit(f"parallel.py: {error}")
