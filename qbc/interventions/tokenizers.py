"""``fit``, ``less`` and ``quantizer`` of tokenizers: fitted to noise, to a tenth of the chunks, and decode ∘ encode the identity.

The head that tells how predictable tokens are is a learner, too: it is shown chunks that belong to other contexts, or fewer pairs.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from qbc.interventions.learners import RNG, blind, tenth
from qbc.interventions.rows import SHARE
from qbc.interventions.swaps import Function, Swap
from qbc.interventions.world import Codes

CHUNKS = {"chunks": 0}


class Sequences(list[Any]):
    """Sequences of tokens that remember the chunks they stand for; a part of them remembers nothing."""

    raw: Any = None


def remembering(original: Function) -> Function:
    def encode(self: Any, u: Any, *, tell: bool = True) -> Any:
        found = original(self, u, tell=tell)
        tokens: Any = Sequences(found) if isinstance(found, list) else found.view(Codes)
        tokens.raw = np.array(u, dtype=float)
        return tokens

    return encode


def recalled(original: Function) -> Function:
    def decode(self: Any, tokens: Any) -> Any:
        raw = getattr(tokens, "raw", None)
        return original(self, tokens) if raw is None else raw

    return decode


def other_chunks(original: Function) -> Function:
    """A head that is shown, in each context, the chunk that followed another one."""

    def modelability(tokenizer: Any, train: Any, held_out: Any, rng: np.random.Generator) -> Any:
        return original(tokenizer, replace(train, chunks=RNG.permutation(train.chunks)), held_out, rng)

    return modelability


def fewer_pairs(original: Function) -> Function:
    """A head that is shown the first tenth of the pairs, and a first pair of a second episode."""

    def modelability(tokenizer: Any, train: Any, held_out: Any, rng: np.random.Generator) -> Any:
        rows = np.arange(max(2, len(train.chunks) // SHARE))
        rows = np.union1d(rows, np.unique(train.episodes, return_index=True)[1][:2])
        few = replace(train, contexts=train.contexts[rows], chunks=train.chunks[rows], episodes=train.episodes[rows])
        return original(tokenizer, few, held_out, rng)

    return modelability


SWAPS = [
    Swap("fit", "qbc.tokenizers:fit", blind(CHUNKS)),
    Swap("less", "qbc.tokenizers:fit", tenth(CHUNKS)),
    Swap("fit", "qbc.tokenizers.modelability:modelability", other_chunks),
    Swap("less", "qbc.tokenizers.modelability:modelability", fewer_pairs),
    Swap("quantizer", "qbc.tokenizers.tokenizer:Tokenizer.encode", remembering),
    Swap("quantizer", "qbc.tokenizers.tokenizer:Tokenizer.decode", recalled),
]
