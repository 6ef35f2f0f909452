"""The quantizer of an angle: the line is wound round a circle, and the last cell is a neighbour of the first."""

from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from qbc.arrays import numbers
from qbc.quantizers.checks import LARGEST, Codes, Floats, check_count, check_range, entry, increasing, some
from qbc.quantizers.quantizer import Cells, Quantizer


@final
@dataclass(frozen=True, eq=False, repr=False)
class Periodic(Quantizer):
    """Cells on a circle: u and u + (high − low) are one action, and errors are measured the shorter way round.
    Nothing lies outside, so the radius bounds the error of every finite u. Decoded actions lie in [low, high]."""

    edges: Floats  # (n_codes + 1,) [action units], strictly increasing; the first and the last are one point

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "edges", increasing("edges", self.edges))
        if self.cells.values[-1] == self.high:
            raise ValueError("values: below high, which is low")

    @cached_property
    def cells(self) -> Cells:
        """One turn, cut open at low."""
        return Cells(self.values, self.edges)

    @property
    def ends(self) -> Floats:
        """(low, high) [action units]: one turn."""
        return self.edges[[0, -1]]

    @property
    def radius(self) -> float:
        """ε_q = the largest distance of q(u) from u round the circle, over all u [action units], tight."""
        return min(self.cells.radius, (self.high - self.low) / 2)

    @property
    def jump(self) -> float:
        """Largest distance of two neighbouring values [action units], the last and the first among them."""
        return float(self.distance(self.values, np.roll(self.values, 1)).max())

    def distance(self, a: ArrayLike, b: ArrayLike) -> Floats:
        """The shorter way from a to b round the circle [action units], elementwise."""
        period = self.high - self.low
        way = np.mod(super().distance(a, b), period)
        return np.asarray(np.minimum(way, period - way))

    def share_outside(self, u: ArrayLike) -> float:
        """0: nothing lies outside a circle."""
        some(u)
        return 0.0

    def encode(self, u: ArrayLike, rng: np.random.Generator | None = None) -> Codes:
        actions = numbers("u", u)
        if (far := ~(np.abs(actions) <= LARGEST)).any():  # NaN among them
            raise ValueError(f"u: on a circle finite, at most {LARGEST:.3g} in size, as it is not{entry(far)}")
        codes, (low, high) = np.asarray(self.cells.encode(actions), order="C"), self.ends
        if actions.size and not (low <= actions.min() and actions.max() < high):  # only these are turned: few, or all of them
            flat = actions.reshape(-1)
            out = np.flatnonzero((flat < low) | (flat >= high))
            codes.reshape(-1)[out] = self.cells.encode(low + np.mod(flat[out] - low, high - low))
        return codes[()]


def periodic(n_codes: int, low: float = -np.pi, high: float = np.pi) -> Periodic:
    """n equal cells round the circle of circumference high − low [action units], decoded to their centres; ε_q is half a cell.
    On (−π, π) an odd n decodes 0 to 0, an even n decodes the seam ±π to half a cell beside it."""
    check_count("n_codes", n_codes)
    check_range(low, high)
    edges = np.linspace(low, high, n_codes + 1)
    return Periodic((edges[:-1] + edges[1:]) / 2, edges)
