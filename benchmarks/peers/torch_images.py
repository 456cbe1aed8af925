#!/usr/bin/env python3
"""Pictures in files: `make` writes a folder of made-up JPEG photographs, `loading` reads them with PyTorch's
DataLoader and PIL, resizes them, and prints what each pass takes as one JSON object. Runs in the environment that
setup-fastai makes."""

import argparse
import json
import time
from pathlib import Path

import numpy
import PIL
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset

PICTURES, CLASSES, HEIGHT, WIDTH = 600, 4, 375, 500
SIDE, PASSES, WORKERS = 224, 4, 2


def make(folder):
    """Shapes of several sizes and some grain, so that files are as large as photographs of this size are (50 kB)."""
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    chance = numpy.random.default_rng(42)
    for number in range(PICTURES):
        picture = numpy.zeros((HEIGHT, WIDTH, 3))
        for size in (4, 16, 64, 160):
            coarse = Image.fromarray(chance.integers(0, 256, (size, size, 3), dtype=numpy.uint8))
            picture += numpy.asarray(coarse.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)) / 4
        of_class = unfinished / f"class_{number % CLASSES}"
        of_class.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture.round().astype(numpy.uint8)).save(of_class / f"{number}.jpg", quality=90)
    unfinished.rename(folder)


class Pictures(Dataset):
    """What torchvision's ImageFolder with Resize and ToTensor does."""

    def __init__(self, folder):
        self.classes = sorted(path.name for path in folder.iterdir())
        self.files = [(path, label) for label, name in enumerate(self.classes)
                      for path in sorted((folder / name).iterdir())]

    def __len__(self):
        return len(self.files)

    def __getitem__(self, index):
        path, label = self.files[index]
        with Image.open(path) as image:
            resized = image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BILINEAR)
        pixels = torch.from_numpy(numpy.array(resized, copy=True)).permute(2, 0, 1).contiguous()
        return pixels.to(torch.float32).div(255), label


def loading(folder):
    pictures = Pictures(folder)
    loader = DataLoader(pictures, batch_size=64, shuffle=True, num_workers=WORKERS, persistent_workers=True)
    seconds = []
    for _ in range(PASSES):
        started, total = time.perf_counter(), 0.0
        for pixels, _labels in loader:
            total += pixels.mean().item() * len(pixels)
        seconds.append(time.perf_counter() - started)
    print(json.dumps({"name": "torch_images", "pass_seconds": seconds, "pictures": len(pictures),
                      "mean": total / len(pictures),
                      "versions": {"torch": torch.__version__, "pillow": PIL.__version__}}))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["make", "loading"])
    parser.add_argument("--data", type=Path, required=True, help="folder of the files")
    parser.add_argument("--threads", type=int, default=1, help="of torch in the training process")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    {"make": make, "loading": loading}[options.what](options.data)


if __name__ == "__main__":
    main()
