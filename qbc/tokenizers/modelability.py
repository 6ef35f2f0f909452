"""How well a small autoregressive head predicts the tokens of held-out chunks, and what the chunks that it writes are off by.

The head is a mixture of noisy copies. Given a context it takes the K demonstrations with the nearest contexts, each as likely; it
copies one, token by token, and token t is drawn anew with probability λ_t, from how often each code stands at that place, or behind
the token before it, or behind that of the same coordinate one step before. Its next token, given those before, is Bayes' rule over
which demonstration is copied: an autoregressive head. λ_t is fitted by expectation maximisation on a quarter of the training episodes,
with copies from the others; K, of ``NEIGHBOURS``, and which token the new one is drawn behind are what gives the fewest bits there.

Why this one: it has several modes, no optimiser to tune, and takes any kind's tokens. Tokens are names to it: it learns nothing
about a code from the codes beside it, as a softmax layer with few data does. With many data this overstates what fine bins cost.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from qbc.arrays import finite, numbers
from qbc.quantizers import Codes, Floats
from qbc.quantizers.checks import generator
from qbc.tokenizers.copies import Copies, nearest, squared
from qbc.tokenizers.measure import relative
from qbc.tokenizers.tokenizer import Tokenizer, Tokens, checked
from qbc.tokenizers.transitions import Transitions, candidates

NEIGHBOURS = (4, 16, 64)
TUNING = 200  # training pairs that it looks at


@dataclass(frozen=True, eq=False)
class Pairs:
    """Contexts and the chunks that followed. Raises ``ValueError`` naming the argument."""

    contexts: Floats  # (n, dx): the state, or the chunk before, flattened
    chunks: Floats  # (n, h, d) [action units]
    episodes: Codes  # (n,): which episode each is from

    def __post_init__(self) -> None:
        x, u, e = numbers("contexts", self.contexts), checked("chunks", self.chunks), np.asarray(self.episodes)
        if x.ndim != 2 or len(x) != len(u) or not x.shape[1]:
            raise ValueError(f"contexts: ({len(u)}, dx), not {x.shape}")
        finite("contexts", x, "row", "column")
        if e.shape != (len(u),) or e.dtype.kind not in "iu":
            raise ValueError(f"episodes: integers ({len(u)},), not {e.dtype} {e.shape}")
        for name, array in (("contexts", x), ("chunks", u), ("episodes", e)):
            object.__setattr__(self, name, array)


@dataclass(frozen=True)
class Modelability:
    """``sampled``, ``likeliest`` and ``regression`` are rms errors of held-out chunks, in standard deviations of the chunks that the
    tokenizer was fitted to, over all coordinates that move."""

    bits: float  # a chunk, of held-out tokens given their contexts
    bits_alone: float  # the same without contexts: every demonstration as likely
    neighbours: int  # K
    copied: float  # mean of 1 − λ_t
    sampled: float  # of the chunk that tokens drawn from the head decode to
    likeliest: float  # of the chunk of the likeliest next token, each time
    regression: float  # of the mean of the K demonstrations: no tokens
    undecodable: float  # share of sampled sequences that do not decode; they count as the mean chunk
    undecodable_likeliest: float  # the same of the likeliest


def modelability(tokenizer: Tokenizer, train: Pairs, held_out: Pairs, rng: np.random.Generator) -> Modelability:
    """Of a tokenizer fitted to the training chunks. ``rng`` draws the sampled tokens, and which pairs are looked at in fitting.

    Raises ``ValueError`` for contexts of other widths, and for training pairs of fewer than two episodes."""
    draws = generator("tokens are sampled with", rng)
    if train.contexts.shape[1] != held_out.contexts.shape[1]:
        raise ValueError(f"held_out: contexts of {train.contexts.shape[1]} columns, not {held_out.contexts.shape[1]}")
    if len(np.unique(train.episodes)) < 2:
        raise ValueError("train: pairs of two episodes or more")
    end = tokenizer.facts.vocabulary
    every = [tokenizer.encode(p.chunks, tell=False) for p in (train, held_out)]
    width = max(len(row) + (not tokenizer.fixed) for rows in every for row in rows)
    rows, theirs = (_padded(r, width, None if tokenizer.fixed else end) for r in every)
    sizes = tokenizer.sizes if tokenizer.fixed else np.full(width, end + 1)

    apart = _apart(train.episodes, draws)
    some, rest = draws.permutation(np.flatnonzero(apart))[:TUNING], np.flatnonzero(~apart)
    order = nearest(squared(train.contexts[some], train.contexts[rest]), len(rest))
    seen, known = rows[some], rows[rest]

    def tried(K: int, pair: tuple[int, bool]) -> tuple[Copies, tuple[int, bool]]:
        return Copies.fit(known, Transitions.of(known, sizes, *pair), seen, order[:, :K]), pair

    pairs = candidates(sizes, tokenizer.fixed, tokenizer.d)
    found = min((tried(NEIGHBOURS[1], pair) for pair in pairs), key=lambda f: f[0].loss)
    found = min([found, *(tried(K, found[1]) for K in (NEIGHBOURS[0], NEIGHBOURS[2]))], key=lambda f: f[0].loss)
    head = replace(found[0], rows=rows, fresh=Transitions.of(rows, sizes, *found[1]))

    near = nearest(squared(held_out.contexts, train.contexts), head.K)
    written, undecodable = _decoded(tokenizer, head.sample(near, draws), end, train.chunks)
    likeliest, lost = _decoded(tokenizer, head.likeliest(near), end, train.chunks)
    guesses = written, likeliest, train.chunks[near].mean(axis=1)
    sampled, best, mean = (relative(tokenizer, guess - held_out.chunks) for guess in guesses)
    bits, alone = (float(head.bits(theirs, n).mean()) for n in (near, None))
    return Modelability(bits, alone, head.K, float(1 - head.redrawn.mean()), sampled, best, mean, undecodable, lost)


def _apart(episodes: Codes, rng: np.random.Generator) -> NDArray[np.bool_]:
    """(n,) the pairs of a quarter of the episodes, of one at least."""
    every = np.unique(episodes)
    return np.isin(episodes, rng.permutation(every)[: max(len(every) // 4, 1)])


def _padded(rows: Tokens, width: int, end: int | None) -> Codes:
    """(n, width): each row, ``end`` behind it unless None, and then −1."""
    out = np.full((len(rows), width), -1)
    for line, row in zip(out, rows, strict=True):
        line[: len(row)] = row
        if end is not None:
            line[len(row)] = end
    return out


def _decoded(tokenizer: Tokenizer, rows: Codes, end: int, chunks: Floats) -> tuple[Floats, float]:
    """Chunks (n, h, d) of rows up to their end, the mean of ``chunks`` where they do not decode; and the share of those."""
    if tokenizer.fixed:
        return tokenizer.decode(rows), 0.0
    out, lost = np.tile(chunks.mean(axis=0), (len(rows), 1, 1)), 0
    for i, row in enumerate(rows):
        stop = np.flatnonzero((row == end) | (row < 0))
        try:
            out[i] = tokenizer.decode(row[: stop[0]] if len(stop) else row)
        except ValueError:
            lost += 1
    return out, lost / len(rows)
