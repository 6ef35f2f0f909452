"""Axes, which say where a value stands, and inputs, which say what a reader may set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.ticker import LogLocator, MaxNLocator
from numpy.typing import ArrayLike, NDArray

SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Axis:
    """What an axis says and spans; ``ticks`` maps what is written to where it stands, in the units of the axis."""

    label: str
    low: float
    high: float
    log: bool
    ticks: Mapping[str, float]

    def place(self, values: ArrayLike, first: float, last: float) -> NDArray[np.float64]:
        """Where values stand between the coordinates of the two ends; NaN for NaN, and for what a log axis does not have."""
        v, ends = np.asarray(values, dtype=float), np.array([self.low, self.high])
        if self.log:
            v, ends = np.log10(np.where(v > 0, v, np.nan)), np.log10(ends)
        return np.asarray(first + (last - first) * (v - ends[0]) / (ends[1] - ends[0]))


@dataclass(frozen=True)
class Input:
    """A control: what it sets, its values by what is shown of them, the position it starts at, "range" or "select"."""

    label: str
    values: Mapping[str, Any]
    at: int
    kind: str


def shown(value: Any) -> str:
    """A value as a reader sees it: a proper minus, six digits."""
    return value if isinstance(value, str) else f"{value:.6g}".replace("-", "−")


def axis(label: str, low: float, high: float, *, log: bool = False, ticks: Mapping[str, float] | None = None) -> Axis:
    """An axis from ``low`` to ``high``, with ticks at round values or, with ``log``, at powers of ten, unless some are given.

    Raises ``ValueError`` if it spans nothing, or 0 on a log axis.
    """
    if not (low < high < np.inf and (low > 0 or not log)):
        raise ValueError(f"axis {label!r}: it cannot span {low} to {high}")
    if ticks is None and log:
        powers = np.round(np.log10(LogLocator(numticks=7).tick_values(low, high))).astype(int).tolist()
        ticks = {f"10{str(k).translate(SUPERSCRIPT)}": 10.0**k for k in powers}
    elif ticks is None:
        ticks = {shown(float(v)): float(v) for v in MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)}
    return Axis(label, low, high, log, {name: v for name, v in ticks.items() if low <= v <= high})


def _input(label: str, values: Sequence[Any] | Mapping[str, Any], at: Any, kind: str) -> Input:
    by_name = dict(values) if isinstance(values, Mapping) else {shown(v): v for v in values}
    if at not in by_name.values():
        raise ValueError(f"input {label!r}: {at!r} is none of its values")
    return Input(label, by_name, list(by_name.values()).index(at), kind)


def slider(label: str, values: Sequence[Any] | Mapping[str, Any], *, at: Any) -> Input:
    """A slider over ``values``, or over those of a mapping from what is shown; it starts at the value ``at``.

    Raises ``ValueError`` if ``at`` is none of them.
    """
    return _input(label, values, at, "range")


def select(label: str, values: Sequence[Any] | Mapping[str, Any], *, at: Any) -> Input:
    """A list to choose from, otherwise as :func:`slider`."""
    return _input(label, values, at, "select")


def inputs(**given: Input) -> dict[str, Input]:
    """What a reader may set, by the name of the parameter that it becomes."""
    return given
