"""Heads that answer an observation with a whole chunk at once: a point, or a mixture's component.

All fit k networks side by side to data x (k, N, dx), u (k, N, du), standardised coordinate by coordinate, and are called as
``head(x (k, n, dx), rng) -> u (k, n, du)``. So do the heads of ``codes``; ``flows`` holds those that carry noise to chunks.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from qbc.finite import draw
from qbc.learn.autoencoders import LOSSES
from qbc.learn.ensemble import Ensemble
from qbc.learn.scale import Scale
from qbc.learn.training import array, minimise, tensor
from qbc.systems import Array

Head = Callable[[Array, np.random.Generator], Array]


def checked(x: Array, u: Array) -> int:
    """k, if x (k, N, dx) and u (k, N, ..) are data of k networks."""
    if x.ndim != 3 or u.ndim < 3 or x.shape[:2] != u.shape[:2]:
        raise ValueError(f"a head is fitted to x (k, N, dx) and u (k, N, ...), got {x.shape} and {u.shape}")
    return len(x)


def distinct(x: Array) -> tuple[Tensor, Tensor]:
    """The few different observations of each network's data in x (k, N, dx): (k, m, dx), and which of them each is (k, N).

    Heads that see nothing but the observation need one evaluation for each of these, not one a row. Where a network has fewer
    than m, its last is repeated.
    """
    found = [np.unique(v, axis=0, return_inverse=True) for v in x]
    m = max(len(rows) for rows, _ in found)
    each = np.stack([rows[np.minimum(np.arange(m), len(rows) - 1)] for rows, _ in found])
    return tensor(each), torch.as_tensor(np.stack([which.ravel() for _, which in found]))


def fit_points(
    x: Array, u: Array, *, loss: str, seed: int, steps: int, lr: float = 2e-3, batch: int = 128, width: int = 128, depth: int = 2
) -> Head:
    """One chunk for each observation: the mean (``loss`` = "squared") or the coordinatewise median ("absolute")."""
    if loss not in LOSSES:
        raise ValueError(f"loss is one of {', '.join(LOSSES)}, got {loss!r}")
    k, scale = checked(x, u), Scale.of(u)
    net = Ensemble(k, (x.shape[2], *[width] * depth, u.shape[2]), seed, "silu")
    X, which = distinct(x)
    U, rows, g = tensor(scale.into(u)), torch.arange(k)[:, None], torch.Generator().manual_seed(seed)

    def objective() -> Tensor:
        i = torch.randint(U.shape[1], (k, batch), generator=g)
        total: Tensor = LOSSES[loss](net(X)[rows, which[rows, i]] - U[rows, i]).mean(dim=(1, 2)).sum()
        return total

    minimise(net.parameters(), objective, steps=steps, lr=lr)

    def head(x: Array, rng: np.random.Generator) -> Array:
        with torch.no_grad():
            return scale.back(array(net(tensor(x))))

    return head


def log_mixture(logits: Tensor, centres: Tensor, log_s: Tensor, u: Tensor) -> Tensor:
    """Log densities (k, m, n) of chunks u (k, n, d) under m mixtures each: logits (k, m, c), centres, log_s (k, m, c, d)."""
    k, m, c, d = centres.shape
    precision = (-2 * log_s).exp()
    flat = [t.reshape(k, m * c, d).transpose(1, 2) for t in (precision, precision * centres)]
    square = torch.bmm(u**2, flat[0]) - 2 * torch.bmm(u, flat[1])  # (k, n, m c)
    rest = (precision * centres**2 + 2 * log_s + np.log(2 * np.pi)).sum(dim=3)
    each = -0.5 * (square.transpose(1, 2).reshape(k, m, c, -1) + rest[..., None])
    return torch.logsumexp(logits.log_softmax(dim=2)[..., None] + each, dim=2)


def fit_chunk_mixture(
    x: Array,
    u: Array,
    *,
    components: int,
    seed: int,
    steps: int,
    lr: float = 2e-3,
    batch: int = 128,
    width: int = 128,
    least: float = 0.02,
) -> Head:
    """Mixture density: log-loss of ``components`` Gaussians that share one diagonal covariance; a drawn component's mean is played.

    The centres start at demonstrations drawn at random; widths stay above ``least`` (in standard deviations of the data), below
    which a component could buy likelihood with one demonstration. The network is evaluated once per distinct observation.
    """
    k, d, c, scale = checked(x, u), u.shape[2], components, Scale.of(u)
    rng, g = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    seen, W = distinct(x)
    net = Ensemble(k, (x.shape[2], width, width, c * (1 + d) + d), seed, "silu")
    V = scale.into(u)
    U, rows = tensor(V), torch.arange(k)[:, None]
    with torch.no_grad():
        start = np.stack([v[rng.choice(len(v), c, replace=False)] for v in V])
        net.biases[-1][:, 0, c : c + c * d] = tensor(start.reshape(k, -1))

    def parts(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        out = net(x)
        logits, centres, raw = out.split([c, c * d, d], dim=2)
        widths = (least + nn.functional.softplus(raw)).log()[:, :, None].expand(-1, -1, c, -1)
        return logits, centres.reshape(*out.shape[:2], c, d), widths

    def objective() -> Tensor:
        i = torch.randint(U.shape[1], (k, batch), generator=g)
        logs = log_mixture(*parts(seen), U[rows, i])
        mine = W[rows, i].to(logs.device)[:, None]
        total: Tensor = -logs.gather(1, mine).mean(dim=(1, 2)).sum() / d
        return total

    minimise(net.parameters(), objective, steps=steps, lr=lr)

    def head(x: Array, rng: np.random.Generator) -> Array:
        out = np.empty((*x.shape[:2], d))
        for row in np.unique(x.reshape(-1, x.shape[2]), axis=0):
            with torch.no_grad():
                logits, centres, _ = parts(tensor(row).expand(k, 1, -1))
            here = (x == row).all(axis=2)
            pick = draw(np.broadcast_to(array(logits.softmax(dim=2)), (*x.shape[:2], c)), rng)
            out[here] = array(centres)[np.arange(k)[:, None], 0, pick][here]
        return scale.back(out)

    return head
