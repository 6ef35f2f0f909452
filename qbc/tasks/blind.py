"""A sampler that ignores the modes, from demonstrations alone: what ignorance scores where nobody has a formula for the paths."""

from __future__ import annotations

import numpy as np

from qbc.arrays import finite
from qbc.tasks.task import Array


def mode_blind(chunks: Array, ways: int, n: int, rng: np.random.Generator, *, blind: bool = True) -> Array:
    """n chunks (n, h, du) between neighbouring ways of doing it, as demonstrated by ``chunks`` (N, h, du).

    The demonstrations are gathered around ``ways`` centres by k-means. A draw takes a demonstration at random, its own centre and the
    centre nearest to it but one, and a point of the segment between these two by a uniform weight. ``blind=False`` stays at its own
    centre: a sampler that keeps to the demonstrated ways. Distances must mean something: sum increments to positions first. What
    succeeds by this is the bar for a head that claims to know the ways. With ``ways`` too large both centres belong to one
    way, and the bar rises to 1; with ``ways`` too small a centre may itself lie between ways, and the bar falls.

    Raises ``ValueError`` unless chunks are numbers (N, h, du), 2 <= ways <= N and n >= 1. Source: ours.
    """
    if chunks.ndim != 3 or not chunks.size:
        raise ValueError(f"mode_blind needs chunks (N, h, du), got {chunks.shape}")
    if not 2 <= ways <= len(chunks) or n < 1:
        raise ValueError(f"mode_blind needs 2 <= ways <= {len(chunks)} and n >= 1, got {ways} and {n}")
    finite("chunks", chunks, "chunk", "step", "coordinate")
    from sklearn.cluster import KMeans  # slow to import, needed here only

    flat = chunks.reshape(len(chunks), -1)
    found = KMeans(ways, n_init=10, random_state=int(rng.integers(2**31))).fit(flat)
    centres = found.cluster_centers_
    away = found.transform(flat)
    away[np.arange(len(flat)), found.labels_] = np.inf
    row = rng.integers(len(flat), size=n)
    own, next_to = centres[found.labels_[row]], centres[away.argmin(axis=1)[row]]
    weight = rng.random((n, 1)) * blind
    return np.asarray((1 - weight) * own + weight * next_to).reshape(n, *chunks.shape[1:])
