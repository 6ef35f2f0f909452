"""A swap replaces one function of qbc, wherever it is bound; an intervention is the list of its swaps."""

from __future__ import annotations

import functools
import importlib
import pkgutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Function = Callable[..., Any]

NAMES = ("none", "data", "fit", "less", "rollout", "quantizer", "bound-low", "bound-high", "effort")
reached: Counter[str] = Counter()  # how often a swapped function was called, by intervention, whichever of them holds


@dataclass(frozen=True)
class Swap:
    """``target`` is ``module:function`` or ``module:Class.method``; ``make`` turns the original into its replacement."""

    intervention: str
    target: str
    make: Callable[[Function], Function]


def swaps() -> Iterator[Swap]:
    """Every swap of every intervention: one for each right-hand side, and what the modules beside this one list as ``SWAPS``."""
    from qbc.interventions import right_hand_sides

    yield from right_hand_sides.swaps()
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if not module.name.startswith("_"):
            yield from getattr(importlib.import_module(f"qbc.interventions.{module.name}"), "SWAPS", ())


def apply(active: str) -> None:
    """Put the swaps of the intervention ``active`` in force in this process; calls of all others' targets are counted.

    Raises ``ValueError`` for a name that is not in :data:`NAMES`.
    """
    if active not in NAMES:
        raise ValueError(f"there is no intervention {active!r}; there are {', '.join(NAMES)}")
    for swap in swaps():
        module, _, path = swap.target.partition(":")
        owner: Any = importlib.import_module(module)
        *outer, name = path.split(".")
        for part in outer:
            owner = getattr(owner, part)
        original = vars(owner)[name]
        new = _counted(swap.intervention, original, swap.make(original) if swap.intervention == active else original)
        if outer or module == "qbc.bounds":  # a method; or a bound as chapters call it, while bounds that call bounds are left alone
            setattr(owner, name, new)
        else:
            everywhere(original, new)


def _counted(intervention: str, original: Function, new: Function) -> Function:
    @functools.wraps(original)
    def counted(*args: Any, **kwargs: Any) -> Any:
        reached[intervention] += 1
        return new(*args, **kwargs)

    return counted


def everywhere(old: Function, new: Function) -> None:
    """Bind every name in qbc that is bound to ``old`` to ``new``."""
    for module in [m for n, m in sys.modules.items() if n == "qbc" or n.startswith("qbc.")]:
        for name in [n for n, value in vars(module).items() if value is old]:
            setattr(module, name, new)
