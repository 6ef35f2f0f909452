"""What is done in neighbouring states of different episodes: how fast actions change with the state, and whether there is one answer.

Smoothness is that of Definition 4 of Cao & Xie, as reported (chapter 03): the probability that two states at a small distance get
actions further apart than eps'. Ways are looked for as ``qbc.tasks.mode_blind`` has them (chapter 13b), between two centres.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qbc.claims import Estimate, proportion
from qbc.diagnose.marginals import Dimension
from qbc.diagnose.rows import Array, Sample
from qbc.tasks import mode_blind

PLACES = 256  # states looked at
NEAR = 16  # neighbours of a place, each of another episode
CLOSE = 0.5  # of the median distance of two states: beyond, they are no neighbours
GAP = 6.0  # gap of two groups over their width, which sixteen normal draws exceed about twice in a thousand times
LEAST = 4  # neighbours in the smaller group
DRAWS = 200  # of the mode-blind sampler at a place
SHOWN = 16  # places at which it draws
SPLIT = 0.1  # eps', as a share of q99 - q01


@dataclass(frozen=True)
class Neighbours:
    """Pairs and groups of neighbouring states. Distances of states are in standard deviations, of actions in shares of q99 - q01."""

    places: int  # states whose neighbours are near enough to say something; 0: nothing is seen, and the rest is 0 or None
    why: str  # why nothing is seen; "" otherwise
    distance: float  # of nearest neighbours in other episodes, median
    jump: float  # between their actions, largest dimension, median
    apart: float  # the same for two rows at random: where both agree, the state does not tell the action
    slope: float  # jump over distance, median
    split: Estimate | None  # P(jump > eps') of nearest neighbours, eps' = SPLIT: the cost of Definition 4
    two_ways: Estimate | None  # share of places whose neighbours form two groups
    ways_at: int  # number of such places
    unsupported: float  # share of mode-blind draws there that are nearer to no demonstration than demonstrations to each other


def neighbours(sample: Sample, dimensions: Sequence[Dimension], chunk: int, rng: np.random.Generator) -> Neighbours:
    """Look at places drawn from a sample. Actions are chunks of ``chunk`` steps, less what is linear in the state."""
    chosen = [i for i, d in enumerate(dimensions) if d.kind == "continuous" and d.spread > 0 and not d.wraps]
    if sample.states is None or not sample.states.size:
        return _unseen("no state was recorded")
    if not chosen:
        return _unseen("no action dimension varies")
    at, _ = sample.pairs(chunk - 1)
    if len(np.unique(sample.episode[at])) <= NEAR:
        return _unseen(f"fewer than {NEAR + 2} episodes are longer than a chunk of {chunk} steps")
    x = _scaled(sample.states[at])
    u = sample.actions[:, chosen] / np.array([dimensions[i].spread for i in chosen])
    now = u[at]
    chunks = _unexplained(np.stack([u[at + k] for k in range(chunk)], axis=1).reshape(len(at), -1), x)
    episode = np.unique(sample.episode[at], return_inverse=True)[1]
    some = rng.integers(len(at), size=(2, 4096))
    typical = float(np.median(np.linalg.norm(x[some[0]] - x[some[1]], axis=1)))
    if not typical > 0:
        return _unseen("the state does not vary")
    apart = float(np.median(np.abs(now[some[0]] - now[some[1]]).max(axis=1)))
    groups, distances = [], []
    for i in rng.choice(len(at), size=min(PLACES, len(at)), replace=False):
        rows, far = _nearest(x, episode, int(i))
        if far[-1] <= CLOSE * typical:
            groups.append(np.concatenate([[i], rows]))
            distances.append(far[0])
    if not groups:
        return _unseen(f"no state has {NEAR} near neighbours in other episodes")
    pairs = np.array([g[:2] for g in groups])
    jump = np.abs(now[pairs[:, 0]] - now[pairs[:, 1]]).max(axis=1)
    near = np.array(distances)
    forked = [g for g in groups if two_groups(chunks[g[1:]])]
    blind = [_unsupported(chunks[g[1:]].reshape(NEAR, chunk, -1), rng) for g in forked[:SHOWN]]
    return Neighbours(
        len(groups),
        "",
        float(np.median(near)),
        float(np.median(jump)),
        apart,
        float(np.median(jump[near > 0] / near[near > 0])) if (near > 0).any() else 0.0,
        proportion(int((jump > SPLIT).sum()), len(groups), level=0.95),
        proportion(len(forked), len(groups), level=0.95),
        len(forked),
        float(np.mean(blind)) if blind else 0.0,
    )


def _unseen(why: str) -> Neighbours:
    return Neighbours(0, why, 0.0, 0.0, 0.0, 0.0, None, None, 0, 0.0)


def _scaled(x: Array) -> Array:
    """States in standard deviations; what does not vary is left out by being 0."""
    unit = np.abs(x).max(axis=0)
    x = x / np.where(unit > 0, unit, 1)
    sd = x.std(axis=0)
    return np.asarray(np.where(sd > 1e-9, (x - x.mean(axis=0)) / np.where(sd > 1e-9, sd, 1), 0.0))


def _unexplained(a: Array, x: Array) -> Array:
    """a (n, p) less its least-squares fit on x (n, q) and a constant: targets follow the state, and ways are beside that."""
    design = np.column_stack([x, np.ones(len(x))])
    return np.asarray(a - design @ np.linalg.lstsq(design, a, rcond=None)[0])


def _nearest(x: Array, episode: NDArray[np.int64], i: int) -> tuple[NDArray[np.int64], Array]:
    """The nearest row of each of the ``NEAR`` other episodes that come nearest to row i, and their distances."""
    d = np.linalg.norm(x - x[i], axis=1)
    order = np.argsort(d, kind="stable")
    _, first = np.unique(episode[order], return_index=True)  # the nearest row of each episode
    rows = order[np.sort(first)]
    rows = rows[episode[rows] != episode[i]][:NEAR]
    return rows, d[rows]


def ratio(a: Array) -> tuple[float, int]:
    """Of points (n, p) on their first principal axis, cut in two where that leaves least variance: the gap between the means
    over the standard deviation within the groups, and the size of the smaller group."""
    a = a - a.mean(axis=0)
    values = np.sort(a @ np.linalg.svd(a, full_matrices=False)[2][0])
    n = len(values)
    k = np.arange(1, n)
    total, square = np.cumsum(values), np.cumsum(values**2)
    left, right = total[:-1] / k, (total[-1] - total[:-1]) / (n - k)
    within = np.maximum(square[-1] - k * left**2 - (n - k) * right**2, 0.0) / n
    best = int(within.argmin())
    width = float(np.sqrt(within[best]))
    gap = float(right[best] - left[best])
    return (gap / width if width > 1e-9 * gap else np.inf if gap > 0 else 0.0), int(min(best + 1, n - best - 1))


def two_groups(a: Array) -> bool:
    """Whether points (n, p) form two groups, neither of them a few strays; what varies by rounding only forms one."""
    if np.ptp(a, axis=0).max() < 1e-6:
        return False
    gap, smaller = ratio(a)
    return gap > GAP and smaller >= LEAST


def _unsupported(chunks: Array, rng: np.random.Generator) -> float:
    """Share of mode-blind draws further from every demonstration than nine tenths of the demonstrations are from another one."""
    flat = chunks.reshape(len(chunks), -1)
    own = np.linalg.norm(flat[:, None] - flat[None], axis=2)
    np.fill_diagonal(own, np.inf)
    drawn = mode_blind(chunks, 2, DRAWS, rng).reshape(DRAWS, -1)
    nearest = np.linalg.norm(drawn[:, None] - flat[None], axis=2).min(axis=1)
    return float((nearest > np.quantile(own.min(axis=1), 0.9)).mean())
