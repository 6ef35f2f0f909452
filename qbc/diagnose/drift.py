"""Increments are summed: how far a quantised path ends up from the recorded one, with an even and with an odd number of bins.

Bins are equal and symmetric about 0, out to the larger of |q01| and |q99|. With an odd number 0 is the middle of a bin (mid-tread),
with an even number it is an edge (mid-rise). Rows beyond are clipped, as tokenizers clip them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qbc.diagnose.marginals import Dimension
from qbc.diagnose.rows import Sample
from qbc.quantizers import uniform

BINS = (15, 16, 63, 64, 255, 256)


@dataclass(frozen=True)
class Drift:
    """One dimension: the largest distance of the two paths, over the extent of the recorded one; median over stretches."""

    name: str
    by_bins: dict[int, float]


def drift(sample: Sample, dimensions: Sequence[Dimension]) -> tuple[Drift, ...]:
    """Of continuous dimensions that are increments: the caller knows which."""
    starts = np.flatnonzero(np.diff(sample.stretch, prepend=-1))
    found = []
    for i, d in enumerate(dimensions):
        reach = max(abs(d.q01.value), abs(d.q99.value))
        if d.kind != "continuous" or not reach > 0 or not len(starts):
            continue
        u = sample.actions[:, i]
        extent = _largest(u, starts, sample)
        moved = extent > 0
        if moved.any():
            off = {n: _largest(uniform(n, -reach, reach)(np.clip(u, -reach, reach)) - u, starts, sample) for n in BINS}
            found.append(Drift(d.name, {n: float(np.median(off[n][moved] / extent[moved])) for n in BINS}))
    return tuple(found)


def _largest(steps: np.ndarray, starts: np.ndarray, sample: Sample) -> np.ndarray:
    """The largest distance from its start of the path that sums the steps, for each stretch."""
    path = np.cumsum(steps)
    before = (path - steps)[starts]
    return np.maximum.reduceat(np.abs(path - before[sample.stretch]), starts)
