"""Chapter 01: what log-loss buys. ``n`` counts trajectories, D^2 = sum (sqrt P - sqrt P')^2 is at most 2, R is the range of returns."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from qbc.bounds.domain import inside


def mle_hellinger(n: int, log_class: float, delta: float) -> float:
    """2 (log|Pi| + log(1/delta)) / n: the D^2 that the MLE over a finite realisable class keeps below with probability 1 - delta.

    Labels: thm-hellinger, cor-binned. Source: Foster, Block & Misra, as reported; the constant is derived here.
    """
    inside(n_positive=n >= 1, log_class_nonnegative=log_class >= 0, delta_in_0_1=0 < delta < 1)
    return 2 * (log_class - math.log(delta)) / n


def needle_tilt(contexts: int, probability: float) -> float:
    """The t at which at least one of ``contexts`` needles, each with chance Phi(-t/2), beats the truth with this probability."""
    inside(contexts_positive=contexts >= 1, probability_in_0_1=0 < probability < 1)
    return float(2 * stats.norm.isf(-np.expm1(np.log1p(-probability) / contexts)))


def needle_share(t: float, log_class: float, delta: float) -> float:
    """t^2 / (8 log(|Pi|/delta)): the share of the bound on D^2 that a needle of tilt t uses.

    Labels: prop-hellinger-tight. Source: ours, D^2 = t^2/(4 n) for one of K coins, tilted by t standard errors of its n/K tosses.
    """
    inside(t_nonnegative=t >= 0, log_class_nonnegative=log_class >= 0, delta_in_0_1=0 < delta < 1)
    return t**2 / (8 * (log_class - math.log(delta)))


def smoothing_floor(horizon: int, actions: int, alpha: float) -> float:
    """2 (1 - (1 - alpha (1 - 1/A))^(H/2)): D^2 between a deterministic policy and the same policy smoothed by alpha.

    Labels: prop-smoothing. Source: ours.
    """
    inside(horizon_positive=horizon >= 1, actions_positive=actions >= 1, alpha_in_0_1=0 <= alpha <= 1)
    return float(2 * (1 - (1 - alpha * (1 - 1 / actions)) ** (horizon / 2)))


def interpolation_tv(n: int) -> float:
    """1: the total variation between a continuous deterministic expert and a fit that is right only at the n points, whatever n.

    Labels: prop-squared-loss. Source: ours; the laws are singular.
    """
    inside(n_positive=n >= 1)
    return 1.0


def mistake_probability(expert_law: ArrayLike, learner_law: ArrayLike) -> float:
    """The learner's probability of the trajectories that a deterministic expert never takes, from the two laws on the same paths.

    Labels: lem-mistake. Source: Foster, Block & Misra, a step of a proof; the equality with TV is ours.
    """
    star, hat = np.asarray(expert_law, dtype=float), np.asarray(learner_law, dtype=float)
    inside(same_paths=star.shape == hat.shape, laws_sum_to_1=abs(star.sum() - 1) < 1e-9 and abs(hat.sum() - 1) < 1e-9)
    return float(hat[star == 0].sum())


def hellinger_of_mistake(p: float) -> tuple[float, float]:
    """2 (1 - sqrt(1 - p)) and 2 p: the least and the largest D^2 to a deterministic expert, p the chance of a mistake in an episode.

    Labels: prop-mistake, prop-mistake-ends. Source: ours, by Jensen and sqrt(w) >= w on [0, 1].
    """
    inside(p_in_0_1=0 <= p <= 1 + 1e-12)
    return 2 * (1 - math.sqrt(max(0.0, 1 - p))), 2 * p


def regret_deterministic(returns: float, hellinger2: float) -> float:
    """R D^2: the regret against a deterministic expert.

    Labels: cor-regret-det. Source: Foster, Block & Misra, as reported with 4 R D^2; the constant 1 is ours.
    """
    inside(range_nonnegative=returns >= 0, hellinger2_in_0_2=0 <= hellinger2 <= 2 + 1e-9)
    return returns * hellinger2


def regret_clean_episode(hellinger2: float) -> float:
    """D^2 / 2: the least regret against a deterministic expert if an episode pays 1 when it is free of mistakes.

    Labels: prop-regret-half. Source: ours, D^2 <= 2 p.
    """
    inside(hellinger2_in_0_2=0 <= hellinger2 <= 2 + 1e-9)
    return hellinger2 / 2


def regret_any_expert(returns: float, hellinger2: float) -> float:
    """R D sqrt(1 - D^2/4): the regret against any expert.

    Labels: cor-regret-any. Source: ours, from TV <= D sqrt(1 - D^2/4), which is standard.
    """
    inside(range_nonnegative=returns >= 0, hellinger2_in_0_2=0 <= hellinger2 <= 2 + 1e-9)
    return returns * math.sqrt(max(0.0, hellinger2 * (1 - hellinger2 / 4)))


def regret_of_mle(n: int, log_class: float, delta: float, *, deterministic: bool) -> float:
    """The two corollaries at D^2 = min(2, 2 log(|Pi|/delta)/n), for a return of range 1.

    Labels: cor-regret-mle. Source: Foster, Block & Misra, and Cao & Xie, Theorems 2 and 3, as reported; constants ours.
    """
    hellinger2 = min(2.0, mle_hellinger(n, log_class, delta))
    return regret_deterministic(1.0, hellinger2) if deterministic else regret_any_expert(1.0, hellinger2)


def missing_label_regret(n: int, masses: ArrayLike, guess: float = 0.5) -> float:
    """guess * sum p (1 - p)^n: the expected regret per step of a label table whose unseen labels are wrong with chance ``guess``.

    Labels: prop-geometric, prop-rare-branch. Source: ours.
    """
    p = np.asarray(masses, dtype=float)
    inside(n_nonnegative=n >= 0, masses_form_a_law=bool((p >= 0).all() and p.sum() <= 1 + 1e-9), guess_in_0_1=0 <= guess <= 1)
    return float(guess * (p * (1 - p) ** n).sum())


def geometric_limit() -> float:
    """1 / (2 ln 2): n times the regret per step for contexts of mass 2^-i at large n, up to a ripple of relative size 1e-5.

    Labels: prop-rate-fixed. Source: ours, a Riemann sum of exp(-n p) in log p.
    """
    return 1 / (2 * math.log(2))


def rare_branch_limit(n: int, m: int = 1) -> float:
    """m / (2 e n): the regret per step with m contexts of mass 1/(n + 1); for m = 1 no other mass and no n exceeds it.

    Labels: prop-rate-det. Source: ours; the lower-bound instance of chapter 05.
    """
    inside(n_positive=n >= 1, m_between_1_and_n_plus_1=1 <= m <= n + 1)
    return m / (2 * math.e * n)


def coin_regret(n: int, gap: float) -> float:
    """2 gap P(the sign of n tosses of a coin of bias 1/2 + gap is wrong), ties broken by a fair coin: exact regret per step.

    Labels: prop-coin. Source: ours, a binomial sum.
    """
    inside(n_positive=n >= 1, gap_in_0_half=0 <= gap <= 0.5)
    law = stats.binom(n, 0.5 + gap)
    return float(2 * gap * (law.cdf((n - 1) // 2) + (0.5 * law.pmf(n // 2) if n % 2 == 0 else 0.0)))


def coin_limit(y: float) -> float:
    """y Phi(-y): the limit of sqrt(n) times the regret per step at gap y / (2 sqrt n); largest, .16997, at y = .752.

    Labels: prop-rate-stoch, prop-horizon-persist, prop-trap. Source: ours, the normal limit of the binomial sum.
    """
    inside(y_nonnegative=y >= 0)
    return float(y * stats.norm.cdf(-y))


def held_mistake(n: int, m: int) -> float:
    """(1 - 1/m)^n: the chance of a mistake in an episode that keeps one of m equal contexts, unseen = mistake; no horizon in it.

    Labels: prop-horizon-held. Source: ours.
    """
    inside(n_nonnegative=n >= 0, m_positive=m >= 1)
    return float((1 - 1 / m) ** n)


def tables_mistake(n: int, m: int, horizon: int, guess: float = 1.0) -> float:
    """1 - (1 - guess (1 - 1/m)^n)^H: fresh contexts and a table of its own for each of the H steps.

    Labels: prop-horizon-tables. Source: ours.
    """
    inside(horizon_positive=horizon >= 1, guess_in_0_1=0 <= guess <= 1)
    return float(1 - (1 - guess * held_mistake(n, m)) ** horizon)


def fresh_mistake(n: int, m: int, horizon: int) -> float:
    """1 - E (K/m)^H, K the number of contexts seen in n H draws: fresh contexts and one table for all steps.

    Labels: prop-horizon-fresh. Source: ours.
    """
    inside(n_nonnegative=n >= 0, m_positive=m >= 1, horizon_positive=horizon >= 1)
    k = np.arange(m + 1)
    law = (k == 0).astype(float)  # of K
    for _ in range(n * horizon):
        law = law * k / m + np.r_[0.0, (law * (m - k) / m)[:-1]]
    return float(law @ (1 - (k / m) ** horizon))


def resampled_wrong(y: float, horizon: int) -> float:
    """Phi(-y sqrt H): the chance of the wrong sign at gap y / (2 sqrt n) when each trajectory holds H tosses of the same coin.

    Labels: prop-trap-exponential. Source: ours.
    """
    inside(y_nonnegative=y >= 0, horizon_positive=horizon >= 1)
    return float(stats.norm.cdf(-y * math.sqrt(horizon)))
