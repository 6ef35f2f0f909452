"""Arrays whose entries are numbers, or a word on the one that is not."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def numbers(name: str, x: ArrayLike) -> NDArray[np.float64]:
    """x as float64, of any shape; texts, complex numbers and lists of unlike lengths raise ``ValueError`` with the name."""
    try:
        array = np.asarray(x)
        if array.dtype.kind in "biuf":
            return np.asarray(array, dtype=np.float64)
    except ValueError:  # unlike lengths
        pass
    raise ValueError(f"{name}: an array of numbers")


def finite(name: str, a: NDArray[np.floating], *axes: str) -> None:
    """Raise ``ValueError`` that names the first entry of ``a`` that is NaN or infinite; ``axes`` are words for its indices."""
    if np.isfinite(a).all():
        return
    at = tuple(np.argwhere(~np.isfinite(a))[0].tolist())
    where = ", ".join(f"{axis} {i}" for axis, i in zip(axes, at, strict=False))
    raise ValueError(f"{name}: {where} is {a[at]}, not a finite number")
