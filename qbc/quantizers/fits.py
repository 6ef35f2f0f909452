"""Quantizers fitted to the actions `u` (N,) of one coordinate. Of several coordinates `fit` makes one quantizer each.

`quantile` and `kmeans` follow the data. Of these two hold: an *atom*, a value that more than 1/n of the actions have exactly, keeps a
code and decodes to itself; and at most n distinct values are the codebook. The others are grids over a range, whatever lies in it.
A coordinate that never moves gets one code, which decodes to it, from all of them.

Each tells what it could not do by a warning: `FewerCodes`, `LargeError`, `ManyTurns`. In messages the data are called `name`.
"""

import math
import warnings
from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qbc.quantizers.checks import Codes, Floats, Random, check_count, data, generator, warn
from qbc.quantizers.circle import Periodic, periodic
from qbc.quantizers.grids import Decode, check_decode, check_edges, codebook, decoded, midpoints, mu_law, openvla, uniform
from qbc.quantizers.quantizer import Cells, Fitted, root_mean_square

Q = TypeVar("Q", Cells, Periodic)


class FewerCodes(UserWarning):
    """A fit has fewer codes than were asked for, because values repeat in the data."""


class LargeError(UserWarning):
    """A fit loses nine tenths of the variance of its own data or more, or a grid misses half of them by more than nine tenths of them
    deviate from their median: a range far narrower than the data are, or cells far wider, as an outlier makes them."""


class ManyTurns(UserWarning):
    """Data span more than three turns of the circle that they are to lie on, as degrees do where radians are meant."""


def fit_uniform(u: ArrayLike, n_codes: int, *, name: str = "u") -> Cells:
    """`uniform` between the least and the largest action."""
    actions = data(name, u)
    check_count("n_codes", n_codes)
    low, high = float(actions.min()), float(actions.max())
    q = _point(low, high) if _flat(low, high, n_codes) else uniform(n_codes, low, high)
    return _told(q, "uniform", n_codes, n_codes, actions, name)


def fit_mu_law(u: ArrayLike, n_codes: int, *, name: str = "u") -> Cells:
    """`mu_law` with μ = 100 for u divided by the largest |u|; 0 stays the point where the codes are densest."""
    actions = data(name, u)
    check_count("n_codes", n_codes)
    low, high = float(actions.min()), float(actions.max())
    if _flat(low, high, n_codes):
        q = _point(low, high)
    else:
        unit, reach = mu_law(n_codes), max(abs(low), abs(high))
        q = Cells(reach * unit.values, reach * unit.edges)
    return _told(q, "mu-law", n_codes, n_codes, actions, name)


def fit_openvla(u: ArrayLike, n_edges: int = 256, *, name: str = "u") -> Cells:
    """`openvla` between the 1 % and 99 % quantiles of all actions pooled, not per episode; one code if these are equal."""
    actions = data(name, u)
    check_edges(n_edges)
    q01, q99 = (float(q) for q in np.quantile(actions, [0.01, 0.99]))
    q = _point(q01, q99) if _flat(q01, q99, n_edges) else openvla(q01, q99, n_edges)
    return _told(q, "openvla", n_edges, n_edges - 1, actions, name)


def on_circle(u: ArrayLike, n_codes: int, low: float, high: float, *, name: str) -> Periodic:
    """`periodic` on the circle from low to high [action units]: nothing is learned from data, but what does not suit them is told."""
    actions, q = data(name, u), periodic(n_codes, low, high)
    if np.ptp(actions) > 3 * (high - low):
        warn(f"{name}: data from {actions.min():.5g} to {actions.max():.5g} on a circle of length {high - low:.5g}", ManyTurns)
    return _told(q, "periodic", n_codes, n_codes, actions, name)


def quantile(u: ArrayLike, n_codes: int, decode: Decode = "center", *, name: str = "u") -> Cells:
    """Cells of equal mass, with the edges of scikit-learn's KBinsDiscretizer. Atoms are set aside: their cells end half way to
    their neighbours in the data, so that no other of them falls into one, and the codes that are left go to the others, between
    two atoms by their mass. Where no code is left, what lies between two atoms goes to the nearer.
    At most n distinct values are the codebook, whatever `decode`."""
    actions = data(name, u)
    check_count("n_codes", n_codes)
    check_decode(decode)
    levels, counts = np.unique(actions, return_counts=True)
    q = _book(levels, levels[0], levels[-1]) if levels.size <= n_codes else _around(levels, counts, n_codes, decode)
    return _told(q, "quantile", n_codes, n_codes, actions, name)


def kmeans(u: ArrayLike, n_codes: int, rng: Random, *, name: str = "u") -> Cells:
    """Codebook of the k-means centres, between the ends of the data (BeT, no offsets).
    The fit makes the *average* squared error small; the radius is whatever that leaves in the tails.
    Atoms are centres of their own; k-means places the others on the rest of the data. At most n distinct values are the codebook."""
    from sklearn.cluster import KMeans  # slow to import, needed here only
    from sklearn.exceptions import ConvergenceWarning

    actions = data(name, u)
    check_count("n_codes", n_codes)
    state = int(generator("k-means draws from", rng).integers(2**31))
    levels, counts = np.unique(actions, return_counts=True)
    low, high = levels[0], levels[-1]
    if levels.size > n_codes:
        atoms = levels[counts * n_codes > actions.size]
        rest = actions[~np.isin(actions, atoms)]
        power = np.frexp(np.abs(rest).max())[1]  # scaling by a power of two is exact, and squares neither vanish nor overflow
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # fewer centres than asked for: told below
            means = KMeans(n_codes - atoms.size, n_init=1, random_state=state).fit(np.ldexp(rest, -power)[:, None])
        centres = np.clip(np.ldexp(means.cluster_centers_[:, 0], power), low, high)  # a mean may be rounded beyond the data
        levels = np.union1d(atoms, centres)
    return _told(_book(levels, low, high), "kmeans", n_codes, n_codes, actions, name)


