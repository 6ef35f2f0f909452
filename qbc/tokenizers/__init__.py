"""Tokenizers of action chunks (h, d): tokens are integers, and every kind declares what it costs.

=================  ================================================================================================================
``tokenizer``      the interface: ``fit(chunks, rng)``, ``encode``, ``decode``, ``facts``, what is refused
``facts``          ``Facts``, what a kind declares; ``Fitted``, statistics of the chunks it was fitted to
``scaling``        the range of each coordinate, to [−1, 1] and back
``kinds``          one module a kind, found by itself: bins and other scalar quantizers, BeT, RVQ, FSQ, FAST, BEAST,
                   OmniSAT, ordered DCT and PCA
``grid``           equal steps for coefficients; ``linear``, kinds that round linear coefficients; ``books``, codewords
``stored``         one npz file, and back to the last bit
``measure``        errors of held-out chunks, and what one wrong token costs
``modelability``   how well a small head predicts the tokens, and what its chunks are off by; the head: ``copies``, ``transitions``
=================  ================================================================================================================

FAST needs the extra ``tokens`` (the package ``tokenizers``, for BPE), imported when it is fitted or used.
To add a kind: a module in ``kinds`` with a class and the table ``KINDS``; the law tests run over it.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from qbc.tokenizers.facts import Facts, Fitted
from qbc.tokenizers.kinds import KINDS
from qbc.tokenizers.measure import Measured, measure
from qbc.tokenizers.modelability import Modelability, Pairs, modelability
from qbc.tokenizers.stored import load, save
from qbc.tokenizers.tokenizer import Outside, Tokenizer


def fit(kind: str, chunks: ArrayLike, rng: np.random.Generator, **options: Any) -> Tokenizer:
    """The tokenizer of this kind, one of ``KINDS``, fitted to chunks (n, h, d) [action units]; ``options`` are those of the kind."""
    if kind not in KINDS:
        raise ValueError(f"kind: one of {', '.join(KINDS)}, not {kind!r}")
    return KINDS[kind](chunks, rng, **options)


__all__ = [
    "KINDS",
    "Facts",
    "Fitted",
    "Measured",
    "Modelability",
    "Outside",
    "Pairs",
    "Tokenizer",
    "fit",
    "load",
    "measure",
    "modelability",
    "save",
]
