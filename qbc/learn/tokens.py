"""Softmax regression over action tokens: a head that samples, fitted by log-loss, whose total-variation slope is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qbc.finite import draw
from qbc.systems import Array


@dataclass(frozen=True)
class TokenHead:
    """Draws token k with the probability softmax(weights x + bias)_k and plays values[k]."""

    weights: Array  # (K, dx) [1 / units of x]
    bias: Array  # (K,)
    values: Array  # (K, du) [units of u]

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
        logits = x @ self.weights.T + self.bias
        p: Array = np.exp(logits - logits.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        return p

    def codes(self, x: Array, rng: np.random.Generator) -> NDArray[np.int64]:
        """A token for each row of x."""
        return draw(self.probabilities(x), rng)

    def __call__(self, x: Array, rng: np.random.Generator) -> Array:
        u: Array = self.values[self.codes(x, rng)]
        return u


def fit_tokens(x: Array, codes: Array, values: Array) -> TokenHead:
    """The head that maximises the likelihood of ``codes`` (N,), each of 0 .. K - 1 at least once, given ``x`` (N, dx).

    scikit-learn's LogisticRegression with the weak ridge C = 1e4; ``values`` (K, du) is what the tokens are decoded to.
    """
    from sklearn.linear_model import LogisticRegression  # slow to import, needed here only

    missing = sorted(set(range(len(values))) - set(codes.tolist()))
    if missing:
        raise ValueError(f"codes: token {missing[0]} of {len(values)} never occurs")
    fit = LogisticRegression(C=1e4, tol=1e-6, max_iter=1000).fit(x, codes)
    w, b = fit.coef_, fit.intercept_
    if len(values) == 2:  # one row is returned: the log-odds of token 1
        w, b = np.vstack([0 * w, w]), np.r_[0.0, b]
    return TokenHead(w, b, values)
