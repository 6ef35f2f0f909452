"""What a tokenizer says of itself, and the statistics of the chunks that it was fitted to."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from qbc.arrays import numbers
from qbc.quantizers import Floats

STATISTICS = ("min", "max", "mean", "std", "q01", "q99")


@dataclass(frozen=True, eq=False)
class Fitted:
    """Of n chunks, each coordinate over all of their steps; ``rms``, ``tokens`` and ``outside`` are what tokenizing them gave."""

    n: int
    min: Floats  # (d,) [action units], and so are the next six
    max: Floats
    mean: Floats
    std: Floats
    q01: Floats
    q99: Floats
    rms: Floats  # root of the mean of |decode(encode(u)) − u|²
    tokens: float  # a chunk, on average
    outside: float  # share of entries that lie outside the range

    def __post_init__(self) -> None:
        for name in (*STATISTICS, "rms"):
            array = np.array(numbers(name, getattr(self, name)))
            array.setflags(write=False)
            if array.shape != np.shape(self.min) or array.ndim != 1 or not np.isfinite(array).all():
                raise ValueError(f"{name}: (d,) of finite numbers")
            object.__setattr__(self, name, array)

    @staticmethod
    def of(u: Floats, rms: Floats, tokens: float, outside: float) -> Fitted:
        rows = u.reshape(-1, u.shape[-1])
        q01, q99 = np.quantile(rows, [0.01, 0.99], axis=0)
        return Fitted(len(u), rows.min(0), rows.max(0), rows.mean(0), rows.std(0), q01, q99, rms, tokens, outside)


@dataclass(frozen=True, eq=False)
class Facts:
    """Declared by the tokenizer; the tests measure each of them through its interface."""

    tokens_mean: float  # a chunk, on the fitted chunks
    tokens_worst: int  # over all chunks; equal to the mean where the length is fixed
    vocabulary: int  # how many codes a token has, at most
    bits: float  # a chunk, each token written with as many bits as it has codes
    rms: Floats  # (d,) on the fitted chunks [action units]
    worst: Floats  # (d,) no |decode(encode(u)) − u| is larger while u lies in [low, high] [action units]
    tight: bool  # whether some chunk comes near to `worst`
    low: Floats  # (d,) [action units]
    high: Floats
    outside: str  # what happens there
    total: bool  # every sequence of tokens decodes
    prefix: bool  # every prefix decodes, and the mean squared error of the fitted chunks never rises with a longer one
    moved: tuple[int, int]  # steps and coordinates that one wrong token moves, at most; all behind it where not total
    continuous: int  # real numbers that go with the tokens of a chunk where it is to be exact (BeT's offset), 0 elsewhere

    def rows(self) -> list[tuple[str, str]]:
        """Names and values for a table."""
        return [(f.name, _word(getattr(self, f.name))) for f in fields(self)]


def _word(x: object) -> str:
    if isinstance(x, np.ndarray):
        return " ".join(f"{v:.3g}" for v in x)
    return f"{x:.4g}" if isinstance(x, float) else str(x)
