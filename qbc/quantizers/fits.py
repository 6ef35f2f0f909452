"""Quantizers fitted to the actions `u` (N,) of one coordinate. Of several coordinates `fit` makes one quantizer each.

`quantile` and `kmeans` follow the data. Of these two hold: an *atom*, a value that more than 1/n of the actions have exactly, keeps a
code and decodes to itself; and at most n distinct values are the codebook. The others are grids over a range, whatever lies in it.
A coordinate that never moves gets one code, which decodes to it, from all of them.

Each tells what it could not do by a warning: `FewerCodes`, `NarrowRange`. In messages the data are called `name`.
"""

import warnings
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qbc.quantizers.checks import Floats, check_count, data
from qbc.quantizers.grids import Decode, codebook, decoded, midpoints, mu_law, openvla, uniform
from qbc.quantizers.quantizer import Cells, Fitted


class FewerCodes(UserWarning):
    """A fit has fewer codes than were asked for, because values repeat in the data."""


class NarrowRange(UserWarning):
    """A fit's range is far narrower than the data: more than half of their variance would be lost by clipping to it."""


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
    if low == high:
        q = _point(low, high)
    else:
        unit, reach = mu_law(n_codes), max(abs(low), abs(high))
        q = Cells(reach * unit.values, reach * unit.edges)
    return _told(q, "mu-law", n_codes, n_codes, actions, name)


def fit_openvla(u: ArrayLike, n_edges: int = 256, *, name: str = "u") -> Cells:
    """`openvla` between the 1 % and 99 % quantiles of all actions pooled, not per episode; one code if these are equal."""
    actions = data(name, u)
    if check_count("n_edges", n_edges) < 2:
        raise ValueError(f"n_edges: at least 2, not {n_edges}")
    q01, q99 = (float(q) for q in np.quantile(actions, [0.01, 0.99]))
    q = _point(q01, q99) if _flat(q01, q99, n_edges) else openvla(q01, q99, n_edges)
    return _told(q, "openvla", n_edges, n_edges - 1, actions, name)


def quantile(u: ArrayLike, n_codes: int, decode: Decode = "center", *, name: str = "u") -> Cells:
    """Cells of equal mass, with the edges of scikit-learn's KBinsDiscretizer; equal edges are one.
    An atom's cell ends half way to its neighbours in the data, so that no other of them falls into it, if there is a code to
    spare; if not, it shares it with what follows. At most n distinct values are the codebook, whatever `decode`."""
    actions = data(name, u)
    check_count("n_codes", n_codes)
    levels, counts = np.unique(actions, return_counts=True)
    if levels.size <= n_codes:
        q = _book(levels, levels[0], levels[-1])
    else:
        edges = np.quantile(actions, np.linspace(0, 1, n_codes + 1), method="averaged_inverted_cdf")
        q = _around(edges, levels, counts * n_codes > actions.size, decode)
    return _told(q, "quantile", n_codes, n_codes, actions, name)


def kmeans(u: ArrayLike, n_codes: int, rng: np.random.Generator, *, name: str = "u") -> Cells:
    """Codebook of the k-means centres, between the ends of the data (BeT, no offsets).
    The fit makes the *average* squared error small; the radius is whatever that leaves in the tails.
    Atoms are centres of their own; k-means places the others on the rest of the data. At most n distinct values are the codebook."""
    from sklearn.cluster import KMeans  # slow to import, needed here only
    from sklearn.exceptions import ConvergenceWarning

    actions = data(name, u)
    check_count("n_codes", n_codes)
    state = int(rng.integers(2**31))
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


def _around(edges: Floats, levels: Floats, atom: NDArray[np.bool_], decode: Decode) -> Cells:
    """Cells between edges (n + 1,), some equal, with a cell for each of the levels that is an atom, which decodes to it."""
    atoms, between = levels[atom], midpoints(levels)
    if decode == "right":  # its cells own their right ends
        between = np.minimum(between, np.nextafter(levels[1:], -np.inf))
    begin = np.searchsorted(edges, np.concatenate([[-np.inf], levels[:-1]])[atom], side="right")
    end = np.searchsorted(edges, np.concatenate([levels[1:], [np.inf]])[atom], side="left")
    near = np.zeros(edges.size, dtype=bool)  # edges at an atom, or between it and its neighbours in the data
    for b, e in zip(begin, end, strict=True):
        near[b:e] = True
    below, above = np.concatenate([levels[:1], between])[atom], np.concatenate([between, levels[-1:]])[atom]
    outer = [_below(levels[0], between) if atom[0] else levels[0], _above(levels[-1], between) if atom[-1] else levels[-1]]
    ends = np.unique(np.concatenate([edges[~near], outer, below, above[end - begin > 1]]))
    values = decoded(ends, decode).copy()
    values[np.searchsorted(ends[1:-1], atoms, side="left" if decode == "right" else "right")] = atoms
    return Cells(values, ends, closed="right" if decode == "right" else "left")


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


def _told(q: Cells, kind: str, n: int, expected: int, actions: Floats, name: str) -> Cells:
    """q with the record of what it was fitted to, once warnings have said what it could not do."""
    low, high = float(actions.min()), float(actions.max())
    if q.n_codes < expected:
        warnings.warn(f"{name}: fewer codes than asked for, {q.n_codes} of {expected}", FewerCodes, stacklevel=3)
    unit = max(abs(low), abs(high)) or 1.0  # squares neither vanish nor overflow
    x = actions / unit
    lost = np.maximum(np.maximum(q.low / unit - x, x - q.high / unit), 0.0)
    if (lost**2).mean() > x.var() / 2:
        text = f"range [{q.low:.5g}, {q.high:.5g}] far narrower than the data, [{low:.5g}, {high:.5g}]"
        warnings.warn(f"{name}: {text}", NarrowRange, stacklevel=3)
    return replace(q, fitted=Fitted(kind, n, actions.size, low, high))
