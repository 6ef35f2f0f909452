"""Chapter 08: noise on the observations of a policy that drives x' = a x + u, stable or not. ``noise`` = sigma / s.

The expert plays u = gain x + N(0, q), so that its loop has the pole a + gain and the stationary variance s^2.
"""

from __future__ import annotations

import math
from typing import Annotated

from qbc.bounds.domain import Finite, NonNegative, bound
from qbc.bounds.noising import Scheme


def _seen(scheme: Scheme, noise: float) -> tuple[float, float]:
    """(r, m) in units of s: the head plays the expert at a state z that, given the true x, has the mean r x and the spread m."""
    total = math.hypot(1, noise)
    rho, spread = total**-2, noise / total
    return {"none": (1.0, 0.0), "test only": (1.0, noise), "train only": (rho, spread), "replica": (rho, spread * math.sqrt(1 + rho))}[
        scheme
    ]


@bound("abs(a + gain) < 1")
def noised_ratio(scheme: Scheme, a: Finite, gain: Finite, noise: NonNegative) -> Annotated[float, "[0, inf]"]:
    """Deployed over demonstrated variance of x' = a x + u; infinite where the loop of the learner has no stationary law.

    It is (1 - (a + gain)^2 + (gain m)^2) / (1 - p^2), p the pole, m the spread of what a head takes for the state: 0, noise,
    noise sqrt(rho) and noise sqrt(rho (1 + rho)), rho = 1 / (1 + noise^2). It is ``scheme_ratio`` at a = keep, gain = (1 - keep) theta.

    Labels: prop-unstable-noise, cor-inner-loop. Source: ours; the talk reports a simulation study.
    """
    r, m = _seen(scheme, noise)
    pole, expert, extra = a + gain * r, a + gain, gain * m
    if abs(pole) >= 1:
        return math.inf
    return ((1 - expert) * (1 + expert) + extra * extra) / ((1 - pole) * (1 + pole))


@bound("abs(a + gain) < 1")
def noised_growth(scheme: Scheme, a: Finite, gain: Finite, noise: NonNegative) -> float:
    """max(1, p^2), p the pole of the learner's loop: by what factor the mean square of the state grows in one step, late.

    Labels: cor-noise-explodes. Source: ours.
    """
    pole = a + gain * _seen(scheme, noise)[0]
    return max(1.0, pole * pole)


@bound("abs(a + gain) < 1")
def noise_limit(a: Annotated[float, "(1, inf)"], gain: Finite) -> float:
    """sqrt((1 - a - gain) / (a - 1)), in units of s: the noise in training beyond which the learner cannot hold the plant.

    Helps: cor-noise-explodes. Source: ours.
    """
    return math.sqrt(math.fsum((1, -a, -gain)) / (a - 1))
