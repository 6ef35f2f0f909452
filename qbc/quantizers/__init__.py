"""Quantizers of actions: q = decode ∘ encode.

Almost every scalar action tokenizer in use is a list of *edges* and one *value* per cell: that is `Cells`; the functions of
`grids` compute the two lists from numbers, those of `fits` from data (N,). `Dithered` rounds at random, `Periodic` is for angles.
Of a scalar quantizer, `u` is any array of floats in action units, every entry treated alike; `encode` gives int64 codes of the
same shape, `decode` floats of the same shape.

`PerCoordinate` holds one scalar quantizer for each coordinate of actions (…, d), and `fit` makes one from data (N, d).
`Residual` codes whole actions, by the nearest of its vectors and then by what is left over; `fit_residual` makes one.

All compare with ``==``. `save` and `load` keep all but `Residual` in readable JSON, with what they were fitted to.
To add a quantizer: a function that returns `Cells`, and one instance of it in `EXAMPLES`, which the law tests run over.
"""

from qbc.quantizers.checks import Codes, Floats
from qbc.quantizers.circle import Periodic, periodic
from qbc.quantizers.examples import CIRCLES, EXAMPLES, VECTORS
from qbc.quantizers.fits import FewerCodes, LargeError, ManyTurns, fit_mu_law, fit_openvla, fit_uniform, kmeans, quantile
from qbc.quantizers.grids import codebook, lattice, mu_law, openvla, uniform
from qbc.quantizers.quantizer import Cells, Dithered, Fitted, Quantizer
from qbc.quantizers.residual import Residual, fit_residual
from qbc.quantizers.stored import from_json, load, save, to_json
from qbc.quantizers.vector import KINDS, PerCoordinate, fit

__all__ = [
    "CIRCLES",
    "EXAMPLES",
    "KINDS",
    "VECTORS",
    "Cells",
    "Codes",
    "Dithered",
    "FewerCodes",
    "Fitted",
    "Floats",
    "LargeError",
    "ManyTurns",
    "PerCoordinate",
    "Periodic",
    "Quantizer",
    "Residual",
    "codebook",
    "fit",
    "fit_mu_law",
    "fit_openvla",
    "fit_residual",
    "fit_uniform",
    "from_json",
    "kmeans",
    "lattice",
    "load",
    "mu_law",
    "openvla",
    "periodic",
    "quantile",
    "save",
    "to_json",
    "uniform",
]
