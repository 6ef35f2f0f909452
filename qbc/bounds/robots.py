"""Chapter 14: what a quantised policy does on simulated robots. ``width`` is that of a cell, in units of the action."""

from __future__ import annotations

from typing import Annotated, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qbc.bounds.domain import Count, NonNegative, Positive, bound

Array = NDArray[np.float64]
SMALL = 1e-12  # of the sum so far: a term below it ends a sum that converges geometrically


@bound()
def quantised_deviation(
    A: Annotated[ArrayLike, "(n, n)"],
    B: Annotated[ArrayLike, "(n, m)"],
    K: Annotated[ArrayLike, "(m, n)"],
    C: Annotated[ArrayLike, "(p, n)"],
    width: Positive,
    length: Count,
) -> Annotated[float, "[0, inf]"]:
    """The largest |C d|, d the distance from the expert's run on x' = A x + B u, if chunks of ``length`` actions of the expert u = K x
    are planned at their starts, rounded by at most width / 2 each, and executed: (width / 2) max_j [sum_{i<j} |C A^(j-1-i) B| +
    sum_{m >= 0} sum_{i<length} |C F^(length m + j) A^(length-1-i) B|], F = A + B K. Infinite where F is not stable.

    Labels: prop-idp-l1, prop-idp-chunk, find-idp-learned. Source: ours; length 1 is the l1 gain of the loop.
    """
    a, b, k, c = (cast(Array, np.asarray(m)) for m in (A, B, K, C))
    F = a + b @ k
    if np.abs(np.linalg.eigvals(F)).max() >= 1:
        return float("inf")
    inside = [b]
    for _ in range(length - 1):
        inside.append(a @ inside[-1])  # A^i B

    def size(m: Array) -> float:
        return float(np.linalg.norm(c @ m, 2))

    jump, worst = np.linalg.matrix_power(F, length), 0.0
    for j in range(1, length + 1):
        total = sum(size(m) for m in inside[:j])
        carried = [np.linalg.matrix_power(F, j) @ m for m in inside]
        while True:
            term = sum(size(m) for m in carried)
            total += term
            if max(np.abs(m).max() for m in carried) <= SMALL * total:
                break
            carried = [jump @ m for m in carried]
        worst = max(worst, total)
    return width / 2 * worst


@bound()
def chunk_growth(A: Annotated[ArrayLike, "(n, n)"]) -> float:
    """The spectral radius of A: by what factor a step more of a long chunk, executed without looking, multiplies its deviation.

    Labels: find-idp-rate. Source: ours.
    """
    return float(np.abs(np.linalg.eigvals(np.asarray(A))).max())


@bound()
def dead_band(width: Positive, gain: Positive) -> float:
    """width / (2 gain): how far from its goal an arm may rest whose command gain (goal - place) is rounded to 0.

    Labels: find-fetch-stall. Source: ours.
    """
    return width / (2 * gain)


@bound()
def zero_drift(width: Positive) -> float:
    """width / 2: how far a desired position drifts in a step in which the demonstrator rests, if the increments' grid is symmetric and
    has an even number of cells: 0 is an edge, and always becomes the centre on the same side.

    Labels: find-avoid-zero. Source: ours.
    """
    return width / 2


@bound()
def gate_opens(width: Positive, gain: Positive, tolerance: Positive) -> float:
    """1 if an arm with this dead band rests within ``tolerance`` of its goal on every axis whatever the start, else 0.

    Labels: find-fetch-gate. Source: ours. Between the tolerance and twice that it depends on where the last step ends.
    """
    return float(width / (2 * gain) <= tolerance)


@bound()
def snapped(noise: NonNegative, spread: Positive, stiff: Positive, held: Positive, steps: Count) -> Annotated[float, "[0, 1]"]:
    """What is left, after ``steps`` of ``held`` seconds each, of a displacement from which a rod of 1 kg starts at rest, if a
    critically damped servo of stiffness ``stiff`` [N/m] is told rho times the displacement at the start of each step, rho = spread^2
    / (spread^2 + noise^2): the target of a learner trained with this noise on demonstrations of this spread. 1 without noise.

    Labels: find-rod-snap. Source: ours; rho is chapter 08's.
    """
    rho, w = spread**2 / (spread**2 + noise**2), stiff**0.5
    free = np.exp(-w * held) * np.array([[1 + w * held, held], [-(w**2) * held, 1 - w * held]])  # of (displacement, velocity)
    step = free + (np.eye(2) - free) @ np.array([[rho, 0.0], [0.0, 0.0]])
    return float(np.linalg.matrix_power(step, steps)[0, 0])
