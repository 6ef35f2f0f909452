"""Distances between sampled laws: TV_eps, the total variation that forgives moves of at most eps."""

from __future__ import annotations

import math
from numbers import Real

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.sparse.csgraph import maximum_flow
from scipy.spatial import KDTree

from qbc.arrays import numbers

Array = NDArray[np.float64]
Counts = NDArray[np.int64]
MAX_EDGES = 6_000_000  # some seconds of maximum flow and 0.5 GB
RELATIVE, ULPS = 1e-9, 4 * np.finfo(float).eps  # the slack of a distance: a share of eps, and a share of the coordinates
LARGEST = 1e150  # of coordinates and eps: squares are finite
INT32 = 2**31 - 1  # the most that one maximum flow of scipy can carry


def tv_eps(x: ArrayLike, y: ArrayLike, eps: float) -> float:
    """TV_eps of the empirical laws of x (N,) or (N, d) and y (M,) or (M, d): inf over couplings of P(|X - Y| > eps), exactly.

    Euclidean norm; ``eps`` in the units of x, and 0 gives the total variation of the two samples. Every point has the mass 1/N
    or 1/M, and points at distance exactly eps may be matched. Exactly is up to rounding, at every eps: x and y are near if
    |x - y| <= (1 + 1e-9) eps + 4 ulp, the ulp being 2^-52 of the sum of the sizes of the coordinates of x or of y, the larger.

    One dimension: a sorted sweep, 10^5 points in a second. Beyond: the pairs within eps from a KD-tree, then a maximum flow; equal
    points are merged first. N and M may differ: masses are whole numbers, of any size.

    The value is biased upwards as an estimate of TV_eps of the laws the samples come from: two samples of one continuous law
    are at 1 for eps = 0, and far above 0 as long as few points lie within eps of each other. Compare it with the value for two
    samples of the same law, of the same sizes.

    Raises ``ValueError`` for empty, non-finite or unlike samples, coordinates or eps beyond 1e150, eps < 0, and more than 6 million
    pairs within eps.

    Source: the definition of TV_eps in 2307.14619 and in the talk.
    """
    X, Y = _points("x", x), _points("y", y)
    if X.shape[1] != Y.shape[1]:
        raise ValueError(f"tv_eps needs x and y of one dimension, got {X.shape[1]} and {Y.shape[1]}")
    try:
        reach = float(eps) if isinstance(eps, Real) else math.nan
    except OverflowError:
        reach = math.inf
    if not 0 <= reach <= LARGEST:
        raise ValueError(f"tv_eps needs an eps of [0, {LARGEST:g}], got {eps!r}")
    # Masses as integers: in units of 1 / lcm(N, M) no rounding can split a tie.
    unit = math.lcm(len(X), len(Y))
    (X, a), (Y, b) = np.unique(X, axis=0, return_counts=True), np.unique(Y, axis=0, return_counts=True)
    a, b = a * (unit // a.sum()), b * (unit // b.sum())
    matched = _sweep(X[:, 0], Y[:, 0], a, b, reach) if X.shape[1] == 1 else _matched(X, Y, a, b, reach)
    return (unit - matched) / unit


def _points(name: str, x: ArrayLike) -> Array:
    p = numbers(f"tv_eps: {name}", x)
    p = p[:, None] if p.ndim == 1 else p
    if p.ndim != 2 or p.size == 0 or not (np.abs(p) <= LARGEST).all():  # False for NaN
        raise ValueError(f"tv_eps needs {name} (N,) or (N, d), not empty, finite, at most {LARGEST:g} in size, got shape {np.shape(x)}")
    return p


def _reach(points: Array, eps: float) -> Array:
    """How far each of the points (N, d) reaches, (N,): eps and the slack for its rounding; two are near if one reaches the other."""
    return np.asarray(eps * (1 + RELATIVE) + ULPS * np.abs(points).sum(axis=1))


def _sweep(x: Array, y: Array, a: Counts, b: Counts, eps: float) -> int:
    """The mass that can be matched on a line: each x, from the left, takes the leftmost y that is still free and near."""
    xs, ys, left_x, left_y = x.tolist(), y.tolist(), a.tolist(), b.tolist()
    reach_x, reach_y = (_reach(p[:, None], eps).tolist() for p in (x, y))
    i = j = matched = 0
    while i < len(xs) and j < len(ys):
        apart = abs(xs[i] - ys[j])
        if apart <= reach_x[i] or apart <= reach_y[j]:
            m = min(left_x[i], left_y[j])
            matched, left_x[i], left_y[j] = matched + m, left_x[i] - m, left_y[j] - m
            i, j = i + (left_x[i] == 0), j + (left_y[j] == 0)
        elif ys[j] < xs[i]:
            j += 1
        else:
            i += 1
    return int(matched)


def _pairs(x: Array, y: Array, eps: float) -> tuple[Counts, Counts]:
    """The near pairs: the rows of x and the rows of y, (pairs,) each; two far points find each other twice, which adds to no flow."""
    reach_x, reach_y = _reach(x, eps), _reach(y, eps)
    reach = np.concatenate([reach_x, reach_y])
    usual = float(reach[reach <= 2 * np.quantile(reach, 0.05)].max())  # those that reach farther, being far out, search alone
    here, there = np.flatnonzero(reach_x <= usual), np.flatnonzero(reach_y <= usual)
    out_x, out_y = np.flatnonzero(reach_x > usual), np.flatnonzero(reach_y > usual)
    widest, trees = usual * (1 + RELATIVE), (KDTree(x[here]), KDTree(y[there]))  # a little too far: the distances below decide
    alone = ((KDTree(y), x[out_x], reach_x[out_x] * (1 + RELATIVE)), (KDTree(x), y[out_y], reach_y[out_y] * (1 + RELATIVE)))
    pairs = int(trees[0].count_neighbors(trees[1], widest))
    pairs += sum(int(np.sum(tree.query_ball_point(p, r, return_length=True))) for tree, p, r in alone if len(p))
    if pairs > MAX_EDGES:
        raise ValueError(f"tv_eps: {pairs} pairs lie within eps = {eps:g}, more than {MAX_EDGES}: use fewer points or a smaller eps")
    near = trees[0].sparse_distance_matrix(trees[1], widest, output_type="ndarray")
    first, second = (_found(tree, p, r) for tree, p, r in alone)
    i = np.concatenate([here[near["i"]], out_x[first[0]], second[1]])
    j = np.concatenate([there[near["j"]], first[1], out_y[second[0]]])
    keep = np.hypot.reduce(x[i] - y[j], axis=1) <= np.maximum(reach_x[i], reach_y[j])  # on a line |x - y|, to the last bit
    return i[keep], j[keep]


def _found(tree: KDTree, p: Array, reach: Array) -> tuple[Counts, Counts]:
    """Rows of p (N, d), and those of the tree's points within each one's reach."""
    balls = tree.query_ball_point(p, reach) if len(p) else []
    rows = np.repeat(np.arange(len(p)), [len(b) for b in balls]).astype(np.int64)
    return rows, np.array([k for b in balls for k in b], dtype=np.int64)


def _matched(x: Array, y: Array, a: Counts, b: Counts, eps: float) -> int:
    """The mass that can be matched in d dimensions: a maximum flow from the x through the near pairs to the y."""
    i, j = _pairs(x, y, eps)
    n, m = len(x), len(y)
    source, sink = n + m, n + m + 1
    tail = np.concatenate([np.full(n, source), i, n + np.arange(m)])
    head = np.concatenate([np.arange(n), n + j, np.full(m, sink)])
    room = np.concatenate([a, np.minimum(a[i], b[j]), b])
    return _flow(sparse.csr_array((room, (tail, head)), shape=(n + m + 2, n + m + 2)), source, sink, int(a.sum()))


def _flow(room: sparse.csr_array, source: int, sink: int, most: int) -> int:
    """The maximum flow through int64 capacities, at most ``most``: in units that fit scipy's int32, then in finer ones.

    A flow that is largest in units of s leaves less than s on every edge of some cut, which bounds the rest by the number of edges.
    """
    total = 0
    while most > 0:
        unit = most // INT32 + 1
        coarse = room.copy()
        coarse.data = np.minimum(room.data // unit, INT32).astype(np.int32)
        found = maximum_flow(coarse, source, sink, method="dinic")
        total += unit * int(found.flow_value)
        if unit == 1:
            break
        room = room - unit * found.flow.astype(np.int64)
        most = min(most - unit * int(found.flow_value), (unit - 1) * room.nnz)
    return total
