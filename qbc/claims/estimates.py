"""Numbers with intervals, and the intervals' ways of being made."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

LEVEL = 1 - 1e-6


@dataclass(frozen=True)
class Estimate:
    """A number with the interval that covers it at the confidence it was made with; ``low == high`` if nothing was sampled.

    ``sampled`` says how the number was made, whatever its interval: one that rounding has closed is sampled all the same.
    """

    value: float
    low: float
    high: float
    sampled: bool = True

    def __post_init__(self) -> None:
        if not self.low <= self.value <= self.high:
            raise ValueError(f"an Estimate needs low <= value <= high, got {self.low} <= {self.value} <= {self.high}")

    def map(self, g: Callable[[float], float]) -> Estimate:
        """The estimate of ``g(value)`` for a monotone ``g``; the coverage is unchanged."""
        ends = sorted((g(self.low), g(self.high)))
        return Estimate(g(self.value), ends[0], ends[1], self.sampled)

    def __format__(self, spec: str) -> str:
        if self.low == self.high:
            return format(self.value, spec)
        return f"{self.value:{spec}} [{self.low:{spec}}, {self.high:{spec}}]"


def _sample(name: str, x: ArrayLike) -> NDArray[np.float64]:
    a = np.asarray(x, dtype=float).ravel()
    if a.size < 2:
        raise ValueError(f"{name} needs at least 2 samples, got {a.size}")
    if not np.isfinite(a).all():
        raise ValueError(f"{name} needs finite samples, got {int((~np.isfinite(a)).sum())} that are not")
    return a


def exact(value: float) -> Estimate:
    """A number that no sampling stands behind."""
    return Estimate(float(value), float(value), float(value), sampled=False)


def mean(x: ArrayLike, *, level: float = LEVEL) -> Estimate:
    """Student's interval for the mean of independent samples ``x`` (any shape; flattened).

    Right to the extent that the mean is nearly normal: a rare event needs some hundred occurrences, or :func:`proportion`.
    """
    a = _sample("mean", x)
    if a.min() == a.max():
        raise ValueError("mean needs samples that vary: use proportion for counts, exact for a number without sampling")
    half = float(stats.t.ppf((1 + level) / 2, a.size - 1) * a.std(ddof=1) / math.sqrt(a.size))
    m = float(a.mean())
    return Estimate(m, m - half, m + half)


def proportion(successes: int, trials: int, *, level: float = LEVEL) -> Estimate:
    """The exact binomial (Clopper-Pearson) interval for a probability, from ``successes`` out of ``trials``."""
    successes, trials = operator.index(successes), operator.index(trials)
    if not 0 <= successes <= trials or trials < 1:
        raise ValueError(f"proportion needs 0 <= successes <= trials, trials >= 1; got {successes} of {trials}")
    ci = stats.binomtest(successes, trials).proportion_ci(level, method="exact")
    return Estimate(successes / trials, float(ci.low), float(ci.high))


def quantile(x: ArrayLike, q: float, *, level: float = LEVEL) -> Estimate:
    """The distribution-free interval for a quantile: two order statistics of the sample; infinite where the sample is too small."""
    if not 0 < q < 1:
        raise ValueError(f"quantile needs 0 < q < 1, got {q}")
    a = np.sort(_sample("quantile", x))
    # X_(k) <= quantile iff at least k samples lie below it, and that count is Binomial(n, q).
    k_low = int(stats.binom.ppf((1 - level) / 2, a.size, q))
    k_high = int(stats.binom.ppf((1 + level) / 2, a.size, q)) + 1
    low = float(a[k_low - 1]) if k_low >= 1 else -math.inf
    high = float(a[k_high - 1]) if k_high <= a.size else math.inf
    return Estimate(float(np.quantile(a, q, method="inverted_cdf")), low, high)


def slope(
    x: ArrayLike,
    samples: Sequence[ArrayLike],
    *,
    rng: np.random.Generator,
    transform: Callable[[NDArray[np.float64]], NDArray[np.float64]] = np.log,
    level: float = LEVEL,
    resamples: int = 400,
) -> Estimate:
    """Least-squares slope of ``transform(mean of samples[i])`` against ``transform(x[i])``.

    ``samples[i]`` holds the independent samples taken at ``x[i]``, each group independent of the others. The interval is
    Student's quantile times the bootstrap standard error (scipy, every group resampled on its own). The default
    transform gives the exponent of a power law.
    """
    t = transform(np.asarray(x, dtype=float))
    if t.size != len(samples) or t.size < 2:
        raise ValueError(f"slope needs one group of samples for each of at least 2 points, got {len(samples)} for {t.size}")
    groups = [_sample("slope", s) for s in samples]
    weights = (t - t.mean()) / ((t - t.mean()) ** 2).sum()

    def statistic(*gs: NDArray[np.float64], axis: int = -1) -> NDArray[np.float64]:
        y = transform(np.stack([g.mean(axis=axis) for g in gs]))
        return np.tensordot(weights, y, axes=1)

    value = float(statistic(*groups))
    if not math.isfinite(value):
        raise ValueError("slope is not finite: a group's mean lies outside the domain of the transform")
    boot = stats.bootstrap(groups, statistic, n_resamples=resamples, batch=1, method="percentile", rng=rng)
    half = float(stats.t.ppf((1 + level) / 2, min(g.size for g in groups) - 1) * boot.standard_error)
    if not math.isfinite(half):
        raise ValueError("slope has no finite standard error: a resampled mean left the domain of the transform")
    if half == 0:
        raise ValueError("slope needs samples that vary: for numbers without sampling, compute it and use exact")
    return Estimate(value, value - half, value + half)
