"""Each action dimension by itself: its ends, quantiles, atoms and steps, counted over all rows."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qbc.diagnose.rows import Array
from qbc.diagnose.sketch import Quantile, Sketch

LEVELS = 32  # a dimension with more distinct values is continuous
OFTEN = 4  # times that a level of a discrete dimension occurs, on average, at least
PERIODS = {"2 pi": 2 * math.pi, "360": 360.0}
FLAT = 1e-12  # of the largest |u|: a range below it is rounding
BARS = 48


@dataclass(frozen=True)
class Dimension:
    """One action dimension, over all sound rows, in the units of the data. Shares are of rows."""

    name: str
    kind: str  # "constant", "discrete" or "continuous"
    min: float
    max: float
    mean: float
    std: float
    q01: Quantile
    q50: Quantile
    q99: Quantile
    at_min: float  # share of rows at the least value exactly
    at_max: float
    zero: float  # share of rows that are exactly 0
    repeats: float  # share of steps on which it does not change at all
    largest_step: float  # between consecutive rows of an episode
    wraps: int  # steps of about a period, up to a tenth
    period: str  # "2 pi", "360"; "" where nothing wraps
    levels: tuple[float, ...]  # of a constant or discrete dimension
    histogram: tuple[int, ...]  # rows in equal cells between min and max

    @property
    def range(self) -> float:
        return self.max - self.min

    @property
    def spread(self) -> float:
        """q99 - q01."""
        return self.q99.value - self.q01.value


class Marginals:
    """What is counted of actions (n, da), block by block."""

    def __init__(self, d: int) -> None:
        self.sketch, self.n, self.steps = Sketch(d), 0, 0
        self.low, self.high = np.full(d, np.inf), np.full(d, -np.inf)
        self.at_low, self.at_high = np.zeros(d, np.int64), np.zeros(d, np.int64)
        self.mean, self.square = np.zeros(d), np.zeros(d)
        self.zero, self.same = np.zeros(d, np.int64), np.zeros(d, np.int64)
        self.largest = np.zeros(d)
        self.wraps = {p: np.zeros(d, np.int64) for p in PERIODS}
        self.between = {p: np.zeros(d, np.int64) for p in PERIODS}  # steps of a third of a period and more that are none
        self.levels: list[NDArray[np.float64] | None] = [np.zeros(0) for _ in range(d)]
        self.last = np.zeros((0, d))

    def add(self, u: Array, follows: NDArray[np.bool_]) -> None:
        """Take rows (n, d), n >= 1; ``follows`` (n,) says which come directly after the row before, of the last block if need be."""
        self.sketch.add(u)
        low, high = np.minimum(self.low, u.min(axis=0)), np.maximum(self.high, u.max(axis=0))
        self.at_low = np.where(low == self.low, self.at_low, 0) + (u == low).sum(axis=0)
        self.at_high = np.where(high == self.high, self.at_high, 0) + (u == high).sum(axis=0)
        self.low, self.high = low, high
        total, m = self.n + len(u), u.mean(axis=0)
        gap = m - self.mean
        self.square += ((u - m) ** 2).sum(axis=0) + gap**2 * (self.n * len(u) / total)  # Chan, Golub & LeVeque
        self.mean, self.n = self.mean + gap * (len(u) / total), total
        self.zero += (u == 0).sum(axis=0)
        step = np.abs(np.diff(np.concatenate([self.last, u]), axis=0))[follows[1 - len(self.last) :]]
        if len(step):
            self.steps += len(step)
            self.same += (step == 0).sum(axis=0)
            self.largest = np.maximum(self.largest, step.max(axis=0))
            for name, period in PERIODS.items():
                self.wraps[name] += (np.abs(step - period) <= period / 10).sum(axis=0)
                self.between[name] += ((step > period / 3) & (step < 0.9 * period)).sum(axis=0)
        self.last = u[-1:].copy()
        for i, known in enumerate(self.levels):
            if known is not None:
                found = np.union1d(known, u[:, i])
                self.levels[i] = found if len(found) <= LEVELS else None

    def dimensions(self, names: tuple[str, ...]) -> tuple[Dimension, ...]:
        """What was found, a dimension each; none where there were no sound rows."""
        if not self.n:
            return ()
        q01, q50, q99 = (self.sketch.quantiles(p) for p in (0.01, 0.5, 0.99))
        std = np.sqrt(self.square / self.n)
        return tuple(
            Dimension(
                name,
                kind := self._kind(i),
                float(self.low[i]),
                float(self.high[i]),
                float(np.clip(self.mean[i], self.low[i], self.high[i])),
                float(std[i]),
                q01[i],
                q50[i],
                q99[i],
                float(self.at_low[i] / self.n),
                float(self.at_high[i] / self.n),
                float(self.zero[i] / self.n),
                float(self.same[i] / max(1, self.steps)),
                float(self.largest[i]),
                *self._wrapped(i, kind),
                () if kind == "continuous" or (seen := self.levels[i]) is None else tuple(seen.tolist()),
                tuple(self.sketch.counts(i, np.linspace(self.low[i], self.high[i], BARS + 1).tolist()).tolist()),
            )
            for i, name in enumerate(names)
        )

    def _kind(self, i: int) -> str:
        seen = self.levels[i]
        if flat(float(self.low[i]), float(self.high[i])):
            return "constant"
        return "discrete" if seen is not None and self.n >= OFTEN * len(seen) else "continuous"

    def _wrapped(self, i: int, kind: str) -> tuple[int, str]:
        """A dimension wraps if its range is a period and its large steps are about that long: noise has steps of every length."""
        if kind == "continuous":
            for name, period in PERIODS.items():
                n, span = int(self.wraps[name][i]), self.high[i] - self.low[i]
                if n > 10 * self.between[name][i] and 0.9 * period <= span <= 1.1 * period:
                    return n, name
        return 0, ""


def flat(low: float, high: float) -> bool:
    """Whether a range is nothing but rounding."""
    return high - low <= max(FLAT * max(abs(low), abs(high)), 1e-100)
