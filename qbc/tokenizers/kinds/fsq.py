"""Finite scalar quantisation (Mentzer et al. 2024): a few coefficients, each rounded to a few levels, together one token.

The reference learns the coefficients; here they are principal directions of the scaled chunks, and rounding replaces its tanh: what
lies beyond the levels is told. Levels (8, 5, 5, 5) make 1000 codes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qbc.quantizers import Codes, Floats
from qbc.quantizers.checks import check_count
from qbc.representations import Pca
from qbc.tokenizers.grid import Grid
from qbc.tokenizers.linear import Linear, scaled


@dataclass(frozen=True, eq=False)
class Fsq(Linear):
    """Token t packs as many coefficients as there are levels, the first the most significant."""

    directions: Floats  # (m, h d), orthonormal rows
    each: int  # coefficients a token

    prefix = True

    def __post_init__(self) -> None:
        super().__post_init__()
        m = len(self.grid.step)
        if np.shape(self.directions) != (m, self.h * self.d) or self.each < 1 or m % self.each:
            raise ValueError(f"directions: (m, {self.h * self.d}) with m a multiple of {self.each}, not {np.shape(self.directions)}")

    @classmethod
    def _fit(cls, u: Floats, rng: np.random.Generator, *, levels: Sequence[int] = (8, 5, 5, 5), tokens: int = 4) -> Fsq:
        """``tokens`` tokens of one coefficient for each of ``levels``; fewer where the chunks have fewer directions."""
        each = [check_count("levels", n) for n in levels]
        if not each:
            raise ValueError("levels: one or more")
        scaling, v = scaled(u)
        tokens = min(check_count("tokens", tokens), min(v.shape) // len(each))
        if not tokens:
            raise ValueError(f"levels: at most {min(v.shape)}, as many as the chunks have directions, not {len(each)}")
        p = Pca.of(v.reshape(u.shape), tokens * len(each))
        c = p.into(v.reshape(u.shape))[..., 0]
        grid = Grid.with_zero(np.abs(c).max(axis=0), np.tile(each, tokens))
        return cls(u.shape[1], scaling, p.mean.ravel(), grid, p.directions, len(each))

    @property
    def sizes(self) -> Codes:
        return np.asarray(self.grid.counts.reshape(-1, self.each).prod(axis=1))

    @property
    def synthesis(self) -> Floats:
        return self.directions

    @property
    def analysis(self) -> Floats:
        return self.directions

    @property
    def places(self) -> Codes:
        """(T, each) what a level of each coefficient is worth in its token."""
        counts = self.grid.counts.reshape(-1, self.each)
        return np.asarray(np.cumprod(np.c_[np.ones(len(counts), dtype=np.int64), counts[:, :0:-1]], axis=1)[:, ::-1])

    def _encode(self, u: Floats) -> Codes:
        return np.asarray((super()._encode(u).reshape(len(u), -1, self.each) * self.places).sum(axis=-1))

    def _decode(self, codes: Codes) -> Floats:
        k = codes.shape[1]
        counts = self.grid.counts.reshape(-1, self.each)[:k]
        return super()._decode((codes[..., None] // self.places[:k] % counts).reshape(len(codes), -1))


KINDS = {"FSQ": Fsq.fit}
