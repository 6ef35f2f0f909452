"""B-splines: a chunk as few control points, each rounded (BEAST, arXiv 2506.06072) or all by residual VQ (OmniSAT, 2510.09667)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from qbc.quantizers import Codes, Floats, Residual, fit_residual
from qbc.quantizers.checks import check_count
from qbc.tokenizers.books import spread
from qbc.tokenizers.grid import Grid
from qbc.tokenizers.linear import Linear, scaled
from qbc.tokenizers.scaling import Scaling
from qbc.tokenizers.tokenizer import Tokenizer


def design(h: int, basis: int, degree: int) -> Floats:
    """B (h, basis): clamped uniform B-splines at h equally spaced times, both ends included; the degree is below ``basis``."""
    from scipy.interpolate import BSpline  # slow to import, needed here only

    degree = min(degree, basis - 1)
    knots = np.r_[np.zeros(degree), np.linspace(0, 1, basis - degree + 1), np.ones(degree)]
    return np.asarray(BSpline.design_matrix(np.linspace(0, 1, h), knots, degree).toarray(), dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Beast(Linear):
    """One token a control point and coordinate, in order of time. Control points are of ridge least squares, as in the reference."""

    basis: int
    degree: int
    ridge: float

    @classmethod
    def _fit(cls, u: Floats, rng: np.random.Generator, *, basis: int = 10, degree: int = 4, n: int = 256, ridge: float = 1e-6) -> Beast:
        """``basis`` control points, as many as steps where these are fewer; n levels between the least and the largest of each."""
        if not 0 < ridge < np.inf:
            raise ValueError(f"ridge: positive and finite, not {ridge!r}")
        scaling, v = scaled(u)
        basis, m = min(check_count("basis", basis), u.shape[1]), v.shape[1]
        size = basis * scaling.d
        empty = Grid(np.zeros(size), np.zeros(size), np.ones(size, dtype=np.int64))
        first = cls(u.shape[1], scaling, np.zeros(m), empty, basis, check_count("degree", degree), ridge)
        c = first.coefficients(u)
        grid = Grid.between(c.min(axis=0), c.max(axis=0), check_count("n", n))
        return cls(u.shape[1], scaling, np.zeros(m), grid, basis, degree, ridge)

    @property
    def moved(self) -> tuple[int, int]:
        return int((design(self.h, self.basis, self.degree) != 0).sum(axis=0).max()), 1

    @cached_property
    def synthesis(self) -> Floats:
        return np.asarray(np.kron(design(self.h, self.basis, self.degree).T, np.eye(self.d)), dtype=np.float64)

    @cached_property
    def analysis(self) -> Floats:
        B = design(self.h, self.basis, self.degree)
        return np.kron(np.linalg.solve(B.T @ B + self.ridge * np.eye(self.basis), B.T), np.eye(self.d))


@dataclass(frozen=True, eq=False)
class OmniSat(Tokenizer):
    """Token (stage s, group g) is the nearest codeword to what the stages before leave over of the spline of the group's coordinates.

    Distances are those of the chunks, not of their control points: the spline has coordinates in an orthonormal basis, Q of B = Q R.
    """

    mean: Floats  # (basis d,) of those coordinates
    basis: int
    degree: int
    group: Codes  # (d,) the group of each coordinate of the action
    books: tuple[Floats, ...]  # (K, basis × coordinates of the group), stage by stage, in each all groups

    prefix = True

    def __post_init__(self) -> None:
        super().__post_init__()
        kinds, sizes = np.unique(self.group, return_counts=True)
        if np.shape(self.group) != (self.d,) or kinds.tolist() != list(range(len(kinds))):
            raise ValueError(f"group: ({self.d},) of numbers 0, 1, ... without a gap, not {self.group!r}")
        widths = np.tile(sizes * self.basis, max(len(self.books) // len(sizes), 1))
        if [np.shape(b)[1:] for b in self.books] != [(w,) for w in widths] or np.shape(self.mean) != (self.basis * self.d,):
            raise ValueError(
                f"books: (K, {self.basis} x coordinates of the group) for each stage and group; mean ({self.basis * self.d},)"
            )

    @classmethod
    def _fit(
        cls,
        u: Floats,
        rng: np.random.Generator,
        *,
        basis: int = 8,
        degree: int = 4,
        n: Sequence[int] = (64, 64, 64, 64),
        group: Sequence[int] | None = None,
    ) -> OmniSat:
        """n codes in each stage; ``group`` names the group of each coordinate (position, rotation, gripper), all one if it is None."""
        scaling = Scaling.of(u)
        basis, d = min(check_count("basis", basis), u.shape[1]), scaling.d
        of = np.zeros(d, dtype=np.int64) if group is None else np.asarray(group, dtype=np.int64)
        if of.shape != (d,):
            raise ValueError(f"group: one number for each of {d} coordinates, not {group!r}")
        Q = np.linalg.qr(design(u.shape[1], basis, check_count("degree", degree)))[0]
        c = np.einsum("hb,nhd->nbd", Q, scaling.into(u))
        mean = c.mean(axis=0)
        fits = [fit_residual((c - mean)[..., of == g].reshape(len(u), -1), n, rng).books for g in np.unique(of)]
        books = tuple(fit[s] for s in range(len(n)) for fit in fits)
        return cls(u.shape[1], scaling, mean.ravel(), basis, degree, of, books)

    @property
    def groups(self) -> int:
        return int(self.group.max()) + 1

    @cached_property
    def Q(self) -> Floats:
        return np.asarray(np.linalg.qr(design(self.h, self.basis, self.degree))[0], dtype=np.float64)

    @property
    def sizes(self) -> Codes:
        return np.array([len(b) for b in self.books])

    @property
    def moved(self) -> tuple[int, int]:
        moving = self.scaling.half > 0
        return self.h, max(int(moving[self.group == g].sum()) for g in range(self.groups))

    @property
    def worst(self) -> Floats:
        out = np.zeros((self.h, self.d))
        for g in range(self.groups):
            mine = self.group == g
            mean = self._on_time(self.mean.reshape(1, self.basis, self.d)[..., mine])[0]
            books = [self._on_time(b.reshape(len(b), self.basis, -1)).reshape(len(b), -1) for b in self.books[g :: self.groups]]
            out[:, mine] = spread(books, mean.ravel()).reshape(self.h, -1)
        return np.asarray(out.max(axis=0) * self.scaling.half)

    def _on_time(self, c: Floats) -> Floats:
        return np.asarray(np.einsum("hb,nbd->nhd", self.Q, c))

    def _encode(self, u: Floats) -> Codes:
        c = np.einsum("hb,nhd->nbd", self.Q, self.scaling.into(u)) - self.mean.reshape(self.basis, self.d)
        codes = np.empty((len(u), len(self.books)), dtype=np.int64)
        for g in range(self.groups):
            left = c[..., self.group == g].reshape(len(u), -1)
            codes[:, g :: self.groups] = Residual(self.books[g :: self.groups]).encode(left)
        return codes

    def _decode(self, codes: Codes) -> Floats:
        c = np.tile(self.mean.reshape(self.basis, self.d), (len(codes), 1, 1))
        for t in range(codes.shape[1]):
            mine = self.group == t % self.groups
            c[..., mine] += self.books[t][codes[:, t]].reshape(len(codes), self.basis, -1)
        return self.scaling.back(self._on_time(c))


KINDS = {"BEAST": Beast.fit, "OmniSAT": OmniSat.fit}
