"""Writes weight files of a small network for weights_test.cpp: python weights_files.py FOLDER."""

import os
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

folder = Path(sys.argv[1])
torch.manual_seed(4)
net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 2))
net.train()
net(torch.randn(8, 3))
net.eval()
x = torch.linspace(-1, 1, 15).reshape(5, 3)
state = net.state_dict()
save_file(state | {"x": x, "y": net(x).detach()}, folder / "expected.safetensors")
save_file(state, folder / "plain.safetensors")
save_file({f"body.{name}": value for name, value in state.items()} | {"head.weight": torch.zeros(1)},
          folder / "prefixed.safetensors")
torch.save(state, folder / "state.pth")
torch.save({name: value.half() if value.is_floating_point() else value for name, value in state.items()},
           folder / "half.pth")
torch.save({"model": state, "epoch": 3, "opt": {"lr": 0.1}}, folder / "checkpoint.pth")
torch.save({name: value for name, value in state.items() if not name.startswith("2.")}
           | {"2.weight": torch.zeros(7, 4), "2.bias": torch.zeros(7), "3.weight": torch.zeros(1)},
           folder / "other_head.pth")
views = torch.arange(24.0).reshape(2, 12)
torch.save({"weight": views.t()[::2].t(), "bias": views[1, :2]}, folder / "views.pth")
torch.save({"weight": torch.ones(1).expand(1 << 40)}, folder / "one_number.pth")
torch.save(state, folder / "old.pth", _use_new_zipfile_serialization=False)
torch.save([1, 2], folder / "list.pth")
torch.save({"0.weight": 7}, folder / "number.pth")
torch.save(net, folder / "module.pth")


class Hostile:
    def __reduce__(self):
        return os.system, (f"touch {folder / 'was_run'}",)


torch.save({"0.weight": Hostile()}, folder / "hostile.pth")
whole = (folder / "state.pth").read_bytes()
for i, size in enumerate((1, 30, 100, len(whole) // 2, len(whole) - 30)):
    (folder / f"cut{i}.pth").write_bytes(whole[:size])
(folder / "zeros.pth").write_bytes(whole[:4] + bytes(len(whole) - 4))
