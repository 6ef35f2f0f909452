"""Tokenizers that quantise linear coefficients of a chunk: c = A (v − m), and v = m + c S, for v the chunk scaled to [−1, 1]."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qbc.quantizers import Codes, Floats
from qbc.tokenizers.grid import Grid
from qbc.tokenizers.scaling import Scaling
from qbc.tokenizers.tokenizer import Tokenizer


@dataclass(frozen=True, eq=False)
class Linear(Tokenizer):
    """One token a coefficient, unless a kind packs several into one."""

    mean: Floats  # (h d,) of the scaled chunks, or zeros
    grid: Grid  # of m coefficients

    def __post_init__(self) -> None:
        super().__post_init__()
        if np.shape(self.mean) != (self.h * self.d,) or not np.isfinite(self.mean).all():
            raise ValueError(f"mean: ({self.h * self.d},) finite numbers, not {np.shape(self.mean)}")

    @property
    @abstractmethod
    def analysis(self) -> Floats:
        """A (m, h d)."""

    @property
    @abstractmethod
    def synthesis(self) -> Floats:
        """S (m, h d)."""

    @property
    def sizes(self) -> Codes:
        return self.grid.counts

    @property
    def moved(self) -> tuple[int, int]:
        return self.h, self.scaling.moving

    @property
    def worst(self) -> Floats:
        """What the coefficients leave out of the box [−1, 1]^(h d), and what the grid makes of each of those that the box has."""
        A, S = self.analysis, self.synthesis
        box = np.tile((self.scaling.half > 0).astype(float), self.h)
        left = np.eye(len(box)) - A.T @ S  # row i: what remains of entry i
        centre, reach = -A @ self.mean, np.abs(A) @ box
        e = self.grid.error(centre - reach, centre + reach)
        v = box @ np.abs(left) + np.abs(self.mean @ left) + e @ np.abs(S)
        return np.asarray((v * (1 + 1e-9)).reshape(self.h, self.d).max(axis=0) * self.scaling.half)

    def coefficients(self, u: Floats) -> Floats:
        """(n, m) of chunks (n, h, d) inside the range."""
        return np.asarray((self.scaling.into(u).reshape(len(u), -1) - self.mean) @ self.analysis.T)

    def _encode(self, u: Floats) -> Codes:
        return self.grid.encode(self.coefficients(u))

    def _beyond(self, u: Floats) -> NDArray[np.bool_]:
        return self.grid.beyond(self.coefficients(u))

    def _decode(self, codes: Codes) -> Floats:
        v = self.mean + self.grid.decode(codes) @ self.synthesis[: codes.shape[-1]]
        return self.scaling.back(v.reshape(len(codes), self.h, self.d))


def scaled(u: Floats) -> tuple[Scaling, Floats]:
    """The range of chunks (n, h, d), and the chunks in it, (n, h d)."""
    scaling = Scaling.of(u)
    return scaling, scaling.into(u).reshape(len(u), -1)
