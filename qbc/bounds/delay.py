"""Chapter 09: looking late, in chunks, or through an average over both; what each compounds, and what each pays.

A learner predicts a chunk of ``length`` actions. It plays the chunk and looks every ``length`` steps ("chunk"), or looks at every
step and plays the chunk's last action (a "delay" of length - 1), or the mean of what the last chunks say of now ("ensemble"); length 1
is the same for all three. Growths are factors per step. ``slope`` is the slope of a predicted action in the state looked at [units of
u / units of x]; plants are x' = alpha x + u, variances are in units of that of the plant's noise.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize

from qbc.bounds.domain import NonNegative, Positive, Rate, bound

Length = Annotated[int, "[1, 1000]"]
Pole = Annotated[float, "(0, 10]"]
Way = Literal["chunk", "delay", "ensemble"]


@bound()
def lag_deviation(way: Literal["chunk", "delay"], H: Length, eps: NonNegative, slope: Positive, length: Length) -> float:
    """How far a learner leaves the expert in H steps, at most, where the plant does not expand, alpha = beta = 1.

    Its predictions are off by ``eps`` at most on the expert's states. Chunks: ((1 + l L)^n (1 + r L) - 1) eps / L with H = n l + r,
    so ((1 + L)^H - 1) eps / L for l = 1. Delay d = l - 1: eps sum_{j >= 1} L^(j - 1) C(H - (j - 1) d, j).

    Labels: thm-lag-deviation. Source: ours; 2608.02547, as reported, has the order (k + 1)^(H/k) for both, 2^H for l = 1.
    """
    if way == "chunk":
        n, r = divmod(H, length)
        return eps * math.expm1(n * math.log1p(length * slope) + math.log1p(r * slope)) / slope
    looks = range(1, (H - 1) // length + 2)
    ways = (math.log(math.comb(H - (j - 1) * (length - 1), j)) + (j - 1) * math.log(slope) for j in looks)
    return eps * math.fsum(map(math.exp, ways))


@bound()
def lag_growth(way: Way, alpha: NonNegative, slope: NonNegative, length: Length) -> float:
    """The growth per step lambda on x' = alpha x + u, if all predictions have the slope L.

    Chunks: lambda^l = alpha^l + L (1 + alpha + .. + alpha^(l - 1)), so (1 + l)^(1/l) for alpha = L = 1; delay d = l - 1:
    lambda^d (lambda - alpha) = L; ensemble: lambda - alpha = (L / l) sum_{j < l} lambda^-j. Both have one root > 0, and no other
    root is larger in modulus.

    Labels: cor-lag-growth. Source: ours; 2608.02547, as reported, has the order (k + 1)^(H/k) for chunks and delays.
    """
    if way == "chunk":
        powers = np.power(alpha, np.arange(length + 1.0))
        return float((powers[-1] + slope * powers[:-1].sum()) ** (1 / length))
    terms = np.full(length, slope / length) if way == "ensemble" else np.append(np.zeros(length - 1), slope)
    terms[0] += alpha  # lambda = sum_j terms_j / lambda^j
    order = np.arange(1, length + 1)
    with np.errstate(divide="ignore", under="ignore"):
        each = np.exp(np.log(terms) / order)  # the root if there were that term alone
    unit = float(each.max())
    if unit == 0:
        return 0.0

    def excess(y: float) -> float:  # falls in y
        with np.errstate(under="ignore"):
            return float(np.sum((each / unit / y) ** order)) - 1

    return unit * float(optimize.brentq(excess, 1 - 1e-12, 3.0, xtol=1e-15, rtol=1e-14))


@bound("sum(weights) > 0")
def twin_lag_radius(
    xi: Literal[1, -1], weights: Annotated[ArrayLike, "(k,) of [0, 1]"], *, a: Annotated[float, "(1, 2)"] = 1.05
) -> float:
    """The spectral radius on the twin ``xi`` of the smallest least-squares fit that looks j steps back with the weight w_j / sum w.

    The fit from x_{t-j} has 2^-j times the expert's gain on the e_2-axis and 0 off it. The modulus of the largest root of
    (lambda - xi a)(lambda - S/2) + d (1 - S), S = sum_j w_j (2 lambda)^-j.

    Labels: prop-lag-twins. Source: ours.
    """
    w = np.asarray(weights) / np.sum(weights)
    S = w * 0.5 ** np.arange(len(w))  # S lambda^(k - 1), the highest power first
    one = np.eye(1, len(w))[0]  # lambda^(k - 1)
    p = np.polyadd(np.polymul([1.0, -xi * a], np.polysub(np.append(one, 0.0), S / 2)), a**2 / 4 * (one - S))
    return float(np.abs(np.roots(p)).max())


@bound()
def late_variance(alpha: Pole, length: Annotated[int, "[1, 100]"]) -> float:
    """1 + alpha^2 + .. + alpha^(2 (l - 1)): what no variance undercuts if the last l actions know nothing of the last l steps.

    Labels: thm-late-variance. Source: ours; it is the variance of the plant's last l disturbances.
    """
    return float(np.sum(alpha ** (2.0 * np.arange(length))))


@bound("abs(alpha - kappa) < 1")
def late_pole_variance(way: Way, alpha: Pole, kappa: Rate) -> float:
    """Stationary variance of two predicted actions, fitted to the expert of gain K = alpha - kappa and pole kappa.

    (1 + kappa q) / ((1 - kappa q)(1 - kappa^2)(1 - q^2)) with the second pole q = K for a delay and K/2 for the ensemble;
    (1 + alpha^2) / (1 - kappa^4) at the end of a chunk.

    Labels: prop-late-poles. Source: ours; the variance of an AR(2).
    """
    if way == "chunk":
        return (1 + alpha**2) / (1 - kappa**4)
    q = (alpha - kappa) / (1 if way == "delay" else 2)
    return (1 + kappa * q) / ((1 - kappa * q) * (1 - kappa**2) * (1 - q**2))
