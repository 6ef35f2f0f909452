"""Chapter 13: what a head can reach on tasks with several right answers before it is known to have learned any of them."""

from __future__ import annotations

import numpy as np
from scipy import integrate

from qbc.bounds.domain import inside


def mean_success(answers: int) -> float:
    """0 with several answers to one observation, 1 with one: the success of the mean chunk on the tasks of ``qbc.tasks``.

    Labels: prop-mean-chunk. Source: ours, task by task; that squared loss averages modes is folklore.
    """
    inside(some_answer=answers >= 1)
    return 1.0 if answers == 1 else 0.0


def one_mode_coverage(K: int) -> float:
    """1/K: the valid coverage of a head that plays one chunk, or less.

    Labels: prop-collapsed-coverage. Source: ours.
    """
    inside(some_mode=K >= 1)
    return 1 / K


def one_mode_spread(distance: float) -> float:
    """A tenth of the distance of the two nearest mean paths: below it we say that a head plays one chunk.

    Labels: prop-collapsed-spread. Source: our definition.
    """
    inside(distance_positive=distance > 0)
    return distance / 10


def standing_coverage(K: int, n: int) -> float:
    """1: a head that trembles symmetrically about the start is nearest to each of K symmetric modes equally often, and covers
    all K in n rollouts with probability at least 1 - K (1 - 1/K)^n, here required to exceed 1 - 1e-9.

    Labels: prop-standing-still. Source: ours, by symmetry.
    """
    inside(some_modes=K >= 2, enough_rollouts=K * (1 - 1 / K) ** n < 1e-9)
    return 1.0


def blind_coverage(least: float, K: int, n: int) -> float:
    """1: if every mode gets successful paths with probability ``least`` or more, n rollouts cover all K of them with probability
    at least 1 - K (1 - least)^n, here required to exceed 1 - 1e-9.

    Labels: prop-blind-coverage. Source: ours, the union bound.
    """
    inside(least_a_probability=0 < least <= 1 / K, enough_rollouts=K * (1 - least) ** n < 1e-9)
    return 1.0


def ring_blind(K: int, noise: float, *, positions: int = 60, grid: int = 40_000) -> float:
    """The share of all headings on which none of the 60 positions of a straight ray lies in one of K squares: mode-blind success.

    Midpoint rule over ``grid`` headings. Labels: prop-blind-success. Source: ours, from the geometry of arXiv 2605.22493.
    """
    w = (0.2 * np.sin(np.pi / K) - 3 * noise) / np.sqrt(2)
    inside(several_modes=K >= 2, room_for_squares=w > 0)
    h = (np.arange(grid)[:, None] + 0.5) * 2 * np.pi / grid
    r = np.linspace(0, 0.4, positions)
    hit = np.zeros(grid, dtype=bool)
    for middle in (2 * np.arange(K) + 1) * np.pi / K:
        near = (np.abs(r * np.cos(h) - 0.2 * np.cos(middle)) <= w) & (np.abs(r * np.sin(h) - 0.2 * np.sin(middle)) <= w)
        hit |= near.any(axis=1)
    return float(1 - hit.mean())


def circle_blind(*, positions: int = 60, grid: int = 40_000) -> float:
    """The share of all scales p in [0, 1] on which none of the positions of a circle of radius .2 p, which starts at (0, 0) and has
    its centre at (0, .2 p), lies in the box |x| <= .08, |y - .2| <= .05. Those with p <= .5 are too short to succeed; the others are
    too short only where they hit.
    """
    p, s = (np.arange(grid)[:, None] + 0.5) / grid, np.linspace(0, 2 * np.pi, positions, endpoint=False)
    hit = (np.abs(0.2 * p * np.sin(s)) <= 0.08) & (np.abs(0.2 * p * (1 - np.cos(s)) - 0.2) <= 0.05)
    return float((~hit.any(axis=1) & (p[:, 0] > 0.5)).mean())


def wall_blind() -> float:
    """1/2: gaps are half as wide as their spacing, and the crossing is uniform between the centres of the outer two."""
    return 0.5


def fork_blind() -> float:
    """The share of (a, b) in [-1, 1]^2 for which x = .5 + .25 a passes the first box, and .5 + .25 a + .15 b the second two."""

    def passes(a: float) -> float:
        low, high = ((x - 0.25 * a) / 0.15 for x in (0.19, 0.31))
        return 1 - max(0.0, min(1.0, high) - max(-1.0, low)) / 2

    return float(integrate.quad(passes, 0.24, 1.0, points=[0.64])[0])


def blind_bridge() -> float:
    """1/2: a point uniform on a segment lies in its middle half that often.

    Labels: prop-blind-bridge. Source: ours, from our definition of the bridge.
    """
    return 0.5


def exact_law_success(bins: int) -> float:
    """.98: the least success asked of the exact autoregressive law given (t, position); tried with 16 bins, and 32 where K = 16.

    Labels: prop-exact-law. Source: our experiment; a threshold, not a theorem.
    """
    inside(enough_bins=bins >= 16)
    return 0.98


def clears(blind: float, least_coverage: float = 0.9) -> tuple[float, float]:
    """(success, valid coverage) that a head must pass to count as multimodal: those of the mode-blind sampler, and .9.

    Labels: prop-clears. Source: our definition.
    """
    inside(blind_a_probability=0 <= blind <= 1)
    return blind, least_coverage


def mended(exact: float, share: float = 2 / 3) -> float:
    """Two thirds of the success of the exact law: a trained head that sees its position too coarsely stays below, a mended one
    reaches it.

    Labels: prop-coarse-sight, prop-mend. Source: our experiment; a threshold, not a theorem.
    """
    inside(exact_a_probability=0 <= exact <= 1)
    return share * exact


def unimodal_overhead(s: float, e: float, lam: float) -> float:
    """1 + (s^2/e^2)(1 - lam)/(1 + lam): mean squared state of a head that samples, over that of one that does not.

    Labels: prop-overhead. Source: ours; a constant bias e in both, fresh noise of standard deviation s in one.
    """
    inside(bias_nonzero=e != 0, s_nonnegative=s >= 0, stable=0 <= lam < 1)
    return 1 + (s / e) ** 2 * (1 - lam) / (1 + lam)
