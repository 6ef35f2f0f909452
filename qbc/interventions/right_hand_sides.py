"""``bound-low`` and ``bound-high``: every right-hand side times .8, or times 1.25."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from qbc import bounds
from qbc.bounds.domain import is_bound
from qbc.interventions.swaps import Function, Swap

FACTORS = {"bound-low": 0.8, "bound-high": 1.25}


def scaled(x: Any, factor: float) -> Any:
    """``x``, a number, an array or a collection of them, times ``factor``; what is no number stays."""
    if isinstance(x, dict):
        return {k: scaled(v, factor) for k, v in x.items()}
    if isinstance(x, list | tuple):
        return type(x)(scaled(v, factor) for v in x)
    if isinstance(x, bool | np.bool_ | str) or x is None or callable(x):
        return x
    return x * factor


def times(factor: float) -> Callable[[Function], Function]:
    return lambda original: lambda *args, **kwargs: scaled(original(*args, **kwargs), factor)


def swaps() -> Iterator[Swap]:
    """One for each bound and direction."""
    for name, value in vars(bounds).items():
        if is_bound(value):
            yield from (Swap(which, f"qbc.bounds:{name}", times(factor)) for which, factor in FACTORS.items())
