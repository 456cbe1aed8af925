"""What every row of the benchmarks stands on: where things are, running a measurement, and describing the machine."""

import json
import os
import platform
import resource
import statistics
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

SOURCE_DIR = Path(__file__).resolve().parent.parent
os.environ["CUDA_VISIBLE_DEVICES"] = ""  # what is compared is the CPU's, on all sides
CLOCK_TICK = os.sysconf("SC_CLK_TCK")


class BenchError(Exception):
    """Says in one sentence why a row could not be measured."""


@dataclass(frozen=True)
class Bench:
    """How the rows are to be measured."""

    program: Path  # embark_bench
    fastai_venv: Path
    data_dir: Path | None
    rounds: int  # how often each side of a comparison runs, in turn with the others
    repeats: int  # of what is measured inside one process
    threads: int  # at most

    def dataset(self, name):
        """The folder of a data set: in --data-dir, EMBARK_DATA, ../shared/data, else wherever tools/get-data has it."""
        for folder in (self.data_dir, os.environ.get("EMBARK_DATA"), SOURCE_DIR.parent / "shared" / "data"):
            if folder and (Path(folder) / name).is_dir():
                return Path(folder) / name
        return Path(run([SOURCE_DIR / "tools" / "get-data", name]).strip())

    def thread_counts(self):
        """The numbers of threads that every side may choose its best from."""
        return sorted({1, self.threads})

    def embark(self, measurement, data, threads, *words):
        return measure([self.program, measurement, "--data", data, "--threads", threads, "--repeats", self.repeats,
                        *words])

    def peer(self, script, data, threads, *words):
        """What a program of peers/ measures."""
        return measure(self.peer_command(script, *words, "--data", data, "--threads", threads))

    def peer_command(self, script, *words):
        """What runs a program of peers/, in its environment."""
        return [self.peer_python(), SOURCE_DIR / "benchmarks" / "peers" / script, *words]

    def peer_python(self):
        """The interpreter of the peers' environment, which is made where it is missing."""
        run([SOURCE_DIR / "benchmarks" / "peers" / "setup-fastai", self.fastai_venv])
        return self.fastai_venv / "bin" / "python"


def run(command):
    """The standard output of a program; its standard error is shown where the program fails, else passed by."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(words, cwd=SOURCE_DIR, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    except OSError as error:
        raise BenchError(f"{words[0]} cannot be run ({error.strerror})") from error
    if done.returncode != 0:
        raise BenchError(f"`{' '.join(words)}` failed with exit code {done.returncode}: {done.stderr.strip()[-500:]}")
    return done.stdout


def measure(command):
    """The JSON object that a measuring program prints, with `others_busy` added. Figures taken beside busy neighbours are
    worth little."""
    output, _, others_busy = timed(command)
    return {**json.loads(output.splitlines()[-1]), "others_busy": others_busy}


def timed(command):
    """What a program prints, the seconds that it takes, and how many processors other programs kept busy meanwhile, on
    average."""
    before = BusyTime.now()
    output = run(command)
    after = BusyTime.now()
    return output, after.wall - before.wall, round(after.others_since(before), 2)


@dataclass(frozen=True)
class BusyTime:
    """Seconds of processor time by now: of the whole machine, and of the programs started here."""

    wall: float
    machine: float
    ours: float

    @staticmethod
    def now():
        fields = Path("/proc/stat").read_text().splitlines()[0].split()[1:]
        user, nice, system, _idle, _iowait, irq, softirq, steal = (int(field) for field in fields[:8])
        children, own = (resource.getrusage(who) for who in (resource.RUSAGE_CHILDREN, resource.RUSAGE_SELF))
        ours = sum(usage.ru_utime + usage.ru_stime for usage in (children, own))
        return BusyTime(time.monotonic(), (user + nice + system + irq + softirq + steal) / CLOCK_TICK, ours)

    def others_since(self, before):
        return max(0.0, (self.machine - before.machine - (self.ours - before.ours)) / (self.wall - before.wall))


def median(values):
    return statistics.median(values)


def machine(threads):
    """What the figures were taken on."""
    names = [line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
             if line.startswith("model name")]
    return {
        "cpu": names[0] if names else platform.processor(),
        "cores": len(os.sched_getaffinity(0)),
        "threads": threads,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }
