"""Classifiers, regressors, clusterings and densities of scikit-learn, fitted."""

from __future__ import annotations

from typing import TypeVar

from numpy.typing import ArrayLike

E = TypeVar("E")


def fit_estimator(estimator: E, x: ArrayLike, y: ArrayLike | None = None) -> E:
    """A copy of the unfitted scikit-learn ``estimator``, fitted to x (N, d), with labels or targets y (N, ...) if it takes any.

    Raises what the estimator raises for data it cannot be fitted to.
    """
    from sklearn.base import clone  # slow to import, needed here only

    fitted: E = clone(estimator)
    fitted.fit(x, y)  # type: ignore[attr-defined]
    return fitted
