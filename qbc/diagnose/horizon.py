"""How far a per-step error carries: by a gain that is given, or by a scalar loop fitted to each action and the state that follows.

The loop is x' = a x + b u + c with u = L x + c' (chapter 02): a is what the plant keeps without feedback, a + b L the pole of the
*demonstrated* loop. An error eps of each of H actions moves the state by b eps (1 + p + ... + p^(H-1)) at most, p = |pole|.
The loop that will be *learned* has a pole of its own, which demonstrations do not contain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qbc.claims import Estimate
from qbc.diagnose.alignment import Alignment
from qbc.diagnose.marginals import Dimension
from qbc.diagnose.rows import Array, Sample

RESAMPLES = 400
BINS = 256  # for which half a bin is carried
LEVEL = 0.95
FEWEST = 10  # stretches to resample

POLE = (
    "What decides is the pole of the loop that is learned: below 1 in size the copy stays within b eps / (1 - |pole|), "
    "above 1 it leaves, and finer bins only postpone that (shown on scalar plants). Demonstrations do not contain it, and calm "
    "ones do not even hint at it: start two rollouts of the trained policy far apart and watch whether they approach each other "
    "(chapter 02)."
)
AUTOCORRELATION = (
    "The autocorrelation of the actions is not used for a chunk length, because it is blind to the plant: two plants whose actions "
    "have the same autocorrelation have opposite best lengths (chapter 13b). How fast the plant forgets without feedback decides."
)


@dataclass(frozen=True)
class Loop:
    """One action dimension and its state; intervals at 95 % by resampling stretches."""

    name: str
    state: str
    memory: Estimate  # a: what the plant keeps of a deviation, a step, without feedback
    effect: Estimate  # b [units of the state per unit of the action]
    pole: Estimate  # a + b L of the demonstrated loop
    carried: Estimate  # state deviation per unit of action error after ``steps`` steps

    @property
    def holds(self) -> str:
        """Whether the demonstrated loop forgets: "yes", "no", or "?" where the data do not tell."""
        size = sorted((abs(self.pole.low), abs(self.pole.high)))
        return "yes" if size[1] < 1 else "no" if size[0] > 1 and self.pole.low * self.pole.high > 0 else "?"


@dataclass(frozen=True)
class Horizon:
    """``gain``, if given: state deviation per unit of action error, for good; else loops are fitted."""

    steps: int  # H
    gain: float | None
    loops: tuple[Loop, ...]
    why: str  # why nothing was fitted; "" otherwise
    half_bin: tuple[tuple[str, float], ...]  # by dimension, deviation from half a bin of ``BINS`` between q01 and q99, at most
    condition: str = POLE
    autocorrelation: str = AUTOCORRELATION


def horizon(
    sample: Sample,
    alignment: Alignment,
    dimensions: Sequence[Dimension],
    states: Sequence[str],
    steps: int,
    gain: float | None,
    rng: np.random.Generator,
) -> Horizon:
    """Fit the loops of the dimensions that a state follows, unless a gain is given."""
    half = {d.name: d.spread / (2 * BINS) for d in dimensions if d.kind == "continuous"}
    if gain is not None:
        return Horizon(steps, gain, (), "a gain is given", tuple((name, gain * e) for name, e in half.items()))
    told = [(i, a) for i, a in enumerate(alignment.dimensions) if a.kind != "unknown"]
    t, s = sample.pairs(1)
    groups = np.unique(sample.stretch[t])
    if sample.states is None or not told:
        return Horizon(steps, None, (), "no state follows an action", ())
    if len(groups) < FEWEST:
        return Horizon(steps, None, (), f"fewer than {FEWEST} stretches to resample", ())
    group = np.searchsorted(groups, sample.stretch[t])
    weights = rng.multinomial(len(groups), np.full(len(groups), 1 / len(groups)), size=RESAMPLES).astype(float)
    weights = np.concatenate([np.ones((1, len(groups))), weights])
    loops = []
    for i, a in told:
        x = sample.states[:, list(states).index(a.state)]
        if (found := _loop(sample.actions[t, i], x[t], x[s], group, weights)) is not None:
            loops.append(Loop(a.name, a.state, *found, carried(found[1], found[2], steps)))
    why = "" if loops else "the actions say nothing beyond the state"
    return Horizon(steps, None, tuple(loops), why, tuple((one.name, one.carried.high * half[one.name]) for one in loops))


def _loop(u: Array, x: Array, after: Array, group: NDArray[np.int64], weights: Array) -> tuple[Estimate, Estimate, Estimate] | None:
    """a, b and a + b L, by least squares on all rows and on each resampling; None where an action is a function of the state."""
    m, unit_u, unit_x = x.mean(), np.abs(u - u.mean()).max(), np.abs(x - x.mean()).max()
    if not (unit_u > 0 and unit_x > 0):
        return None
    u, x, after = (u - u.mean()) / unit_u, (x - m) / unit_x, (after - m) / unit_x
    columns = [np.ones_like(u), x, u, after, x * x, x * u, u * u, x * after, u * after]
    sums = weights @ np.stack([np.bincount(group, c, weights.shape[1]) for c in columns], axis=1)
    one, sx, su, sa, xx, xu, uu, xa, ua = sums.T
    xx, xu, uu, xa, ua = xx - sx * sx / one, xu - sx * su / one, uu - su * su / one, xa - sx * sa / one, ua - su * sa / one
    det = xx * uu - xu * xu
    if not (det > 1e-9 * xx * uu).all():
        return None
    a, b = (uu * xa - xu * ua) / det, (xx * ua - xu * xa) / det
    return _interval(a), _interval(b * unit_x / unit_u), _interval(xa / xx)  # a + b L is the slope of x' on x


def _interval(found: Array) -> Estimate:
    low, high = np.quantile(found[1:], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    value = float(found[0])
    return Estimate(value, min(value, float(low)), max(value, float(high)))


def carried(effect: Estimate, pole: Estimate, steps: int) -> Estimate:
    """|b| (1 + p + ... + p^(H-1)) with p = |pole|, at the ends of both intervals at once, which is cautious."""
    b, p = _size(effect), _size(pole)
    value, low, high = (bb * geometric(pp, steps) if bb else 0.0 for bb, pp in zip(b, p, strict=True))
    return Estimate(value, low, high)


def geometric(p: float, steps: int) -> float:
    """1 + p + ... + p^(H-1), p >= 0; infinite where it passes every number."""
    if p == 1:
        return float(steps)
    with np.errstate(over="ignore"):
        return float(np.expm1(steps * np.log(np.float64(p))) / (p - 1)) if p > 0 else 1.0


def _size(e: Estimate) -> tuple[float, float, float]:
    """|e|: value, low, high."""
    ends = sorted((abs(e.low), abs(e.high)))
    return abs(e.value), 0.0 if e.low <= 0 <= e.high else ends[0], ends[1]
