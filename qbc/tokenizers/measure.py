"""What a fitted tokenizer does to chunks that it was not fitted to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from qbc.quantizers import Codes, Floats
from qbc.quantizers.checks import generator
from qbc.tokenizers.tokenizer import Tokenizer, checked


@dataclass(frozen=True, eq=False)
class Measured:
    """Errors are in action units, those outside the range included; ``relative`` and ``wrong`` are in standard deviations."""

    n: int  # chunks
    tokens_mean: float  # a chunk
    tokens_worst: int
    vocabulary: int
    bits: float  # a chunk, each token written with as many bits as it has codes
    rms: Floats  # (d,)
    worst: Floats  # (d,)
    relative: float  # rms error over all coordinates that move, each in standard deviations of the chunks fitted to
    outside: float  # share of entries outside the range
    undecodable: float  # share of chunks that no longer decode with one wrong token
    wrong: float  # rms over all steps and coordinates that one wrong token moves those that do decode; NaN if none does


def measure(tokenizer: Tokenizer, chunks: ArrayLike, rng: np.random.Generator) -> Measured:
    """On chunks (n, h, d) [action units]; ``rng`` draws, in each, the wrong token: its place, and which other code it becomes."""
    u, draws, facts = checked("chunks", chunks), generator("the wrong token is drawn with", rng), tokenizer.facts
    tokens = tokenizer.encode(u, tell=False)
    out = tokenizer.decode(tokens)
    lengths = np.array([len(t) for t in tokens])
    moves, decoded = [], 0
    for row, said in zip(tokens, out, strict=True):
        wrong = corrupted(tokenizer, row, draws)
        if wrong is None:
            continue
        decoded += 1
        try:
            moves.append(relative(tokenizer, tokenizer.decode(wrong) - said))
        except ValueError:
            decoded -= 1
    able = sum(bool((tokenizer.sizes[: len(t)] > 1).any()) for t in tokens)
    error = out - u
    return Measured(
        n=len(u),
        tokens_mean=float(lengths.mean()),
        tokens_worst=int(lengths.max()),
        vocabulary=facts.vocabulary,
        bits=float(np.mean([np.log2(tokenizer.sizes[:k]).sum() for k in lengths])),
        rms=np.sqrt((error**2).mean(axis=(0, 1))),
        worst=np.abs(error).max(axis=(0, 1)),
        relative=relative(tokenizer, error),
        outside=float(tokenizer.scaling.outside(u).mean()),
        undecodable=1 - decoded / able if able else 0.0,
        wrong=float(np.sqrt(np.mean(np.square(moves)))) if moves else float("nan"),
    )


def relative(tokenizer: Tokenizer, error: Floats) -> float:
    """The root of the mean square of errors (..., d) [action units] over all coordinates that move, each in standard deviations of the
    chunks fitted to; 0 if none does."""
    if tokenizer.fitted is None:
        raise ValueError(f"{type(tokenizer).__name__}: made by fit, or loaded")
    moves = tokenizer.fitted.max > tokenizer.fitted.min  # of numbers that are all the same the deviation may be a rounding error
    return float(np.sqrt(((error[..., moves] / tokenizer.fitted.std[moves]) ** 2).mean())) if moves.any() else 0.0


def corrupted(tokenizer: Tokenizer, tokens: Codes, rng: np.random.Generator) -> Codes | None:
    """The tokens with one of those that have two codes or more changed, place and code drawn alike; None where there is none."""
    sizes = tokenizer.sizes[: len(tokens)]
    places = np.flatnonzero(sizes > 1)
    if not len(places):
        return None
    t = int(rng.choice(places))
    wrong = tokens.copy()
    wrong[t] = (wrong[t] + rng.integers(1, sizes[t])) % sizes[t]
    return wrong
