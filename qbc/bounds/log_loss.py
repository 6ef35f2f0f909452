"""Chapter 01: what log-loss buys. ``n`` counts trajectories, D^2 = sum (sqrt P - sqrt P')^2 is at most 2, R is the range of returns.
Sizes of classes enter as natural logarithms, in nats."""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from qbc.bounds.domain import Count, Level, Natural, NonNegative, Share, bound
from qbc.bounds.stable import kept, lost, wrong_majority

Hellinger2 = Annotated[float, "[0, 2]"]
Law = Annotated[ArrayLike, "(k,) of [0, 1]"]


@bound()
def mle_hellinger(n: Count, log_class: NonNegative, delta: Level) -> float:
    """2 (log|Pi| + log(1/delta)) / n: the D^2 that the MLE over a finite realisable class keeps below with probability 1 - delta.

    Labels: thm-hellinger, cor-binned. Source: Foster, Block & Misra, as reported; the constant is derived here.
    """
    return 2 * (log_class - math.log(delta)) / n


@bound()
def needle_wins(contexts: Count, t: NonNegative) -> float:
    """1 - (1 - Phi(-t/2))^K: the chance that one of K needles, tilted by t standard errors, beats the truth.

    Helps: prop-hellinger-tight. Source: ours, the normal limit of each needle's log-likelihood ratio.
    """
    return lost(float(special.ndtr(-t / 2)), contexts)


@bound()
def needle_share(t: NonNegative, log_class: NonNegative, delta: Level) -> float:
    """t^2 / (8 log(|Pi|/delta)): the share of the bound on D^2 that a needle of tilt t uses.

    Labels: prop-hellinger-tight. Source: ours, D^2 = t^2/(4 n) for one of K coins, tilted by t standard errors of its n/K tosses.
    """
    return t**2 / (8 * (log_class - math.log(delta)))


@bound()
def smoothing_floor(horizon: Count, actions: Count, alpha: Share) -> float:
    """2 (1 - (1 - alpha (1 - 1/A))^(H/2)): D^2 between a deterministic policy and the same policy smoothed by alpha.

    Labels: prop-smoothing. Source: ours.
    """
    return 2 * lost(alpha * (1 - 1 / actions), horizon / 2)


@bound("sum(expert_law) == 1", "sum(learner_law) == 1")
def mistake_probability(expert_law: Law, learner_law: Law) -> float:
    """The learner's probability of the trajectories that a deterministic expert never takes, from the two laws on the same paths.

    Labels: lem-mistake. Source: Foster, Block & Misra, a step of a proof; the equality with TV is ours.
    """
    return float(np.asarray(learner_law)[np.equal(expert_law, 0)].sum())


@bound()
def hellinger_of_mistake(p: Share) -> tuple[float, float]:
    """2 (1 - sqrt(1 - p)) and 2 p: the least and the largest D^2 to a deterministic expert, p the chance of a mistake in an episode.

    Labels: prop-mistake, prop-mistake-ends. Source: ours, by Jensen and sqrt(w) >= w on [0, 1].
    """
    return 2 * lost(p, 0.5), 2 * p


@bound()
def regret_deterministic(returns: NonNegative, hellinger2: Hellinger2) -> float:
    """R D^2: the regret against a deterministic expert; no smaller multiple of D^2 will do for all experts and learners.

    Labels: cor-regret-det. Source: Foster, Block & Misra, as reported with 4 R D^2; the constant 1 is ours.
    """
    return returns * hellinger2


@bound()
def regret_clean_episode(hellinger2: Hellinger2) -> tuple[float, float]:
    """D^2 / 2 and D^2 (1 - D^2/4): the least and the largest regret against a deterministic expert if an episode pays 1
    when it is free of mistakes. The regret is then p; the two are :func:`hellinger_of_mistake`, solved for p.

    Labels: prop-regret-ends. Source: ours.
    """
    return hellinger2 / 2, hellinger2 * (1 - hellinger2 / 4)


