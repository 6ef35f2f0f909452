"""Noising states: the replica kernel of a Gaussian mixture in closed form."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qbc.finite import draw
from qbc.systems import Array


@dataclass(frozen=True)
class GaussianMixture:
    """A law of states, sum_k weights[k] N(means[k], covs[k]); covariances may be singular, and zero for atoms.

    Given x + sigma w = y, w ~ N(0, I), component k has the posterior weight weights[k] N(y; means[k], covs[k] + sigma^2 I), and
    within it x ~ N(means[k] + G (y - means[k]), covs[k] - G covs[k]) with G = covs[k] (covs[k] + sigma^2 I)^-1.
    """

    weights: Array  # (k,)
    means: Array  # (k, d)
    covs: Array  # (k, d, d)

    def __post_init__(self) -> None:
        k, d = self.means.shape
        if self.weights.shape != (k,) or self.covs.shape != (k, d, d):
            raise ValueError(f"a GaussianMixture needs (k,), (k, d), (k, d, d), got {self.weights.shape}, {(k, d)}, {self.covs.shape}")
        if self.weights.min() < 0 or abs(self.weights.sum() - 1) > 1e-9:
            raise ValueError(f"weights must be nonnegative and sum to 1, got {self.weights}")

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        """n independent states (n, d)."""
        pick = rng.choice(len(self.weights), size=n, p=self.weights)
        return self._around(self.means[pick], pick, self.covs, rng)

    def responsibilities(self, y: Array, sigma: float) -> Array:
        """The posterior weights (N, k) of the components at noised states y (N, d)."""
        _positive(sigma)
        total = self.covs + sigma**2 * np.eye(self.means.shape[1])
        gap = y[None] - self.means[:, None]  # (k, N, d)
        distance = np.einsum("knd,kde,kne->nk", gap, np.linalg.inv(total), gap, optimize=True)
        with np.errstate(divide="ignore"):  # a component of weight zero
            log_r = np.log(self.weights) - 0.5 * (distance + np.linalg.slogdet(total)[1])
        r = np.exp(log_r - log_r.max(axis=1, keepdims=True))
        share: Array = r / r.sum(axis=1, keepdims=True)
        return share

    def posterior(self, y: Array, sigma: float, rng: np.random.Generator) -> Array:
        """One draw (N, d) of the clean state for each noised state y = x + sigma w (N, d)."""
        r = self.responsibilities(y, sigma)
        pick = draw(r, rng)
        G = self.covs @ np.linalg.inv(self.covs + sigma**2 * np.eye(self.means.shape[1]))
        centre = self.means[pick] + np.einsum("nde,ne->nd", G[pick], y - self.means[pick])
        return self._around(centre, pick, self.covs - G @ self.covs, rng)

    def replica(self, x: Array, sigma: float, rng: np.random.Generator) -> Array:
        """The replica kernel: fresh noise on x, then a draw of the state it may have come from."""
        return self.posterior(x + sigma * rng.normal(size=x.shape), sigma, rng)

    @staticmethod
    def _around(centre: Array, pick: NDArray[np.int64], covs: Array, rng: np.random.Generator) -> Array:
        values, vectors = np.linalg.eigh(covs)
        root = vectors * np.sqrt(np.maximum(values, 0))[:, None, :]  # also of a singular covariance
        drawn: Array = centre + np.einsum("nde,ne->nd", root[pick], rng.normal(size=centre.shape))
        return drawn


def _positive(sigma: float) -> None:
    if not sigma > 0:
        raise ValueError(f"sigma must be > 0, got {sigma}")
