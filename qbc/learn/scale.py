"""Data in units of their own spread, column by column, in which networks are trained."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qbc.systems import Array

REST = 1e-13  # of the largest entry: a column that varies less is at rest, what it shows is rounding


@dataclass(frozen=True, eq=False)
class Scale:
    """Mean and standard deviation of each column over the rows of each network, (k, 1, d) each.

    A column at rest is shifted and not divided: there is nothing to say what a deviation from it is worth. Back, it is its mean.
    """

    mean: Array
    sd: Array
    at_rest: NDArray[np.bool_]  # (k, 1, d)

    @staticmethod
    def of(v: Array, weights: Array | None = None, noise: Array | None = None) -> Scale:
        """Of v (k, N, d); ``weights`` (k, N, 1) or (k, N, d) say how often an entry counts, ``noise`` (k, d) what is added to it."""
        w = np.broadcast_to(1.0 if weights is None else weights, v.shape)
        v = v if weights is None else np.where(w > 0, v, 0.0)
        top = np.abs(v).max(axis=1, keepdims=True, initial=0.0)
        unit = np.where(top > 0, top, 1.0)
        z = v / unit  # squares neither vanish nor overflow
        total = w.sum(axis=1, keepdims=True)
        mean = (w * z).sum(axis=1, keepdims=True) / total
        sd = np.sqrt((w * (z - mean) ** 2).sum(axis=1, keepdims=True) / total)
        sd = sd * unit if noise is None else np.hypot(sd * unit, noise[:, None])
        rest = sd <= REST * top
        return Scale(mean * unit, np.where(rest, 1.0, sd), rest)

    @property
    def spread(self) -> Array:
        """The standard deviation, 0 at rest."""
        return np.where(self.at_rest, 0.0, self.sd)

    def into(self, v: Array) -> Array:
        return np.asarray((v - self.mean) / self.sd)

    def back(self, z: Array) -> Array:
        return np.asarray(z * self.spread + self.mean)

    def only(self, i: int) -> Scale:
        """That of network i."""
        one = slice(i, i + 1)
        return Scale(self.mean[one], self.sd[one], self.at_rest[one])
