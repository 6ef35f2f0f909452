"""What the arguments of quantizers must be. Every error is one line and begins with the argument's name."""

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.int64]

LARGEST = float(np.finfo(np.float64).max) / 2  # of numbers up to this, sums and differences are finite


def check_count(name: str, n: object) -> int:
    if not (isinstance(n, int | np.integer) and not isinstance(n, bool) and n >= 1):
        raise ValueError(f"{name}: a positive integer, not {n!r}")
    return int(n)


def check_range(low: float, high: float) -> None:
    if not -LARGEST <= low < high <= LARGEST:
        raise ValueError(f"low, high: at most {LARGEST:.3g} in size, with low < high, not {low}, {high}")


def increasing(name: str, x: ArrayLike, *, point: bool = False) -> Floats:
    """A read-only copy of x (n,). With ``point``, two equal numbers will do, too."""
    try:
        array = np.array(x, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        array = np.empty(0)
    good = array.ndim == 1 and array.size > 0 and bool((np.abs(array) <= LARGEST).all())  # False for NaN
    if not (good and ((np.diff(array) > 0).all() or (point and array.size == 2 and array[0] == array[1]))):
        raise ValueError(f"{name}: one-dimensional, non-empty, finite (at most {LARGEST:.3g} in size), strictly increasing")
    array.setflags(write=False)
    return array


def no_nan(u: ArrayLike) -> Floats:
    array = np.asarray(u, dtype=np.float64)
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
    array = np.asarray(x, dtype=np.float64)
    if array.ndim != ndim:
        shape, other = ("(N,)", "fit takes (N, d)") if ndim == 1 else ("(N, d)", "kmeans, quantile and fit_... take (N,)")
        raise ValueError(f"{name}: {shape}, not {array.shape}; {other}")
    if not array.size:
        raise ValueError(f"{name}: at least one number")
    good = np.abs(array) <= LARGEST  # False for NaN
    if not good.all():
        raise ValueError(f"{name}: finite, at most {LARGEST:.3g} in size, not {array[~good][0]}{entry(~good)}")
    return array
