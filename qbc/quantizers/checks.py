"""What the arguments of quantizers must be. Every error is one line and begins with the argument's name."""

import sys
import warnings
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qbc.arrays import numbers

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.int64]
Random: TypeAlias = np.random.Generator | None

LARGEST = float(np.finfo(np.float64).max) / 2  # of numbers up to this, sums and differences are finite


def check_count(name: str, n: object) -> int:
    if not (isinstance(n, int | np.integer) and not isinstance(n, bool) and n >= 1):
        raise ValueError(f"{name}: a positive integer, not {n!r}")
    return int(n)


def check_range(low: float, high: float, names: tuple[str, str] = ("low", "high")) -> None:
    a, b = names
    if not -LARGEST <= _float(low) < _float(high) <= LARGEST:
        raise ValueError(f"{a}, {b}: numbers of at most {LARGEST:.3g} in size, with {a} < {b}, not {low!r}, {high!r}")


def check_real(name: str, x: object) -> float:
    if not -np.inf < _float(x) < np.inf:
        raise ValueError(f"{name}: a finite number, not {x!r}")
    return _float(x)


def check_positive(name: str, x: float) -> None:
    if not 0 < _float(x) <= LARGEST:
        raise ValueError(f"{name}: positive and finite, not {x!r}")


def _float(x: object) -> float:
    """NaN for what is no real number, and infinity for an integer that no float is."""
    if not isinstance(x, int | float | np.integer | np.floating) or isinstance(x, bool):
        return np.nan
    try:
        return float(x)
    except OverflowError:
        return np.inf if x > 0 else -np.inf


def generator(why: str, rng: object) -> np.random.Generator:
    """rng, if it is what draws."""
    if not isinstance(rng, np.random.Generator):
        raise ValueError(f"rng: {why} a numpy Generator, not {rng!r}")
    return rng


def warn(text: str, category: type[Warning]) -> None:
    """A warning that points to the line from which the quantizers were called."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back and str(frame.f_globals.get("__name__")).startswith("qbc.quantizers."):
        level, frame = level + 1, frame.f_back
    warnings.warn(text, category, stacklevel=level)


def increasing(name: str, x: ArrayLike, *, point: bool = False) -> Floats:
    """A read-only copy of x (n,). With ``point``, two equal numbers will do, too."""
    array = np.array(numbers(name, x))
    good = array.ndim == 1 and array.size > 0 and bool((np.abs(array) <= LARGEST).all())  # False for NaN
    if not (good and ((np.diff(array) > 0).all() or (point and array.size == 2 and array[0] == array[1]))):
        raise ValueError(f"{name}: one-dimensional, non-empty, finite (at most {LARGEST:.3g} in size), strictly increasing")
    array.setflags(write=False)
    return array


def no_nan(u: ArrayLike) -> Floats:
    array = numbers("u", u)
    if np.isnan(array).any():
        raise ValueError(f"u: must not contain NaN, as it does{entry(np.isnan(array))}")
    return array


def some(u: ArrayLike) -> Floats:
    """At least one action, none NaN."""
    array = no_nan(u)
    if not array.size:
        raise ValueError("u: at least one action")
    return array


def entry(bad: NDArray[np.bool_]) -> str:
    """Words for where the first True of an array stands."""
    where = np.argwhere(bad)[0].tolist()
    return f" at [{', '.join(map(str, where))}]" if where else ""


def data(name: str, x: ArrayLike, ndim: int = 1) -> Floats:
    """x as floats, (N,) or (N, d), none missing; fits call it."""
    array = numbers(name, x)
    if array.ndim != ndim:
        shape, other = ("(N,)", "fit takes (N, d)") if ndim == 1 else ("(N, d)", "kmeans, quantile and fit_... take (N,)")
        raise ValueError(f"{name}: {shape}, not {array.shape}; {other}")
    if not array.size:
        raise ValueError(f"{name}: at least one number")
    good = np.abs(array) <= LARGEST  # False for NaN
    if not good.all():
        raise ValueError(f"{name}: finite, at most {LARGEST:.3g} in size, not {array[~good][0]}{entry(~good)}")
    return array
