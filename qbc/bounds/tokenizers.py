"""Chapter 16: what tokenizers of chunks cost, before anybody trains. ``width`` is that of a cell, in units of the action."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import ArrayLike

from qbc.bounds.domain import Count, Positive, Share, bound


@bound("on_edges + on_centres <= 1")
def rounded_rms(width: Positive, on_edges: Share, on_centres: Share) -> float:
    """width sqrt((1 + 2 on_edges - on_centres) / 12): the rms error of equal bins decoded at their centres, for actions of which these
    shares lie on an edge and on a centre, and the rest anywhere in a cell alike.

    Labels: prop-tok-rounding. Source: ours. On an edge the error is width / 2, whose square is three times the mean of the others'.
    """
    return float(width * np.sqrt((1 + 2 * on_edges - on_centres) / 12))


@bound()
def rounded_roughness(width: Positive) -> float:
    """width / sqrt(2): the rms second difference of rounding errors, of three steps in a row that fall into their cells independently.

    Labels: prop-tok-smooth. Source: ours. Variances add: (1 + 4 + 1) width^2 / 12.
    """
    return float(width / np.sqrt(2))


@bound()
def wrong_code_rms(
    spans: Annotated[ArrayLike, "(d,) of (0, inf)"],
    offsets: Annotated[ArrayLike, "(d,)"],
    codes: Annotated[int, "[2, inf)"],
    steps: Count,
) -> float:
    """By how much, rms over all entries of a chunk of ``steps`` steps and in standard deviations of the actions, one wrong token moves
    it, if each entry has a token of its own of so many equal bins and the wrong one is any other alike. ``spans``: the range of each
    coordinate; ``offsets``: from the middle of its range to its mean, both in standard deviations.

    Labels: prop-tok-wrong. Source: ours. Of n codes the mean square distance from v to the others is
    n / (n - 1) [(v - middle)^2 + span^2 (1 - 1 / n^2) / 12].
    """
    r, m = np.asarray(spans, dtype=float), np.asarray(offsets, dtype=float)
    squares = codes / (codes - 1) * (1 + m**2 + r**2 * (1 - 1 / codes**2) / 12)
    return float(np.sqrt(squares.mean() / (steps * len(r))))
