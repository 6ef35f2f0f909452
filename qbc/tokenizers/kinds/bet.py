"""Behavior Transformers (Shafiullah et al. 2022): the nearest k-means centre of each action, and the offset to it.

The offset is a real number a coordinate, predicted by a second head: it is no token. What the tokens say alone is `decode`; with the
offset a chunk comes back whole, and then nothing was quantised.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from qbc.quantizers import Codes, Floats, Residual, fit_residual
from qbc.tokenizers.books import spread
from qbc.tokenizers.scaling import Scaling
from qbc.tokenizers.tokenizer import Tokenizer, Tokens


@dataclass(frozen=True, eq=False)
class BeT(Tokenizer):
    """One token a step: the nearest of the centres, which are actions scaled to [−1, 1]."""

    centres: Floats  # (K, d)

    continuous = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if np.shape(self.centres)[1:] != (self.d,):
            raise ValueError(f"centres: (K, {self.d}), not {np.shape(self.centres)}")

    @classmethod
    def _fit(cls, u: Floats, rng: np.random.Generator, *, n: int = 64) -> BeT:
        scaling = Scaling.of(u)
        return cls(u.shape[1], scaling, fit_residual(scaling.into(u).reshape(-1, scaling.d), [n], rng).books[0])

    @property
    def sizes(self) -> Codes:
        return np.full(self.h, len(self.centres))

    @property
    def worst(self) -> Floats:
        return spread([self.centres], np.zeros(self.d)) * self.scaling.half

    @property
    def moved(self) -> tuple[int, int]:
        return 1, self.scaling.moving

    def _encode(self, u: Floats) -> Codes:
        return Residual((self.centres,)).encode(self.scaling.into(u))[..., 0]

    def _decode(self, codes: Codes) -> Floats:
        return self.scaling.back(self.centres[codes])

    def offsets(self, u: ArrayLike, tokens: Tokens) -> Floats:
        """(…, h, d) what the tokens leave over of the chunks u (…, h, d): h d real numbers a chunk."""
        return np.asarray(np.asarray(u, dtype=float) - self.decode(tokens))

    def decode_with(self, tokens: Tokens, offsets: ArrayLike) -> Floats:
        """(…, h, d) centres and offsets together: the chunk itself, if both are its own."""
        return np.asarray(self.decode(tokens) + np.asarray(offsets, dtype=float))


KINDS = {"BeT": BeT.fit}
