"""What sums of codewords can be."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qbc.quantizers import Floats


def spread(books: Sequence[Floats], mean: Floats) -> Floats:
    """(m,) how far mean (m,) plus one vector of each book (K, m) can lie from a point of [−1, 1], in each coordinate."""
    low = mean + sum(b.min(axis=0) for b in books)
    high = mean + sum(b.max(axis=0) for b in books)
    return np.asarray(np.maximum(1 - low, high + 1) * (1 + 1e-9))
