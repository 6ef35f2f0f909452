"""How many ways on a chunk must hold: those that go apart within it and that the position where it starts does not tell apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qbc.tasks.task import T, Task


def open_ways(task: Task, h: int) -> NDArray[np.int64]:
    """For each start t = 0, ..., T - 2, the largest number of different next ``h`` positions, fewer at the end, among modes whose mean
    paths are at the same position at t: (T - 1,).

    Noise is left out: with it, modes that are near each other in its deviations are not told apart either. Raises ``ValueError``
    unless h >= 1.
    """
    if h < 1:
        raise ValueError(f"open_ways needs h >= 1, got {h}")
    means = np.round(task.means, 9)  # equal up to the rounding of sines
    found = np.ones(T - 1, dtype=np.int64)
    for t in range(T - 1):
        together = np.unique(means[:, t], axis=0, return_inverse=True)[1].ravel()
        ahead = means[:, t + 1 : t + 1 + h].reshape(task.K, -1)
        found[t] = max(len(np.unique(ahead[together == i], axis=0)) for i in range(together.max() + 1))
    return found
