"""Codes of equal cells by arithmetic: one multiplication in place of a search, and the same codes to the last bit.

A cell is cut into 2^m parts: t = (u - origin) * scale is the number of u's part, in float64, and its whole part, an int32, gives the
code (the high bits) and the part within the cell (the low m). Rounding can matter only in the first two parts of a cell, which lie
around its true left end: what falls there is compared with that end. That this suffices is not argued from the sizes of rounding
errors but checked for every edge, in :func:`ruler`: t never falls as u grows, so two floats an edge decide for all.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qbc.quantizers.checks import Codes, Floats, no_nan

CHUNK = 32_768  # entries at once, or half as many of d > 1 coordinates: the intermediate arrays stay in the processor's cache
FEW = 1024  # below this a search is as fast


@dataclass(frozen=True, eq=False)
class Ruler:
    """d coordinates of equal cells, read from one array in which they alternate."""

    first: Floats  # (d, n) the least float of each cell, -inf for cell 0; rows are filled up with inf
    origin: Floats  # (d,) [action units]
    scale: Floats  # (d,) parts per action unit
    top: Floats  # (d,) the last part
    bits: int  # m


def firsts(edges: Floats, closed: str) -> Floats:
    """(n,) the least float of each cell: -inf for cell 0, then the edges, or the floats after them if those belong to the left."""
    inner = edges[1:-1] if closed == "left" else np.nextafter(edges[1:-1], np.inf)
    return np.concatenate([[-np.inf], inner])


def ruler(cells: Sequence[tuple[Floats, str]]) -> Ruler | None:
    """The ruler of (edges, closed) for each coordinate; None if some cells are not equal to rounding, or more than 2^24."""
    counts = [edges.size - 1 for edges, _ in cells]
    most = 31 - int(max(counts) - 1).bit_length()
    return next((r for m in range(most, 6, -4) if (r := _ruler(cells, counts, m))), None)


def _ruler(cells: Sequence[tuple[Floats, str]], counts: Sequence[int], bits: int) -> Ruler | None:
    parts, table = 2.0**bits, np.full((len(cells), max(counts)), np.inf)
    origin, scale = np.zeros(len(cells)), np.ones(len(cells))
    for j, ((edges, closed), n) in enumerate(zip(cells, counts, strict=True)):
        table[j, :n] = first = firsts(edges, closed)
        if n == 1:
            continue
        with np.errstate(all="ignore"):
            scale[j] = n * parts / (edges[-1] - edges[0])
            origin[j] = edges[0] - 1 / scale[j]  # an edge lies between the first two parts of its cell
            at = (first[1:] - origin[j]) * scale[j]
            before = (np.nextafter(first[1:], -np.inf) - origin[j]) * scale[j]
        start = np.arange(1, n) * parts
        if not (0 < scale[j] < np.inf and (at >= start).all() and (before < start + 2).all()):
            return None
    return Ruler(table, origin, scale, np.array(counts) * parts - 1, bits)


def encode(r: Ruler, u: Floats) -> Codes:
    """Codes of u (…, d), of its shape; of any shape if d = 1. NaN raises ``ValueError``."""
    flat, codes = u.reshape(-1), np.empty(u.shape, dtype=np.int64)
    out, d = codes.reshape(-1), len(r.origin)
    chunk = CHUNK if d == 1 else CHUNK // 2
    size = min(chunk // d * d or d, flat.size)
    origin, scale, top = ((x[0] if d == 1 else np.tile(x, size // d)) for x in (r.origin, r.scale, r.top))
    t, part, low = np.empty(size), np.empty(size, dtype=np.int32), np.empty(size, dtype=np.int32)
    mask, bits = np.int32((1 << r.bits) - 1), np.int32(r.bits)
    with np.errstate(over="ignore", invalid="ignore"):  # far outside t is infinite, and cut; NaN is found below
        for start in range(0, flat.size, size):
            x = flat[start : start + size]
            k = x.size
            if k < size:
                t, part, low = t[:k], part[:k], low[:k]
                origin, scale, top = ((v if d == 1 else v[:k]) for v in (origin, scale, top))
            np.subtract(x, origin, out=t)
            np.multiply(t, scale, out=t)
            np.clip(t, 2.0, top, out=t)
            np.copyto(part, t, casting="unsafe")
            np.bitwise_and(part, mask, out=low)
            np.right_shift(part, bits, out=part)
            if low.min() <= 1:  # NaN, as the least int32 or 0, comes here too
                near = np.flatnonzero(low <= 1)
                if np.isnan(x[near]).any():
                    no_nan(u)
                part[near] -= x[near] < r.first[near % d, part[near]]
            out[start : start + k] = part
    return codes
