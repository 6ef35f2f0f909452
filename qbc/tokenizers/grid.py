"""Grids of equal steps for m coefficients side by side, as arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qbc.quantizers import Codes, Floats


@dataclass(frozen=True, eq=False)
class Grid:
    """Code i of coefficient k is bottom[k] + step[k] i, and stands for what lies within half a step of it."""

    bottom: Floats  # (m,)
    step: Floats  # (m,), 0 where there is one code
    counts: Codes  # (m,)

    def __post_init__(self) -> None:
        same = np.shape(self.bottom) == np.shape(self.step) == np.shape(self.counts)
        if not (same and np.ndim(self.bottom) == 1 and np.isfinite(self.bottom).all() and np.isfinite(self.step).all()):
            raise ValueError("bottom, step, counts: (m,) each, finite")
        if not ((self.counts >= 1) & ((self.step > 0) | ((self.counts == 1) & (self.step == 0)))).all():
            raise ValueError("step: positive, or 0 where there is one code")

    @staticmethod
    def with_zero(reach: Floats, levels: Codes) -> Grid:
        """``levels`` codes, 0 among them: cells fill [−reach, reach] (m,) where they are odd; where they are even, one lies below."""
        moves = (reach > 0) & (levels > 1)
        step = np.where(moves, 2 * reach / np.maximum(levels - (levels % 2 == 0), 1), 0.0)
        return Grid(np.asarray(-step * (levels // 2), dtype=np.float64), step, np.where(moves, levels, 1))

    @staticmethod
    def between(low: Floats, high: Floats, levels: int) -> Grid:
        """``levels`` equal cells from low to high (m,), decoded to their centres; one code where the two are equal."""
        step = (high - low) / levels
        return Grid(low + step / 2, step, np.where(step > 0, levels, 1))

    @property
    def top(self) -> Floats:
        return np.asarray(self.bottom + self.step * (self.counts - 1))

    def encode(self, c: Floats) -> Codes:
        """Codes (n, m) of coefficients (n, m); outside, the end codes."""
        index = np.rint((c - self.bottom) / np.where(self.step > 0, self.step, 1.0))
        return np.clip(index, 0, self.counts - 1).astype(np.int64)

    def decode(self, codes: Codes) -> Floats:
        """Coefficients (n, k) of codes (n, k) of the first k."""
        k = codes.shape[-1]
        return np.asarray(self.bottom[:k] + self.step[:k] * codes)

    def beyond(self, c: Floats) -> NDArray[np.bool_]:
        """(n,) whether some coefficient of (n, m) lies further than half a step, or its rounding, from all codes."""
        slack = self.step / 2 + 1e-9 * (self.step + np.abs(self.bottom)) + 1e-12
        return np.asarray(((c < self.bottom - slack) | (c > self.top + slack)).any(axis=-1))

    def error(self, low: Floats, high: Floats) -> Floats:
        """(m,) the largest error of coefficients in [low, high]."""
        return np.maximum(self.step / 2, np.maximum(self.bottom - low, high - self.top))
