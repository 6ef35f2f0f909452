"""Expressions of the right-hand sides that would lose their digits as they stand on paper, computed so that they keep them."""

from __future__ import annotations

import math
from collections.abc import Callable

from scipy import special, stats


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
