"""Baselines of the tabular models; make_baselines.py writes them."""

import json
import math
from functools import partial

import torch
from fastai.tabular.model import TabularModel, emb_sz_rule
from torch import nn
from torch.nn import functional

from loss_baselines import plain

EMBEDDINGS = [(5, 3), (7, 2), (4, 2)]
N_CONT = 4
ROWS = 16


def tabular_model():
    """fastai's TabularModel in two training batches and then in eval mode, and its rule for widths of embeddings."""
    generator = torch.Generator().manual_seed(12)
    tensors = widths()
    for batch in ("first", "second"):
        tensors |= {f"{batch}.{what}": value for what, value in tabular_batch(generator).items()}
    both = dict(emb_szs=EMBEDDINGS, n_cont=N_CONT, layers=[6, 5])
    cases = {
        "classes": dict(both, out_sz=3),
        "y_range": dict(both, out_sz=1, y_range=(-1, 4)),
        "no_bn": dict(both, out_sz=2, use_bn=False, bn_cont=False),
        "bn_final": dict(both, out_sz=2, bn_final=True),
        "lin_last": dict(both, out_sz=2, lin_first=False),
        "lin_last_bn_final": dict(both, out_sz=2, lin_first=False, bn_final=True),
        "no_numbers": dict(both, out_sz=1, n_cont=0, bn_cont=False),
        "no_categories": dict(both, out_sz=1, emb_szs=[]),
        "no_hidden_layer": dict(both, out_sz=1, layers=[]),
    }
    for case, settings in cases.items():
        tensors |= {f"{case}.{name}": value for name, value in run_tabular(settings, tensors, generator).items()}
    return tensors, {case: json.dumps(settings) for case, settings in cases.items()}


def widths():
    """Up to 10,000 rows: those from which on embeddings are wider than before, and their widths."""
    changes = [(rows, emb_sz_rule(rows)) for rows in range(1, 10_001) if rows == 1
               or emb_sz_rule(rows) != emb_sz_rule(rows - 1)]
    return {"widths.rows": torch.tensor([rows for rows, _ in changes]),
            "widths.width": torch.tensor([width for _, width in changes])}


def tabular_batch(generator):
    x_cat = torch.stack([torch.randint(rows, (ROWS,), generator=generator) for rows, _ in EMBEDDINGS], dim=1)
    x_cont = 2 * torch.randn(ROWS, N_CONT, generator=generator) + torch.arange(N_CONT)
    return {"x_cat": x_cat, "x_cont": x_cont, "classes": torch.randint(3, (ROWS,), generator=generator),
            "numbers": torch.randn(ROWS, 2, generator=generator)}


def run_tabular(settings, batches, generator):
    model = TabularModel(**settings)
    stir(model, generator)
    result = {f"weights.{name}": parameter.detach().clone() for name, parameter in model.named_parameters()}
    # In float64, for batch norm of columns that hardly vary makes much of what float32 rounds off.
    model.double()
    out_sz = settings["out_sz"]
    for batch in ("first", "second"):
        x_cat, x_cont = batches[f"{batch}.x_cat"], batches[f"{batch}.x_cont"].double()
        is_class = out_sz == 3
        target = batches[f"{batch}.classes"] if is_class else batches[f"{batch}.numbers"][:, :out_sz].double()
        model.zero_grad()
        prediction = model(x_cat, x_cont)
        # Not fastai's losses, which make float32 of everything.
        loss = (functional.cross_entropy if is_class else functional.mse_loss)(prediction, target)
        loss.backward()
        result |= {f"{batch}.prediction": plain(prediction), f"{batch}.loss": plain(loss)}
        result |= {f"{batch}.gradient.{name}": plain(p.grad) for name, p in model.named_parameters()}
    model.eval()
    return result | {"eval.prediction": plain(model(batches["first.x_cat"], batches["first.x_cont"].double()))}


