"""Expressions of the right-hand sides that would lose their digits as they stand on paper, computed so that they keep them."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

Array = NDArray[np.float64]


def kept(x: float, n: float) -> float:
    """(1 - x)^n for x in [0, 1], n >= 0, also where x is small and n large."""
    return math.exp(special.xlog1py(n, -x))


def lost(x: float, n: float) -> float:
    """1 - (1 - x)^n for x in [0, 1], n >= 0, also where it is small."""
    return -math.expm1(special.xlog1py(n, -x))


def excess(H: int, gap: float) -> float:
    """H - (1 - (1 - gap)^H) / gap, the sum of 1 - (1 - gap)^h over h < H, for gap in [0, 1].

    Where gap H < 1 by the binomial series H (H - 1) / 2 gap - H (H - 1) (H - 2) / 6 gap^2 + ..., each term below a third of the last.
    """
    if gap * H >= 1:
        return H - lost(gap, H) / gap
    total, term, k = 0.0, H * (H - 1) / 2 * gap, 2
    while abs(term) > 1e-18 * total:
        total += term
        term *= -gap * (H - k) / (k + 1)
        k += 1
    return total


def whole(x: float) -> int:
    """floor(x) of an x = p / (1 - q) with p of order 1: an integer that is missed by no more than the rounding of q is that integer."""
    nearest = round(x)
    return nearest if abs(x - nearest) <= 1e-15 * (1 + x * x) else math.floor(x)


def wrong_majority(n: int, gap: float) -> float:
    """The probability that n tosses of a coin of bias 1/2 + gap show the other side more often, ties broken by a fair coin."""
    law = stats.binom(n, 0.5 + gap)
    return float(law.cdf((n - 1) // 2) + (0.5 * law.pmf(n // 2) if n % 2 == 0 else 0.0))


def alternating(term: Callable[[int], float]) -> float:
    """The sum of (-1)^k term(k) over k >= 0, to a relative 1e-16, for terms that are moments of a measure on [0, 1].

    Cohen, Rodriguez Villegas & Zagier, Convergence acceleration of alternating series, Algorithm 1 with 24 terms.
    """
    n, total = 24, 0.0
    d = math.cosh(n * math.log(3 + math.sqrt(8)))
    b, c = -1.0, -d
    for k in range(n):
        c = b - c
        total += c * term(k)
        b *= (k + n) * (k - n) / ((k + 0.5) * (k + 1))
    return total / d


def smoothed_step(x: Array, scale: float, spread: float) -> Array:
    """E 1 / (1 + exp((x + spread g) / scale)) at every x (N,), g normal: the chance that x + spread g + scale l < 0, l logistic.

    x, scale > 0 and spread >= 0 in one unit. By the trapezoidal rule, over g where spread <= scale and over l elsewhere: there the
    integrand is analytic up to pi away from the real line, and a step h errs by about exp(-2 pi^2 / h). So it is exact to a relative
    1e-12, of which most is the rounding of x / scale, where it is above 1e-250.
    """
    step, steep = 0.35, spread / scale
    with np.errstate(over="ignore"):
        far = np.minimum(np.abs(x) / max(scale, spread), 1e3)[:, None]  # beyond, it is 0
    if steep <= 1:
        g = step * np.arange(-27, 28) - steep * special.expit(far)
        parts = np.exp(-g * g / 2) / math.sqrt(2 * math.pi) * special.expit(-far - steep * g)
    else:  # the l that matters lies about 0 or, in the tail, about steep^2 - |x| / scale; from 40 on that tail is below 1e-250
        wide = min(steep, 40.0)
        n = math.ceil((40 + 9 * wide) / step)
        z = step * np.arange(-n, n + 1) + (np.minimum(wide * (wide - far), 0) if steep < 40 else 0.0)
        parts = special.expit(z) * special.expit(-z) * special.ndtr(-far - z / steep)
    beyond: Array = step * parts.sum(axis=1)
    beyond[x <= 0] = 1 - beyond[x <= 0]
    return beyond


def lane_flips(x: Array, m: float, s: float, train: float, test: float) -> Array:
    """The right-hand side ``lane_flip`` at every x (N,): a sampler of targets +-m that takes x for -m, the noise in training ``train``,
    the spread in a lane s, and x seen through noise ``test``."""
    width = math.hypot(s, train)
    return smoothed_step(x, max(width / m * (width / 2), 1e-300), test)