@bound()
def regret_any_expert(returns: NonNegative, hellinger2: Hellinger2) -> float:
    """R D sqrt(1 - D^2/4): the regret against any expert.

    Labels: cor-regret-any. Source: ours, from TV <= D sqrt(1 - D^2/4), which is standard.
    """
    return returns * math.sqrt(hellinger2 * (1 - hellinger2 / 4))


@bound()
def regret_of_mle(n: Count, log_class: NonNegative, delta: Level, *, deterministic: bool) -> float:
    """The two corollaries at D^2 = min(2, 2 log(|Pi|/delta)/n), for a return of range 1.

    Labels: cor-regret-mle. Source: Foster, Block & Misra, and Cao & Xie, Theorems 2 and 3, as reported; constants ours.
    """
    hellinger2 = 2 * min(1.0, (log_class - math.log(delta)) / n)
    return regret_deterministic(1.0, hellinger2) if deterministic else regret_any_expert(1.0, hellinger2)


@bound("sum(masses) <= 1")
def missing_label_regret(n: Natural, masses: Law, guess: Share = 0.5) -> float:
    """guess * sum p (1 - p)^n: the expected regret per step of a label table whose unseen labels are wrong with chance ``guess``.

    Labels: prop-geometric, prop-rare-branch. Source: ours.
    """
    p = np.asarray(masses)
    return float(guess * (p * np.exp(special.xlog1py(n, -p))).sum())


@bound("m <= n + 1")
def rare_branch_limit(n: Count, m: Count = 1) -> float:
    """m / (2 e n): the regret per step with m contexts of mass 1/(n + 1); for m = 1 no other mass and no n exceeds it.

    Labels: prop-rate-det. Source: ours; the lower-bound instance of chapter 05.
    """
    return m / (2 * math.e * n)


@bound()
def coin_regret(n: Count, gap: Annotated[float, "[0, 1/2]"]) -> float:
    """2 gap P(the sign of n tosses of a coin of bias 1/2 + gap is wrong), ties broken by a fair coin: exact regret per step.

    Labels: prop-coin. Source: ours, a binomial sum.
    """
    return 2 * gap * wrong_majority(n, gap)


@bound()
def coin_limit(y: NonNegative) -> float:
    """y Phi(-y): the limit of sqrt(n) times the regret per step at gap y / (2 sqrt n); largest, .16997, at y = .752.

    Labels: prop-rate-stoch, prop-horizon-persist, prop-trap. Source: ours, the normal limit of the binomial sum.
    """
    return float(y * special.ndtr(-y))


@bound()
def held_mistake(n: Natural, m: Count) -> float:
    """(1 - 1/m)^n: the chance of a mistake in an episode that keeps one of m equal contexts, unseen = mistake; no horizon in it.

    Labels: prop-horizon-held. Source: ours.
    """
    return kept(1 / m, n)


@bound()
def tables_mistake(n: Natural, m: Count, horizon: Count, guess: Share = 1.0) -> float:
    """1 - (1 - guess (1 - 1/m)^n)^H: fresh contexts and a table of its own for each of the H steps.

    Labels: prop-horizon-tables. Source: ours.
    """
    return lost(guess * kept(1 / m, n), horizon)


@bound("n * horizon <= 1e5", "m <= 1e5")
def fresh_mistake(n: Natural, m: Count, horizon: Count) -> float:
    """1 - E (K/m)^H, K the number of contexts seen in n H draws: fresh contexts and one table for all steps.

    The law of K is that of a recursion of n H steps over m + 1 numbers.

    Labels: prop-horizon-fresh. Source: ours.
    """
    k = np.arange(m + 1)
    law = (k == 0).astype(float)  # of K
    for _ in range(n * horizon):
        law = law * k / m + np.r_[0.0, (law * (m - k) / m)[:-1]]
    return float(law @ (1 - (k / m) ** horizon))


@bound()
def resampled_wrong(y: NonNegative, horizon: Count) -> float:
    """Phi(-y sqrt H): the chance of the wrong sign at gap y / (2 sqrt n) when each trajectory holds H tosses of the same coin.

    Labels: prop-trap-exponential. Source: ours.
    """
    return float(special.ndtr(-y * math.sqrt(horizon)))
