"""Classifiers, regressors, clusterings and densities of scikit-learn, fitted."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike

from qbc.arrays import finite

E = TypeVar("E")


def fit_estimator(estimator: E, x: ArrayLike, y: ArrayLike | None = None) -> E:
    """A copy of the unfitted scikit-learn ``estimator``, fitted to x (N, d), with labels or targets y (N, ...) if it takes any.

    Raises ``ValueError`` naming row and column of what is no finite number, and what the estimator raises for other data.
    """
    for name, a in (("x", x), ("y", y)):
        if a is not None and np.asarray(a).dtype.kind == "f":
            finite(name, np.reshape(a, (len(np.asarray(a)), -1)), "row", "column")

    from sklearn.base import clone  # slow to import, needed here only

    fitted: E = clone(estimator)
    fitted.fit(x, y)  # type: ignore[attr-defined]
    return fitted
