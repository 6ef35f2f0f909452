"""The right-hand side of a statement that has no parameters: a number, written in its chapter."""

from __future__ import annotations

from qbc.bounds.domain import Finite, bound


@bound()
def prediction(label: str, value: Finite) -> float:
    """The number that the statement ``label`` predicts.

    Raises ``ValueError`` for a number that is not finite.
    """
    return value
