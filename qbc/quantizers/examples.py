"""Instances that the law tests run over: of the line, of the circle, and of several coordinates at once."""

import numpy as np

from qbc.quantizers.circle import Periodic, periodic
from qbc.quantizers.fits import quantile
from qbc.quantizers.grids import codebook, lattice, mu_law, openvla, uniform
from qbc.quantizers.quantizer import Dithered, Quantizer
from qbc.quantizers.vector import PerCoordinate

GRIPPER, AT_REST = codebook([0.0, 1.0], 0.0, 1.0), codebook([0.3], 0.3, 0.3)

EXAMPLES: dict[str, Quantizer] = {
    "uniform-256": uniform(256),
    "uniform-left": uniform(7, -0.3, 2.0, decode="left"),
    "uniform-right": uniform(7, -0.3, 2.0, decode="right"),
    "mid-tread": lattice(0.1, 1.0, "mid-tread"),
    "mid-rise": lattice(0.1, 1.0, "mid-rise"),
    "quantile": quantile(np.random.default_rng(0).standard_t(3, size=1000), 16),
    "codebook": codebook([-7.0, -1.0, -0.1, 0.0, 0.2, 0.9, 11.0], -8.0, 12.0),
    "mu-law": mu_law(),
    "openvla-255": openvla(-0.8, 1.3),
    "dithered": Dithered(np.linspace(-1, 1, 11)),
}
CIRCLES: dict[str, Periodic] = {
    "radians": periodic(64),
    "degrees": periodic(7, 0.0, 360.0),
    "whole": periodic(1, -4.0, 4.0),
    "uneven": Periodic(np.array([0.5, 2.0, 6.5]), np.array([0.0, 1.0, 5.0, 8.0])),
}
VECTORS: dict[str, PerCoordinate] = {
    "alone": PerCoordinate((uniform(4),)),
    "grids": PerCoordinate(tuple(uniform(n, -n, 2.0 * n) for n in (2, 255, 64, 7, 1))),
    "arm": PerCoordinate((uniform(256, -0.05, 0.05), mu_law(32), periodic(64), GRIPPER, AT_REST)),
    "dithered in part": PerCoordinate((Dithered(np.linspace(-1, 1, 11)), lattice(0.1, 1.0), Dithered(np.array([0.0, 3.0])))),
}
