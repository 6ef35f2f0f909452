"""The quantizer of one action coordinate, q = decode ∘ encode, and its two kinds on the line: `Cells` and `Dithered`."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, Literal, final

import numpy as np
from numpy.typing import ArrayLike

from qbc.arrays import numbers
from qbc.quantizers import arithmetic
from qbc.quantizers.checks import Codes, Floats, check_count, check_real, generator, increasing, no_nan, some


@dataclass(frozen=True)
class Fitted:
    """What a quantizer was fitted to."""

    kind: str
    n: int  # codes asked for (openvla: edges)
    rows: int  # samples
    low: float  # the least of them [action units]
    high: float  # the largest

    def __post_init__(self) -> None:
        if not isinstance(self.kind, str):
            raise ValueError(f"kind: a name, not {self.kind!r}")
        for name in ("n", "rows"):
            object.__setattr__(self, name, check_count(name, getattr(self, name)))  # numpy's counts become Python's, as JSON wants
        for name in ("low", "high"):
            object.__setattr__(self, name, check_real(name, getattr(self, name)))
        if self.low > self.high:
            raise ValueError(f"low, high: low ≤ high, not {self.low}, {self.high}")


@dataclass(frozen=True, eq=False, repr=False)
class Quantizer(ABC):
    """Code i decodes to values[i]. Only dithered quantizers use `rng`; all accept it, so that all are called alike.
    Two are equal if they are of one class with equal fields, whatever they were fitted to."""

    values: Floats  # (n_codes,) [action units], strictly increasing
    fitted: Fitted | None = field(default=None, kw_only=True, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", increasing("values", self.values))

    @property
    @abstractmethod
    def ends(self) -> Floats:
        """(low, high) [action units]; below low the first code is used, above high the last."""

    @property
    @abstractmethod
    def radius(self) -> float:
        """ε_q = sup |q(u) − u| over low ≤ u ≤ high [action units], tight; says nothing about u outside."""

    @abstractmethod
    def encode(self, u: ArrayLike, rng: np.random.Generator | None = None) -> Codes:
        """Codes 0 … n_codes − 1, same shape as u."""

    def __repr__(self) -> str:
        span = f"[{self.low:.5g}, {self.high:.5g}]"
        codes = "1 code" if self.n_codes == 1 else f"{self.n_codes} codes"
        kind = f", fitted {self.fitted.kind}" if self.fitted else ""
        return f"{type(self).__name__}({codes} on {span}, radius {self.radius:.5g}{kind})"

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return all(_same(getattr(self, f.name), getattr(other, f.name)) for f in fields(self) if f.compare)

    def __hash__(self) -> int:
        return hash((type(self).__name__, (self.values + 0.0).tobytes()))  # + 0.0, because −0 equals 0

    @property
    def low(self) -> float:
        return float(self.ends[0])

    @property
    def high(self) -> float:
        return float(self.ends[1])

    @property
    def n_codes(self) -> int:
        return int(self.values.size)

    @property
    def jump(self) -> float:
        """Largest distance of two neighbouring values [action units], at most 2 ε_q (equal cells, centred: equal)."""
        return float(np.diff(self.values).max(initial=0.0))

    def decode(self, codes: ArrayLike) -> Floats:
        index = np.asarray(codes)
        if index.dtype.kind not in "iu" or (index.size and not 0 <= index.min() <= index.max() < self.n_codes):
            raise ValueError(f"codes: integers in 0 … {self.n_codes - 1}")
        return np.asarray(self.values[index])

    def __call__(self, u: ArrayLike, rng: np.random.Generator | None = None) -> Floats:
        return self.decode(self.encode(u, rng))

    def distance(self, a: ArrayLike, b: ArrayLike) -> Floats:
        """|a − b| [action units], elementwise; on a circle the shorter way round."""
        return np.asarray(np.abs(numbers("a", a) - numbers("b", b)))

    def share_outside(self, u: ArrayLike) -> float:
        """The share of the actions u (any shape) outside [low, high], where the radius says nothing."""
        actions = some(u)
        return float(((actions < self.low) | (actions > self.high)).mean())

    def worst_error(self, u: ArrayLike, rng: np.random.Generator | None = None) -> float:
        """The largest |q(u) − u| over the actions u (any shape) [action units], those outside [low, high] included."""
        return float(self.distance(self(some(u), rng), u).max())

    def rms_error(self, u: ArrayLike, rng: np.random.Generator | None = None) -> float:
        """The root of the mean of |q(u) − u|² over the actions u (any shape) [action units], those outside included."""
        return root_mean_square(self.distance(self(some(u), rng), u))


@final
@dataclass(frozen=True, eq=False, repr=False)
class Cells(Quantizer):
    """Cell i, from edges[i] to edges[i+1], decodes to values[i], which lies in it. Outside, the end codes are used.
    A single cell may be a point: what never moves gets one code, which decodes to it, and the radius 0."""

    edges: Floats  # (n_codes + 1,) [action units], strictly increasing
    closed: Literal["left", "right"] = "left"  # the end of a cell that belongs to it; low and high always belong

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "edges", increasing("edges", self.edges, point=True))
        if self.closed not in ("left", "right"):
            raise ValueError(f"closed: 'left' or 'right', not {self.closed!r}")
        if self.edges.size != self.n_codes + 1:
            raise ValueError(f"edges: one more than values, not {self.edges.size} for {self.n_codes}")
        inside = (self.low <= self.values[0]) and (self.values[-1] <= self.high)
        if not (inside and np.array_equal(self.encode(self.values), np.arange(self.n_codes))):
            raise ValueError("values: each must lie in its own cell")

    @property
    def ends(self) -> Floats:
        return self.edges[[0, -1]]

    @property
    def radius(self) -> float:
        return float(np.maximum(self.values - self.edges[:-1], self.edges[1:] - self.values).max())

    @cached_property
    def ruler(self) -> arithmetic.Ruler | None:
        """What encodes many actions at once, if the cells are equal."""
        return arithmetic.ruler([(self.edges, self.closed)])

    def encode(self, u: ArrayLike, rng: np.random.Generator | None = None) -> Codes:
        actions = numbers("u", u)
        if actions.size >= arithmetic.FEW and self.ruler is not None:
            return arithmetic.encode(self.ruler, actions)
        return self.search(actions)

    def search(self, u: ArrayLike) -> Codes:
        """The codes of u by binary search, which is what they mean; equal cells have a faster way to the same."""
        side: Literal["left", "right"] = "right" if self.closed == "left" else "left"
        return np.searchsorted(self.edges[1:-1], no_nan(u), side=side).astype(np.int64)


@final
@dataclass(frozen=True, eq=False, repr=False)
class Dithered(Quantizer):
    """Stochastic rounding to one of the two neighbouring values, independent per entry: E q(u) = u for low ≤ u ≤ high.
    Its radius is the whole step, twice that of rounding to nearest: the price of no bias (approached, not attained)."""

    @property
    def ends(self) -> Floats:
        return self.values[[0, -1]]

    @property
    def radius(self) -> float:
        return self.jump

    def encode(self, u: ArrayLike, rng: np.random.Generator | None = None) -> Codes:
        draws = generator("a dithered quantizer needs", rng)
        clipped = np.clip(no_nan(u), self.low, self.high)
        position = np.interp(clipped, self.values, np.arange(self.n_codes))  # in units of codes
        return (position // 1 + (draws.random(clipped.shape) < position % 1)).astype(np.int64)


def root_mean_square(x: Floats) -> float:
    """Of x (any shape), without overflow or underflow of the squares."""
    largest = float(x.max())
    return largest * float(np.sqrt(np.mean((x / largest) ** 2))) if 0 < largest < np.inf else largest


def _same(a: Any, b: Any) -> bool:
    return np.array_equal(a, b) if isinstance(a, np.ndarray) else bool(a == b)
