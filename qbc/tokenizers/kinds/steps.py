"""One token a step and coordinate: bins between the 1 % and 99 % quantiles (RT-2, OpenVLA), and every other scalar quantizer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from qbc import quantizers as qz
from qbc.quantizers import Codes, Floats, PerCoordinate
from qbc.tokenizers.scaling import Scaling
from qbc.tokenizers.tokenizer import Tokenizer

SCALAR = tuple(k for k in qz.KINDS if k != "periodic")  # an angle that winds has no range to lie in


@dataclass(frozen=True, eq=False)
class Steps(Tokenizer):
    """The tokens of step 0, one a coordinate, then those of step 1, and so on. The range is the quantizers' own."""

    quantizer: PerCoordinate

    tight = True

    def __post_init__(self) -> None:
        super().__post_init__()
        ends = self.quantizer.low, self.quantizer.high
        if not (np.array_equal(ends[0], self.scaling.low) and np.array_equal(ends[1], self.scaling.high)):
            raise ValueError("quantizer: of the range of the tokenizer")

    @classmethod
    def _fit(cls, u: Floats, rng: np.random.Generator, *, quantizer: str = "openvla", n: int = 256) -> Steps:
        """``quantizer`` is a kind of ``qbc.quantizers.fit`` on the line, n its count of codes (openvla: of edges, one more)."""
        if quantizer not in SCALAR:
            raise ValueError(f"quantizer: one of {', '.join(SCALAR)}, not {quantizer!r}")
        q = qz.fit(u.reshape(-1, u.shape[-1]), quantizer, n, rng=rng)
        return cls(u.shape[1], Scaling(q.low, q.high), q)

    @cached_property
    def sizes(self) -> Codes:
        return np.tile(self.quantizer.n_codes, self.h)

    @property
    def worst(self) -> Floats:
        return np.asarray(self.quantizer.radius * (1 + 1e-12))

    @property
    def moved(self) -> tuple[int, int]:
        return 1, 1

    def _encode(self, u: Floats) -> Codes:
        return self.quantizer.encode(u).reshape(len(u), -1)

    def _decode(self, codes: Codes) -> Floats:
        return self.quantizer.decode(codes.reshape(len(codes), self.h, self.d))


KINDS = {("bins" if k == "openvla" else k): partial(Steps.fit, quantizer=k) for k in SCALAR}
