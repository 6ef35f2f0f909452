"""Expressions of the right-hand sides that would lose their digits as they stand on paper, computed so that they keep them."""

from __future__ import annotations

import math

from scipy import special


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
