"""How actions change from row to row: the step of each dimension, rows on which nothing moves, and where they lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from qbc.diagnose.marginals import Dimension
from qbc.diagnose.rows import Sample

STILL = 1e-4  # of q99 - q01: a smaller step is none


@dataclass(frozen=True)
class Motion:
    """Of a sample. An increment stands still where it is 0, a target (or what may be one) where it stays."""

    steps: tuple[float, ...]  # of each dimension that moves, the median of what is no standstill; 0 for the others
    pauses: float  # share of rows on which no continuous dimension moves
    longest: int  # rows of the longest pause
    leading: float  # rows that an episode pauses at its start, median
    rows: int  # rows looked at


def motion(sample: Sample, dimensions: Sequence[Dimension], kind: str) -> Motion:
    """``kind``: what the actions are, "increments", "targets" or "unknown"."""
    t, s = sample.pairs(1)
    steps = np.zeros(len(dimensions))
    still = np.ones(len(s), dtype=bool)
    moving = [i for i, d in enumerate(dimensions) if d.kind == "continuous"]
    for i in moving:
        u = sample.actions[:, i]
        step = np.abs(u[s] if kind == "increments" else u[s] - u[t])
        moves = step > STILL * dimensions[i].spread
        still &= ~moves
        steps[i] = np.median(step[moves]) if moves.any() else 0.0
    if not len(s) or not moving:
        return Motion(tuple(steps.tolist()), 0.0, 0, 0.0, len(s))
    rest = np.zeros(len(sample.actions), dtype=bool)
    rest[s] = still
    change = np.flatnonzero(np.diff(np.concatenate([[0], rest, [0]])) | np.concatenate([[0], np.diff(sample.stretch), [0]]))
    runs = [int(b - a) for a, b in pairwise(change) if rest[a]]
    first = [int(np.argmin(np.append(rest[i + 1 : i + 513], False))) for i in np.flatnonzero(sample.step == 0)]
    return Motion(tuple(steps.tolist()), float(still.mean()), max(runs, default=0), float(np.median(first or [0])), len(s))
