"""Coefficients in order, one a token, coarse first: every prefix decodes.

The linear form of the idea of OAT (arXiv 2602.04215), whose learned registers are trained with dropped tails to have this property;
here it holds by construction: the coefficients are uncorrelated or of one orthonormal basis, and 0 is on every grid.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from qbc.quantizers import Floats
from qbc.quantizers.checks import check_count
from qbc.representations import Dct, Pca
from qbc.tokenizers.grid import Grid
from qbc.tokenizers.linear import Linear, scaled


def zero_grid(c: Floats, n: int) -> Grid:
    """n codes a coefficient, 0 among them, between ± the largest of the coefficients c (N, m). Raises ``ValueError`` for even n."""
    if check_count("n", n) % 2 == 0:
        raise ValueError(f"n: odd, so that 0 is in the middle, not {n}")
    return Grid.with_zero(np.abs(c).max(axis=0), np.full(c.shape[1], n))


@dataclass(frozen=True, eq=False)
class OrderedDct(Linear):
    """The lowest frequencies, and of each one coefficient a coordinate."""

    kept: int

    prefix = True

    @classmethod
    def _fit(cls, u: Floats, rng: np.random.Generator, *, kept: int = 4, n: int = 31) -> OrderedDct:
        """``kept`` frequencies, all of them where a chunk has fewer steps; n codes a token, odd."""
        scaling, v = scaled(u)
        kept = min(check_count("kept", kept), u.shape[1])
        c = Dct(u.shape[1], kept).into(v.reshape(u.shape)).reshape(len(u), -1)
        return cls(u.shape[1], scaling, np.zeros(v.shape[1]), zero_grid(c, n), kept)

    @property
    def moved(self) -> tuple[int, int]:
        return self.h, 1

    @cached_property
    def synthesis(self) -> Floats:
        m = self.kept * self.d
        return Dct(self.h, self.kept).back(np.eye(m).reshape(m, self.kept, self.d)).reshape(m, -1)

    @property
    def analysis(self) -> Floats:
        return self.synthesis


@dataclass(frozen=True, eq=False)
class OrderedPca(Linear):
    """The directions in which the scaled chunks vary, the widest first."""

    directions: Floats  # (m, h d), orthonormal rows

    prefix = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if np.shape(self.directions) != (len(self.grid.step), self.h * self.d):
            raise ValueError(f"directions: ({len(self.grid.step)}, {self.h * self.d}), not {np.shape(self.directions)}")

    @classmethod
    def _fit(cls, u: Floats, rng: np.random.Generator, *, kept: int = 16, n: int = 31) -> OrderedPca:
        """``kept`` directions, fewer where the chunks have fewer; n codes a token, odd."""
        scaling, v = scaled(u)
        p = Pca.of(v.reshape(u.shape), min(check_count("kept", kept), *v.shape))
        return cls(u.shape[1], scaling, p.mean.ravel(), zero_grid(p.into(v.reshape(u.shape))[..., 0], n), p.directions)

    @property
    def synthesis(self) -> Floats:
        return self.directions

    @property
    def analysis(self) -> Floats:
        return self.directions


KINDS = {"ordered DCT": OrderedDct.fit, "ordered PCA": OrderedPca.fit}
