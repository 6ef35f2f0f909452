"""Chapter 11: what a penalty on single posteriors erases. Modes at +-m, noise v inside a mode, penalty weight beta; nats throughout."""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

from qbc.bounds.domain import Count, Finite, NonNegative, Positive, Share, bound

Array = NDArray[np.float64]
Several = Annotated[int, "[2, inf)"]


@bound("d <= d0")
def kl_cap(d0: NonNegative, d: NonNegative, beta: Positive) -> float:
    """(d0 - d) / beta: the largest KL of a code with distortion d whose objective d + beta KL is no worse than the best
    constant action's d0.

    Labels: thm-kl-cap. Source: Mazza et al., the cap C / beta, as reported; with the code's own distortion in it, ours.
    """
    return max(0.0, d0 - d) / beta


@bound()
def fano_floor(modes: Several, p_error: Share) -> float:
    """log K - h(P) - P log(K - 1), and 0 from P = 1 - 1/K on: the information a latent needs for mode error at most P.

    To an absolute 1e-15 log K.

    Labels: thm-information-need. Source: Mazza et al., as reported; the form is Fano's inequality.
    """
    if p_error >= 1 - 1 / modes:
        return 0.0
    h = float(special.entr(p_error) + special.entr(1 - p_error))
    return max(0.0, math.log(modes) - h - p_error * math.log(modes - 1))


@bound()
def gaussian_information(gain: Finite, d: Count) -> float:
    """(d / 2) log(1 + gain^2): I(A; gain A + W) for independent standard normal A and W in d dimensions.

    Labels: lem-two-sided. Source: ours; the channel is the textbook's Gaussian one.
    """
    return d / 2 * math.log1p(gain**2)


@bound()
def classifier_information(modes: Count, cross_entropy: NonNegative) -> float:
    """log K - cross-entropy of any held-out classifier of the mode from the latent: at most I(M; Z).

    Labels: prop-mode-information. Source: ours; it is the bound of Barber and Agakov.
    """
    return math.log(modes) - cross_entropy


@bound()
def collapse_squared(m: Positive) -> float:
    """2 m^2: from this weight on nothing beats the mean under squared loss, below it some code does.

    Labels: prop-collapse-squared. Source: ours.
    """
    return 2 * m**2


@bound("is_covariance(covariance)")
def collapse_chunks(covariance: Annotated[ArrayLike, "(d, d)"]) -> float:
    """2 lambda_max(Cov) / d: the threshold for chunks of d coordinates under mean squared loss.

    Labels: prop-collapse-chunks. Source: ours, for laws whose projections are strictly sub-Gaussian.
    """
    c = np.asarray(covariance)
    return max(0.0, float(2 * np.linalg.eigvalsh(c)[-1] / len(c)))


@bound("m <= beta")
def absolute_kl(m: Positive, beta: Positive) -> float:
    """m^2 / (pi beta^2): what the best Gaussian code keeps of two noiseless modes under absolute loss, for large beta / m.

    Too small by less than a third of (m / beta)^2 of itself where beta >= m.

    Labels: prop-collapse-absolute. Source: ours.
    """
    return (m / beta) ** 2 / math.pi


@bound("m <= beta")
def mode_recall(m: Positive, beta: Positive) -> float:
    """Phi(sqrt(2/pi) m / beta): how often the latent of that code tells the mode; 1/2 is a guess.

    Its argument is too small by less than a third of (m / beta)^2 of itself where beta >= m.

    Labels: prop-beta-ten. Source: ours.
    """
    return float(special.ndtr(math.sqrt(2 / math.pi) * m / beta))


@bound()
def step_share(width: NonNegative) -> float:
    """Phi(-width): how often a prior latent lies on one side, beyond a step within ``width`` of the origin.

    Labels: prop-step. Source: ours: the conditional median of two noiseless modes is a step.
    """
    return float(special.ndtr(-width))


@bound()
def noise_threshold(m: Positive, v: Positive) -> float:
    """(2 Phi(m/v) - 1)^2 v / (2 phi(m/v)): where absolute loss gives up noisy modes if the encoder is shown the mode.

    Labels: prop-noise-mode. Source: ours.
    """
    return math.erf(m / v / math.sqrt(2)) ** 2 * action_threshold(m, v)


