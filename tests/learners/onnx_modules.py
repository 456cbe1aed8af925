"""Modules as people write them, each with the inputs of one row: for onnx_operators.py."""

import math

import torch
import torch.nn.functional as F
from torch import nn


def trained(module):
    """`module` with statistics and parameters as after training, rather than 0 and 1."""
    for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
        if not tensor.is_floating_point():
            continue
        with torch.no_grad():
            if "running_var" in name:
                tensor.uniform_(0.5, 2)
            elif tensor.dim() == 1:
                tensor.add_(torch.randn_like(tensor) * 0.1)
    return module


class Residual(nn.Module):
    def __init__(self, c_in, c_out, stride):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(c_in, c_out, 3, stride, 1, bias=False),
            nn.BatchNorm2d(c_out),
            nn.ReLU(inplace=True),
            nn.Conv2d(c_out, c_out, 3, 1, 1, bias=False),
            nn.BatchNorm2d(c_out),
        )
        self.shortcut = nn.Sequential(nn.Conv2d(c_in, c_out, 1, stride, bias=False), nn.BatchNorm2d(c_out))
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        out = self.body(x)
        out += self.shortcut(x)
        return self.relu(out)


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.down1, self.down2 = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 16, 3, padding=1)
        self.up, self.last = nn.ConvTranspose2d(16, 8, 2, 2), nn.Conv2d(16, 2, 1)
        self.norm = nn.GroupNorm(4, 16)

    def forward(self, x):
        a = F.relu(self.down1(x))
        b = F.silu(self.norm(self.down2(F.max_pool2d(a, 2))))
        return self.last(torch.cat([a, self.up(b)], 1))


class Mixer(nn.Module):
    def __init__(self):
        super().__init__()
        self.patch = nn.Conv2d(3, 16, 4, 4)
        self.norm1, self.norm2 = nn.LayerNorm(16), nn.LayerNorm(16)
        self.tokens = nn.Sequential(nn.Linear(16, 32), nn.GELU(), nn.Linear(32, 16))
        self.channels = nn.Sequential(nn.Linear(16, 32), nn.GELU(), nn.Linear(32, 16))
        self.head = nn.Linear(16, 5)

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = x + self.tokens(self.norm1(x).transpose(1, 2)).transpose(1, 2)
        x = x + self.channels(self.norm2(x))
        return self.head(x.mean(1))


class Encoder(nn.Module):
    """Tokens, a recurrent network of some kind, and its last states."""

    def __init__(self, kind, **options):
        super().__init__()
        self.embed = nn.Embedding(11, 6, padding_idx=0)
        self.rnn = kind(6, 8, **options)
        self.head = nn.Linear(8 * (2 if options.get("bidirectional") else 1), 3)

    def forward(self, tokens):
        x = self.embed(tokens)
        output, state = self.rnn(x if self.rnn.batch_first else x.transpose(0, 1))
        states = state if isinstance(state, tuple) else (state,)
        return self.head(output), *states


class PackedEncoder(nn.Module):
    """Rows of different lengths, as packed sequences."""

    def __init__(self, kind, total=None):
        super().__init__()
        self.embed, self.rnn, self.total = (
            nn.Embedding(11, 6),
            kind(6, 4, batch_first=True, bidirectional=True, num_layers=2),
            total,
        )

    def forward(self, tokens):
        lengths, order = (tokens != 0).sum(1).clamp_min(1).sort(descending=True)
        packed = nn.utils.rnn.pack_padded_sequence(self.embed(tokens)[order], lengths, batch_first=True)
        padded, n = nn.utils.rnn.pad_packed_sequence(
            self.rnn(packed)[0], batch_first=True, padding_value=-1.0, total_length=self.total
        )
        return padded.mean(1)[order.argsort()], padded.sum((1, 2))[order.argsort()]


class Attention(nn.Module):
    def __init__(self, need_weights=True, grad=False, **options):
        super().__init__()
        self.attention, self.need_weights = nn.MultiheadAttention(8, 2, batch_first=True, **options), need_weights

    def forward(self, x):
        answer, weights = self.attention(x, x, x, need_weights=self.need_weights)
        return (answer, weights) if self.need_weights else answer


