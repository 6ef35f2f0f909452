"""What an action dimension commands: a change of a state or a state to reach; how many steps lie between; whether the units agree.

Seen by correlation with the steps of each state dimension, at lags within an episode. A dimension that nothing follows is "unknown".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qbc.diagnose.marginals import Dimension
from qbc.diagnose.rows import Array, Sample

LAGS = 16  # steps, either way
SPAN = 3  # rows over which a change is taken: what is recorded coarsely changes by 0 from one row to the next
SURE = 0.5  # correlation below which a state is not said to follow an action
FEWEST = 30  # pairs of rows
CHANCE = 6.0  # standard deviations that a correlation of unrelated rows reaches at no lag and state


@dataclass(frozen=True)
class Aligned:
    """One action dimension, and the state dimension that follows it best."""

    name: str
    kind: str  # "increments", "targets", "unknown"
    state: str  # "" where none follows
    correlation: float  # of the steps of the state with the action (increments) or its steps (targets), at the lag
    lag: int  # steps by which the state's step comes after the action's; negative: the action is late
    ahead: float  # best correlation at lags >= 0: what the same rows say if the action is not late
    scale: float  # units of the state per unit of the action
    equal: float  # share of rows where the action is the state of the same row, exactly


@dataclass(frozen=True)
class Alignment:
    """All action dimensions; ``seen`` is false without a state, or with too few rows."""

    dimensions: tuple[Aligned, ...]
    seen: bool

    @property
    def kind(self) -> str:
        """What most dimensions that tell are; "unknown" if none tells or they disagree evenly."""
        kinds = [a.kind for a in self.dimensions]
        n, m = kinds.count("increments"), kinds.count("targets")
        return "increments" if n > m else "targets" if m > n else "unknown"

    @property
    def lag(self) -> int:
        """The median lag of the dimensions that tell [steps]."""
        lags = sorted(a.lag for a in self.dimensions if a.kind != "unknown")
        return lags[len(lags) // 2] if lags else 0


def align(sample: Sample, dimensions: Sequence[Dimension], states: Sequence[str]) -> Alignment:
    """Compare the actions of a sample with its states."""
    u, x = sample.actions, sample.states
    if x is None or len(u) < FEWEST:
        return Alignment(tuple(_unknown(d.name) for d in dimensions), False)
    lags = range(-LAGS, LAGS + 1)
    by_lag = np.array([_correlations(sample, u, x, j) for j in lags])  # (lags, 2, da, dx)
    return Alignment(tuple(_aligned(i, d, by_lag[:, :, i], sample, states) for i, d in enumerate(dimensions)), True)


def _unknown(name: str) -> Aligned:
    return Aligned(name, "unknown", "", 0.0, 0, 0.0, 0.0, 0.0)


def _correlations(sample: Sample, u: Array, x: Array, lag: int) -> Array:
    """Of the changes of x with the sum of the actions meant to make them, and with the changes of u, over ``SPAN`` rows each:
    x_{t+lag+k} - x_{t+lag} with u_t + ... + u_{t+k-1} and u_{t+k} - u_t; (2, da, dx), 0 where there are few pairs."""
    t, s = sample.pairs(lag)
    last = len(u) - SPAN
    keep = (t < last) & (s < last)
    t, s = t[keep], s[keep]
    keep = (sample.stretch[t + SPAN] == sample.stretch[t]) & (sample.stretch[s + SPAN] == sample.stretch[s])
    t, s = t[keep], s[keep]
    if len(t) < FEWEST:
        return np.zeros((2, u.shape[1], x.shape[1]))
    moved = x[s + SPAN] - x[s]
    meant = np.add.reduce([u[t + k] for k in range(SPAN)])
    found = np.stack([_correlation(meant, moved), _correlation(u[t + SPAN] - u[t], moved)])
    return np.where(np.abs(found) * np.sqrt(len(t)) < CHANCE, 0.0, found)


def _correlation(a: Array, b: Array) -> Array:
    """Of each column of a (n, p) with each of b (n, q), 0 where one does not vary."""
    a, b = _standard(a), _standard(b)
    return np.asarray(a.T @ b / len(a))


def _standard(a: Array) -> Array:
    unit = np.abs(a).max(axis=0)
    a = a / np.where(unit > 0, unit, 1)
    a = a - a.mean(axis=0)
    sd = a.std(axis=0)
    return np.asarray(np.where(sd > 1e-9, a / np.where(sd > 1e-9, sd, 1), 0.0))


def _aligned(i: int, d: Dimension, by_lag: Array, sample: Sample, states: Sequence[str]) -> Aligned:
    """by_lag (lags, 2, dx) of action dimension i."""
    x = sample.states
    if d.kind != "continuous" or x is None or not by_lag.size:
        return _unknown(d.name)
    if states.count(d.name) == 1:  # it says itself which one
        by_lag = np.where(np.arange(len(states)) == states.index(d.name), by_lag, 0.0)
    peak = np.abs(by_lag).max(axis=0)  # (2, dx)
    kind, j = np.unravel_index(int(peak.argmax()), peak.shape)
    if by_lag.shape[2] > i and peak[kind, i] > peak[kind, j] - 0.05:  # of two alike the one in the same place
        j = np.intp(i)
    curve = np.abs(by_lag[:, kind, j])
    best = int(curve.argmax())
    if curve[best] < SURE:
        return _unknown(d.name)
    u, lag = sample.actions[:, i], best - LAGS
    t, s = sample.pairs(lag)
    if kind == 0:
        t, s = t[s < len(u) - 1], s[s < len(u) - 1]
        t, s = t[sample.stretch[s + 1] == sample.stretch[s]], s[sample.stretch[s + 1] == sample.stretch[s]]
        follows = x[s + 1, j] - x[s, j]
    else:
        follows = x[s, j]
    centred = u[t] - u[t].mean()
    scale = float(centred @ follows / (centred @ centred)) if (centred @ centred) > 0 else 0.0
    equal = float((u == x[:, j]).mean())
    words = ("increments", "targets")[int(kind)], states[int(j)]
    return Aligned(d.name, *words, float(by_lag[best, kind, j]), lag, float(curve[LAGS:].max()), scale, equal)
