"""Other coordinates for a chunk of actions: positions instead of increments, few frequencies, few directions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from qbc.systems import Array


class Representation(Protocol):
    """Chunks (..., h, du) to and from what a head is fitted to, (..., m, d)."""

    def into(self, u: Array) -> Array: ...

    def back(self, v: Array) -> Array: ...


@dataclass(frozen=True)
class Cumulated:
    """Sums of the actions so far: where increments lead, relative to the start."""

    def into(self, u: Array) -> Array:
        return np.asarray(u.cumsum(axis=-2))

    def back(self, v: Array) -> Array:
        return np.diff(v, axis=-2, prepend=0.0)


@dataclass(frozen=True)
class Dct:
    """The first ``kept`` coefficients of the orthonormal discrete cosine transform in time of chunks of ``h`` steps."""

    h: int
    kept: int

    def __post_init__(self) -> None:
        if not 1 <= self.kept <= self.h:
            raise ValueError(f"Dct: 1 <= kept <= h, got kept = {self.kept} and h = {self.h}")

    def into(self, u: Array) -> Array:
        from scipy.fft import dct  # slow to import, needed here only

        if u.shape[-2] != self.h:
            raise ValueError(f"Dct: chunks of {self.h} steps, got {u.shape}")
        return np.asarray(dct(u, axis=-2, norm="ortho")[..., : self.kept, :])

    def back(self, v: Array) -> Array:
        from scipy.fft import idct

        if v.shape[-2] != self.kept:
            raise ValueError(f"Dct: {self.kept} frequencies, got {v.shape}")
        spectrum = np.zeros((*v.shape[:-2], self.h, v.shape[-1]))
        spectrum[..., : self.kept, :] = v
        return np.asarray(idct(spectrum, axis=-2, norm="ortho"))


@dataclass(frozen=True, eq=False)
class Pca:
    """The ``kept`` directions in which the chunks u (..., h, du) it is fitted to vary most, as chunks (..., kept, 1)."""

    mean: Array  # (h, du)
    directions: Array  # (kept, h du), orthonormal rows

    @staticmethod
    def of(u: Array, kept: int) -> Pca:
        """Raises ``ValueError`` if there are fewer than ``kept`` directions or chunks."""
        flat = u.reshape(-1, u.shape[-2] * u.shape[-1])
        if not 1 <= kept <= min(flat.shape):
            raise ValueError(f"Pca: 1 <= kept <= {min(flat.shape)}, got {kept}")
        mean = flat.mean(axis=0)
        rows = np.linalg.svd(flat - mean, full_matrices=False)[2][:kept]
        return Pca(mean.reshape(u.shape[-2:]), rows)

    def into(self, u: Array) -> Array:
        if u.shape[-2:] != self.mean.shape:
            raise ValueError(f"Pca: chunks (..., {self.mean.shape[0]}, {self.mean.shape[1]}), got {u.shape}")
        flat = (u - self.mean).reshape(*u.shape[:-2], -1)
        return np.asarray((flat @ self.directions.T)[..., None])

    def back(self, v: Array) -> Array:
        if v.shape[-2:] != (len(self.directions), 1):
            raise ValueError(f"Pca: (..., {len(self.directions)}, 1), got {v.shape}")
        return np.asarray((v[..., 0] @ self.directions).reshape(*v.shape[:-2], *self.mean.shape) + self.mean)


EXAMPLES: dict[str, Representation] = {
    "cumulated": Cumulated(),
    "all frequencies": Dct(8, 8),
    "three frequencies": Dct(8, 3),
    "all directions": Pca.of(np.random.default_rng(0).normal(size=(100, 8, 2)), 16),
    "four directions": Pca.of(np.random.default_rng(0).normal(size=(100, 8, 2)), 4),
}
