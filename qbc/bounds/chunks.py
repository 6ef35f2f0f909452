"""Chapter 13b: chunks where there is more than one answer; how often a policy that asks again changes its mind, and at what price.

A path passes a box on one of two sides, at offsets +-a from the middle; ``d`` is a over the standard deviation of what is seen of the
offset, ``out`` is how far out the path is at each of its positions, as a share of a, and it is beside the box where that is 1.
"""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from qbc.bounds.domain import Count, Finite, Natural, NonNegative, Positive, Rate, bound
from qbc.bounds.noising import mode_swap
from qbc.bounds.stable import kept

Array = NDArray[np.float64]
Gates = Annotated[int, "[1, 50]"]
Path = Annotated[ArrayLike, "(n,) of [0, 1]"]
Noise = Annotated[float, "[0.04, 10]"]  # what the grids resolve
CELLS = 1201  # of the grids on which laws of an offset are kept


@bound()
def enough_answers(components: Count, gates: Gates) -> float:
    """1 if there is a component for each of the 2^gates ways past the open gates of a chunk, else 0.

    Labels: find-answers. Source: ours; fewer are the averages of several ways, and the average of two sides is the box.
    """
    return float(components >= 2**gates)


@bound()
def one_side(d: NonNegative, asks: Natural, *, seen: Count = 1) -> float:
    """(1 - swap(d sqrt(seen)))^asks: how often an exact sampler names the same side every time it is asked beside the box.

    ``seen``: independent looks at the side, each time it is asked. With more than one, looks are shared between asks, and it is more
    likely than that.

    Labels: prop-switch, find-history. Source: ours; the swap of chapter 08, once an ask.
    """
    return kept(mode_swap(d * math.sqrt(seen)), asks)


@bound()
def held_draw(out: Path, d: Positive, play: Count) -> float:
    """How often a path stays on one side beside the box if every ask uses the same uniform number z: the side + is named where z is
    less than its posterior probability.

    By symmetry z < 1/2. Then an ask at distance c = out d names the side where the path is with
    probability Phi(c + l / (2 c)) on one side and Phi(c - l / (2 c)) on the other, l = log(1/z - 1). Averaged over z.

    Labels: prop-held. Source: ours.
    """
    way = np.asarray(out)
    z = (np.arange(4000) + 0.5) / 8000
    log = -special.logit(z)
    near, far = np.ones_like(z), np.zeros_like(z)  # named by z alone; on the other side
    for t in range(0, len(way) - 1, play):
        c = d * way[t]
        if c == 0:
            near, far = near + far, np.zeros_like(z)
            continue
        stay, back = special.ndtr(c + log / (2 * c)), special.ndtr(c - log / (2 * c))
        if way[t] == 1 == way[t + 1]:
            near, far = near * stay, far * back
        else:
            near, far = near * stay + far * (1 - back), near * (1 - stay) + far * back
    return float((near + far).mean())


@bound("half < 1")
def mean_success(out: Path, play: Count, *, half: Positive, done: Noise, seen: Noise) -> float:
    """How often a path passes the box if every ask answers with the mean of the two sides, given what is seen of the offset.

    An ask at an offset seen as y commands out a tanh(out y / (done^2 + seen^2)), and ``play`` positions are commanded before the next.
    ``half`` the box's half width, ``done`` and ``seen`` the noise of an action and of sight, all in units of a. The law of the offset
    is carried on a grid, one for each side while beside the box, to about 1e-3.

    Labels: prop-mean-rescued. Source: ours; the posterior mean of two normal laws, iterated.
    """
    way = np.asarray(out)
    n, beside = len(way), way == 1
    x = np.linspace(-1 - 8 * done, 1 + 8 * done, CELLS)
    y = np.linspace(x[0] - 6 * seen, x[-1] + 6 * seen, CELLS)
    sight = _normal(y[:, None] - x, seen) * (y[1] - y[0])
    masses = {0: np.eye(CELLS)[CELLS // 2]}  # by the side on which the path is beside the box; 0: it is not
    for t in range(0, n - 1, play):
        then = np.arange(t + 1, min(t + play, n - 1) + 1)
        c, last = np.tanh(way[t] * y / (done**2 + seen**2)), then[-1]
        spread = _normal(x[:, None] - way[last] * c, done) * (x[1] - x[0])
        found: dict[int, Array] = {}
        for side, mass in masses.items():
            for s in (1, -1) if beside[then].any() else (1,):
                if beside[t] and beside[t + 1] and s != side:
                    continue
                clear = special.ndtr((s * way[then[:-1], None] * c - half) / done)[beside[then[:-1]]].prod(axis=0)
                after = spread @ (sight @ mass * clear) * np.where(beside[last], s * x > half, 1.0)
                found[s * beside[last]] = found.get(s * beside[last], 0.0) + after
        masses = found
    return float(sum(m.sum() for m in masses.values()))


def _normal(z: Array, sd: float) -> Array:
    return np.asarray(np.exp(-0.5 * (z / sd) ** 2) / (sd * math.sqrt(2 * math.pi)))


@bound()
def gates_blind(gates: Gates, half: Annotated[float, "(0, 1)"] = 0.5) -> float:
    """(1 - half)^gates: how often one uniform number in [-1, 1] a gate passes all gates, a box of half width ``half`` in each.

    Labels: prop-recipe-product. Source: ours.
    """
    return kept(half, gates)


@bound("e != 0")
def chunk_overhead(s: NonNegative, e: Finite, lam: Rate, play: Count) -> float:
    """1 + (s^2 / e^2) (1 - lam^m) / (m (1 + lam^m)): mean squared state at the asks of a head that samples, over that of one that does
    not; both are off by e at each of the m = ``play`` steps, one has fresh noise s at each.

    Labels: prop-chunk-overhead. Source: ours; with m = 1 the overhead of chapter 13.
    """
    forgotten = lam**play
    return 1 + (s / e) ** 2 * (1 - forgotten) / (play * (1 + forgotten))


@bound("kappa != alpha", "kappa**2 < 1")
def chunk_cost(alpha: NonNegative, kappa: Finite, play: Annotated[int, "[1, 1000]"]) -> float:
    """Stationary mean squared state, over all steps, on x' = alpha x + u + w, w standard normal, if u = (kappa - alpha) kappa^j x_t is
    played j = 0, ..., m - 1 steps after the ask at t, m = ``play``.

    j steps after an ask it is kappa^(2 j) V + N_j, with N_j = 1 + alpha^2 + .. + alpha^(2 (j - 1)) and V = N_m / (1 - kappa^(2 m)).

    Labels: prop-autocorrelation. Source: ours.
    """
    grown = np.cumsum(np.power(alpha, 2.0 * np.arange(play)))
    left = np.power(kappa**2, np.arange(1.0, play + 1))
    return float((left * grown[-1] / (1 - left[-1]) + grown).mean())
