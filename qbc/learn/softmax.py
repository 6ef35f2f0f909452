"""Laws of a token given an observation, by log-loss: linear in the observation, or a network."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from scipy.stats import entropy
from torch import Tensor, nn

from qbc.arrays import finite
from qbc.demonstrations import Demonstrations
from qbc.finite import draw
from qbc.learn.device import array, tensor
from qbc.learn.fitting import Data, Fit
from qbc.learn.losses import Batch, Losses
from qbc.learn.networks import Ensemble
from qbc.learn.scale import Scale
from qbc.systems import Array

Codes = NDArray[np.int64]


@dataclass(frozen=True)
class TokenHead:
    """Draws token k with the probability softmax(weights x + bias)_k and plays values[k]; its total-variation slope is known."""

    weights: Array  # (K, dx) [1 / units of x]
    bias: Array  # (K,)
    values: Array  # (K, du) [units of u]
    loss: float = np.nan  # nats a token, on what it was fitted to; NaN if it was not

    def __post_init__(self) -> None:
        k = len(self.weights)
        if self.weights.ndim != 2 or self.bias.shape != (k,) or self.values.ndim != 2 or len(self.values) != k:
            raise ValueError(f"TokenHead: {self.weights.shape}, {self.bias.shape}, {self.values.shape} do not match")

    @property
    def slope(self) -> float:
        """L with TV(pi(x), pi(x')) <= L |x - x'|: a quarter of the largest distance of two rows of ``weights``."""
        gaps = self.weights[:, None] - self.weights[None]
        return float(np.linalg.norm(gaps, axis=2).max()) / 4

    def probabilities(self, x: Array) -> Array:
        """(N, dx) -> (N, K)."""
        finite("observations", x, "row", "column")
        logits = x @ self.weights.T + self.bias
        p: Array = np.exp(logits - logits.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        return p

    def codes(self, x: Array, rng: np.random.Generator) -> Codes:
        """A token for each row of x."""
        return draw(self.probabilities(x), rng)

    def __call__(self, x: Array, rng: np.random.Generator) -> Array:
        u: Array = self.values[self.codes(x, rng)]
        return u


def fit_softmax(x: Array, codes: Codes, values: Array) -> TokenHead:
    """The linear head that maximises the likelihood of ``codes`` (N,), each of 0 .. K - 1 at least once, given ``x`` (N, dx).

    scikit-learn's LogisticRegression with the weak ridge C = 1e4, in units of the spread of x; ``values`` (K, du) is what the tokens
    are decoded to. Raises ``ValueError`` for a token that never occurs, or is none, and for x that is not finite.
    """
    from sklearn.linear_model import LogisticRegression  # slow to import, needed here only
    from sklearn.metrics import log_loss

    finite("x", x, "row", "column")
    other = np.setdiff1d(codes, np.arange(len(values)))
    if len(other):
        raise ValueError(f"codes: 0 to {len(values) - 1}, got {other[0]}")
    missing = sorted(set(range(len(values))) - set(codes.tolist()))
    if missing:
        raise ValueError(f"codes: token {missing[0]} of {len(values)} never occurs")
    if len(values) == 1:  # always that one
        return TokenHead(np.zeros((1, x.shape[1])), np.zeros(1), values, 0.0)
    scale = Scale.of(x[None])
    fit = LogisticRegression(C=1e4, tol=1e-6, max_iter=1000).fit(scale.into(x)[0], codes)
    w = fit.coef_ / scale.sd[0]
    b = fit.intercept_ - w @ scale.mean[0, 0]
    if len(values) == 2:  # one row is returned: the log-odds of token 1
        w, b = np.vstack([0 * w, w]), np.r_[0.0, b]
    head = TokenHead(w, b, values)
    return replace(head, loss=log_loss(codes, head.probabilities(x), labels=range(len(values))))


@dataclass(frozen=True, eq=False)
class CodeLaw:
    """The law of one of K codes given the observation, for each of k data sets: frequencies, where the observation never varies."""

    frequencies: Array  # (k, K)
    net: Ensemble | None
    loss: Array  # (k,): nats a code, on the rows that are learned from

    def __call__(self, obs: Tensor) -> Array:
        """Observations as the networks see them (k, n, features) to probabilities (k, n, K)."""
        if self.net is None:
            return np.broadcast_to(self.frequencies[:, None], (*obs.shape[:2], self.frequencies.shape[1]))
        return array(self.net(obs).softmax(dim=2))

    def only(self, i: int) -> CodeLaw:
        """That of data set i."""
        one = slice(i, i + 1)
        return CodeLaw(self.frequencies[one], None if self.net is None else self.net.part(one), self.loss[one])


def fit_code_law(demos: Demonstrations, fit: Fit, codes: ArrayLike, n_codes: int) -> CodeLaw:
    """The law of ``codes`` (k, N), integers below ``n_codes``, given the observations, by log-loss."""
    c: Codes = np.asarray(codes)
    w = np.ones(c.shape) if demos.weights is None else demos.weights
    learned = fit.learned(demos.rows)
    counts = np.stack([np.bincount(row[learned], weights=v[learned], minlength=n_codes) for row, v in zip(c, w, strict=True)])
    frequencies = counts / counts.sum(axis=1, keepdims=True)
    law = CodeLaw(frequencies, None, entropy(frequencies, axis=1))
    if (demos.x == demos.x[:, :1]).all() and demos.noise is None:
        return law
    data, target = Data(demos, fit), torch.as_tensor(c)
    net = data.network(data.features, n_codes)
    with torch.no_grad():
        net.biases[-1].copy_(tensor(np.log(np.maximum(frequencies, 1e-6)))[:, None])

    def objective(batch: Batch) -> Losses:
        logits = data.said(net, batch).transpose(1, 2)
        return Losses(nn.functional.cross_entropy(logits, target[data.of, batch.rows].to(logits.device), reduction="none"))

    return replace(law, net=net, loss=data.train(net.parameters(), objective)["loss"])
