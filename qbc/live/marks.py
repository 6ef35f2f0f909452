"""Marks: what is drawn in a figure with sliders, in the units of its axes, and as a path of SVG."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.path import Path
from numpy.typing import ArrayLike, NDArray

from qbc.live.scales import Axis

LEFT, TOP, RIGHT, BOTTOM = 120, 70, 1050, 570  # the frame in a picture of WIDTH x HEIGHT
WIDTH, HEIGHT = 1100, 670
FINE = 0.8  # by how much a simplified line may be off, in these units


@dataclass(frozen=True)
class Mark:
    """Something drawn: its name in the key (empty: none), how it is drawn, the number of its colour, and points (n, 2), NaN between
    pieces."""

    label: str
    kind: str
    colour: int
    points: NDArray[np.float64]


def _columns(x: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
    return np.stack(np.broadcast_arrays(np.ravel(np.asarray(x, float)), np.ravel(np.asarray(y, float))), axis=1)


def line(label: str, x: ArrayLike, y: ArrayLike, *, kind: str = "line", colour: int = 0) -> Mark:
    """A line through x (n,) and y (n,), or one for each row of y (k, n); ``kind`` is "line", "dash", or "thin" for many.

    NaN leaves a gap.
    """
    rows = np.atleast_2d(np.asarray(y, float))
    gap = np.full((1, 2), np.nan)
    return Mark(label, kind, colour, np.concatenate([part for row in rows for part in (_columns(x, row), gap)]))


def dots(label: str, x: ArrayLike, y: ArrayLike, *, kind: str = "disc", colour: int = 0) -> Mark:
    """Dots at x (n,) and y (n,): "disc" or "square"."""
    return Mark(label, kind, colour, _columns(x, y))


def rule(label: str, *, x: float | None = None, y: float | None = None, colour: int = 0) -> Mark:
    """A dotted line across the whole frame, at ``x`` or at ``y``, in the units of that axis."""
    return Mark(label, "rule", colour, np.array([[np.nan if x is None else x, np.nan if y is None else y]]))


def band(label: str, x: ArrayLike, low: ArrayLike, high: ArrayLike, *, colour: int = 0) -> Mark:
    """The area between two lines over x (n,)."""
    there, back = _columns(x, low), _columns(x, high)[::-1]
    return Mark(label, "band", colour, np.concatenate([there, back, there[:1]]))


def _moves(piece: NDArray[np.int64]) -> str:
    """Whole coordinates (n, 2) as a path: the first absolute, the others relative."""
    steps = np.diff(piece, axis=0)
    said = "".join(f"{v}" if v < 0 else f" {v}" for v in steps[steps.any(axis=1)].ravel().tolist()).strip()
    return f"M{piece[0, 0]} {piece[0, 1]}" + (f"l{said}" if said else "")


def _across(a: float, b: float) -> str:
    """A rule at the coordinate that is given, a or b."""
    if LEFT <= a <= RIGHT:
        return f"M{round(a)} {TOP}V{BOTTOM}"
    return f"M{LEFT} {round(b)}H{RIGHT}" if TOP <= b <= BOTTOM else ""


def path(mark: Mark, x: Axis, y: Axis) -> str:
    """The mark as the path of an SVG, in whole units of the picture, clipped to its frame; empty if nothing of it lies there."""
    at = np.stack([x.place(mark.points[:, 0], LEFT, RIGHT), y.place(mark.points[:, 1], BOTTOM, TOP)], axis=1)
    if mark.kind == "rule":
        return _across(*at[0].tolist())
    if mark.kind in ("disc", "square"):
        inside = ((at >= [LEFT, TOP]) & (at <= [RIGHT, BOTTOM])).all(axis=1)
        return "".join(f"M{a} {b}h0" for a, b in np.round(at[inside]).astype(int).tolist())
    whole = Path(at)
    whole.simplify_threshold = FINE
    clean = whole.cleaned(simplify=True, clip=(LEFT, TOP, RIGHT, BOTTOM), remove_nans=True)
    codes, points = np.asarray(clean.codes), np.round(np.asarray(clean.vertices)).astype(int)
    points, starts = points[codes != Path.STOP], np.flatnonzero(codes == Path.MOVETO)
    return "".join(_moves(piece) for piece in np.split(points, starts[1:]) if len(piece) > 1)
