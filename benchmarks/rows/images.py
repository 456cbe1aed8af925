"""Pictures from files."""

import sys

from harness import SOURCE_DIR, BenchError, median, run

PEER = "torch_images.py"


def image_loader_vs_torch(bench):
    """A folder of JPEG files decoded and resized by 2 workers: the time of PyTorch's DataLoader with PIL over ours."""
    folder = SOURCE_DIR / "build" / "bench-data" / "photographs"
    if not folder.is_dir():
        print(f"Writing {folder}", file=sys.stderr)
        run(bench.peer_command(PEER, "make", "--data", folder))
    ours, theirs = [], []
    for _ in range(bench.rounds):
        ours.append(bench.embark("image_loading", folder, threads=1))
        theirs.append(bench.peer(PEER, folder, 1, "loading"))
    if abs(ours[0]["mean"] - theirs[0]["mean"]) > 0.002:
        raise BenchError(f"Embark's pictures have a mean of {ours[0]['mean']}, PIL's {theirs[0]['mean']}")
    sides = {"embark": side(ours), "torch": side(theirs)}
    return sides["torch"]["seconds"] / sides["embark"]["seconds"], {
        **sides, "threads": 1, "others_busy": max(found["others_busy"] for found in ours + theirs)}


def side(runs):
    """The figures of one side. The first pass of each run warms up."""
    seconds = median([seconds for found in runs for seconds in found["pass_seconds"][1:]])
    return {"seconds": seconds, "pictures_per_second": runs[0]["pictures"] / seconds,
            **{what: runs[0][what] for what in ("pictures", "mean", "versions")}}
