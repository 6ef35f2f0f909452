"""Quantizers of one action coordinate: q = decode ∘ encode.

Almost every scalar action tokenizer in use is a list of *edges* and one *value* per cell: that is `Cells`; `uniform`,
`lattice`, `quantile`, `kmeans`, `mu_law`, `openvla` only compute the two lists. `Dithered` rounds at random.
To add a quantizer: a function that returns `Cells`, and one instance of it in `EXAMPLES`, which the law tests run over.

Shapes: `u` is any array of floats in action units, every entry treated alike; `encode` gives int64 codes of the same
shape, `decode` floats of the same shape. Coordinates with different ranges take one quantizer each.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Literal, TypeAlias, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.int64]
Decode: TypeAlias = Literal["left", "center", "right"]
Kind: TypeAlias = Literal["mid-tread", "mid-rise"]


@dataclass(frozen=True, eq=False, repr=False)
class Quantizer(ABC):
    """Code i decodes to values[i]. Only dithered quantizers use `rng`; all accept it, so that all are called alike."""

    values: Floats  # (n_codes,) [action units], strictly increasing

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", _increasing("values", self.values))

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
        return f"{type(self).__name__}({self.n_codes} codes on {span}, radius {self.radius:.5g})"

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


@final
@dataclass(frozen=True, eq=False, repr=False)
class Cells(Quantizer):
    """Cell i, from edges[i] to edges[i+1], decodes to values[i], which lies in it. Outside, the end codes are used."""

    edges: Floats  # (n_codes + 1,) [action units], strictly increasing
    closed: Literal["left", "right"] = "left"  # the end of a cell that belongs to it; low and high always belong

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "edges", _increasing("edges", self.edges))
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

    def encode(self, u: ArrayLike, rng: np.random.Generator | None = None) -> Codes:
        side: Literal["left", "right"] = "right" if self.closed == "left" else "left"
        return np.searchsorted(self.edges[1:-1], _no_nan(u), side=side).astype(np.int64)


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
        if rng is None:
            raise ValueError("rng: a dithered quantizer needs a numpy Generator")
        clipped = np.clip(_no_nan(u), self.low, self.high)
        position = np.interp(clipped, self.values, np.arange(self.n_codes))  # in units of codes
        return (position // 1 + (rng.random(clipped.shape) < position % 1)).astype(np.int64)


def uniform(n_codes: int, low: float = -1.0, high: float = 1.0, decode: Decode = "center") -> Cells:
    """n equal cells of width w = (high − low)/n; ε_q = w/2 (center) or w (left, right).
    On a symmetric range an odd n is mid-tread (0 decodes to 0), an even n is mid-rise (0 is an edge).
    Octo's uniform BinTokenizer and torchrl's UniformActionTokenizer decode to centres, openpi to left ends."""
    _check_range(n_codes, low, high)
    return _with_decode(np.linspace(low, high, n_codes + 1), decode)


def lattice(step: float, reach: float, kind: Kind = "mid-tread", decode: Decode = "center") -> Cells:
    """Cells of width `step` that cover ±reach [action units]; 0 is the centre of a cell (mid-tread) or an edge."""
    if not (0 < step < np.inf and 0 < reach < np.inf):
        raise ValueError(f"step, reach: positive and finite, not {step}, {reach}")
    if kind not in ("mid-tread", "mid-rise"):
        raise ValueError(f"kind: 'mid-tread' or 'mid-rise', not {kind!r}")
    shift = 0.5 if kind == "mid-tread" else 0.0
    n_side = max(int(np.ceil(reach / step - shift - 1e-9)), 1)  # the last edge is step (n_side + shift) ≥ reach
    right = step * (np.arange(n_side + 1) + shift)
    return _with_decode(np.unique(np.concatenate([-right, right])), decode)


def quantile(u: ArrayLike, n_codes: int, decode: Decode = "center") -> Cells:
    """Cells of equal mass under the actions `u` (any shape), with the edges of scikit-learn's KBinsDiscretizer.
    Edges closer than 1e-8 are merged, so an atom in the data (many exact zeros) leaves fewer codes than asked for."""
    data = _finite("u", u)
    _check_range(n_codes, float(data.min()), float(data.max()))
    edges = np.quantile(data, np.linspace(0, 1, n_codes + 1), method="averaged_inverted_cdf")
    return _with_decode(edges[np.ediff1d(edges, to_begin=np.inf) > 1e-8], decode)


def codebook(values: ArrayLike, low: float, high: float) -> Cells:
    """The nearest of the given values (any order) on [low, high]; edges are the midpoints, a tie goes up."""
    levels = np.unique(_finite("values", values))
    if not (-np.inf < low <= levels[0] and levels[-1] <= high < np.inf and low < high):
        raise ValueError(f"values: all inside [low, high] = [{low}, {high}]")
    return Cells(levels, np.concatenate([[low], (levels[1:] + levels[:-1]) / 2, [high]]))


def kmeans(u: ArrayLike, n_codes: int, rng: np.random.Generator) -> Cells:
    """Codebook of the k-means centres of the actions `u` (any shape), between the ends of the data (BeT, no offsets).
    The fit makes the *average* squared error small; the radius is whatever that leaves in the tails."""
    from sklearn.cluster import KMeans  # slow to import, needed here only

    data = _finite("u", u)
    _check_range(n_codes, data.min(), data.max())
    fit = KMeans(n_codes, n_init=1, random_state=int(rng.integers(2**31))).fit(data[:, None])
    return codebook(fit.cluster_centers_, data.min(), data.max())


def mu_law(n_codes: int = 1024, mu: float = 100.0, reach: float = 1.0) -> Cells:
    """n equal cells in F(u) = sign(u) ln(1 + μ|u|)/ln(1 + μ·reach), decoded to F⁻¹ of their centres.
    Source: Gato (Reed et al. 2022), n = 1024, μ = 100; Gato itself uses reach = 256 for observations."""
    _check_range(n_codes, -reach, reach)
    if not 0 < mu < np.inf:
        raise ValueError(f"mu: positive and finite, not {mu}")
    y = np.linspace(-1, 1, 2 * n_codes + 1)  # edges and centres alternate
    u = np.clip(np.sign(y) * np.expm1(np.abs(y) * np.log1p(mu * reach)) / mu, -reach, reach)
    return Cells(u[1::2], u[::2])


def openvla(q01: float = -1.0, q99: float = 1.0, n_edges: int = 256) -> Cells:
    """RT-2 / OpenVLA: [q01, q99] → [−1, 1], clip, 256 *edges* there, hence 255 cells, decoded to their centres.
    The middle of the range is a centre (mid-tread). What lies outside saturates, and the radius does not see it.
    The reference code has a 256th token for exactly 1, which decodes like the 255th: here they are one code."""
    return uniform(n_edges - 1, q01, q99)


def fit_openvla(u: ArrayLike, n_edges: int = 256) -> Cells:
    """`openvla` between the 1 % and 99 % quantiles of all actions `u` (any shape) pooled, not per episode."""
    q01, q99 = np.quantile(_finite("u", u), [0.01, 0.99])
    return openvla(float(q01), float(q99), n_edges)


def _with_decode(edges: Floats, decode: Decode) -> Cells:
    """Closed on the side of the decoded end, so that encode(decode(code)) = code."""
    if decode not in ("left", "center", "right"):
        raise ValueError(f"decode: 'left', 'center' or 'right', not {decode!r}")
    values = {"left": edges[:-1], "center": (edges[:-1] + edges[1:]) / 2, "right": edges[1:]}[decode]
    return Cells(values, edges, closed="right" if decode == "right" else "left")


def _check_range(n_codes: int, low: float, high: float) -> None:
    if not (isinstance(n_codes, (int, np.integer)) and n_codes >= 1):
        raise ValueError(f"n_codes: a positive integer, not {n_codes!r}")
    if not -np.inf < low < high < np.inf:
        raise ValueError(f"low, high: finite with low < high, not {low}, {high}")


def _increasing(name: str, x: ArrayLike) -> Floats:
    array = np.array(x, dtype=np.float64)
    if not (array.ndim == 1 and array.size and np.isfinite(array).all() and (np.diff(array) > 0).all()):
        raise ValueError(f"{name}: one-dimensional, non-empty, finite, strictly increasing")
    array.setflags(write=False)
    return array


def _no_nan(u: ArrayLike) -> Floats:
    array = np.asarray(u, dtype=np.float64)
    if np.isnan(array).any():
        raise ValueError("u: must not contain NaN")
    return array


def _finite(name: str, x: ArrayLike) -> Floats:
    array = np.asarray(x, dtype=np.float64).ravel()
    if not (array.size and np.isfinite(array).all()):
        raise ValueError(f"{name}: at least one number, all finite")
    return array


EXAMPLES: dict[str, Quantizer] = {
    "uniform-256": uniform(256),
    "uniform-left": uniform(7, -0.3, 2.0, decode="left"),
    "uniform-right": uniform(7, -0.3, 2.0, decode="right"),
    "mid-tread": lattice(0.1, 1.0, "mid-tread"),
    "mid-rise": lattice(0.1, 1.0, "mid-rise"),
    "quantile": quantile(np.random.default_rng(0).standard_t(3, size=1000), 16),
    "codebook": codebook([-7.0, -1.0, -0.1, 0.0, 0.2, 0.9, 11.0], -8.0, 12.0),
    "mu-law": mu_law(),
    "openvla-255": openvla(-0.8, 1.3),
    "dithered": Dithered(np.linspace(-1, 1, 11)),
}
