"""Residual vector quantisation of whole chunks: VQ-BeT (Lee et al. 2024) without its learned encoder, on the scaled chunk itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qbc.quantizers import Codes, Floats, Residual, fit_residual
from qbc.tokenizers.books import spread
from qbc.tokenizers.linear import scaled
from qbc.tokenizers.tokenizer import Tokenizer


@dataclass(frozen=True, eq=False)
class Rvq(Tokenizer):
    """Token t is the nearest codeword to what the tokens before it leave over of the scaled chunk. The empty prefix is the mean.

    A prefix of codewords that are means of what they stand for never does worse on average, on the chunks they were fitted to.
    """

    mean: Floats  # (h d,)
    books: tuple[Floats, ...]  # (K_t, h d) each

    prefix = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if any(np.shape(b)[1:] != (self.h * self.d,) for b in (self.mean[None], *self.books)) or not self.books:
            raise ValueError(f"books: one or more (K, {self.h * self.d}), as the mean ({self.h * self.d},)")

    @classmethod
    def _fit(cls, u: Floats, rng: np.random.Generator, *, n: Sequence[int] = (64, 64, 64, 64)) -> Rvq:
        scaling, v = scaled(u)
        mean = v.mean(axis=0)
        return cls(u.shape[1], scaling, mean, fit_residual(v - mean, n, rng).books)

    @property
    def sizes(self) -> Codes:
        return np.array([len(b) for b in self.books])

    @property
    def worst(self) -> Floats:
        return np.asarray(spread(self.books, self.mean).reshape(self.h, self.d).max(axis=0) * self.scaling.half)

    @property
    def moved(self) -> tuple[int, int]:
        return self.h, self.scaling.moving

    def _encode(self, u: Floats) -> Codes:
        return Residual(self.books).encode(self.scaling.into(u).reshape(len(u), -1) - self.mean)

    def _decode(self, codes: Codes) -> Floats:
        v = self.mean + sum((b[codes[:, t]] for t, b in enumerate(self.books[: codes.shape[1]])), np.zeros((len(codes), 1)))
        return self.scaling.back(v.reshape(len(codes), self.h, self.d))


KINDS = {"RVQ": Rvq.fit}
