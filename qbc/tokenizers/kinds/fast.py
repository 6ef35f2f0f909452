"""FAST (Pertsch et al. 2025): the discrete cosine transform in time, rounded, lowest frequency first, and the numbers merged by BPE.

Two things of the reference code are otherwise here. The alphabet has every number that a chunk inside the range can give, so that
none is clipped. And tokens whose numbers are not exactly those of a chunk raise ``ValueError``: the reference decodes them to zeros.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qbc.quantizers import Codes, Floats
from qbc.quantizers.checks import check_count, check_positive
from qbc.representations import Dct
from qbc.tokenizers.scaling import Scaling
from qbc.tokenizers.tokenizer import Tokenizer

INSTALL = ".venv/bin/python -m pip install --no-build-isolation -c constraints.txt -e '.[tokens]'"
FIRST = 0xE000  # of the 6400 characters of Unicode that stand for nothing: one for each number
MOST = 6400


def bpe() -> Any:
    """The package ``tokenizers``. Raises ``ModuleNotFoundError`` saying what to install."""
    try:
        import tokenizers
        import tokenizers.models
        import tokenizers.trainers
    except ModuleNotFoundError as missing:
        raise ModuleNotFoundError(f"no {missing.name}: install the extra tokens with {INSTALL}", name=missing.name) from None
    return tokenizers


@dataclass(frozen=True, eq=False)
class Fast(Tokenizer):
    """Numbers are −top … top; token i < 2 top + 1 is one of them, each later one two earlier tokens side by side."""

    scale: float  # steps of the grid per unit of a coefficient
    merges: Codes  # (M, 2) token numbers, in the order in which they were learned

    total = False
    fixed = False

    def __post_init__(self) -> None:
        super().__post_init__()
        check_positive("scale", self.scale)
        if 2 * self.top + 1 > MOST:
            raise ValueError(f"scale: at most {MOST} different numbers, and {self.scale!r} gives {2 * self.top + 1}")
        m = np.asarray(self.merges)
        if m.ndim != 2 or m.shape[1] != 2 or (m.size and m.min() < 0) or not self.words:
            raise ValueError("merges: (M, 2) numbers of tokens")

    @classmethod
    def _fit(cls, u: Floats, rng: np.random.Generator, *, scale: float = 10.0, vocabulary: int = 1024, tail: float = 0.01) -> Fast:
        """The range lies between the quantiles ``tail`` and 1 − ``tail``; of the tokens of ``vocabulary`` some are single numbers."""
        lib = bpe()
        first = cls(u.shape[1], Scaling.of(u, tail), float(scale), np.zeros((0, 2), dtype=np.int64))
        alphabet = first.characters
        if check_count("vocabulary", vocabulary) < len(alphabet):
            raise ValueError(f"vocabulary: at least {len(alphabet)}, one for each number of a chunk inside the range, not {vocabulary}")
        model = lib.Tokenizer(lib.models.BPE())
        trainer = lib.trainers.BpeTrainer(vocab_size=vocabulary, show_progress=False, initial_alphabet=list(alphabet))
        model.train_from_iterator(first._texts(first.scaling.inside(u)), trainer)
        return cls(first.h, first.scaling, first.scale, _learned(model, alphabet))

    @cached_property
    def top(self) -> int:
        """The largest number that a chunk inside the range can give: Σ_t |cos| is largest for one of h frequencies."""
        rows = np.abs(Dct(self.h, self.h).into(np.eye(self.h)[..., None])[..., 0]).sum(axis=0)
        return int(np.rint(rows.max() * self.scale * (1 + 1e-12)))

    @property
    def characters(self) -> str:
        return "".join(map(chr, range(FIRST, FIRST + 2 * self.top + 1)))

    @cached_property
    def words(self) -> list[str]:
        """The numbers that each token stands for, as characters; two merges may give one token."""
        words = list(self.characters)
        known = set(words)
        for a, b in self.merges.tolist():
            if max(a, b) >= len(words):
                raise ValueError(f"merges: each of earlier tokens, not {a}, {b} after {len(words)}")
            if (word := words[a] + words[b]) not in known:
                known.add(word)
                words.append(word)
        return words

    @cached_property
    def model(self) -> Any:
        lib, words = bpe(), self.words
        merges = [(words[a], words[b]) for a, b in self.merges.tolist()]
        return lib.Tokenizer(lib.models.BPE({w: i for i, w in enumerate(words)}, merges))

    @property
    def sizes(self) -> Codes:
        return np.full(self.h * self.d, len(self.words))

    @property
    def worst(self) -> Floats:
        rows = np.abs(Dct(self.h, self.h).back(np.eye(self.h)[..., None])[..., 0]).sum(axis=0)
        return np.asarray(rows.max() / (2 * self.scale) * self.scaling.half * (1 + 1e-9))

    @property
    def moved(self) -> tuple[int, int]:
        return self.h, self.scaling.moving

    def _texts(self, u: Floats) -> list[str]:
        numbers = np.rint(Dct(self.h, self.h).into(self.scaling.into(u)) * self.scale).astype(np.int64).reshape(len(u), -1)
        return ["".join(map(chr, row)) for row in (numbers + (FIRST + self.top)).tolist()]

    def _encode(self, u: Floats) -> list[Codes]:
        return [np.array(found.ids, dtype=np.int64) for found in self.model.encode_batch(self._texts(u))]

    def _decode(self, codes: Codes) -> Floats:
        numbers = np.array([self._numbers(row) for row in codes.tolist()], dtype=float).reshape(len(codes), self.h, self.d)
        return self.scaling.back(Dct(self.h, self.h).back(numbers / self.scale))

    def _numbers(self, tokens: list[int]) -> list[int]:
        first = FIRST + self.top
        return [ord(c) - first for t in tokens for c in self.words[t]]

    def _check(self, name: str, s: NDArray[Any]) -> None:
        if (bad := (s < 0) | (s >= len(self.words))).any():
            t = int(np.argmax(bad))
            raise ValueError(f"{name}: token {t} is one of 0 … {len(self.words) - 1}, not {s[t]}")
        if (n := sum(len(self.words[t]) for t in s.tolist())) != self.h * self.d:
            raise ValueError(f"{name}: they are {n} coefficients, and a chunk has {self.h * self.d}")


def _learned(model: Any, alphabet: str) -> Codes:
    """(M, 2) the merges of a trained model, as numbers of tokens."""
    import json

    number = {c: i for i, c in enumerate(alphabet)}
    pairs = []
    for a, b in json.loads(model.to_str())["model"]["merges"]:
        pairs.append((number[a], number[b]))
        number.setdefault(a + b, len(number))
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


KINDS = {"FAST": Fast.fit}
