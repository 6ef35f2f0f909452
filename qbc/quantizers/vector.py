"""One quantizer a coordinate, in one object, and its fit to data (N, d)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qbc.arrays import numbers
from qbc.quantizers import arithmetic
from qbc.quantizers.checks import Codes, Floats, Random, check_count, check_range, data, no_nan, some
from qbc.quantizers.fits import fit_mu_law, fit_openvla, fit_uniform, kmeans, on_circle, quantile
from qbc.quantizers.quantizer import Cells, Quantizer

T = TypeVar("T")

KINDS = ("uniform", "quantile", "kmeans", "mu-law", "openvla", "periodic")


@dataclass(frozen=True)
class PerCoordinate:
    """Coordinate j of an action (…, d) is quantized by coordinates[j]. Codes are (…, d), and so are decoded actions.
    What is a number of a `Quantizer` is an array (d,) here. Equal if all coordinates are."""

    coordinates: tuple[Quantizer, ...]

    def __post_init__(self) -> None:
        parts = tuple(self.coordinates) if isinstance(self.coordinates, Sequence) else ()
        if not parts or not all(isinstance(q, Quantizer) for q in parts):
            raise ValueError("coordinates: one or more quantizers")
        object.__setattr__(self, "coordinates", parts)

    def __repr__(self) -> str:
        return "\n".join([f"PerCoordinate({self.d} coordinates)", *(f"  {j}: {q!r}" for j, q in enumerate(self.coordinates))])

    @property
    def d(self) -> int:
        return len(self.coordinates)

    @property
    def n_codes(self) -> Codes:
        return np.array([q.n_codes for q in self.coordinates], dtype=np.int64)

    @property
    def radius(self) -> Floats:
        """(d,) ε_q of each coordinate [its action units]; says nothing about actions outside [low, high]."""
        return np.array([q.radius for q in self.coordinates])

    @property
    def jump(self) -> Floats:
        return np.array([q.jump for q in self.coordinates])

    @property
    def low(self) -> Floats:
        return np.array([q.low for q in self.coordinates])

    @property
    def high(self) -> Floats:
        return np.array([q.high for q in self.coordinates])

    @cached_property
    def ruler(self) -> arithmetic.Ruler | None:
        """What encodes all coordinates in one go, if all have equal cells."""
        cells = [(q.edges, q.closed) for q in self.coordinates if isinstance(q, Cells)]
        return arithmetic.ruler(cells) if len(cells) == self.d else None

    def encode(self, u: ArrayLike, rng: Random = None) -> Codes:
        """Codes (…, d) of actions u (…, d)."""
        actions = self._checked("u", numbers("u", u))
        if actions.size >= arithmetic.FEW and self.ruler is not None:
            return arithmetic.encode(self.ruler, actions)
        no_nan(actions)
        return np.stack([_of(j, partial(q.encode, actions[..., j], rng)) for j, q in enumerate(self.coordinates)], axis=-1)

    def decode(self, codes: ArrayLike) -> Floats:
        """Actions (…, d) of codes (…, d)."""
        index = self._checked("codes", np.asarray(codes))
        return np.stack([_of(j, partial(q.decode, index[..., j])) for j, q in enumerate(self.coordinates)], axis=-1)

    def __call__(self, u: ArrayLike, rng: Random = None) -> Floats:
        return self.decode(self.encode(u, rng))

    def distance(self, a: ArrayLike, b: ArrayLike) -> Floats:
        """|a − b| of each coordinate (…, d), round the circle where it is periodic."""
        x, y = (self._checked(name, numbers(name, v)) for name, v in (("a", a), ("b", b)))
        return np.stack([q.distance(x[..., j], y[..., j]) for j, q in enumerate(self.coordinates)], axis=-1)

    def share_outside(self, u: ArrayLike) -> Floats:
        """(d,) the share of the actions u (…, d) outside [low, high], where the radius says nothing."""
        return self._each(u, lambda q, x: q.share_outside(x))

    def worst_error(self, u: ArrayLike, rng: Random = None) -> Floats:
        """(d,) the largest |q(u) − u| over the actions u (…, d), those outside [low, high] included."""
        return self._each(u, lambda q, x: q.worst_error(x, rng))

    def rms_error(self, u: ArrayLike, rng: Random = None) -> Floats:
        """(d,) the root of the mean of |q(u) − u|² over the actions u (…, d), those outside [low, high] included."""
        return self._each(u, lambda q, x: q.rms_error(x, rng))

    def _each(self, u: ArrayLike, number: Callable[[Quantizer, Floats], float]) -> Floats:
        actions = self._checked("u", some(u))
        return np.array([number(q, actions[..., j]) for j, q in enumerate(self.coordinates)])

    def _checked(self, name: str, x: NDArray[Any]) -> NDArray[Any]:
        if x.shape[-1:] != (self.d,):
            raise ValueError(f"{name}: (…, {self.d}), not {x.shape}")
        return x


def fit(
    u: ArrayLike,
    kind: str | Sequence[str] = "uniform",
    n: int | Sequence[int] = 256,
    *,
    rng: Random = None,
    period: ArrayLike = (-np.pi, np.pi),
) -> PerCoordinate:
    """One quantizer for each coordinate of the actions u (N, d), never pooled.

    `kind` is one of KINDS, or one a coordinate; so is `n`, the codes asked for (openvla: edges, one more). kmeans draws from `rng`.
    A periodic coordinate gets equal cells on the circle from low to high, wherever its data lie: `period` is (low, high) [its action
    units], or one such pair for each coordinate (others do not read theirs).
    Raises ``ValueError`` that names argument and coordinate; warns with `FewerCodes`, `LargeError`, `ManyTurns`."""
    actions = data("u", u, ndim=2)
    d = actions.shape[1]
    kinds, counts = _one_each("kind", kind, d), _one_each("n", n, d)
    for j, (k, m) in enumerate(zip(kinds, counts, strict=True)):
        _of(j, partial(check_count, "n", m))
        if k not in KINDS:
            raise ValueError(f"kind: one of {', '.join(KINDS)}, not {k!r} (coordinate {j})")
    turns = _periods(period, d)
    each = [(j, actions[:, j], kinds[j], counts[j], rng, turns[j], f"u[:, {j}]") for j in range(d)]
    return PerCoordinate(tuple(_of(j, partial(_fitted, *arguments)) for j, *arguments in each))


def _fitted(x: Floats, kind: str, n: int, rng: Random, period: Floats, name: str) -> Quantizer:
    match kind:
        case "uniform":
            return fit_uniform(x, n, name=name)
        case "quantile":
            return quantile(x, n, name=name)
        case "mu-law":
            return fit_mu_law(x, n, name=name)
        case "openvla":
            return fit_openvla(x, n, name=name)
        case "periodic":
            low, high = period.tolist()
            check_range(low, high, ("period[0]", "period[1]"))
            return on_circle(x, n, low, high, name=name)
        case "kmeans":
            return kmeans(x, n, rng, name=name)
    raise NotImplementedError(f"kind {kind!r} has no fit")


def _periods(period: ArrayLike, d: int) -> Floats:
    """(d, 2): the same pair, or as listed."""
    pairs = numbers("period", period)
    if pairs.shape not in ((2,), (d, 2)):
        raise ValueError(f"period: (low, high), or one such pair for each of {d} coordinates, not {period!r}")
    return np.broadcast_to(pairs, (d, 2))


def _one_each(name: str, x: Any, d: int) -> list[Any]:
    """d of them: the same, or as listed."""
    each = [x] * d if np.ndim(x) == 0 else list(x)
    if len(each) != d:
        raise ValueError(f"{name}: one for all coordinates or one for each of {d}, not {len(each)}")
    return each


def _of(j: int, do: Callable[[], T]) -> T:
    """Errors of a coordinate name it."""
    try:
        return do()
    except ValueError as e:
        raise ValueError(f"{e} (coordinate {j})") from None
