"""Distances between sampled laws: TV_eps, the total variation that forgives moves of at most eps."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.sparse.csgraph import maximum_flow
from scipy.spatial import KDTree

Array = NDArray[np.float64]
Counts = NDArray[np.int64]
MAX_EDGES = 6_000_000  # some seconds of maximum flow and 0.5 GB


def tv_eps(x: ArrayLike, y: ArrayLike, eps: float) -> float:
    """TV_eps of the empirical laws of x (N,) or (N, d) and y (M,) or (M, d): inf over couplings of P(|X - Y| > eps), exactly.

    Euclidean norm; ``eps`` in the units of x, and 0 gives the total variation of the two samples. Every point has the mass 1/N
    or 1/M, and points at distance exactly eps may be matched. One dimension: a sorted sweep, 10^5 points in a second. Beyond: the
    pairs within eps from a KD-tree, then a maximum flow; equal points are merged first.

    The value is biased upwards as an estimate of TV_eps of the laws the samples come from: two samples of one continuous law
    are at 1 for eps = 0, and far above 0 as long as few points lie within eps of each other. Compare it with the value for two
    samples of the same law, of the same sizes.

    Raises ``ValueError`` for empty, non-finite or unlike samples, for eps < 0, and for more than 6 million pairs within eps.

    Source: the definition of TV_eps in 2307.14619 and in the talk.
    """
    X, Y = _points("x", x), _points("y", y)
    if X.shape[1] != Y.shape[1]:
        raise ValueError(f"tv_eps needs x and y of one dimension, got {X.shape[1]} and {Y.shape[1]}")
    if not (eps >= 0 and math.isfinite(eps)):
        raise ValueError(f"tv_eps needs a finite eps >= 0, got {eps}")
    # Masses as integers: in units of 1 / lcm(N, M) no rounding can split a tie.
    unit = math.lcm(len(X), len(Y))
    (X, a), (Y, b) = np.unique(X, axis=0, return_counts=True), np.unique(Y, axis=0, return_counts=True)
    a, b = a * (unit // a.sum()), b * (unit // b.sum())
    matched = _sweep(X[:, 0], Y[:, 0], a, b, eps) if X.shape[1] == 1 else _flow(X, Y, a, b, eps)
    return (unit - matched) / unit


def _points(name: str, x: ArrayLike) -> Array:
    p = np.asarray(x, dtype=float)
    p = p[:, None] if p.ndim == 1 else p
    if p.ndim != 2 or p.size == 0 or not np.isfinite(p).all():
        raise ValueError(f"tv_eps needs {name} (N,) or (N, d), not empty and finite, got shape {np.shape(x)}")
    return p


def _near(x: Array, y: Array, eps: float) -> Array:
    """Which rows of x lie within eps of the same rows of y; in one dimension this is |x - y| <= eps to the last bit."""
    return np.asarray(np.sqrt(((x - y) ** 2).sum(axis=-1)) <= eps)


def _sweep(x: Array, y: Array, a: Counts, b: Counts, eps: float) -> int:
    """The mass that can be matched on a line: each x, from the left, takes the leftmost y that is still free and near."""
    xs, ys, left_x, left_y = x.tolist(), y.tolist(), a.tolist(), b.tolist()
    i = j = matched = 0
    while i < len(xs) and j < len(ys):
        if abs(xs[i] - ys[j]) <= eps:
            m = min(left_x[i], left_y[j])
            matched, left_x[i], left_y[j] = matched + m, left_x[i] - m, left_y[j] - m
            i, j = i + (left_x[i] == 0), j + (left_y[j] == 0)
        elif ys[j] < xs[i]:
            j += 1
        else:
            i += 1
    return int(matched)


def _flow(x: Array, y: Array, a: Counts, b: Counts, eps: float) -> int:
    """The mass that can be matched in d dimensions: a maximum flow from the x through the near pairs to the y."""
    trees, reach = (KDTree(x), KDTree(y)), eps * (1 + 1e-9)  # a little further than eps: _near decides
    pairs = int(trees[0].count_neighbors(trees[1], reach))
    if pairs > MAX_EDGES:
        raise ValueError(f"tv_eps: {pairs} pairs lie within eps = {eps:g}, more than {MAX_EDGES}: use fewer points or a smaller eps")
    if max(int(a.max()) * len(a), int(b.max()) * len(b)) >= 2**31:
        raise ValueError(f"tv_eps: {a.sum()} units of mass overflow the flow: use samples of equal sizes")
    near = trees[0].sparse_distance_matrix(trees[1], reach, output_type="ndarray")
    i, j = near["i"], near["j"]
    keep = _near(x[i], y[j], eps)
    i, j = i[keep], j[keep]
    n, m = len(x), len(y)
    source, sink = n + m, n + m + 1
    tail = np.concatenate([np.full(n, source), i, n + np.arange(m)])
    head = np.concatenate([np.arange(n), n + j, np.full(m, sink)])
    room = np.concatenate([a, np.minimum(a[i], b[j]), b]).astype(np.int32)
    graph = sparse.csr_matrix((room, (tail, head)), shape=(n + m + 2, n + m + 2), dtype=np.int32)
    return int(maximum_flow(graph, source, sink, method="dinic").flow_value)
