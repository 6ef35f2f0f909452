"""Codes of whole actions (…, d): the nearest of a list of vectors, and then the nearest to what is left, stage by stage."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qbc.arrays import numbers
from qbc.quantizers.checks import Codes, Floats, Random, check_count, data, entry, generator

LIMIT = 1e150  # squares of numbers up to this are finite


@dataclass(frozen=True, eq=False)
class Residual:
    """Token t is the nearest vector of books[t] to what the tokens before it have left over; an action is the sum of its vectors.
    With one book this is the nearest codeword, and every code comes back; with more, some do not. Equal if all books are."""

    books: tuple[Floats, ...]  # (K_t, d) each [action units]

    def __post_init__(self) -> None:
        books = tuple(_book(f"books[{t}]", book) for t, book in enumerate(self.books))
        if not books or len({book.shape[1] for book in books}) > 1:
            raise ValueError("books: one or more, all of vectors of one length")
        object.__setattr__(self, "books", books)

    def __repr__(self) -> str:
        return f"Residual({' + '.join(map(str, self.n_codes))} codes of {self.d} coordinates)"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Residual):
            return NotImplemented
        return len(self.books) == len(other.books) and all(map(np.array_equal, self.books, other.books))

    def __hash__(self) -> int:
        return hash(tuple((book + 0.0).tobytes() for book in self.books))  # + 0.0, because −0 equals 0

    @property
    def d(self) -> int:
        return int(self.books[0].shape[1])

    @property
    def n_codes(self) -> Codes:
        """(T,) how many codes each token has."""
        return np.array([len(book) for book in self.books], dtype=np.int64)

    def encode(self, u: ArrayLike, rng: Random = None) -> Codes:
        """Codes (…, T) of actions u (…, d); of two vectors as near, the first."""
        left = _finite("u", _last("u", numbers("u", u), self.d)).reshape(-1, self.d)
        codes = np.empty((len(left), len(self.books)), dtype=np.int64)
        for t, book in enumerate(self.books):
            codes[:, t] = ((book**2).sum(axis=1) - 2 * left @ book.T).argmin(axis=1)
            left = left - book[codes[:, t]]
        return codes.reshape(*np.shape(u)[:-1], len(self.books))

    def decode(self, codes: ArrayLike) -> Floats:
        """Actions (…, d) of codes (…, T)."""
        index = _last("codes", np.asarray(codes), len(self.books))
        if index.dtype.kind not in "iu" or ((index < 0) | (index >= self.n_codes)).any():
            raise ValueError(f"codes: integers from 0, below {self.n_codes.tolist()}")
        return np.asarray(sum(book[index[..., t]] for t, book in enumerate(self.books)))

    def __call__(self, u: ArrayLike, rng: Random = None) -> Floats:
        return self.decode(self.encode(u, rng))


def fit_residual(u: ArrayLike, n: Sequence[int], rng: Random) -> Residual:
    """Books of k-means centres: n[0] of the actions u (N, d), n[1] of what these leave over, and so on. ``rng`` starts k-means."""
    from sklearn.cluster import KMeans  # slow to import, needed here only

    left = _finite("u", data("u", u, ndim=2))
    if not n:
        raise ValueError("n: one count or more")
    for count in n:
        check_count("n", count)
    draws, books = generator("k-means draws from", rng), []
    for count in n:
        different = np.unique(left, axis=0)
        if len(different) <= count:
            books.append(different)
        else:
            books.append(KMeans(count, n_init=1, random_state=int(draws.integers(2**31))).fit(left).cluster_centers_)
        left = left - Residual((books[-1],))(left)
    return Residual(tuple(books))


def _book(name: str, x: ArrayLike) -> Floats:
    book = _finite(name, np.array(numbers(name, x)))
    if book.ndim != 2 or not book.size:
        raise ValueError(f"{name}: (K, d), non-empty, not {book.shape}")
    book.setflags(write=False)
    return book


def _finite(name: str, x: Floats) -> Floats:
    good = np.abs(x) <= LIMIT  # False for NaN
    if not good.all():
        raise ValueError(f"{name}: finite, at most {LIMIT:g} in size, as it is not{entry(~good)}")
    return x


def _last(name: str, x: NDArray[Any], size: int) -> NDArray[Any]:
    if x.shape[-1:] != (size,):
        raise ValueError(f"{name}: (…, {size}), not {x.shape}")
    return x
