#!/usr/bin/env python3
"""Trains a transformer encoder that tells the stars of women's clothing reviews from their text, in C++ by a Learner
(review_classifier.cpp) and the same model in PyTorch, with several seeds each, and prints the accuracies and their means.

    build/fastai-venv/bin/python benchmarks/reviews.py [--seeds 3] [--threads 1] [--data-dir DIR]

Both have the same tokens, split (80/20 at random), batches of texts of about one length, one-cycle, AdamW and decay. Needs
build/bin/review_classifier, the environment that setup-fastai makes, and the data set (tools/get-data womens-reviews).
Exit code: 1 where the mean of C++ is more than 0.01 below PyTorch's."""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from statistics import mean

import pandas
import torch
from safetensors.torch import save_file
from torch import nn

SOURCE_DIR = Path(__file__).resolve().parent.parent
MOST_BELOW = 0.01
WIDTH, MAX_LENGTH, CLASSES, EPOCHS, BATCH, LR, DECAY = 64, 96, 5, 3, 64, 1e-3, 0.01


def reviews(data_dir):
    """Token tensors and classes of the training and the validation part: token 0 pads, 1 is any rare word."""
    command = [sys.executable, SOURCE_DIR / "tools" / "get-data", "womens-reviews"]
    folder = subprocess.run(command + (["--data-dir", data_dir] if data_dir else []), check=True, text=True,
                            stdout=subprocess.PIPE).stdout.strip()
    table = pandas.read_csv(Path(folder) / "reviews.csv").dropna(subset=["Review Text"])
    words = [re.findall(r"[a-z]+|[!?]", text.lower())[:MAX_LENGTH] for text in table["Review Text"]]
    classes = torch.tensor(table["Rating"].to_numpy() - 1)
    order = torch.randperm(len(words), generator=torch.Generator().manual_seed(42))
    valid, train = order[: len(words) // 5], order[len(words) // 5:]
    counts = Counter(word for i in train for word in words[i])
    numbers = {word: 2 + i for i, (word, n) in enumerate(counts.most_common()) if n >= 3}
    texts = [torch.tensor([numbers.get(word, 1) for word in text] or [1]) for text in words]
    return {"train": ([texts[i] for i in train], classes[train]), "valid": ([texts[i] for i in valid], classes[valid])}


class ReviewNet(nn.Module):
    """review_classifier.cpp has the same."""

    def __init__(self, n_tokens):
        super().__init__()
        self.embedding = nn.Embedding(n_tokens, WIDTH)
        self.position = nn.Parameter(0.02 * torch.randn(MAX_LENGTH, WIDTH))
        self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(WIDTH, 4, 128, 0.1), 2,
                                             enable_nested_tensor=False)
        self.head = nn.Linear(WIDTH, CLASSES)

    def forward(self, tokens, mask):
        x = self.embedding(tokens) + self.position[: tokens.size(1)]
        encoded = self.encoder(x.transpose(0, 1), src_key_padding_mask=~mask).transpose(0, 1)
        own = mask.unsqueeze(2).to(encoded.dtype)
        return self.head((encoded * own).sum(1) / own.sum(1))


def padded(texts):
    tokens = nn.utils.rnn.pad_sequence(texts, batch_first=True)
    return tokens, torch.arange(tokens.size(1)) < torch.tensor([len(text) for text in texts]).unsqueeze(1)


def batches_by_length(lengths):
    """Rows in a random order are sorted by length, 50 batches at a time; as Embark's by_length_sampler."""
    batches = []
    for pool in torch.randperm(len(lengths)).split(50 * BATCH):
        batches += pool[lengths[pool].argsort(stable=True)].split(BATCH)
    whole = [batch for batch in batches if len(batch) == BATCH]
    return [whole[i] for i in torch.randperm(len(whole))]


def train_in_pytorch(data, seed):
    """The accuracy in validation."""
    torch.manual_seed(seed)
    texts, classes = data["train"]
    model = ReviewNet(1 + max(int(text.max()) for text in texts))
    # As in Embark and fastai, norm layers and biases of layers do not decay.
    stays = [("norm" in name or name.split(".")[-1] == "bias", p) for name, p in model.named_parameters()]
    decaying, others = [p for stay, p in stays if not stay], [p for stay, p in stays if stay]
    # fastai's Adam and one-cycle, as Embark has them by default.
    optimizer = torch.optim.AdamW([{"params": decaying, "weight_decay": DECAY}, {"params": others, "weight_decay": 0}],
                                  lr=LR, betas=(0.95, 0.99), eps=1e-5)
    lengths = torch.tensor([len(text) for text in texts])
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, LR, total_steps=EPOCHS * (len(texts) // BATCH), pct_start=0.25, div_factor=25, final_div_factor=4000,
        base_momentum=0.85, max_momentum=0.95)
    for _ in range(EPOCHS):
        model.train()
        for rows in batches_by_length(lengths)[: len(texts) // BATCH]:
            nn.functional.cross_entropy(model(*padded([texts[i] for i in rows])), classes[rows]).backward()
            optimizer.step()
            optimizer.zero_grad()
            schedule.step()
    model.eval()
    texts, classes = data["valid"]
    with torch.no_grad():
        right = [(model(*padded(texts[i: i + 10 * BATCH])).argmax(1) == classes[i: i + 10 * BATCH])
                 for i in range(0, len(texts), 10 * BATCH)]
    return torch.cat(right).double().mean().item()


def train_in_cpp(program, path, seed, threads):
    output = subprocess.run([program, path, str(seed)], check=True, text=True, stdout=subprocess.PIPE,
                            env=os.environ | {"OMP_NUM_THREADS": str(threads)}).stdout
    return float(re.search(r"accuracy (\S+)", output).group(1))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--data-dir")
    parser.add_argument("--program", default=SOURCE_DIR / "build" / "bin" / "review_classifier")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    data = reviews(options.data_dir)
    accuracies = {"C++": [], "PyTorch": []}
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "reviews.safetensors"
        save_file({f"{part}.{name}": tensor for part, (texts, classes) in data.items() for name, tensor in (
            ("tokens", torch.cat(texts)), ("ends", torch.tensor([len(text) for text in texts]).cumsum(0)),
            ("classes", classes))}, path)
        for seed in range(1, options.seeds + 1):
            for name, train in (("C++", lambda: train_in_cpp(options.program, path, seed, options.threads)),
                                ("PyTorch", lambda: train_in_pytorch(data, seed))):
                started = time.perf_counter()
                accuracies[name].append(train())
                print(f"seed {seed}, {name}: accuracy {accuracies[name][-1]:.4f}, {time.perf_counter() - started:.1f} s",
                      flush=True)
    cpp, pytorch = (mean(values) for values in accuracies.values())
    print(f"mean: C++ {cpp:.4f}, PyTorch {pytorch:.4f} (bar: no more than {MOST_BELOW} below)")
    return 0 if cpp >= pytorch - MOST_BELOW else 1


if __name__ == "__main__":
    sys.exit(main())
