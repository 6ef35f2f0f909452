"""The law that autoregressive tokens imitate, drawn without a network: how much of a failure is due to the tokens."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from scipy.spatial.distance import cdist

from qbc.finite import draw
from qbc.tasks.task import Array, Task


def exact_law(
    task: Task,
    grid: tuple[Callable[[Array], Array], Callable[[Array], Array]],
    n: int,
    rng: np.random.Generator,
    *,
    history: bool = True,
) -> Array:
    """n paths of the demonstrations' law of the next step given (t, position), with steps rounded by ``grid``, one quantiser a
    coordinate (``learn.autoregressive.grids(paths, bins)``).

    Of the demonstrations before clipping and rejection: given (t, position) the mode has its posterior, and the next position is
    normal about that mode's path; rounding adds its variance to that of the position. What still earlier positions say about the
    mode is not used. Without ``history`` each step is drawn from its law given t alone.
    """
    q = np.array([float(np.diff(np.unique(g(np.linspace(-1, 1, 20_001)))).max()) for g in grid])
    sd = np.sqrt(task.noise**2 + q**2 / 12)
    at = np.tile(task.start, (n, 1))
    path = [at]
    for now, then in pairwise(np.moveaxis(task.means, 1, 0)):
        here = at if history else now[rng.integers(task.K, size=n)] + sd * rng.normal(size=(n, 2))
        square = cdist(here / sd, now / sd, "sqeuclidean")
        mode = draw(np.exp((square.min(axis=1, keepdims=True) - square) / 2), rng)  # from the posterior
        step = then[mode] + task.noise * rng.normal(size=(n, 2)) - here
        at = at + np.stack([g(step[:, c]) for c, g in enumerate(grid)], axis=1)
        path.append(at)
    return np.stack(path, axis=1)