@bound()
def action_threshold(m: Positive, v: Positive) -> float:
    """v / (2 phi(m/v)), one over twice the density at the median: the same threshold if the encoder sees the action.

    Labels: prop-noise-action. Source: ours.
    """
    return v * math.sqrt(math.pi / 2) * math.exp((m / v) ** 2 / 2)


@bound()
def noisy_code(beta: Positive, m: Positive, v: Positive) -> float:
    """KL of the best code N(+-w, s^2) of two modes with noise v under absolute loss: the curve that noise_threshold ends.

    It is log(1 + r^2) / 2, r = w / s, because the distortion depends on r alone, and given r the KL (w^2 + s^2 - 1) / 2 - log s is
    least at s^2 = 1 / (1 + r^2). By quadrature and minimisation over r in [1e-6, 50], to a relative 1e-6 where it is above 1e-9.

    Labels: prop-width. Helps: prop-noise-mode. Source: ours.
    """
    nodes, weights = special.roots_legendre(200)

    def price(log_r: float) -> float:
        r = math.exp(log_r)
        z, dz = (nodes + 1) * (r + 9) / 2, weights * (r + 9) / 2  # in units of s; the code is symmetric
        p, low, high = special.expit(2 * r * z), np.zeros_like(z), np.full_like(z, m)
        for _ in range(45):  # the conditional median, by bisection
            a = (low + high) / 2
            below = p * special.ndtr((a - m) / v) + (1 - p) * special.ndtr((a + m) / v) < 0.5
            low, high = np.where(below, a, low), np.where(below, high, a)
        away = [((a - c) / v, q) for q, c in ((p, m), (1 - p, -m))]
        error = v * sum(q * (u * special.erf(u / math.sqrt(2)) + 2 * _density(u)) for u, q in away)
        return float((_density(z - r) + _density(z + r)) * error @ dz) + beta * math.log1p(r * r) / 2

    grid = np.linspace(math.log(1e-6), math.log(50), 60)
    k = int(np.argmin([price(t) for t in grid]))
    near = (grid[max(k - 1, 0)], grid[min(k + 1, 59)])
    best = optimize.minimize_scalar(price, bounds=near, method="bounded", options={"xatol": 1e-9})
    return math.log1p(math.exp(2 * best.x)) / 2


def _density(x: Array) -> Array:
    """That of a standard normal variable."""
    y: Array = np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)
    return y


@bound()
def mode_masses(c: Positive, modes: Annotated[int, "[2, 1000000]"]) -> Array:
    """What N(0, 1) puts into the nearest-neighbour cells of K latent clusters evenly spaced on [-c, c]: (K,).

    Labels: prop-prior-masses. Source: ours.
    """
    centres = np.linspace(-c, c, modes)
    edges = np.concatenate([[-np.inf], (centres[1:] + centres[:-1]) / 2, [np.inf]])
    left = np.diff(special.ndtr(np.minimum(edges, 0)))  # what lies left of 0, and by symmetry right of it
    masses: Array = left + left[::-1]
    return masses


@bound()
def prior_mismatch(kl_aggregate: NonNegative) -> float:
    """sqrt(KL / 2): how far the modes deployed from the prior can be, in total variation, from those of the aggregate posterior.

    Labels: thm-prior-coverage, prop-prior-attained. Source: Mazza et al., the abstract, in words; data processing and Pinsker's
    inequality.
    """
    return math.sqrt(kl_aggregate / 2)


@bound()
def zero_latent(modes: Count) -> float:
    """1 - 1/K: total variation between one mode and all K in equal shares.

    Labels: prop-zero-latent. Source: ours; z = 0 is how ACT is deployed.
    """
    return 1 - 1 / modes


@bound()
def half_of_chance(modes: Count) -> float:
    """(1 - 1/K) / 2: half of the error of guessing among K modes.

    Labels: prop-aggregate. Source: Mazza et al., the abstract of a later version, as reported, in words; the form is ours.
    """
    return zero_latent(modes) / 2


@bound()
def collapsed_agreement(modes_left: Count) -> float:
    """1 / (modes left open by the observation): how often a decoder that ignores its latent shows the demonstrated mode.

    Labels: prop-conditional. Source: ours; the task is that of Mazza et al.
    """
    return 1 / modes_left
