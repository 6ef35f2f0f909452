"""The interface of all kinds: chunks of actions to tokens and back, what is declared of it, and what is refused."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qbc.arrays import finite, numbers
from qbc.quantizers import Codes, Floats
from qbc.quantizers.checks import check_count, generator
from qbc.tokenizers.facts import STATISTICS, Facts, Fitted
from qbc.tokenizers.scaling import LARGEST, Scaling

Tokens: TypeAlias = Codes | list[Codes]
SATURATES = "each entry is set to the nearest end of its range, and a coefficient to the nearest of its grid; encode warns"


class Outside(UserWarning):
    """Chunks have entries, or coefficients, outside the range that the tokenizer was fitted to."""


@dataclass(frozen=True, eq=False)
class Tokenizer(ABC):
    """Token t of a chunk (h, d) is an integer 0 … sizes[t] − 1. Made by `fit`; numbers are in action units unless said otherwise."""

    h: int
    scaling: Scaling
    fitted: Fitted | None = field(default=None, kw_only=True)

    total: ClassVar[bool] = True
    prefix: ClassVar[bool] = False
    tight: ClassVar[bool] = False
    fixed: ClassVar[bool] = True  # whether all sequences are of one length
    continuous: ClassVar[bool] = False  # whether an offset belongs to the tokens

    def __post_init__(self) -> None:
        check_count("h", self.h)
        if self.fitted is not None and len(self.fitted.rms) != self.d:
            raise ValueError(f"fitted: statistics of {self.d} coordinates, not {len(self.fitted.rms)}")

    @classmethod
    def fit(cls, chunks: ArrayLike, rng: np.random.Generator, **options: Any) -> Self:
        """Fitted to chunks (n, h, d) [action units]. Raises ``ValueError`` naming the argument."""
        u = checked("chunks", chunks)
        made = cls._fit(u, generator("tokenizers are fitted with", rng), **options)
        tokens = made.encode(u, tell=False)
        rms = np.sqrt(((made.decode(tokens) - u) ** 2).mean(axis=(0, 1)))
        count = float(np.mean([len(t) for t in tokens]))
        return replace(made, fitted=Fitted.of(u, rms, count, float(made.scaling.outside(u).mean())))

    @classmethod
    @abstractmethod
    def _fit(cls, u: Floats, rng: np.random.Generator, *args: Any, **options: Any) -> Self: ...

    @property
    @abstractmethod
    def sizes(self) -> Codes:
        """(T,) how many codes each token has; where the length varies, of the longest sequence."""

    @property
    @abstractmethod
    def worst(self) -> Floats:
        """(d,) bound of the error of any chunk inside the range."""

    @property
    @abstractmethod
    def moved(self) -> tuple[int, int]:
        """Steps and coordinates that one wrong token moves, at most."""

    @abstractmethod
    def _encode(self, u: Floats) -> Tokens:
        """Of chunks (n, h, d) inside the range."""

    @abstractmethod
    def _decode(self, codes: Codes) -> Floats:
        """(n, h, d) of tokens (n, T), or of prefixes where these decode."""

    def _beyond(self, u: Floats) -> NDArray[np.bool_]:
        """(n,) which chunks (n, h, d), inside the range, have coefficients that are not."""
        return np.zeros(len(u), dtype=bool)

    @property
    def d(self) -> int:
        return self.scaling.d

    @property
    def facts(self) -> Facts:
        """What it declares. Raises ``ValueError`` if it was not made by ``fit``."""
        if self.fitted is None:
            raise ValueError(f"{type(self).__name__}: made by fit, or loaded")
        mean, sizes = self.fitted.tokens, self.sizes
        return Facts(
            tokens_mean=mean,
            tokens_worst=len(sizes),
            vocabulary=int(sizes.max()),
            bits=float(np.log2(sizes).sum()) * mean / len(sizes),
            rms=self.fitted.rms,
            worst=self.worst,
            tight=self.tight,
            low=self.scaling.low,
            high=self.scaling.high,
            outside=SATURATES,
            total=self.total,
            prefix=self.prefix,
            moved=self.moved,
            continuous=self.h * self.d if self.continuous else 0,
        )

    def encode(self, u: ArrayLike, *, tell: bool = True) -> Tokens:
        """Tokens of a chunk (h, d), or of chunks (n, h, d): (T,) or (n, T), a list of n arrays where the length varies.

        Warns with `Outside`, counting them, where entries or coefficients saturate. Raises ``ValueError`` for another shape."""
        single, chunks = np.ndim(u) == 2, self._chunks(u)
        if tell and (words := self.saturated(chunks)):
            warnings.warn(words, Outside, stacklevel=2)
        tokens = self._encode(self.scaling.inside(chunks))
        return tokens[0] if single else tokens

    def decode(self, tokens: ArrayLike | Sequence[ArrayLike]) -> Floats:
        """The chunk (h, d) of tokens (T,), or chunks (n, h, d) of n of them. Raises ``ValueError`` for what are none."""
        single, sequences = self._sequences(tokens)
        lengths = {len(s) for s in sequences}
        if len(lengths) == 1:
            out = self._decode(np.stack(sequences))
        else:
            out = np.concatenate([np.zeros((0, self.h, self.d)), *(self._decode(s[None]) for s in sequences)])
        return out[0] if single else out

    def saturated(self, u: ArrayLike) -> str:
        """One line that counts what `encode` saturates of chunks (n, h, d); empty if nothing."""
        chunks = self._chunks(u)
        out = self.scaling.outside(chunks)
        beyond = self._beyond(self.scaling.inside(chunks))
        if not out.any() and not beyond.any():
            return ""
        far = np.maximum(self.scaling.low - chunks, chunks - self.scaling.high).max(axis=(0, 1))
        j = int(np.argmax(np.where(out.any(axis=(0, 1)), far / np.where(self.scaling.half > 0, self.scaling.half, 1.0), -1)))
        entries = f"{out.sum()} of {out.size} entries outside the range" + f", coordinate {j} by up to {far[j]:.3g}" * bool(out.any())
        return f"u: {entries}; {beyond.sum()} of {beyond.size} chunks with coefficients outside theirs: set to the nearest end"

    def check_statistics(self, told: Mapping[str, ArrayLike], tolerance: float = 0.05) -> None:
        """Refuse data that are not those fitted to: ``told`` has some of min, max, mean, std, q01, q99, (d,) each [action units].

        Raises ``ValueError`` where one is off by more than ``tolerance`` of what the coordinate's fitted data span."""
        if self.fitted is None or not set(told) & set(STATISTICS):
            raise ValueError(f"told: one or more of {', '.join(STATISTICS)}, and a tokenizer made by fit")
        span = self.fitted.max - self.fitted.min
        for key in [k for k in STATISTICS if k in told]:
            mine, theirs = getattr(self.fitted, key), numbers(key, told[key])
            if theirs.shape != mine.shape:
                raise ValueError(f"{key}: ({self.d},), not {theirs.shape}: not the actions that the tokenizer was fitted to")
            off = ~(np.abs(theirs - mine) <= tolerance * span + 1e-6 * np.abs(mine))
            if off.any():
                j = int(np.argmax(off))
                raise ValueError(f"{key}: coordinate {j} has {theirs[j]:.6g}, and the tokenizer was fitted where it is {mine[j]:.6g}")

    def _chunks(self, u: ArrayLike) -> Floats:
        chunks = checked("u", np.asarray(u)[None] if np.ndim(u) == 2 else u)
        if chunks.shape[1:] != (self.h, self.d):
            raise ValueError(f"u: chunks of {self.h} steps and {self.d} coordinates, not {chunks.shape[1:]}")
        return chunks

    def _sequences(self, tokens: Any) -> tuple[bool, list[Codes]]:
        """Whether it is one, and each, checked."""
        single = tokens.ndim == 1 if isinstance(tokens, np.ndarray) else all(np.ndim(t) == 0 for t in tokens)
        found = [np.asarray(t) for t in ([tokens] if single else tokens)]
        for i, s in enumerate(found):
            name = "tokens" if single else f"tokens[{i}]"
            if s.ndim != 1 or (s.size and s.dtype.kind not in "iu"):
                raise ValueError(f"{name}: integers (T,), not {s.dtype} {s.shape}")
            self._check(name, s)
        return single, [s.astype(np.int64) for s in found]

    def _check(self, name: str, s: NDArray[Any]) -> None:
        n = len(self.sizes)
        if len(s) > n or (len(s) < n and not self.prefix):
            raise ValueError(f"{name}: {n} of them{' or a prefix' * self.prefix}, not {len(s)}")
        if (bad := (s < 0) | (s >= self.sizes[: len(s)])).any():
            t = int(np.argmax(bad))
            raise ValueError(f"{name}: token {t} is one of 0 … {self.sizes[t] - 1}, not {s[t]}")


def checked(name: str, u: ArrayLike) -> Floats:
    """Chunks (n, h, d), one or more, finite."""
    array = numbers(name, u)
    if array.ndim != 3 or not array.size:
        raise ValueError(f"{name}: (n, h, d), none of them 0, not {array.shape}")
    finite(name, array, "chunk", "step", "coordinate")
    if np.abs(array).max() > LARGEST:
        raise ValueError(f"{name}: at most {LARGEST:g} in size")
    return array
