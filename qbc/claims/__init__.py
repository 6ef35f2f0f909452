"""Estimates, checks and verdicts: what was measured, what was predicted, and whether the two agree.

A measured number is an :class:`Estimate` ``(value, low, high)``. A :func:`check` compares it with a right-hand side and
returns a :class:`Verdict`. The comparison is made on the whole interval, so widening an interval can turn a verdict into
``inconclusive`` but never into ``holds``.

Every interval is made at the confidence :data:`LEVEL`. The book's 500 verdicts compare some 1,800 intervals (no verdict more
than 220). With up to 3,000 a run shows a wrong one with probability at most 3,000 x 1e-6 = 0.3 %, whatever the seed, as far
as the intervals are exact; those of means and slopes lean on the normal law. That a true ``==`` is not left inconclusive is a
matter of power: a tolerance of at least nine standard errors leaves each case four of them to move in.
"""

from qbc.claims.checks import MIME, ClaimError, Verdict, check, glue
from qbc.claims.estimates import LEVEL, Estimate, exact, mean, proportion, quantile, slope

__all__ = [
    "LEVEL",
    "MIME",
    "ClaimError",
    "Estimate",
    "Verdict",
    "check",
    "exact",
    "glue",
    "mean",
    "proportion",
    "quantile",
    "slope",
]