class MaskedTransformer(nn.Module):
    def __init__(self, **options):
        super().__init__()
        self.embed = nn.Embedding(11, 8, padding_idx=0)
        self.place = nn.Parameter(torch.randn(5, 8))
        layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, **options)
        self.layers = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)

    def forward(self, tokens):
        tokens = torch.cat([tokens[:, :1] * 0 + 1, tokens[:, 1:]], 1)
        return self.layers(self.embed(tokens) + self.place, src_key_padding_mask=tokens == 0)


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.TransformerDecoderLayer(8, 2, 16, batch_first=True)

    def forward(self, x, memory):
        mask = torch.triu(torch.full((x.size(1), x.size(1)), -math.inf), 1)
        return self.layer(x, memory, tgt_mask=mask)


class CausalAttention(nn.Module):
    """Attention as written by hand."""

    def __init__(self):
        super().__init__()
        self.qkv, self.out = nn.Linear(8, 24, bias=False), nn.Linear(8, 8)
        self.register_buffer("mask", torch.tril(torch.ones(5, 5)).view(1, 1, 5, 5))

    def forward(self, x):
        b, t, c = x.size()
        q, k, v = (part.view(b, t, 2, c // 2).transpose(1, 2) for part in self.qkv(x).split(c, dim=2))
        scores = (q @ k.transpose(-2, -1)) / math.sqrt(k.size(-1))
        weights = F.softmax(scores.masked_fill(self.mask[:, :, :t, :t] == 0, float("-inf")), dim=-1)
        return self.out((weights @ v).transpose(1, 2).contiguous().view(b, t, c))


class Bag(nn.Module):
    def __init__(self, mode, **options):
        super().__init__()
        self.bag = nn.EmbeddingBag(11, 4, mode=mode, **options)

    def forward(self, tokens):
        return self.bag(tokens)


class CausalConvolutions(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(
            nn.utils.parametrizations.weight_norm(nn.Conv1d(5, 5, 3, padding=2 * d, dilation=d)) for d in (1, 2)
        )

    def forward(self, x):
        for layer, d in zip(self.layers, (1, 2)):
            x = x + F.relu(layer(x)[:, :, : -2 * d])
        return x


class Experts(nn.Module):
    def __init__(self):
        super().__init__()
        self.gate, self.experts = nn.Linear(6, 3), nn.ModuleList(nn.Linear(6, 4) for _ in range(3))

    def forward(self, x):
        gate = self.gate(x).softmax(-1)
        best = gate.topk(2, -1)
        kept = torch.where(gate >= best.values[:, -1:], gate, torch.zeros_like(gate))
        kept = kept / kept.sum(-1, keepdim=True)
        return (torch.stack([expert(x) for expert in self.experts], 1) * kept.unsqueeze(-1)).sum(1)


class SqueezeExcite(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.down, self.up = nn.Conv2d(3, 8, 3), nn.Linear(8, 2), nn.Linear(2, 8)

    def forward(self, x):
        x = F.hardswish(self.conv(x))
        scale = torch.sigmoid(self.up(F.relu(self.down(F.adaptive_avg_pool2d(x, 1).flatten(1)))))
        return x * scale.view(x.size(0), -1, 1, 1)


class Tower(nn.Module):
    def __init__(self):
        super().__init__()
        self.tables = nn.ModuleList(nn.Embedding(7, 4) for _ in range(3))
        self.mlp = nn.Sequential(nn.Linear(18, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 1))
        self.cross = nn.Linear(18, 18)

    def forward(self, categories, numbers):
        x = torch.cat([table(categories[:, i]) for i, table in enumerate(self.tables)] + [numbers], 1)
        factors = torch.stack([table(categories[:, i]) for i, table in enumerate(self.tables)], 1)
        pairs = 0.5 * (factors.sum(1) ** 2 - (factors**2).sum(1)).sum(1, keepdim=True)
        return torch.sigmoid(self.mlp(x * self.cross(x) + x) + pairs).squeeze(-1)


class Cells(nn.Module):
    def __init__(self, kind, **options):
        super().__init__()
        self.cell = kind(8, 4, **options)

    def forward(self, x):
        state = x.new_zeros(x.size(0), 4)
        state = (state, state) if isinstance(self.cell, nn.LSTMCell) else state
        for step in x.unbind(1):
            state = self.cell(step, state)
        return state


class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encode = nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1), nn.ELU(), nn.Flatten(), nn.Linear(256, 5))
        self.decode = nn.Sequential(
            nn.Linear(5, 4 * 8 * 8),
            nn.Unflatten(1, (4, 8, 8)),
            nn.LeakyReLU(0.1),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(4, 3, 3, padding=1),
            nn.Sigmoid(),
        )

    def forward(self, x):
        code = self.encode(x)
        return self.decode(code), code, F.mse_loss(self.decode(code), x, reduction="none").flatten(1).mean(1)


class Detector(nn.Module):
    """Upsampling, pixel shuffling, and a tuple of maps."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.norm = (
            nn.Conv2d(3, 8, 3, 2, 1),
            nn.Conv2d(8, 16, 3, 2, 1),
            nn.InstanceNorm2d(8, affine=True),
        )

    def forward(self, x):
        a = F.mish(self.norm(self.a(x)))
        b = self.b(a)
        up = F.interpolate(F.pixel_shuffle(b, 2), size=a.shape[-2:], mode="bilinear", align_corners=False)
        return a.mean((2, 3)), {"maps": b, "up": up}["up"], b.flatten(2).amax(2)


class Fourier(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("frequencies", torch.randn(8, 4))
        self.head = nn.Sequential(nn.Linear(64, 16), nn.SELU(), nn.Linear(16, 2), nn.LogSoftmax(1))

    def forward(self, x):
        angle = 2 * math.pi * x.unsqueeze(-1) * self.frequencies
        return self.head(torch.cat([angle.cos(), angle.sin()], -1).flatten(1))


class Prototype(nn.Module):
    def __init__(self):
        super().__init__()
        self.prototypes, self.scale = nn.Parameter(torch.randn(5, 6)), nn.Parameter(torch.tensor(3.0))

    def forward(self, x):
        a, b = F.normalize(x, dim=-1), F.normalize(self.prototypes, dim=-1)
        far = ((x[:, None] - self.prototypes[None]) ** 2).sum(-1).sqrt()
        return self.scale * a @ b.t(), torch.logsumexp(-far, 1), far.argmin(1)


class Positions(nn.Module):
    """Sinusoids made on the fly, of sizes that are known."""

    def forward(self, x):
        places = torch.arange(x.size(1), device=x.device, dtype=x.dtype).unsqueeze(1)
        rate = torch.exp(torch.arange(0, x.size(2), 2, dtype=x.dtype) * (-math.log(10000.0) / x.size(2)))
        table = torch.zeros(x.size(1), x.size(2), dtype=x.dtype)
        return x + torch.stack([torch.sin(places * rate), torch.cos(places * rate)], -1).flatten(1) + table


def mlp(dtype=torch.float32):
    return trained(
        nn.Sequential(
            nn.Linear(6, 16),
            nn.BatchNorm1d(16),
            nn.ReLU(True),
            nn.Linear(16, 8),
            nn.LayerNorm(8),
            nn.GELU("tanh"),
            nn.Linear(8, 2),
        )
    ).to(dtype)


PICTURE, STEPS, WORDS, ROW = "float32:3,16,16", "float32:5,8", "int64<11:5", "float32:6"
MODULES = {
    "mlp": (mlp, [ROW]),
    "mlp_float64": (lambda: mlp(torch.float64), ["float64:6"]),
    "residual": (
        lambda: trained(
            nn.Sequential(
                nn.Conv2d(3, 8, 3),
                nn.MaxPool2d(2),
                Residual(8, 8, 1),
                Residual(8, 16, 2),
                nn.AdaptiveAvgPool2d(1),
                nn.Flatten(),
                nn.Linear(16, 4),
            )
        ),
        [PICTURE],
    ),
    "unet": (UNet, [PICTURE]),
    "mixer": (Mixer, [PICTURE]),
    "lstm": (lambda: Encoder(nn.LSTM, batch_first=True), [WORDS]),
    "lstm_deep": (lambda: Encoder(nn.LSTM, bidirectional=True, num_layers=3, dropout=0.3), [WORDS]),
    "gru": (lambda: Encoder(nn.GRU, batch_first=True), [WORDS]),
    "gru_deep": (lambda: Encoder(nn.GRU, bidirectional=True, num_layers=2, bias=False), [WORDS]),
    "rnn": (lambda: Encoder(nn.RNN, batch_first=True, bidirectional=True), [WORDS]),
    "rnn_relu": (lambda: Encoder(nn.RNN, nonlinearity="relu", num_layers=2), [WORDS]),
    "packed_gru": (lambda: PackedEncoder(nn.GRU), [WORDS]),
    "packed_lstm": (lambda: PackedEncoder(nn.LSTM, total=7), [WORDS]),
    "lstm_cell": (lambda: Cells(nn.LSTMCell), [STEPS]),
    "gru_cell": (lambda: Cells(nn.GRUCell), [STEPS]),
    "rnn_cell": (lambda: Cells(nn.RNNCell, nonlinearity="relu"), [STEPS]),
    "attention": (Attention, [STEPS]),
    "attention_no_weights": (lambda: Attention(False), [STEPS]),
    "attention_slow": (lambda: Attention(bias=False, add_zero_attn=True), [STEPS]),
    "transformer": (lambda: MaskedTransformer(), [WORDS]),
    "transformer_norm_first": (lambda: MaskedTransformer(norm_first=True, activation="gelu"), [WORDS]),
    "transformer_layer": (lambda: trained(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)), [STEPS]),
    "transformer_time_first": (
        lambda: nn.Sequential(
            nn.Linear(8, 8), nn.TransformerEncoderLayer(8, 4, 16, batch_first=True, dropout=0.2, layer_norm_eps=1e-4)
        ),
        [STEPS],
    ),
    "decoder": (Decoder, [STEPS, STEPS]),
    "causal_attention": (CausalAttention, [STEPS]),
    "bag_mean": (lambda: Bag("mean"), [WORDS]),
    "bag_sum": (lambda: Bag("sum", include_last_offset=False), [WORDS]),
    "bag_padding": (lambda: Bag("mean", padding_idx=0), [WORDS]),
    "causal_convolutions": (CausalConvolutions, ["float32:5,12"]),
    "autoencoder": (Autoencoder, [PICTURE]),
    "experts": (Experts, [ROW]),
    "squeeze_excite": (SqueezeExcite, [PICTURE]),
    "tower": (lambda: trained(Tower()), ["int64<7:3", ROW]),
    "detector": (lambda: trained(Detector()), [PICTURE]),
    "fourier": (Fourier, ["float32:8"]),
    "prototype": (Prototype, [ROW]),
    "positions": (Positions, [STEPS]),
    "depthwise": (
        lambda: trained(
            nn.Sequential(
                nn.Conv2d(3, 6, 1),
                nn.ReLU6(),
                nn.Conv2d(6, 6, 3, padding=1, groups=6),
                nn.BatchNorm2d(6),
                nn.Hardswish(),
                nn.AvgPool2d(2),
                nn.Conv2d(6, 4, 1),
                nn.AdaptiveMaxPool2d(2),
                nn.Flatten(),
            )
        ),
        [PICTURE],
    ),
    "dense": (
        lambda: nn.Sequential(
            nn.Conv1d(5, 7, 3, padding="same"),
            nn.PReLU(7),
            nn.GroupNorm(7, 7),
            nn.MaxPool1d(2),
            nn.Flatten(),
            nn.Linear(42, 3),
        ),
        ["float32:5,12"],
    ),
}
