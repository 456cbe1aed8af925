#!/usr/bin/env python3
"""Trains a small network of convolutions in PyTorch, for transfer.cpp to go on with.

    python transfer.py FOLDER           needs torch and safetensors

The pictures, 16 × 16, are waves with much noise, and the network learns which of eight directions they run in. It writes
FOLDER/pretrained.safetensors, the weights by their names, and FOLDER/pictures.safetensors: a few pictures of waves in
four other directions, `train.x` (40, 1, 16, 16) and `train.y`, and many to judge by, `test.x` and `test.y`."""

import math
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn


class Net(nn.Module):
    """transfer.cpp has the same, with the same names."""

    def __init__(self, n_classes):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 16, 5, padding=2, bias=False), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1, bias=False), nn.BatchNorm2d(32), nn.ReLU(), nn.AdaptiveAvgPool2d(1),
            nn.Flatten())
        self.head = nn.Linear(32, n_classes)

    def forward(self, x):
        return self.head(self.body(x))


def waves(n, angles):
    """`n` pictures, and which of the angles the wave of each runs in."""
    y = torch.randint(len(angles), (n,))
    angle, phase, length = torch.tensor(angles)[y], 2 * math.pi * torch.rand(n), 4 + 4 * torch.rand(n)
    row, column = torch.meshgrid(torch.arange(16.0), torch.arange(16.0), indexing="ij")
    along = torch.cos(angle).view(-1, 1, 1) * column + torch.sin(angle).view(-1, 1, 1) * row
    x = torch.sin(2 * math.pi * along / length.view(-1, 1, 1) + phase.view(-1, 1, 1)) + torch.randn(n, 16, 16)
    return x.unsqueeze(1), y


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(1)
    net = Net(8)
    optimizer = torch.optim.Adam(net.parameters(), 5e-3)
    for _ in range(300):
        x, y = waves(64, [math.pi * i / 8 for i in range(8)])
        nn.functional.cross_entropy(net(x), y).backward()
        optimizer.step()
        optimizer.zero_grad()
    save_file(net.state_dict(), folder / "pretrained.safetensors")

    others = [math.pi * (i / 4 + 1 / 16) for i in range(4)]
    (train_x, train_y), (test_x, test_y) = waves(40, others), waves(2000, others)
    save_file({"train.x": train_x, "train.y": train_y, "test.x": test_x, "test.y": test_y},
              folder / "pictures.safetensors")


if __name__ == "__main__":
    main()
