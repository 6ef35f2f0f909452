"""Which rows a learner is shown that sees a tenth of its data: the first ones; more, where it could not begin with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

SHARE = 10
Rows = NDArray[np.int64]


def few_samples(n: int, given: Mapping[str, Any]) -> Rows:
    """The first tenth of n samples: two at least, as many as there are clusters, components or ways, of tokens each once, and where
    a classifier would see one class only two of each."""
    estimator, y = given.get("estimator"), given.get("y")
    parts = [getattr(estimator, name, None) for name in ("n_clusters", "n_components")] + [given.get("ways")]
    rows = np.arange(min(max(2, n // SHARE, *(p for p in parts if isinstance(p, int))), n))
    if given.get("codes") is not None:
        return np.union1d(rows, np.unique(given["codes"], return_index=True)[1])
    if y is None or estimator is None:
        return rows

    from sklearn.base import is_classifier  # slow to import, needed here only

    if not is_classifier(estimator) or len(np.unique(np.asarray(y)[rows])) > 1:
        return rows
    return np.union1d(rows, np.concatenate([np.flatnonzero(y == label)[:2] for label in np.unique(y)]))


def few_rows(demos: Any, fit: Any, least: int, strata: int) -> Rows:
    """The first tenth of the rows: whole strata, ``least`` learned from; before them a row for each step that none of them shows."""
    n = max(max(2, demos.rows // SHARE) // strata, 1) * strata
    while n < demos.rows and (n - round(fit.held_out * n) < least or (fit.held_out and not round(fit.held_out * n))):
        n += strata
    shown, weighs = (1.0 if a is None else a for a in (demos.mask, None if demos.weights is None else demos.weights[..., None]))
    there = shown * weighs * np.ones(demos.u.shape[:3]) > 0
    lacking = ~there[:, fit.learned(min(n, demos.rows))].any(axis=1)
    rows = np.array(list(dict.fromkeys([*there.argmax(axis=1)[lacking], *range(demos.rows)[:n]])))
    return np.concatenate([rows, np.setdiff1d(np.arange(demos.rows), rows)[: -len(rows) % strata]])


def enough_rows(demos: Any, fit: Any, given: Mapping[str, Any]) -> Rows:
    """:func:`few_rows`, and as many of those that follow as the learner, of arguments ``given``, asks for beyond their number: whole
    strata among all that are learned from, pairs, and before them the first rows of as many different chunks as k-means has centres.
    """
    strata, codes = given.get("strata", 1), np.atleast_1d(given.get("codes", 0))
    rows = few_rows(demos, fit, max(2, given.get("components", 0), *codes), strata)
    centres = 0 if np.ndim(given.get("codes", 0)) else int(codes[0])  # a codebook has a number for each data set, and may repeat itself
    pairs, weighs = given.get("penalty") == "mmd", demos.weights
    weighs = np.ones((demos.k, demos.rows)) if weighs is None else weighs

    def first_of_each(of: Rows) -> list[Rows]:
        """Of rows, those that are the first to show a chunk that weighs, for each network."""
        each = [of[w[of] > 0] for w in weighs]
        return [r[np.sort(np.unique(u[r], axis=0, return_index=True)[1])] for u, r in zip(demos.u, each, strict=True)]

    def refused(shown: Rows) -> bool:
        learned = shown[fit.learned(len(shown))]
        if fit.batch is None and len(learned) % strata:
            return True
        if pairs and (len(shown) - len(learned) == 1 or (weighs[:, learned] > 0).sum(axis=1).min() < 2):
            return True
        return centres > 1 and min(map(len, first_of_each(learned))) < centres

    if centres > 1 and refused(rows):
        first = [r[:centres] for r in first_of_each(np.arange(demos.rows))]
        rows = np.array(list(dict.fromkeys([*np.concatenate(first), *rows])))
    rest = np.setdiff1d(np.arange(demos.rows), rows)
    candidates = (np.concatenate([rows, rest[:more]]) for more in range(len(rest) + 1))
    return next((shown for shown in candidates if not refused(shown)), rows)
