"""From noise to data: how much of each is in the mixture at time t, and what a network may be asked to guess there.

At time t the mixture is z = a(t) u + b(t) n, u data and n standard normal noise; t = 0 is all noise, t = 1 all data.

============  ==========================  =====================================================================
``straight``  a = t, b = 1 - t            flow matching, arXiv 2210.02747
``cosine``    a = sin(.995 pi t / 2)      DDPM, arXiv 2006.11239, with the schedule of arXiv 2102.09672
``levels``    a = 1 / sqrt(1 + s(t)^2)    s = b / a falls geometrically from 20 to .01, arXiv 2206.00364, in unit variance
============  ==========================  =====================================================================
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from qbc.learn.view import waves

HIGH, LOW = 20.0, 0.01  # largest and smallest level of ``levels``, in standard deviations of the data
GUESSES = ("data", "noise", "velocity")
OCTAVES = 5  # of waves of the time


def levels(t: Tensor) -> Tensor:
    s = HIGH * (LOW / HIGH) ** t
    return (1 + s**2).rsqrt()


def spread(t: Tensor) -> Tensor:
    """Uniform times in units of their spread."""
    return (t - 0.5) * 12**0.5


@dataclass(frozen=True)
class Path:
    """``a`` and ``b`` of t, elementwise. A network guesses ``data``, ``noise`` or the ``velocity``: u - n on the straight path, the
    direction b u - a n on the circles of unit variance (arXiv 2202.00512); each guess gives both others."""

    a: Callable[[Tensor], Tensor]
    unit: bool  # a^2 + b^2 = 1
    told: Callable[[Tensor], Tensor] = lambda t: waves(t, OCTAVES)  # what a network is told of the time (k, n, 1)

    @property
    def guesses(self) -> tuple[str, ...]:
        """What a network may guess: not the noise where t = 0 is noise alone, for then it says nothing of the data."""
        return GUESSES if self.unit else tuple(g for g in GUESSES if g != "noise")

    def b(self, t: Tensor) -> Tensor:
        return (1 - self.a(t) ** 2).clamp(min=0).sqrt() if self.unit else 1 - self.a(t)

    def mix(self, u: Tensor, noise: Tensor, t: Tensor) -> Tensor:
        return self.a(t) * u + self.b(t) * noise

    def target(self, guess: str, u: Tensor, noise: Tensor, t: Tensor) -> Tensor:
        """What a network that predicts ``guess`` is trained to say."""
        if guess != "velocity":
            return u if guess == "data" else noise
        return self.b(t) * u - self.a(t) * noise if self.unit else u - noise

    def data(self, guess: str, said: Tensor, z: Tensor, t: Tensor) -> Tensor:
        """The data that go with what a network said at z."""
        if guess == "data":
            return said
        a, b = self.a(t), self.b(t)
        if guess == "noise":
            return (z - b * said) / a
        return a * z + b * said if self.unit else z + b * said

    def noise(self, u: Tensor, z: Tensor, t: Tensor) -> Tensor:
        """The noise that goes with data u at z."""
        return (z - self.a(t) * u) / self.b(t)


PATHS = {
    "straight": Path(lambda t: t, unit=False),
    "cosine": Path(lambda t: torch.sin(np.pi / 2 * (0.005 + 0.995 * t)), unit=True),
    "levels": Path(levels, unit=True, told=spread),  # the log of the level; waves would leave the observation little weight at first
}
