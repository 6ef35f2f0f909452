"""Quantizers whose cells are set by hand: equal cells, given values, the μ-law of Gato, the bins of RT-2 and OpenVLA."""

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from qbc.arrays import numbers
from qbc.quantizers.checks import LARGEST, Floats, check_count, check_positive, check_range, check_real, data
from qbc.quantizers.quantizer import Cells

Decode: TypeAlias = Literal["left", "center", "right"]
Kind: TypeAlias = Literal["mid-tread", "mid-rise"]
MOST = 2**20  # cells of a lattice, on each side


def uniform(n_codes: int, low: float = -1.0, high: float = 1.0, decode: Decode = "center") -> Cells:
    """n equal cells of width w = (high − low)/n; ε_q = w/2 (center) or w (left, right).
    On a symmetric range an odd n is mid-tread (0 decodes to 0), an even n is mid-rise (0 is an edge).
    Octo's uniform BinTokenizer and torchrl's UniformActionTokenizer decode to centres, openpi to left ends."""
    check_count("n_codes", n_codes)
    check_range(low, high)
    return with_decode(np.linspace(low, high, n_codes + 1), decode)


def lattice(step: float, reach: float, kind: Kind = "mid-tread", decode: Decode = "center") -> Cells:
    """Cells of width `step` that cover ±reach [action units]; 0 is the centre of a cell (mid-tread) or an edge."""
    check_positive("step", step)
    check_positive("reach", reach)
    if kind not in ("mid-tread", "mid-rise"):
        raise ValueError(f"kind: 'mid-tread' or 'mid-rise', not {kind!r}")
    shift = 0.5 if kind == "mid-tread" else 0.0
    if not reach / step <= MOST:
        raise ValueError(f"step: at least reach / {MOST}, not {step!r} of {reach!r}")
    n_side = max(int(np.ceil(reach / step - shift - 1e-9)), 1)  # the last edge is step (n_side + shift) ≥ reach
    right = step * (np.arange(n_side + 1) + shift)
    return with_decode(np.unique(np.concatenate([-right, right])), decode)


def codebook(values: ArrayLike, low: float, high: float) -> Cells:
    """The nearest of the given values (any order) on [low, high]; edges are the midpoints, a tie goes up.
    Of one value alone low = high may be said, too: what never moves."""
    levels = np.unique(data("values", numbers("values", values).ravel()))
    low, high = (check_real(*end) for end in (("low", low), ("high", high)))
    point = levels.size == 1 and low == high
    if not (-LARGEST <= low <= levels[0] and levels[-1] <= high <= LARGEST and (low < high or point)):
        raise ValueError(f"values: all inside [low, high] = [{low}, {high}]")
    return Cells(levels, np.concatenate([[low], midpoints(levels), [high]]))


def midpoints(levels: Floats) -> Floats:
    """Between levels (n,), increasing, the n − 1 edges: above the lower level even where no float lies between the two."""
    return np.maximum((levels[1:] + levels[:-1]) / 2, np.nextafter(levels[:-1], np.inf))


def mu_law(n_codes: int = 1024, mu: float = 100.0, reach: float = 1.0) -> Cells:
    """n equal cells in F(u) = sign(u) ln(1 + μ|u|)/ln(1 + μ·reach), decoded to F⁻¹ of their centres.
    Source: Gato (Reed et al. 2022), n = 1024, μ = 100; Gato itself uses reach = 256 for observations."""
    check_count("n_codes", n_codes)
    check_positive("reach", reach)
    check_positive("mu", mu)
    y = np.linspace(-1, 1, 2 * n_codes + 1)  # edges and centres alternate
    u = np.clip(np.sign(y) * np.expm1(np.abs(y) * np.log1p(mu * reach)) / mu, -reach, reach)
    return Cells(u[1::2], u[::2])


def openvla(q01: float = -1.0, q99: float = 1.0, n_edges: int = 256) -> Cells:
    """RT-2 / OpenVLA: [q01, q99] → [−1, 1], clip, 256 *edges* there, hence 255 cells, decoded to their centres.
    The middle of the range is a centre (mid-tread). What lies outside saturates, and the radius does not see it.
    The reference code has a 256th token for exactly 1, which decodes like the 255th: here they are one code."""
    check_edges(n_edges)
    check_range(q01, q99, ("q01", "q99"))
    return uniform(n_edges - 1, q01, q99)


def check_edges(n_edges: int) -> None:
    if check_count("n_edges", n_edges) < 2:
        raise ValueError(f"n_edges: at least 2, not {n_edges}")


def with_decode(edges: Floats, decode: Decode) -> Cells:
    """Closed on the side of the decoded end, so that encode(decode(code)) = code."""
    return Cells(decoded(edges, decode), edges, closed="right" if decode == "right" else "left")


def check_decode(decode: Decode) -> None:
    if decode not in ("left", "center", "right"):
        raise ValueError(f"decode: 'left', 'center' or 'right', not {decode!r}")


def decoded(edges: Floats, decode: Decode) -> Floats:
    """The left ends, centres or right ends of cells; a centre lies left of the right end even where rounding would have it there."""
    check_decode(decode)
    left, right = edges[:-1], edges[1:]
    return {"left": left, "center": np.minimum((left + right) / 2, np.nextafter(right, -np.inf)), "right": right}[decode]
