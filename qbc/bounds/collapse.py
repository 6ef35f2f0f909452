"""Chapter 11: what a penalty on single posteriors erases. Modes at +-m, noise v inside a mode, penalty weight beta; nats throughout."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special, stats

from qbc.bounds.domain import inside

Array = NDArray[np.float64]


def kl_cap(d0: float, d: float, beta: float) -> float:
    """(d0 - d) / beta: the largest KL of a code with distortion d whose objective d + beta KL is no worse than the best
    constant action's d0.

    Labels: thm-kl-cap. Source: Mazza et al., the cap C / beta, as reported; with the code's own distortion in it, ours.
    """
    inside(distortions_nonnegative=d0 >= 0 and d >= 0, beta_positive=beta > 0)
    return (d0 - d) / beta


def fano_floor(modes: int, p_error: float) -> float:
    """log K - h(P) - P log(K - 1), and 0 from P = 1 - 1/K on: the information a latent needs for mode error at most P.

    Labels: thm-information-need. Source: Mazza et al., as reported; the form is Fano's inequality.
    """
    inside(two_modes_or_more=modes >= 2, probability=0 <= p_error <= 1)
    if p_error >= 1 - 1 / modes:
        return 0.0
    h = float(special.entr(p_error) + special.entr(1 - p_error))
    return math.log(modes) - h - p_error * math.log(modes - 1)


def gaussian_information(gain: float, d: int) -> float:
    """(d / 2) log(1 + gain^2): I(A; gain A + W) for independent standard normal A and W in d dimensions.

    Labels: lem-two-sided. Source: ours; the channel is the textbook's Gaussian one.
    """
    inside(dimension_positive=d >= 1)
    return d / 2 * math.log1p(gain**2)


def classifier_information(modes: int, cross_entropy: float) -> float:
    """log K - cross-entropy of any held-out classifier of the mode from the latent: at most I(M; Z).

    Labels: prop-mode-information. Source: ours; it is the bound of Barber and Agakov.
    """
    inside(two_modes_or_more=modes >= 2, cross_entropy_nonnegative=cross_entropy >= 0)
    return math.log(modes) - cross_entropy


def collapse_squared(m: float) -> float:
    """2 m^2: from this weight on nothing beats the mean under squared loss, below it some code does.

    Labels: prop-collapse-squared. Source: ours.
    """
    inside(m_positive=m > 0)
    return 2 * m**2


def collapse_chunks(covariance: Array) -> float:
    """2 lambda_max(Cov) / d: the threshold for chunks of d coordinates under mean squared loss.

    Labels: prop-collapse-chunks. Source: ours, for laws whose projections are strictly sub-Gaussian.
    """
    inside(square=covariance.ndim == 2 and covariance.shape[0] == covariance.shape[1])
    return float(2 * np.linalg.eigvalsh(covariance)[-1] / len(covariance))


def absolute_kl(m: float, beta: float) -> float:
    """m^2 / (pi beta^2): what the best Gaussian code keeps of two noiseless modes under absolute loss, for large beta / m.

    Labels: prop-collapse-absolute. Source: ours.
    """
    inside(m_positive=m > 0, beta_positive=beta > 0)
    return m**2 / (math.pi * beta**2)


def mode_recall(m: float, beta: float) -> float:
    """Phi(sqrt(2/pi) m / beta): how often the latent of that code tells the mode; 1/2 is a guess.

    Labels: prop-beta-ten. Source: ours.
    """
    inside(m_positive=m > 0, beta_positive=beta > 0)
    return float(stats.norm.cdf(math.sqrt(2 / math.pi) * m / beta))


def step_share(width: float) -> float:
    """2 Phi(-width): how often a prior latent lies beyond a step within ``width`` of the origin.

    Labels: prop-step. Source: ours: the conditional median of two noiseless modes is a step.
    """
    inside(width_nonnegative=width >= 0)
    return float(2 * stats.norm.cdf(-width))


def noise_threshold(m: float, v: float) -> float:
    """(2 Phi(m/v) - 1)^2 v / (2 phi(m/v)): where absolute loss gives up noisy modes if the encoder is shown the mode.

    Labels: prop-noise-mode. Source: ours.
    """
    inside(m_positive=m > 0, v_positive=v > 0)
    return float((2 * stats.norm.cdf(m / v) - 1) ** 2) * action_threshold(m, v)


def action_threshold(m: float, v: float) -> float:
    """v / (2 phi(m/v)), one over twice the density at the median: the same threshold if the encoder sees the action.

    Labels: prop-noise-action. Source: ours.
    """
    inside(m_positive=m > 0, v_positive=v > 0)
    return float(v / (2 * stats.norm.pdf(m / v)))


def noisy_code(beta: float, m: float, v: float) -> float:
    """KL of the best code N(+-w, s^2) of two modes with noise v under absolute loss, by quadrature and minimisation over w, s.

    The curve that prop-noise-mode's threshold ends; an oracle, with no statement of its own.
    """
    inside(m_positive=m > 0, v_positive=v > 0, beta_positive=beta > 0)
    cdf = special.ndtr

    def pdf(x: Array, c: float = 0.0, s: float = 1.0) -> Array:
        density: Array = np.exp(-(((x - c) / s) ** 2) / 2) / (s * math.sqrt(2 * math.pi))
        return density

    def distortion(w: float, s: float) -> float:
        z = np.linspace(0, w + 9 * s, 401)  # the code is symmetric
        plus, minus = pdf(z, w, s), pdf(z, -w, s)
        p, low, high = plus / (plus + minus), np.zeros_like(z), np.full_like(z, m + 3 * v)
        for _ in range(32):  # the conditional median, by bisection
            a = (low + high) / 2
            below = p * cdf((a - m) / v) + (1 - p) * cdf((a + m) / v) < 0.5
            low, high = np.where(below, a, low), np.where(below, high, a)
        error = sum(q * ((a - c) * (2 * cdf((a - c) / v) - 1) + 2 * v * pdf((a - c) / v)) for q, c in ((p, m), (1 - p, -m)))
        return float(np.trapezoid((plus + minus) * error, z))

    def kl(w: float, s: float) -> float:
        return (w * w + s * s - 1) / 2 - math.log(s)

    def objective(t: Array) -> float:
        w, s = np.exp(t)
        return distortion(w, s) + beta * kl(w, s)

    best = optimize.minimize(objective, [math.log(0.2), -0.02], method="Nelder-Mead", options={"xatol": 1e-4, "fatol": 1e-10})
    w, s = np.exp(best.x)
    return kl(float(w), float(s))


def mode_masses(c: float, modes: int) -> Array:
    """What N(0, 1) puts into the nearest-neighbour cells of K latent clusters evenly spaced on [-c, c]: (K,).

    Labels: prop-prior-masses. Source: ours.
    """
    inside(c_positive=c > 0, two_modes_or_more=modes >= 2)
    centres = np.linspace(-c, c, modes)
    edges = np.concatenate([[-np.inf], (centres[1:] + centres[:-1]) / 2, [np.inf]])
    masses: Array = np.diff(stats.norm.cdf(edges))
    return masses


def prior_mismatch(kl_aggregate: float) -> float:
    """sqrt(KL / 2): how far the modes deployed from the prior can be, in total variation, from those of the aggregate posterior.

    Labels: thm-prior-coverage. Source: Mazza et al., the abstract, in words; data processing and Pinsker's inequality.
    """
    inside(kl_nonnegative=kl_aggregate >= 0)
    return math.sqrt(kl_aggregate / 2)


def zero_latent(modes: int) -> float:
    """1 - 1/K: total variation between one mode and all K in equal shares.

    Labels: prop-zero-latent. Source: ours; z = 0 is how ACT is deployed.
    """
    inside(two_modes_or_more=modes >= 2)
    return 1 - 1 / modes


def half_of_chance(modes: int) -> float:
    """(1 - 1/K) / 2: half of the error of guessing among K modes.

    Labels: prop-aggregate. Source: Mazza et al., the abstract of a later version, as reported, in words; the form is ours.
    """
    return zero_latent(modes) / 2


def collapsed_agreement(modes_left: int) -> float:
    """1 / (modes left open by the observation): how often a decoder that ignores its latent shows the demonstrated mode.

    Labels: prop-conditional. Source: ours; the task is that of Mazza et al.
    """
    inside(one_mode_or_more=modes_left >= 1)
    return 1 / modes_left
