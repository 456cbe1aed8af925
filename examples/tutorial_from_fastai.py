"""The Python column of docs/tutorials/from-fastai.md; tutorial_from_fastai.cpp is the C++ column. Both make the same data."""

import pandas as pd
import torch
from fastai.callback.all import *
from fastai.collab import *
from fastai.tabular.all import *
from torch import nn
from torch.utils.data import TensorDataset, random_split


def scramble(i, below):
    """Numbers from 0 on, that look random, the same in C++."""
    return i * 7919 % 10007 * 31 % 997 % below


def write_files():
    flats = [(i % 3, 30 + scramble(i, 90)) for i in range(600)]
    pd.DataFrame([(["Lima", "Oslo", "Rome"][city], size, size * (1 + city)) for city, size in flats],
                 columns=["city", "size", "price"]).to_csv("flats.csv", index=False)
    pairs = [(scramble(i, 40), scramble(i + 5000, 30)) for i in range(3000)]
    pd.DataFrame([(f"u{user}", f"i{item}", 1 + (user + item) % 5) for user, item in pairs],
                 columns=["user", "item", "rating"]).to_csv("ratings.csv", index=False)


# 1. Tensors become DataLoaders.
def from_tensors():
    x = torch.linspace(-1, 1, 512).unsqueeze(1)
    parts = random_split(TensorDataset(x, x.square()), [0.8, 0.2], torch.Generator().manual_seed(42))
    return DataLoaders.from_dsets(*parts, bs=32)


# 2. A module.
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden, self.out = nn.Linear(1, 16), nn.Linear(16, 1)

    def forward(self, x):
        return self.out(torch.relu(self.hidden(x)))


# 3. A Learner, and a fit.
def fit_net():
    set_seed(42)
    learn = Learner(from_tensors(), Net(), loss_func=nn.MSELoss(), metrics=[mae])
    learn.fit_one_cycle(5, 1e-2)
    return learn


# 4. A learning rate.
def suggested_rate(learn):
    return learn.lr_find(show_plot=False).valley


# 5. A callback.
class CountBatches(Callback):
    def __init__(self):
        self.batches = 0

    def after_batch(self):
        self.batches += 1 if self.training else 0


# 6. A metric.
class LargestError(Metric):
    def reset(self):
        self.errors = []

    def accumulate(self, learn):
        self.errors.append((learn.pred - learn.y).abs().max().item())

    @property
    def value(self):
        return max(self.errors)


# 7. Keep the best model, and stop early.
def fit_with_callbacks():
    counter = CountBatches()
    learn = Learner(from_tensors(), Net(), loss_func=nn.MSELoss(), metrics=[LargestError()])
    learn.fit(3, 1e-3, cbs=[SaveModelCallback(), EarlyStoppingCallback(patience=2), counter])
    print("batches:", counter.batches)


# 8. A table.
def fit_table():
    flats = pd.read_csv("flats.csv")
    dls = TabularDataLoaders.from_df(flats, y_names="price", cat_names=["city"], cont_names=["size"], bs=64,
                                     procs=[Categorify, FillMissing, Normalize])
    learn = tabular_learner(dls, layers=[200, 100], metrics=[rmse])
    learn.fit_one_cycle(3, 1e-2)
    return learn


# 9. Ratings.
def fit_ratings():
    dls = CollabDataLoaders.from_df(pd.read_csv("ratings.csv"), bs=64)
    learn = collab_learner(dls, n_factors=20, y_range=(0.5, 5.5))
    learn.fit_one_cycle(3, 5e-3, wd=0.1)
    return learn


# 10. Weights, and a file for those who predict.
def save_and_load(learn, flats):
    learn.save("net")
    learn.load("net")
    torch.save(learn.model.state_dict(), "net.pth")
    flats.export("flats.pkl")                   # a pickle: whoever loads it needs fastai


if __name__ == "__main__":
    write_files()
    learner = fit_net()
    print(f"x = 0.5: {learner.model(torch.tensor([[0.5]])).item():.1f}")
    print("a rate was suggested:", "yes" if suggested_rate(learner) > 0 else "no")
    fit_with_callbacks()
    flats_learner = fit_table()
    fit_ratings()
    save_and_load(learner, flats_learner)
