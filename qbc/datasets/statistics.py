"""Statistics that came with a data set: read, never computed from its rows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from qbc.datasets.unreadable import Unreadable

KEPT = re.compile(r"min|max|mean|std|q\d\d")  # quantiles of any percentage; what else stands there is passed over


@dataclass(frozen=True)
class Stored:
    """Numbers of one feature, a value a dimension, in its units; NaN where the file has none."""

    source: str  # the file, and the key in it
    feature: str  # "action" or "state"
    values: Mapping[str, tuple[float, ...]]  # "min", "max", "mean", "std", "q01", ...: (d,) each
    count: int | None = None  # rows they were computed from


def stored(source: Path, key: str, feature: str, found: Any, width: int | None = None) -> Stored:
    """The statistics in an object of a JSON file, vectors in however many brackets.

    Raises :class:`Unreadable` naming file and key for what is no vector of numbers, and for vectors of unlike widths.
    """
    if not isinstance(found, Mapping):
        raise Unreadable(source, f"an object of statistics, not {type(found).__name__}", key)
    values: dict[str, tuple[float, ...]] = {}
    for name in filter(KEPT.fullmatch, found):
        where = f"{key}.{name}"
        try:
            array = np.asarray(found[name])
            if array.dtype == object:  # null is how JSON says NaN
                array = array.astype(np.float64)
            if array.dtype.kind not in "iuf":
                raise ValueError
        except (ValueError, TypeError, OverflowError):
            raise Unreadable(source, "a vector of numbers", where) from None
        width = array.size if width is None else width
        if array.size != width:
            raise Unreadable(source, f"{width} numbers, not {array.size}", where)
        values[name] = tuple(np.asarray(array, dtype=np.float64).ravel().tolist())
    count = np.asarray(found.get("count", ()), dtype=object).ravel()
    rows = int(count[0]) if count.size == 1 and isinstance(count[0], (int, float)) and np.isfinite(count[0]) else None
    return Stored(f"{source}: {key}", feature, values, rows)


def pooled(parts: Iterable[Stored], source: str, feature: str) -> Stored | None:
    """Minimum, maximum, mean and standard deviation of all episodes from those of each, which they determine exactly.

    Quantiles of a whole are no function of the quantiles of its parts, and none are given. None where there is nothing to pool.
    """
    n, width, low, high = 0, None, np.array(np.inf), np.array(-np.inf)
    mean = square = np.zeros(())
    with np.errstate(all="ignore"):  # what is no number in a file stays none
        for p in parts:
            if p.count is None or p.count < 1 or not {"min", "max", "mean", "std"} <= p.values.keys():
                return None
            lo, hi, m, s = (np.array(p.values[k]) for k in ("min", "max", "mean", "std"))
            if width not in (None, len(m)):
                raise Unreadable(p.source, f"{width} numbers, not {len(m)}")
            d, total, width = m - mean, n + p.count, len(m)  # Chan, Golub & LeVeque's update of a sum of squares
            square = square + p.count * s**2 + d**2 * (n * p.count / total)
            low, high, mean, n = np.minimum(low, lo), np.maximum(high, hi), mean + d * (p.count / total), total
        if width is None:
            return None
        found = {"min": low, "max": high, "mean": mean, "std": np.sqrt(square / n)}
    return Stored(source, feature, {k: tuple(v.tolist()) for k, v in found.items()}, n)