def stir(model, generator):
    """Parameters far from those of the initialisation, so that gradients of all of them are far from 0."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(0.5 * torch.randn(parameter.shape, generator=generator))
            if parameter.dim() == 1 and name.endswith("weight"):
                parameter += 1


# --- Embeddings of numbers ------------------------------------------------------------------------------------------

BINS = [[-1.0, 0.0, 0.5, 2.0], [0.0, 3.0], [-2.0, -1.5, 1.0]]


def number_embeddings():
    """The embeddings of arXiv:2203.05556, written from its formulas, number by number."""
    generator = torch.Generator().manual_seed(13)
    randn = partial(torch.randn, generator=generator)
    n_cont, n_frequencies, width = len(BINS), 5, 4
    x = 2 * randn(ROWS, n_cont)
    probe = randn(ROWS, n_cont * width)
    frequencies = randn(n_cont, n_frequencies)
    periodic_features, n_bins = 2 * n_frequencies, max(len(edges) - 1 for edges in BINS)
    weights = {
        "periodic_shared": {"frequencies": frequencies, "linear.weight": randn(width, periodic_features),
                            "linear.bias": randn(width)},
        "periodic": {"frequencies": frequencies, "linear.weight": randn(n_cont, periodic_features, width),
                     "linear.bias": randn(n_cont, width)},
        "piecewise_linear": {"linear.weight": randn(n_cont, n_bins, width), "linear.bias": randn(n_cont, width)},
    }
    tensors = {"x": x, "probe": probe}
    for case, values in weights.items():
        parameters = {name: value.clone().requires_grad_() for name, value in values.items()}
        result = torch.cat([embedded_number(case, parameters, x[:, i], i) for i in range(n_cont)], dim=1)
        (result * probe).sum().backward()
        tensors |= {f"{case}.weights.{name}": value.clone() for name, value in values.items()}
        tensors |= {f"{case}.result": result.detach()}
        tensors |= {f"{case}.gradient.{name}": value.grad for name, value in parameters.items()}
    return tensors, {"bins": json.dumps(BINS), "n_frequencies": str(n_frequencies), "width": str(width)}


def embedded_number(case, parameters, x, i):
    """The embedding (rows, width) of number i, whose values are x (rows)."""
    weight, bias = parameters["linear.weight"], parameters["linear.bias"]
    if case == "piecewise_linear":
        encoded = torch.tensor([piecewise_linear(value, BINS[i]) for value in x.tolist()])
        # Weights of bins that this number has not are never used.
        return torch.relu(encoded @ weight[i, :encoded.shape[1]] + bias[i])
    angles = [2 * math.pi * c * x for c in parameters["frequencies"][i]]
    encoded = torch.stack([torch.cos(a) for a in angles] + [torch.sin(a) for a in angles], dim=1)
    if case == "periodic_shared":
        return torch.relu(functional.linear(encoded, weight, bias))
    return torch.relu(encoded @ weight[i] + bias[i])


def piecewise_linear(x, edges):
    """Formula (1) of the paper: one number for each bin t from edges[t - 1] to edges[t]."""
    last = len(edges) - 1
    encoded = []
    for t in range(1, last + 1):
        if x < edges[t - 1] and t > 1:
            encoded.append(0.0)
        elif x >= edges[t] and t < last:
            encoded.append(1.0)
        else:
            encoded.append((x - edges[t - 1]) / (edges[t] - edges[t - 1]))
    return encoded


# --- Ensembles ------------------------------------------------------------------------------------------------------


class Ensemble(nn.Module):
    """TabM-mini of arXiv:2410.24210, each member computed by itself; parameters under Embark's names. Two outputs: two
    numbers and three classes."""

    def __init__(self, members, width, use_bn):
        super().__init__()
        features = sum(size for _, size in EMBEDDINGS) + N_CONT
        self.embeds = nn.ModuleList([nn.Embedding(*size) for size in EMBEDDINGS])
        self.adapter = nn.Parameter(torch.empty(members, features))
        hidden = [nn.Linear(features, width, bias=not use_bn), nn.ReLU()] + [nn.BatchNorm1d(width)] * use_bn
        head = nn.Module()
        head.weight = nn.Parameter(torch.empty(members, width, 5))
        head.bias = nn.Parameter(torch.empty(members, 5))
        self.layers = nn.ModuleList([nn.Sequential(*hidden), nn.ModuleList([head])])

    def forward(self, x_cat, x_cont):
        """(rows, members, 5)."""
        x = torch.cat([embedding(x_cat[:, i]) for i, embedding in enumerate(self.embeds)] + [x_cont], dim=1)
        hidden = self.layers[0](torch.cat([x * scale for scale in self.adapter]))
        head = self.layers[1][0]
        return torch.stack([h @ weight + bias for h, weight, bias
                            in zip(hidden.chunk(len(self.adapter)), head.weight, head.bias)], dim=1)


def tabm():
    """An ensemble in two training batches and then in eval mode."""
    generator = torch.Generator().manual_seed(14)
    members, width = 4, 6
    tensors = {}
    for batch in ("first", "second"):
        tensors |= {f"{batch}.{what}": value for what, value in tabular_batch(generator).items()}
    for case, use_bn in (("plain", False), ("bn", True)):
        model = Ensemble(members, width, use_bn)
        stir(model, generator)
        tensors |= {f"{case}.weights.{name}": value.detach().clone() for name, value in model.named_parameters()}
        for batch in ("first", "second"):
            tensors |= {f"{case}.{batch}.{name}": value for name, value in train_members(model, tensors, batch).items()}
        model.eval()
        prediction = model(tensors["first.x_cat"], tensors["first.x_cont"]).detach()
        tensors[f"{case}.eval.numbers"] = prediction[..., :2].mean(dim=1)
        tensors[f"{case}.eval.probabilities"] = prediction[..., 2:].softmax(dim=-1).mean(dim=1)
    return tensors, {"members": str(members), "layers": str(width), "loss": "MSE + 0.5 * cross-entropy"}


def train_members(model, batches, batch):
    numbers, classes = batches[f"{batch}.numbers"], batches[f"{batch}.classes"]
    model.zero_grad()
    prediction = model(batches[f"{batch}.x_cat"], batches[f"{batch}.x_cont"])
    rows = torch.stack([((p[:, :2] - numbers) ** 2).mean(dim=1)
                        + 0.5 * functional.cross_entropy(p[:, 2:], classes, reduction="none")
                        for p in prediction.unbind(1)]).mean(dim=0)
    rows.mean().backward()
    gradients = {f"gradient.{name}": parameter.grad.clone() for name, parameter in model.named_parameters()}
    return {"prediction": prediction.detach(), "rows": rows.detach(), "loss": rows.mean().detach()} | gradients
