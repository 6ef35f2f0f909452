"""Statistics that came with the data, held against the rows: a normaliser uses the stored ones, and so do the tokens made with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qbc.datasets import Stored
from qbc.diagnose.marginals import Dimension, flat
from qbc.diagnose.sketch import Quantile, Sketch

TOLERATED = {"min": 1e-3, "max": 1e-3, "mean": 1e-2, "std": 1e-2}  # of the range; rounding, and other ways to divide by n
OF_QUANTILES = 1e-2  # of the range: histograms in use are that fine


@dataclass(frozen=True)
class Compared:
    """One stored statistic of all action dimensions, shown where it is furthest off."""

    source: str
    statistic: str  # "min", "q01", ...
    dimension: str
    stored: float
    true: Quantile  # low < high where the rows give it up to ranks only
    off: float  # distance of the two, as a share of the dimension's range; for a constant one, of its size
    wrong: tuple[str, ...]  # dimensions off by more than is tolerated


def compare(stored: Sequence[Stored], dimensions: Sequence[Dimension], sketch: Sketch) -> tuple[Compared, ...]:
    """Every statistic of the actions, against rows that were all read."""
    found = []
    for s in stored:
        for name, values in s.values.items():
            if s.feature == "action" and len(values) == len(dimensions) and dimensions:
                truth = _truth(name, dimensions, sketch)
                off = [_off(v, t, d) for v, t, d in zip(values, truth, dimensions, strict=True)]
                limit = TOLERATED.get(name, OF_QUANTILES)
                i = int(np.argmax(off))
                wrong = tuple(d.name for d, o in zip(dimensions, off, strict=True) if o > limit)
                found.append(Compared(s.source, name, dimensions[i].name, values[i], truth[i], off[i], wrong))
    return tuple(found)


def empty_ranges(stored: Sequence[Stored]) -> tuple[tuple[str, str, int], ...]:
    """Source, statistics and index of action dimensions whose stored q01 and q99, or min and max, leave no room between them."""
    found = []
    for s in stored:
        for low, high in (("q01", "q99"), ("min", "max")):
            if s.feature == "action" and low in s.values and high in s.values:
                ends = zip(s.values[low], s.values[high], strict=True)
                found += [(s.source, f"{low} = {high}", i) for i, (a, b) in enumerate(ends) if np.isfinite([a, b]).all() and flat(a, b)]
    return tuple(found)


def _truth(name: str, dimensions: Sequence[Dimension], sketch: Sketch) -> list[Quantile]:
    if name.startswith("q"):
        return sketch.quantiles(int(name[1:]) / 100, slack=1)  # interpolated or not
    return [Quantile(*[float(getattr(d, name))] * 3) for d in dimensions]


def _off(value: float, true: Quantile, d: Dimension) -> float:
    """0 where nothing is stored."""
    if np.isnan(value):
        return 0.0
    unit = max(abs(d.min), abs(d.max), 1e-100) if d.kind == "constant" else d.range
    with np.errstate(over="ignore"):
        return float(max(np.float64(true.low) - value, value - np.float64(true.high), 0.0) / unit)
