"""The fits of one coordinate by name, data as robots record them, and silence about what fits tell."""

import warnings
from contextlib import contextmanager

import numpy as np

from qbc import quantizers as qz

FOLLOW = {  # the data: atoms keep a code, few values are the codebook
    "quantile": qz.quantile,
    "quantile-left": lambda u, n: qz.quantile(u, n, "left"),
    "quantile-right": lambda u, n: qz.quantile(u, n, "right"),
    "kmeans": lambda u, n: qz.kmeans(u, n, np.random.default_rng(0)),
}
FITS = FOLLOW | {"uniform": qz.fit_uniform, "mu-law": qz.fit_mu_law, "openvla": qz.fit_openvla}


@contextmanager
def told():
    """Warnings of fits are part of their answer."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", qz.FewerCodes)
        warnings.simplefilter("ignore", qz.LargeError)
        warnings.simplefilter("ignore", qz.ManyTurns)
        yield


def actions(seed, size=60):
    """What robots record: a coordinate at rest, at its ends or on a few ticks some of the time, moving otherwise."""
    rng = np.random.default_rng(seed)
    ticks = rng.choice([0.0, 1.0, -0.5, 0.25, 3.0, rng.normal()], size=size, p=rng.dirichlet(np.full(6, 0.5)))
    moves = rng.normal(size=size) if rng.random() < 0.7 else rng.integers(-5, 6, size)
    return np.where(rng.random(size) < rng.random(), ticks, moves)
