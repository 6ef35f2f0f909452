"""Laws of a quantizer of one coordinate, as functions of any subject, and two broken subjects from the wild."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

Floats = NDArray[np.float64]


class LinspaceTokenizer:
    """Broken: linspace(low, high, n) as n edges *and* n codes: n − 1 cells exist, and code 0 is never used in range."""

    n_codes, low, high = 16, -1.0, 1.0
    values = np.linspace(low, high, n_codes)
    radius = (high - low) / n_codes / 2  # what the author believes: half a cell of n

    def encode(self, u: Any, rng: Any = None) -> NDArray[np.int64]:
        return np.asarray(np.clip(np.digitize(u, self.values), 0, self.n_codes - 1))

    def decode(self, codes: Any) -> Floats:
        return np.asarray(self.values[codes])

    def __call__(self, u: Any, rng: Any = None) -> Floats:
        return self.decode(self.encode(u))


class WrapAroundTokenizer:
    """Broken: edges Φ⁻¹(linspace(δ, 1 − δ, n + 1)); the code is the argmax of a one-hot that is all zero outside."""

    n_codes = 256
    edges = norm.ppf(np.linspace(1e-6, 1 - 1e-6, n_codes + 1))
    values = (edges[1:] + edges[:-1]) / 2
    low, high, radius = -5.0, 5.0, float(np.diff(edges).max())

    def encode(self, u: Any, rng: Any = None) -> NDArray[np.int64]:
        u = np.asarray(u)[..., None]
        return np.asarray(np.argmax((u >= self.edges[:-1]) & (u < self.edges[1:]), axis=-1))

    def decode(self, codes: Any) -> Floats:
        return np.asarray(self.values[codes])

    def __call__(self, u: Any, rng: Any = None) -> Floats:
        return self.decode(self.encode(u))


def distance(q: Any, a: Floats, b: Floats) -> Floats:
    """As the quantizer measures it: round the circle, if it is one. Broken subjects measure along the line."""
    return np.asarray(getattr(q, "distance", lambda a, b: np.abs(a - b))(a, b))


def law_section(q: Any, rng: np.random.Generator) -> None:
    """encode ∘ decode = identity on codes."""
    codes = np.arange(q.n_codes)
    assert np.array_equal(q.encode(q.decode(codes), rng), codes)


def law_idempotent(q: Any, u: Floats, rng: np.random.Generator) -> None:
    """q ∘ q = q."""
    once = q(u, rng)
    assert np.array_equal(q(once, rng), once)


def law_radius(q: Any, rng: np.random.Generator) -> None:
    """The declared radius is never exceeded in range, and attained up to 1 % (dithering only approaches it)."""
    ends = np.concatenate([[q.low, q.high], q.values, getattr(q, "edges", (q.values[1:] + q.values[:-1]) / 2)])
    near = np.concatenate([ends, *(ends + s * 1e-9 for s in (-1, 1)), *(ends + s * 0.003 * q.radius for s in (-1, 1))])
    u = np.repeat(np.clip(np.concatenate([near, rng.uniform(q.low, q.high, 1000)]), q.low, q.high), 50)
    error = distance(q, q(u, rng), u).max()
    assert error <= q.radius * (1 + 1e-9)
    assert error >= q.radius * 0.99


def law_saturates(q: Any, beyond: float, rng: np.random.Generator) -> None:
    """Outside the range the end codes are used, whatever the distance; the order of actions is kept."""
    assert q.encode(np.array([q.low - beyond, q.high + beyond]), rng).tolist() == [0, q.n_codes - 1]
