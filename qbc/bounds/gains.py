"""Chapter 09: gains of a low-level loop. A joint q'' = stiffness (u - q) - damping q' is told u, which a policy holds for a step.

Time is in steps of the policy; positions and commands are in one unit. ``width`` is the distance of two neighbouring tokens.
"""

from __future__ import annotations

import math
from typing import Annotated

from qbc.bounds.domain import Finite, NonNegative, Positive, bound

Stiffness = Annotated[float, "[1/1000000, 1000]"]  # 1 / step^2
Damping = Annotated[float, "[1/1000, 100]"]  # 1 / step


def _loop(stiffness: float, damping: float) -> tuple[float, float]:
    """The share of the variance of a fresh error of every command that the position has, and its lag in steps behind a ramp.

    With x = damping / 2, y^2 = x^2 - stiffness, f = sinh(y) / y, D = cosh x - cosh y, P = cosh x + cosh y and N = sinh x - x f they are
    (D + N^2 / P) / (2 sinh x) and 1/2 + (sinh x + x f) / (2 D). All are computed times 2 exp(-x), so that none is too large.
    """
    x, square = damping / 2, damping**2 / 4 - stiffness
    y, small = math.sqrt(abs(square)), math.exp(-2 * x)  # small: of 2 exp(-x) sinh x = 1 - small
    if square > 0:
        apart = stiffness / (x + y)  # x - y
        f = math.exp(-apart) * -math.expm1(-2 * y) / y
        D = math.expm1(-(x + y)) * math.expm1(-apart)
        P = 1 + small + math.exp(-apart) + math.exp(-(x + y))
    else:
        f = 2 * math.exp(-x) * (math.sin(y) / y if y else 1.0)
        half = math.expm1(-x) ** 2  # of 2 exp(-x) (cosh x - 1)
        D = half + 4 * math.exp(-x) * math.sin(y / 2) ** 2
        P = half + 4 * math.exp(-x) * math.cos(y / 2) ** 2
    rise = -math.expm1(-2 * x)
    N = rise - x * f
    return (D + N**2 / P) / (2 * rise), 0.5 + (rise + x * f) / (2 * D)


@bound()
def joint_noise(stiffness: Stiffness, damping: Damping, width: Positive) -> float:
    """width^2 / 12 times the loop's share: stationary variance of a position whose commands are rounded to tokens, each with an error
    that is uniform and independent of those before.

    Labels: prop-pd-noise. Source: ours. In continuous time sigma^2 stiffness / (2 damping), 2604.14484, as reported.
    """
    return width**2 / 12 * _loop(stiffness, damping)[0]


@bound()
def resting_error(stiffness: Stiffness, damping: Damping, width: Positive, bias: NonNegative) -> float:
    """bias^2 + (width^2 / 6 - bias^2) stiffness / (2 damping): mean squared distance from a goal at rest, to a relative stiffness / 12,
    where dithered tokens are drawn afresh at every step; ``bias`` is the root mean square error of their mean. A larger bias than
    width / sqrt(6) leaves no noise.

    Labels: prop-pd-rest. Source: ours. The factor is that of 2604.14484, as reported.
    """
    return bias**2 + max(width**2 / 6 - bias**2, 0.0) * stiffness / (2 * damping)


@bound()
def pursuit_error(stiffness: Stiffness, damping: Damping, width: Positive, bias: NonNegative, speed: Finite) -> float:
    """speed^2 lag^2 + bias^2 + (width^2 / 6 - bias^2) share: mean squared distance from a goal that moves by ``speed`` a step, slow in
    tokens, under dithered tokens; lag and share are those of the loop, and lag is about damping / stiffness + 1/2.

    Labels: prop-pd-pursuit. Source: ours.
    """
    share, lag = _loop(stiffness, damping)
    return (speed * lag) ** 2 + bias**2 + max(width**2 / 6 - bias**2, 0.0) * share


@bound()
def best_ratio(pace: Annotated[float, "(0, 1/10]"], damping: Annotated[float, "(0, 2]"]) -> float:
    """r (1 + r / 6 + r damping / 18) with r = (24 pace^2)^(1/3): the stiffness / damping of the least :func:`pursuit_error` for a goal
    that moves by ``pace`` tokens a step, to a hundredth.

    Labels: cor-pd-best. Source: ours. From pace^2 (1 / r + 1 / 2)^2 + r (1 - r damping / 12) / 12.
    """
    r = float((24 * pace**2) ** (1 / 3))
    return r * (1 + r / 6 + r * damping / 18)
