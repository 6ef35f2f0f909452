"""Chapter 09: looking late, in chunks, or through an average over both; what each compounds, and what each pays.

A learner looks at the state once a step, and predicts a chunk: the action now and those of the next steps. It may play the chunk
(``length`` steps), its last action alone (a delay of ``delay`` = length - 1 steps), or the average of what the last chunks say of now.
Growths are factors per step. ``slope`` is the slope of a predicted action in the state looked at [units of u / units of x]; plants are
x' = alpha x + u, variances are in units of that of the plant's noise.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize

from qbc.bounds.domain import NonNegative, Positive, Rate, bound

Short = Annotated[int, "[1, 1000]"]
Lag = Annotated[int, "[0, 1000]"]
Sign = Literal[1, -1]
Signed = Annotated[float, "(-1, 1)"]


@bound()
def chunk_deviation(H: Short, eps: NonNegative, slope: Positive, length: Short = 1) -> float:
    """((1 + l L)^n (1 + r L) - 1) eps / L with H = n l + r: how far chunks of l actions leave the expert in H steps, at most.

    The plant does not expand, alpha = beta = 1; each predicted action is off by ``eps`` at most on the expert's states. l = 1 looks at
    every step: ((1 + L)^H - 1) eps / L.

    Labels: thm-lag-deviation. Source: ours; Lazzati et al. 2026, as reported, has the order (k + 1)^(H/k) for chunks, 2^H without.
    """
    n, r = divmod(H, length)
    return eps * math.expm1(n * math.log1p(length * slope) + math.log1p(r * slope)) / slope


@bound()
def delay_deviation(H: Short, eps: NonNegative, slope: Positive, delay: Lag) -> float:
    """eps sum_{j >= 1} L^(j - 1) C(H - (j - 1) d, j): how far a policy that acts on x_{t-d} leaves the expert in H steps, at most.

    Plant and errors as in :func:`chunk_deviation`; L = d = 1 gives Fibonacci's numbers, less one.

    Labels: thm-lag-deviation. Source: ours; Lazzati et al. 2026, as reported, has the order (k + 1)^(H/k) for delayed policies, too.
    """
    terms = range(1, (H - 1) // (delay + 1) + 2)
    return eps * math.fsum(math.exp((j - 1) * math.log(slope) + _log_choose(H - (j - 1) * delay, j)) for j in terms)


def _log_choose(n: int, k: int) -> float:
    return math.log(math.comb(n, k))


@bound()
def lag_growth(alpha: NonNegative, weights: Annotated[ArrayLike, "(k,) of [0, inf)"]) -> float:
    """The root lambda > 0 of lambda = alpha + sum_j w_j / lambda^j: growth of x' = alpha x + sum_j w_j x_{t-j}, j = 0 .. k - 1.

    (L,) looks at every step; (0, .., 0, L) is a delay; (L/k, .., L/k) the ensemble of k chunks. The left side grows and the right one
    falls, so there is one root, and no other root of the recursion is larger in modulus.

    Labels: cor-lag-growth, prop-lag-networks. Source: ours.
    """
    terms = np.array(weights, dtype=float)
    terms[0] += alpha
    with np.errstate(divide="ignore", under="ignore"):
        each = np.exp(np.log(terms) / np.arange(1, len(terms) + 1))  # the root if there were that term alone
    unit = float(each.max())
    if unit == 0:
        return 0.0
    ratios = each / unit
    powers = np.arange(1, len(terms) + 1)

    def excess(y: float) -> float:
        with np.errstate(under="ignore"):
            return float(np.sum((ratios / y) ** powers)) - 1

    return unit * float(optimize.brentq(excess, 1 - 1e-12, 3.0, xtol=1e-15, rtol=1e-14))


@bound()
def chunk_growth(alpha: NonNegative, slope: NonNegative, length: Short) -> float:
    """(alpha^l + L (1 + alpha + .. + alpha^(l - 1)))^(1/l): growth per step under chunks of l actions; (1 + l)^(1/l) for alpha = L = 1.

    Labels: cor-lag-growth. Source: ours; Lazzati et al. 2026, as reported, has the order (k + 1)^(H/k).
    """
    powers = np.power(alpha, np.arange(length + 1.0))
    return float((powers[-1] + slope * powers[:-1].sum()) ** (1 / length))


@bound("sum(weights) > 0")
def twin_lag_radius(
    xi: Literal[1, -1], weights: Annotated[ArrayLike, "(k,) of [0, 1]"], *, a: Annotated[float, "(1, 2)"] = 1.05
) -> float:
    """The spectral radius on the twin ``xi`` of the smallest least-squares fit that looks ``j`` steps back with the weight w_j / sum w.

    The fit from x_{t-j} knows 2^-j K_2 on the e_2-axis and 0 off it. The largest root of
    (lambda - xi a)(lambda - S/2) + d (1 - S), S = sum_j w_j (2 lambda)^-j, times lambda^(k - 1).

    Labels: prop-lag-twins. Source: ours.
    """
    w = np.asarray(weights) / np.sum(weights)
    S = w / 2.0 ** np.arange(len(w))  # S lambda^(k - 1), the highest power first
    one = np.eye(1, len(w))[0]  # lambda^(k - 1)
    p = np.polyadd(np.polymul([1.0, -xi * a], np.polysub(np.append(one, 0.0), S / 2)), a**2 / 4 * (one - S))
    return float(np.abs(np.roots(p)).max())


@bound()
def late_variance(alpha: Annotated[float, "(0, 10]"], steps: Annotated[int, "[1, 100]"]) -> float:
    """1 + alpha^2 + .. + alpha^(2 (l - 1)): the variance that no policy undercuts which has not looked for l - 1 steps.

    Labels: thm-late-variance. Source: ours; it is the variance of the plant's l last disturbances.
    """
    return float(np.sum(alpha ** (2.0 * np.arange(steps))))


@bound()
def two_pole_variance(kappa: Signed, q: Signed) -> float:
    """(1 + kappa q) / ((1 - kappa q)(1 - kappa^2)(1 - q^2)): stationary variance of the poles kappa and q.

    kappa is the expert's pole, K = alpha - kappa its gain; q = K with a delay of one step, K/2 with the ensemble of two, 0 for the
    expert.

    Labels: prop-late-poles. Source: ours; the variance of an AR(2).
    """
    return (1 + kappa * q) / ((1 - kappa * q) * (1 - kappa**2) * (1 - q**2))


@bound()
def chunk_variance(alpha: Annotated[float, "(0, 10]"], kappa: Rate, length: Annotated[int, "[1, 100]"]) -> float:
    """(1 + alpha^2 + .. + alpha^(2 (l - 1))) / (1 - kappa^(2 l)): variance at the end of a chunk of l actions, in the long run.

    Labels: prop-late-poles. Source: ours.
    """
    left = kappa ** (2 * length)
    return float(np.sum(alpha ** (2.0 * np.arange(length)))) / (1 - left)
