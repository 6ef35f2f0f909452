"""Arrays whose entries are numbers, or a word on the one that is not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def finite(name: str, a: NDArray[np.floating], *axes: str) -> None:
    """Raise ``ValueError`` that names the first entry of ``a`` that is NaN or infinite; ``axes`` are words for its indices."""
    if np.isfinite(a).all():
        return
    at = tuple(np.argwhere(~np.isfinite(a))[0].tolist())
    where = ", ".join(f"{axis} {i}" for axis, i in zip(axes, at, strict=False))
    raise ValueError(f"{name}: {where} is {a[at]}, not a finite number")