def _around(levels: Floats, counts: Codes, n: int, decode: Decode) -> Cells:
    """Cells of more than n levels with their counts in the data: one for each atom, which decodes to it, and quantiles between."""
    atom, between = _atoms(counts, n), midpoints(levels)
    if decode == "right":  # its cells own their right ends
        between = np.minimum(between, np.nextafter(levels[1:], -np.inf))
    outer = [_below(levels[0], between) if atom[0] else levels[0], _above(levels[-1], between) if atom[-1] else levels[-1]]
    cuts = [np.array(outer), between[atom[:-1] & atom[1:]]]
    starts = np.flatnonzero(~atom & np.r_[True, atom[:-1]])  # of the gaps between atoms
    stops = np.flatnonzero(~atom & np.r_[atom[1:], True]) + 1
    masses = np.array([counts[a:b].sum() for a, b in zip(starts, stops, strict=True)])
    for a, b, k in zip(starts, stops, _dealt(n - int(atom.sum()), masses), strict=True):
        sides = between[[i for i in (a - 1, b - 1) if 0 <= i < between.size]]
        if k:
            inner = np.linspace(0, 1, k + 1)[1:-1]
            cuts += [sides, np.quantile(np.repeat(levels[a:b], counts[a:b]), inner, method="averaged_inverted_cdf")]
        elif sides.size == 2:
            cuts.append(levels[[a - 1]] / 2 + levels[[b]] / 2)
    ends = np.unique(np.concatenate(cuts))
    values = decoded(ends, decode).copy()
    values[np.searchsorted(ends[1:-1], levels[atom], side="left" if decode == "right" else "right")] = levels[atom]
    return Cells(values, ends, closed="right" if decode == "right" else "left")


def _atoms(counts: Codes, n: int) -> NDArray[np.bool_]:
    """Which of more than n levels get a code of their own: those with more than their share, again once these are set aside."""
    atom = np.zeros(counts.size, dtype=bool)
    while (more := ~atom & (counts * (n - atom.sum()) > counts[~atom].sum())).any():
        atom |= more
    return atom


def _dealt(codes: int, masses: Codes) -> list[int]:
    """The codes for each gap: at least one, as far as they go; each next one where it has most to do.
    No gap gets more than it has levels: none of these has more than the mass of a code, and one code of a gap has at least that."""
    dealt = np.zeros(masses.size, dtype=np.int64)
    for _ in range(codes):
        need = masses / (dealt + (dealt == 0) / (2.0 * masses.sum()))
        dealt[need.argmax()] += 1
    return [int(k) for k in dealt]


def _book(levels: Floats, low: float, high: float) -> Cells:
    return codebook(levels, low, _above(high, midpoints(levels)))


def _above(high: float, between: Floats) -> float:
    """high, or the next float if the last cell would have no width: two levels next to each other among the floats."""
    return float(max([high, *np.nextafter(between[-1:], np.inf)]))


def _below(low: float, between: Floats) -> float:
    return float(min([low, *np.nextafter(between[:1], -np.inf)]))


def _flat(low: float, high: float, n: int) -> bool:
    """Whether a range has no room for n cells: what varies by its last digits only does not move."""
    return high - low <= 4 * n * float(np.spacing(max(abs(low), abs(high))))


def _point(low: float, high: float) -> Cells:
    return codebook([low + (high - low) / 2], low, high)


def _told(q: Q, kind: str, n: int, expected: int, actions: Floats, name: str) -> Q:
    """q with the record of what it was fitted to, once warnings have said what it could not do."""
    low, high = float(actions.min()), float(actions.max())
    if q.n_codes < expected:
        warn(f"{name}: fewer codes than asked for, {q.n_codes} of {expected}", FewerCodes)
    if not _flat(low, high, q.n_codes) and (lost := _lost(q, kind, actions)):
        span = f"{q.n_codes} codes on [{q.low:.5g}, {q.high:.5g}], data on [{low:.5g}, {high:.5g}]"
        warn(f"{name}: {lost}: {span}", LargeError)
    return replace(q, fitted=Fitted(kind, n, actions.size, low, high))


def _lost(q: Q, kind: str, actions: Floats) -> str:
    """What a quantizer loses of the data that it was fitted to, in words; "" if it keeps what it can be asked to."""
    errors, deviations = q.distance(q(actions), actions), q.distance(_mean(q, actions), actions)
    error, spread = root_mean_square(errors), root_mean_square(deviations)
    if error > math.sqrt(0.9) * spread > 0:
        return f"rms error {error:.3g} where the data deviate by {spread:.3g}"
    if kind in ("quantile", "kmeans") or isinstance(q, Periodic):
        return ""
    half, most = float(np.median(errors)), float(np.quantile(np.abs(actions - np.median(actions)), 0.9))
    return f"half of the errors above {half:.3g} where nine tenths of the data deviate by {most:.3g} or less" if half > most > 0 else ""


def _mean(q: Q, actions: Floats) -> Floats:
    """The mean of data that move, on a circle that of their directions."""
    if not isinstance(q, Periodic):
        unit = np.abs(actions).max()  # no sum overflows
        return np.asarray(unit * (actions / unit).mean())
    turn = (q.high - q.low) / (2 * np.pi)
    return np.asarray(turn * np.angle(np.exp(1j * (np.mod(actions, q.high - q.low) / turn)).mean()))
