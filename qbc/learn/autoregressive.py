"""Log-loss on tokens drawn one after the other: steps of a path, or coefficients of a chunk.

One core, ``fit_logits``: k networks that give logits of a token from inputs, fitted by cross-entropy. The policies differ in
what they call a token and in what they let the network see.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from qbc.finite import draw
from qbc.learn.chunks import Head, checked
from qbc.learn.ensemble import Ensemble
from qbc.learn.training import array, minimise, tensor
from qbc.quantizers import Quantizer, uniform
from qbc.systems import Array

Codes = NDArray[np.int64]


def waves(x: Array, octaves: int) -> Array:
    """x (.., d) beside sines and cosines of pi x, 2 pi x, 4 pi x, ...: (.., d (1 + 2 octaves))."""
    angles = (x[..., None] * np.pi * 2.0 ** np.arange(octaves)).reshape(*x.shape[:-1], -1)
    return np.concatenate([x, np.sin(angles), np.cos(angles)], axis=-1)


def fit_logits(
    batch: Callable[[np.random.Generator], tuple[Array, Codes]],
    shape: tuple[int, int, int],
    *,
    seed: int,
    steps: int,
    lr: float,
    width: int,
    depth: int = 2,
) -> Ensemble:
    """k networks from inputs to the logits of ``bins`` tokens, ``shape`` = (k, inputs, bins), by cross-entropy.

    ``batch(rng)`` draws inputs (k, n, inputs) and codes (k, n).
    """
    k, seen, bins = shape
    net = Ensemble(k, (seen, *[width] * depth, bins), seed, "silu")
    rng = np.random.default_rng(seed)

    def loss() -> Tensor:
        x, codes = batch(rng)
        logits = net(tensor(x)).reshape(-1, bins)
        target = torch.as_tensor(codes.reshape(-1)).to(logits.device)
        return nn.functional.cross_entropy(logits, target) * k

    minimise(net.parameters(), loss, steps=steps, lr=lr)
    return net


def increments(paths: Array, grid: tuple[Quantizer, Quantizer], *, rebuilt: bool = True) -> tuple[Codes, Array]:
    """Tokens (n, T-1, 2) of the increments of paths (n, T, 2), and the positions (n, T, 2) that decoding them leads through.

    ``rebuilt``: each token quantises the step from the *rebuilt* position to the next recorded one, so that rounding does not
    add up. Otherwise it quantises the recorded step, and the rebuilt path walks away from the recorded one.
    """
    at, codes = paths.copy(), np.empty((*paths[:, 1:].shape,), dtype=np.int64)
    for t in range(paths.shape[1] - 1):
        step = paths[:, t + 1] - (at[:, t] if rebuilt else paths[:, t])
        for c, q in enumerate(grid):
            chosen = q.encode(step[:, c])
            codes[:, t, c], at[:, t + 1, c] = chosen, at[:, t, c] + q.decode(chosen)
    return codes, at


def grids(paths: Array, bins: int) -> tuple[Quantizer, Quantizer]:
    """Uniform bins over the range of the increments of paths (n, T, 2), one grid a coordinate."""
    steps = np.diff(paths, axis=1)
    x, y = (uniform(bins, steps[..., c].min(), steps[..., c].max()) for c in (0, 1))
    return x, y


def probabilities(net: Ensemble, inputs: Array) -> Array:
    """The k networks' laws of a token: inputs (k, n, d) to (k, n, bins)."""
    with torch.no_grad():
        return array(net(tensor(inputs)).softmax(dim=2))


@dataclass(frozen=True)
class Sight:
    """What a stepwise policy sees besides the observation and the time."""

    position: bool = True
    octaves: int = 0  # of sines and cosines beside the position, the finest with half a wave per 1/2^(octaves - 1)
    last: int = 0  # how many of its last actions

    def __call__(self, x: Array, t: Array, at: Array, past: Array) -> Array:
        """Observations (.., dx), times in [0, 1] (..), positions (.., 2), past actions (.., last, 2): features (.., d)."""
        parts = [x, waves(2 * t[..., None] - 1, 4)]
        parts += [waves(2 * at - 1, self.octaves)] if self.position else []
        parts += [past.reshape(*past.shape[:-2], -1)] if self.last else []
        return np.concatenate(parts, axis=-1)


@dataclass(frozen=True)
class Steppers:
    """k autoregressive policies: at each step the token of the x-increment is drawn, then that of the y-increment given it."""

    nets: tuple[Ensemble, Ensemble]  # for the x-increment and the y-increment, k networks each
    grid: tuple[tuple[Quantizer, Quantizer], ...]
    starts: Array  # (k, 2)
    unit: Array  # (k, 2): standard deviation of an increment
    sight: Sight
    horizon: int

    def __call__(self, x: Array, rng: np.random.Generator) -> Array:
        """Actions (k, n, horizon, 2) from the starts, for observations x (k, n, dx)."""
        k, n = x.shape[:2]
        at = np.tile(self.starts[:, None], (1, n, 1))
        past, steps = np.zeros((k, n, max(1, self.sight.last), 2)), []
        for t in range(self.horizon):
            seen = self.sight(x, np.full((k, n), t / self.horizon), at, past)
            step = np.zeros((k, n, 2))
            for c in (0, 1):
                given = np.concatenate([seen, step[..., :1] / self.unit[:, None, :1]], axis=-1)
                codes = draw(probabilities(self.nets[c], given), rng)
                step[..., c] = [g[c].decode(row) for g, row in zip(self.grid, codes, strict=True)]
            at = at + step
            past = np.concatenate([past[:, :, 1:], (step / self.unit[:, None])[:, :, None]], axis=2)
            steps.append(step)
        return np.stack(steps, axis=2)


