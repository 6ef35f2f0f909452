"""Data in units of their own spread, coordinate by coordinate, in which networks are trained."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qbc.systems import Array


@dataclass(frozen=True)
class Scale:
    """Mean and standard deviation of each coordinate over the samples of data (N, d) or (k, N, d): (1, d) or (k, 1, d) each."""

    mean: Array
    sd: Array

    @staticmethod
    def of(u: Array) -> Scale:
        return Scale(u.mean(axis=-2, keepdims=True), np.maximum(u.std(axis=-2, keepdims=True), 1e-9))

    def into(self, u: Array) -> Array:
        return np.asarray((u - self.mean) / self.sd)

    def back(self, v: Array) -> Array:
        return np.asarray(v * self.sd + self.mean)
