"""Chapter 13: what a head can reach on tasks with several right answers before it is known to have learned any of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from qbc.bounds.domain import Count, Finite, NonNegative, Positive, Rate, Share, bound
from qbc.bounds.stable import kept

Array = NDArray[np.float64]
Several = Annotated[int, "[2, inf)"]


@bound()
def one_mode_spread(distance: Positive) -> float:
    """A tenth of the distance of the two nearest mean paths: below it we say that a head plays one chunk.

    Labels: find-heavy-price. Source: our definition.
    """
    return distance / 10


@bound("K * least <= 1")
def blind_coverage(least: Annotated[float, "(0, 1]"], K: Count, n: Count) -> float:
    """1 - K (1 - least)^n, or 0 where that is negative: how often n rollouts cover all K modes at least, if each of them gets
    (valid) paths with probability ``least`` or more. With least = 1/K, of a head that trembles symmetrically about the start.

    Labels: prop-blind-coverage, prop-standing-still. Source: ours, the union bound.
    """
    return max(0.0, 1 - K * kept(least, n))


def _free(ends: Array, hits: Callable[[Array], NDArray[np.bool_]]) -> float:
    """The length of what nothing hits, of a line cut at all points (N,) where a hit may begin or end."""
    x = np.unique(ends)
    return float(np.diff(x)[~hits((x[1:] + x[:-1]) / 2)].sum())


@bound("3 * noise < 0.2 * sin(pi / K)", "K * positions <= 4000")
def ring_blind(K: Several, noise: NonNegative, *, positions: Several = 60) -> float:
    """The share of all headings on which none of the ``positions`` of a straight ray, evenly spaced from the start to the length .4,
    lies in one of K squares with centres on the circle of radius .2 and half of the side (.2 sin(pi / K) - 3 noise) / sqrt 2.

    Exact: what hits are arcs, whose ends lie where a position crosses the line of a side.

    Labels: prop-blind-success. Source: ours, from the geometry of arXiv 2605.22493.
    """
    half = (0.2 * math.sin(math.pi / K) - 3 * noise) / math.sqrt(2)
    middles = 0.2 * np.exp(1j * (2 * np.arange(K) + 1) * math.pi / K)
    r = np.linspace(0, 0.4, positions)[1:, None]  # the start is in no square

    def hits(h: Array) -> NDArray[np.bool_]:
        offs = (r * np.exp(1j * h) - c for c in middles)
        found: NDArray[np.bool_] = np.logical_or.reduce([np.maximum(np.abs(z.real), np.abs(z.imag)) <= half for z in offs], axis=(0, 1))
        return found

    sides = np.array([-half, half])
    across, along = ((np.add.outer(c, sides).ravel() / r).ravel() for c in (middles.real, middles.imag))
    x, y = (np.arccos(v[np.abs(v) <= 1]) for v in (across, along))
    ends = np.concatenate([x, -x, np.pi / 2 - y, np.pi / 2 + y]) % (2 * np.pi)
    return _free(np.append(ends, [0, 2 * np.pi]), hits) / (2 * np.pi)


@bound()
def circle_blind(positions: Annotated[int, "[2, 10000]"] = 60) -> float:
    """The share of all scales p in [0, 1] on which none of the ``positions`` of a circle of radius .2 p, which starts at (0, 0) and has
    its centre at (0, .2 p), lies in the box |x| <= .08, |y - .2| <= .05. Those with p <= .5 are too short to succeed; the others are
    too short only where they hit.

    Exact: each position makes one interval of p. Helps: prop-blind-success. Source: ours, from the geometry of the circle.
    """
    turn = np.linspace(0, 2 * np.pi, positions, endpoint=False)[1:]  # the start is not in the box
    x, y = 0.2 * np.abs(np.sin(turn[:, None])), 0.2 * (1 - np.cos(turn[:, None]))

    def hits(p: Array) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = np.logical_or.reduce((x * p <= 0.08) & (np.abs(y * p - 0.2) <= 0.05))
        return found

    ends = np.concatenate([0.15 / y, 0.25 / y, 0.08 / np.maximum(x, 0.08)]).ravel()
    return _free(np.append(ends[(ends > 0.5) & (ends < 1)], [0.5, 1]), hits)


@bound()
def fork_blind(box: Annotated[float, "(0, 1/4)"] = 0.06) -> float:
    """The share of (a, b) in [-1, 1]^2 for which .25 |a| > box, so that the path passes the first box, half ``box`` wide, and
    |.25 |a| + .15 b - .25| > box, so that it passes the second two, which lie .25 to either side.

    Exact: given a, the share of b is linear between the places where a box's edge is at b = +-1.

    Helps: prop-blind-success. Source: ours, from the geometry of the fork.
    """
    first = 4 * box
    a = np.unique(np.clip([first, 0.4 - first, 0.4 + first, 1.6 - first, 1], first, 1))
    low, high = (np.clip((0.25 - 0.25 * a + side) / 0.15, -1, 1) for side in (-box, box))
    return float(np.trapezoid(1 - (high - low) / 2, a))


@bound()
def mended(exact: Share, share: Share = 2 / 3) -> float:
    """Two thirds of the success of the exact law: a trained head that sees its position too coarsely stays below, a mended one
    reaches it.

    Labels: prop-coarse-sight, prop-mend. Source: our experiment; a threshold, not a theorem.
    """
    return share * exact


@bound("e != 0")
def unimodal_overhead(s: NonNegative, e: Finite, lam: Rate) -> float:
    """1 + (s^2/e^2)(1 - lam)/(1 + lam): mean squared state of a head that samples, over that of one that does not.

    Labels: prop-overhead. Source: ours; a constant bias e in both, fresh noise of standard deviation s in one.
    """
    return 1 + (s / e) ** 2 * (1 - lam) / (1 + lam)