def fit_steppers(
    x: Array,
    paths: Array,
    starts: Array,
    sight: Sight,
    *,
    bins: int = 32,
    rebuilt: bool = True,
    seed: int,
    steps: int,
    lr: float = 2e-3,
    rows: int = 256,
    width: int = 128,
    depth: int = 2,
) -> Steppers:
    """Autoregressive policies over uniform bins, fitted to observations x (k, N, dx) and paths (k, N, T, 2) by log-loss.

    A batch is ``rows`` single steps of each data set. ``rebuilt``: see ``increments``.
    """
    k, horizon = checked(x, paths), paths.shape[2] - 1
    if starts.shape != (k, 2):
        raise ValueError(f"fit_steppers needs starts ({k}, 2), got {starts.shape}")
    grid = tuple(grids(p, bins) for p in paths)
    both = [increments(p, g, rebuilt=rebuilt) for p, g in zip(paths, grid, strict=True)]
    codes: Codes = np.stack([b[0] for b in both])
    at: Array = np.stack([b[1] for b in both])
    moved = np.diff(at, axis=2)
    unit = moved.std(axis=(1, 2))
    past = np.concatenate([np.zeros((*moved.shape[:2], max(1, sight.last), 2)), moved / unit[:, None, None]], axis=2)
    of = np.arange(k)[:, None]

    def batch(rng: np.random.Generator) -> tuple[Array, Codes]:
        i, t = rng.integers(paths.shape[1], size=(k, rows)), rng.integers(horizon, size=(k, rows))
        before = past[of[..., None], i[..., None], t[..., None] + np.arange(max(1, sight.last))]
        seen = sight(x[of, i], t / horizon, at[of, i, t], before)
        first = moved[of, i, t, :1] / unit[:, None, :1]
        inputs = [np.concatenate([seen, given], axis=-1) for given in (0 * first, first)]
        return np.concatenate(inputs), np.concatenate([codes[of, i, t, c] for c in (0, 1)])

    seen = batch(np.random.default_rng(0))[0].shape[-1]
    net = fit_logits(batch, (2 * k, seen, bins), seed=seed, steps=steps, lr=lr, width=width, depth=depth)
    return Steppers((net.part(slice(k)), net.part(slice(k, None))), grid, starts, unit, sight, horizon)


def fit_coefficients(
    x: Array,
    chunks: Array,
    *,
    kept: int = 8,
    bins: int = 32,
    autoregressive: bool = True,
    octaves: int = 3,
    seed: int,
    steps: int,
    lr: float = 2e-3,
    rows: int = 256,
    width: int = 128,
    depth: int = 2,
) -> Head:
    """The first ``kept`` coefficients of the discrete cosine transform of both coordinates of chunks (k, N, H, 2), in uniform bins,
    drawn one after the other, low frequencies first, each given those before it (or none, if not ``autoregressive``)."""
    from scipy.fft import dct, idct  # slow to import, needed here only

    if chunks.ndim != 4 or chunks.shape[3] != 2:
        raise ValueError(f"fit_coefficients needs chunks (k, N, H, 2), got {chunks.shape}")
    k, N, H = checked(x, chunks), chunks.shape[1], chunks.shape[2]
    raw = dct(chunks, axis=2, norm="ortho")[:, :, :kept].reshape(k, N, -1)  # (frequency, coordinate), low frequencies first
    m = raw.shape[2]
    low, high = raw.min(axis=1), raw.max(axis=1)
    q, size = uniform(bins), np.maximum(high - low, 1e-9)[:, None]
    codes = q.encode(2 * (raw - low[:, None]) / size - 1)
    values, of = q.decode(codes), np.arange(k)[:, None]

    waved, unknown = waves(values, octaves), waves(np.zeros(m), octaves)
    owner = np.r_[np.arange(m), np.tile(np.repeat(np.arange(m), octaves), 2)]  # whose wave each feature is

    def inputs(x: Array, which: Codes, known: Array) -> Array:
        hidden = np.arange(m) >= which[..., None] if autoregressive else np.ones((*which.shape, m), dtype=bool)
        seen = np.where(hidden[..., owner], unknown, known)
        return np.concatenate([x, np.eye(m)[which], seen], axis=-1)

    def batch(rng: np.random.Generator) -> tuple[Array, Codes]:
        i, which = rng.integers(N, size=(k, rows)), rng.integers(m, size=(k, rows))
        return inputs(x[of, i], which, waved[of, i]), codes[of, i, which]

    seen = batch(np.random.default_rng(0))[0].shape[-1]
    net = fit_logits(batch, (k, seen, bins), seed=seed, steps=steps, lr=lr, width=width, depth=depth)

    def head(x: Array, rng: np.random.Generator) -> Array:
        known = np.zeros((*x.shape[:2], m))
        for j in range(m):
            known[..., j] = q.decode(draw(probabilities(net, inputs(x, np.full(x.shape[:2], j), waves(known, octaves))), rng))
        spectrum = np.zeros((*x.shape[:2], H, 2))
        spectrum[:, :, :kept] = (low[:, None] + (known + 1) / 2 * size).reshape(*x.shape[:2], kept, 2)
        return np.asarray(idct(spectrum, axis=2, norm="ortho"))

    return head
